"""Attacks on texts beside TextAttack's character recipes: success, edits, rows.

    python benchmarks/text_attacks.py [--samples 100] [--seeds 11] [--data FOLDER]

Victims: logistic regressions on words and on runs of letters, trained on part of the public text
messages (`sms-spam`), and the published profanity model, asked about comments. Texts of the class
that an attacker would hide are attacked. The recipes are TextAttack's DeepWordBug and Pruthi and
the character part of its TextBugger (without the word vectors and the sentence encoder, which are
downloads), all with a list of stop words of scikit-learn's instead of the one that is a download.
Every side may change as many words as the other; edits are counted here, on what comes back.

It runs where TextAttack is installed; without it ours runs alone, and that is said.
"""

from __future__ import annotations

import argparse
import json
import time
import warnings
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from modelwarden.attacks.catalog import entry_of
from modelwarden.attacks.engine import Problem, run
from modelwarden.attacks.minimal import minimal
from modelwarden.attacks.text.guide import guide_of
from modelwarden.attacks.text.search import shrunk
from modelwarden.attacks.text.space import TextSpace
from modelwarden.metrics.intervals import wilson
from modelwarden.targets.local import function_target
from modelwarden.targets.spec import Access, Modality, TargetSpec, Task
from modelwarden.targets.tiled import limited

Floats = npt.NDArray[np.float64]
QUERIES, WORDS = 500, 30
OURS = ("random-edits", "typing-errors", "homoglyphs", "edits")
ONE_WORD = ("typing-errors",)


def victims(data: Path, seed: int) -> Iterator[tuple[str, Callable[[Any], Floats], Any, Any, Any]]:
    """Yield name, scores, training texts with labels, and texts of the class that hides."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    sms = pd.read_parquet(data / "sms-spam" / "sms.parquet")
    sms = sms.drop_duplicates("text").sample(frac=1, random_state=seed)
    y = (sms["label"].astype(str).isin(("1", "spam"))).to_numpy().astype(int)
    texts = sms["text"].astype(str).to_numpy()
    known = slice(0, 3500)
    for name, settings in (
        ("sms words", {}),
        ("sms letters", {"analyzer": "char_wb", "ngram_range": (2, 4)}),
    ):
        model = make_pipeline(
            TfidfVectorizer(sublinear_tf=True, **settings), LogisticRegression(C=20, max_iter=2000)
        )
        model.fit(texts[known], y[known])
        rest = texts[3500:][y[3500:] == 1]
        yield name, model.predict_proba, texts[known], y[known], rest
    profane = profanity(data)
    if profane is not None:
        comments = pd.read_parquet(data / "toxicity" / "wiki_comments.parquet")
        comments = comments.sample(frac=1, random_state=seed)
        texts = comments["text"].astype(str).to_numpy()
        toxic = comments["label"].astype(str).isin(("1", "BAD", "True", "toxic")).to_numpy()
        short = np.array([len(t) <= 400 for t in texts])
        half = len(texts) // 2
        hidden = texts[half:][toxic[half:] & short[half:]]
        yield "profanity", profane, texts[:half], toxic[:half].astype(int), hidden


def profanity(data: Path) -> Callable[[Any], Floats] | None:
    import joblib

    folder = data / "models" / "sklearn"
    files = {p.name: p for p in folder.iterdir() if "profanity" in p.name}
    vectorizer = next((p for n, p in files.items() if "vectorizer" in n), None)
    model = next((p for n, p in files.items() if "model" in n and "vector" not in n), None)
    if vectorizer is None or model is None:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        reads, says = joblib.load(vectorizer), joblib.load(model)
    return lambda texts: np.asarray(says.predict_proba(reads.transform(list(texts))), np.float64)


def told(name: str, success: Any, cost: Any, letters: Any, rows: float, seconds: float) -> dict:
    n, won = len(success), int(np.sum(success))
    low, high = wilson(won, n)
    mine = np.flatnonzero(success)
    middle = None
    if won:
        middle = [float(np.median(cost[mine])), float(np.median(letters[mine]))]
    return {
        "attack": name,
        "success": round(won / n, 4),
        "low": round(low, 3),
        "high": round(high, 3),
        "n": n,
        "median_words": middle[0] if middle else None,
        "mean_words": round(float(cost[mine].mean()), 2) if won else None,
        "median_letters": middle[1] if middle else None,
        "rows": round(rows, 1),
        "seconds": round(seconds, 1),
    }


def ours(
    name: str, scores: Any, x: Any, guide: Any, seed: int, words: int, access: Access
) -> dict[str, object]:
    spec = TargetSpec(task=Task.BINARY, modality=Modality.TEXT, classes=(0, 1), positive=1, tile=64)
    target = limited(function_target(scores, spec, x), access)
    space = TextSpace(x=x, eps=words, guide=guide)
    clean = None if access is Access.LABELS else np.asarray(scores(x))
    y, rows = np.ones(len(x), np.int64), np.arange(len(x))
    problem = Problem(space=space, y=y, rows=rows, classes=2, clean=clean)
    began = time.process_time()
    found = run(entry_of(name).load(), target, problem, seed=seed, queries=QUERIES)
    left = QUERIES - found.queries
    small = minimal(target, problem, found.candidates, found.success, left, shrunk)
    seconds = time.process_time() - began
    made = small.candidates
    wrong = np.asarray(scores(made)).argmax(axis=1) != 1
    assert (wrong[found.success]).all()
    asked = float((found.queries + small.queries).mean())
    cost, letters = space.cost(rows, made), space.characters(rows, made)
    title = f"modelwarden {name}" + (", by labels" if access is Access.LABELS else "")
    return told(f"{title}, {words} words", found.success, cost, letters, asked, seconds)


def recipes(model: Any) -> dict[str, Any]:
    """Return TextAttack's attacks by name."""
    from textattack import Attack
    from textattack.attack_recipes import DeepWordBugGao2018, Pruthi2019
    from textattack.constraints.pre_transformation import RepeatModification, StopwordModification
    from textattack.goal_functions import UntargetedClassification
    from textattack.search_methods import GreedyWordSwapWIR
    from textattack.transformations import (
        CompositeTransformation,
        WordSwapHomoglyphSwap,
        WordSwapNeighboringCharacterSwap,
        WordSwapRandomCharacterDeletion,
        WordSwapRandomCharacterInsertion,
    )

    inner = {"random_one": True, "skip_first_char": True, "skip_last_char": True}
    bugs = CompositeTransformation(
        [
            WordSwapRandomCharacterInsertion(letters_to_insert=" ", **inner),
            WordSwapRandomCharacterDeletion(**inner),
            WordSwapNeighboringCharacterSwap(**inner),
            WordSwapHomoglyphSwap(),
        ]
    )
    bugger = Attack(
        UntargetedClassification(model),
        [RepeatModification(), StopwordModification()],
        bugs,
        GreedyWordSwapWIR(wir_method="delete"),
    )
    return {
        "TextAttack DeepWordBug": DeepWordBugGao2018.build(model),
        "TextAttack Pruthi": Pruthi2019.build(model),
        "TextAttack TextBugger, character part": bugger,
    }


