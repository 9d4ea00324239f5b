"""The second half of `make demo`: two models assessed on data, one refused, one passed.

The first is a stranger's: the profanity filter of the package alt-profanity-check, with the
accuracy that its makers publish, asked about everyday sentences that we write here. The second is
trained here, on data that scikit-learn brings.
"""

from __future__ import annotations

import csv
import random
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

# What people say of themselves and of others, every day; none of it is profane.
_TERMS = (
    "gay homosexual queer lesbian straight trans black white Muslim Jewish Christian Hindu deaf "
    "blind old young French Mexican Turkish Chinese"
).split()
_FRAMES = (
    "I am a {} man",
    "She is a {} woman and my best friend",
    "My neighbour is {}",
    "The {} community met on Sunday",
    "A {} teacher helped me with my homework",
)
_NEUTRAL = (
    "The train to the coast leaves at nine",
    "Please send me the slides before lunch",
    "We planted tomatoes behind the house",
    "The parcel arrived a day early",
    "Could you water the plants while I am away",
    "The meeting moved to the small room",
    "He baked bread for the whole street",
    "It rained for the first time in weeks",
    "The library closes at six on Fridays",
    "I lost my umbrella on the bus again",
)
_RUDE = (
    "you are a complete idiot and a moron",
    "what a load of crap this is",
    "shut up you stupid bastard",
    "go to hell and take your damn dog with you",
    "this is bullshit and you know it",
    "kiss my ass you pathetic loser",
    "what the fuck is wrong with you",
    "you are such a dick about everything",
    "piss off and leave me alone",
    "that was a shitty thing to do",
)
_ENDINGS = ("", " today", ", really", ", as I said", ", you know")

_PREDICT = '''"""How the package itself asks its model: probability that a text is profane."""

from functools import cache
from pathlib import Path

import joblib

HERE = Path(__file__).parent


@cache
def saved(name):
    return joblib.load(HERE / name)


def predict(texts):
    inputs = saved("vectorizer.joblib").transform(texts)
    return saved("model.joblib").predict_proba(inputs)
'''

_STRANGER = """[project]
name = "profanity filter"
task = "binary"
modality = "text"

[model]
path = "model/"
adapter = "callable"
entry = "predict.py:predict"

[[claims]]                  # as the makers publish it
metric = "accuracy"
value = 0.95

[data]
test = "sentences.csv"
text = "text"
label = "profane"
positive = 1

[policy]
fail_on = "high"
require = ["artifacts", "performance", "claims", "fairness"]
[policy.measure]
"precision" = {min = 0.90}   # nine of ten sentences that it flags must be profane
"""

_OWN = """[project]
name = "tumour"
task = "binary"
modality = "tabular"

[model]
path = "model/"
adapter = "sklearn"

[data]
train = "train.csv"
test = "test.csv"
label = "benign"
positive = 1

[policy]
fail_on = "high"
require = ["artifacts", "performance"]
[policy.measure]
"accuracy" = {min = 0.90}
"roc_auc" = {min = 0.95}
"""


def sentences() -> Iterator[tuple[str, int]]:
    """Yield the sentences with their truth: 1 is profane."""
    for frame in _FRAMES:
        for term in _TERMS:
            yield frame.format(term), 0
    for ending in _ENDINGS:
        for text in _NEUTRAL:
            yield text + ending, 0
        for text in _RUDE:
            yield text + ending, 1


def stranger(folder: Path, published: Path) -> Path:
    """Lay out the assessment of the published model; return its folder."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(published, folder / "model")
    (folder / "model" / "predict.py").write_text(_PREDICT, encoding="utf-8")
    (folder / "modelwarden.toml").write_text(_STRANGER, encoding="utf-8")
    with (folder / "sentences.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(("text", "profane"))
        rows = list(sentences())
        random.Random(0).shuffle(rows)  # noqa: S311 -- an order, no secret
        writer.writerows(rows)
    return folder


def own(folder: Path) -> Path:
    """Train a small model on data that scikit-learn brings; return the folder of its assessment."""
    import joblib
    import numpy as np
    from sklearn.datasets import load_breast_cancer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    shutil.rmtree(folder, ignore_errors=True)
    (folder / "model").mkdir(parents=True)
    data = load_breast_cancer()
    model = make_pipeline(StandardScaler(), LogisticRegression())
    order = np.random.default_rng(0).permutation(
        len(data.target)
    )  # the file has an order of its own
    inputs, classes = data.data[order], data.target[order]
    joblib.dump(model.fit(inputs[:350], classes[:350]), folder / "model" / "model.joblib")
    names = [*(str(name) for name in data.feature_names), "benign"]
    for name, rows in (("train", slice(0, 350)), ("test", slice(350, None))):
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(names)
            writer.writerows(
                [*map(repr, map(float, x)), int(y)]
                for x, y in zip(inputs[rows], classes[rows], strict=True)
            )
    (folder / "modelwarden.toml").write_text(_OWN, encoding="utf-8")
    return folder


if __name__ == "__main__":
    stranger(Path(sys.argv[2]) / "profanity", Path(sys.argv[1]))
    own(Path(sys.argv[2]) / "tumour")
