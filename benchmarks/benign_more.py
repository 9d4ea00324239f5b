"""The long tail of `benign_files.py`: libraries whose models people pickle besides scikit-learn."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benign_files import Writer

    Made = Iterator[tuple[str, object]]

SENTENCES = [["the", "cat", "sat"], ["a", "dog", "ran"], ["the", "dog", "sat"]] * 20


def encoders() -> Made:
    import category_encoders as ce
    import pandas as pd

    frame = pd.DataFrame({"c": list("abc") * 10, "n": range(30)})
    labels = [0, 1] * 15
    for name in ("TargetEncoder", "OneHotEncoder", "OrdinalEncoder", "BinaryEncoder", "WOEEncoder"):
        yield name, getattr(ce, name)().fit(frame, labels)


def features() -> Made:
    import pandas as pd
    from feature_engine.encoding import RareLabelEncoder
    from feature_engine.imputation import MeanMedianImputer

    frame = pd.DataFrame({"c": list("abc") * 10, "n": range(30)})
    yield "imputer", MeanMedianImputer(variables=["n"]).fit(frame)
    yield "rare", RareLabelEncoder(n_categories=1).fit(frame[["c"]])


def survival() -> Made:
    import pandas as pd
    from lifelines import CoxPHFitter, KaplanMeierFitter

    frame = pd.DataFrame({"t": range(1, 31), "e": [1, 0, 1] * 10, "x": [0.1, 0.7, 0.3] * 10})
    yield "kaplan_meier", KaplanMeierFitter().fit(frame["t"], frame["e"])
    yield "cox", CoxPHFitter(penalizer=0.1).fit(frame, "t", "e")


def topics() -> Made:
    from gensim.corpora import Dictionary
    from gensim.models import Doc2Vec, FastText, LdaModel, TfidfModel, Word2Vec
    from gensim.models.doc2vec import TaggedDocument

    few = {"vector_size": 4, "min_count": 1, "workers": 1, "seed": 1, "epochs": 1}
    words = Dictionary(SENTENCES)
    counts = [words.doc2bow(sentence) for sentence in SENTENCES]
    yield "word2vec", Word2Vec(SENTENCES, **few)
    yield "fasttext", FastText(SENTENCES, bucket=50, **few)
    yield "dictionary", words
    yield "tfidf", TfidfModel(counts)
    yield "lda", LdaModel(counts, num_topics=2, id2word=words, random_state=1)
    tagged = [TaggedDocument(s, [i]) for i, s in enumerate(SENTENCES[:9])]
    yield "doc2vec", Doc2Vec(tagged, **few)


def language() -> Made:
    from nltk import FreqDist, NaiveBayesClassifier
    from nltk.stem import PorterStemmer, SnowballStemmer
    from nltk.tag import DefaultTagger, UnigramTagger

    rows = [({"w": word}, len(word) % 2) for sentence in SENTENCES for word in sentence]
    yield "naive_bayes", NaiveBayesClassifier.train(rows)
    yield "porter", PorterStemmer()
    yield "snowball", SnowballStemmer("english")
    yield "frequencies", FreqDist("banana")
    tagged = [[(word, "N") for word in sentence] for sentence in SENTENCES]
    yield "tagger", UnigramTagger(tagged, backoff=DefaultTagger("N"))


def stacked() -> Made:
    from benign_files import small_data
    from mlxtend.classifier import EnsembleVoteClassifier
    from sklearn.linear_model import LogisticRegression

    x, y, _ = small_data()
    yield "vote", EnsembleVoteClassifier([LogisticRegression()]).fit(x, y)


def clusters() -> Made:
    from benign_files import small_data
    from hdbscan import HDBSCAN

    yield "hdbscan", HDBSCAN(min_cluster_size=5).fit(small_data()[0])


def outliers() -> Made:
    from benign_files import small_data
    from pyod.models.iforest import IForest
    from pyod.models.knn import KNN

    x = small_data()[0]
    yield "iforest", IForest(n_estimators=3).fit(x)
    yield "knn", KNN().fit(x)


def networks() -> Made:
    import numpy as np
    from skorch import NeuralNetClassifier
    from torch import nn

    x, y = np.ones((20, 3), dtype="f4"), np.zeros(20, dtype="i8")
    layers = nn.Sequential(nn.Linear(3, 2), nn.Softmax(dim=-1))
    yield "classifier", NeuralNetClassifier(layers, max_epochs=1, verbose=0).fit(x, y)


def tokens() -> Made:
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    made = Tokenizer(models.BPE(unk_token="?"))
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    made.train_from_iterator(map(" ".join, SENTENCES), trainers.BpeTrainer(vocab_size=40))
    yield "bpe", made


MORE: dict[str, Callable[[], Made]] = {
    "category-encoders": encoders,
    "feature-engine": features,
    "gensim": topics,
    "hdbscan": clusters,
    "lifelines": survival,
    "mlxtend": stacked,
    "nltk": language,
    "pyod": outliers,
    "skorch": networks,
    "tokenizers": tokens,
}


def write_more(writer: Writer) -> None:
    """Pickle what each of the libraries makes, as far as it is installed."""
    for library, make in MORE.items():
        try:
            for label, value in make():
                writer.pickled(library, label, value, 2, 4)
        except Exception as error:  # noqa: BLE001 -- noted, and the rest goes on
            writer.failed.append(f"{library}: {type(error).__name__}: {str(error)[:120]}")