def peers(scores: Any, x: Any, seed: int) -> Iterator[dict[str, object]]:
    """Yield what each recipe came to.

    Raises:
        ImportError: TextAttack is not installed.
    """
    import random
    import sys
    from types import ModuleType

    # TextAttack imports a tagger that none of these recipes uses; it need not be installed.
    for missing in ("flair", "flair.data", "flair.models"):
        sys.modules.setdefault(missing, ModuleType(missing))
    for part, name in (("data", "Sentence"), ("data", "Tokenizer"), ("models", "SequenceTagger")):
        setattr(sys.modules[f"flair.{part}"], name, object)
        setattr(sys.modules["flair"], part, sys.modules[f"flair.{part}"])
    import nltk.corpus
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    class Stop:
        def words(self, _: str) -> list[str]:
            return sorted(ENGLISH_STOP_WORDS)

    # Recipes are made when TextAttack is imported, so its words must be there before.
    nltk.corpus.stopwords = Stop()
    from textattack.models.wrappers import ModelWrapper

    class Wrapped(ModelWrapper):
        rows, model = 0, None

        def __call__(self, texts: list[str]) -> Floats:
            self.rows += len(texts)
            return np.asarray(scores(list(texts)))

    for name in (
        "TextAttack DeepWordBug",
        "TextAttack Pruthi",
        "TextAttack TextBugger, character part",
    ):
        random.seed(seed)
        np.random.seed(seed)  # noqa: NPY002 -- what TextAttack draws from
        model = Wrapped()
        attack = recipes(model)[name]
        began = time.process_time()
        made = np.empty(len(x), object)
        for i, text in enumerate(x.tolist()):
            result = attack.attack(text, 1)
            made[i] = result.perturbed_result.attacked_text.text
        seconds = time.process_time() - began
        space = TextSpace(x=x, eps=10_000)
        rows = np.arange(len(x))
        success = np.asarray(scores(made.tolist())).argmax(axis=1) != 1
        yield told(
            name,
            success,
            space.cost(rows, made),
            space.characters(rows, made),
            model.rows / len(x),
            seconds,
        )


def lines(
    scores: Any, x: Any, guide: Any, seed: int, *, alone: bool
) -> Iterator[dict[str, object]]:
    """Yield what came of each attack on one victim."""
    for attack in OURS:
        yield ours(attack, scores, x, guide, seed, WORDS, Access.SCORES)
    yield ours("typing-errors", scores, x, guide, seed, 1, Access.SCORES)
    yield ours("typing-errors", scores, x, guide, seed, WORDS, Access.LABELS)
    if not alone:
        try:
            yield from peers(scores, x, seed)
        except ImportError as error:
            yield {"attack": "TextAttack", "left_out": str(error)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("shared/data"))
    parser.add_argument("--samples", type=int, default=100)
    parser.add_argument("--seeds", default="11")
    parser.add_argument("--ours", action="store_true", help="leave the peers out")
    parser.add_argument("--only", default="")
    chosen = parser.parse_args()
    for seed in map(int, chosen.seeds.split(",")):
        for name, scores, known, y, rest in victims(chosen.data, seed):
            if chosen.only and chosen.only not in name:
                continue
            flagged = np.asarray(scores(rest.tolist())).argmax(axis=1) == 1
            x = np.empty(min(int(flagged.sum()), chosen.samples), object)
            x[:] = rest[flagged][: len(x)]
            guide = guide_of(known.tolist(), y.tolist())

            for line in lines(scores, x, guide, seed, alone=chosen.ours):
                print(json.dumps({"victim": name, "seed": seed, **line}), flush=True)
    out = {}
    for package in ("textattack", "scikit-learn", "numpy"):
        try:
            out[package] = version(package)
        except PackageNotFoundError:
            out[package] = "not installed"
    print(json.dumps({"versions": out, "queries": QUERIES}))


if __name__ == "__main__":
    main()
