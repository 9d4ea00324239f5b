"""Attacks on texts beside TextAttack's character recipes: success, edits, rows.

    python benchmarks/text_attacks.py [--samples 100] [--seeds 11,12] [--data FOLDER]

Victims: logistic regressions on words and on runs of letters, trained on part of the public text
messages (`sms-spam`), and the published profanity model, asked about comments. Texts of the class
that an attacker would hide are attacked. The recipes are TextAttack's DeepWordBug and Pruthi and
the character part of its TextBugger (without the word vectors and the sentence encoder, which are
downloads), all with a list of stop words of scikit-learn's instead of the one that is a download.
Every side has as many rows for a text, and may change as many words as the other; edits are counted
here, on what comes back. Each recipe is paired with the attack of ours that has its kinds of edits:
their means are told again over the texts that both won, with the 95 % interval of the difference,
and at the end over all seeds.

It runs where TextAttack is installed; without it ours runs alone, and that is said.
"""

from __future__ import annotations

import argparse
import json
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
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
from modelwarden.attacks.text.search import TYPING, Edits, shrunk
from modelwarden.attacks.text.space import TextSpace
from modelwarden.metrics.intervals import wilson
from modelwarden.targets.local import function_target
from modelwarden.targets.spec import Access, Modality, TargetSpec, Task
from modelwarden.targets.tiled import limited

Floats = npt.NDArray[np.float64]
QUERIES, WORDS = 500, 30
OURS = ("random-edits", "typing-errors", "homoglyphs", "edits")
BUGS = "typing-errors with homoglyphs"
PAIRS = {
    "TextAttack DeepWordBug": f"modelwarden typing-errors, {WORDS} words",
    "TextAttack Pruthi": "modelwarden typing-errors, 1 words",
    "TextAttack TextBugger, character part": f"modelwarden {BUGS}, {WORDS} words",
}


@dataclass(frozen=True)
class Result:
    """What came of an attack on each text: wins, words and letters changed; rows and seconds."""

    name: str
    success: npt.NDArray[np.bool_]
    words: Floats
    letters: Floats
    rows: float
    seconds: float


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


def told(result: Result) -> dict[str, object]:
    n, won = len(result.success), int(result.success.sum())
    low, high = wilson(won, n)
    mine = np.flatnonzero(result.success)
    return {
        "attack": result.name,
        "success": round(won / n, 4),
        "low": round(low, 3),
        "high": round(high, 3),
        "n": n,
        "median_words": float(np.median(result.words[mine])) if won else None,
        "mean_words": round(float(result.words[mine].mean()), 2) if won else None,
        "median_letters": float(np.median(result.letters[mine])) if won else None,
        "rows": round(result.rows, 1),
        "seconds": round(result.seconds, 1),
    }


def paired(results: list[Result]) -> Iterator[dict[str, object]]:
    """Yield each recipe beside the attack of ours with its kinds of edits, on what both won."""
    known = {result.name: result for result in results}
    for peer, mine in PAIRS.items():
        if peer not in known:
            continue
        theirs, own = known[peer], known[mine]
        both = np.flatnonzero(theirs.success & own.success)
        line: dict[str, object] = {
            "pair": [mine, peer],
            "won_alone": [
                int((own.success & ~theirs.success).sum()),
                int((theirs.success & ~own.success).sum()),
            ],
            "won_by_both": len(both),
        }
        for what in ("words", "letters"):
            a, b = getattr(own, what)[both], getattr(theirs, what)[both]
            if len(both) > 1:
                half = 1.96 * float(np.std(a - b, ddof=1)) / len(both) ** 0.5
                middle = float((a - b).mean())
                line[what] = [round(float(a.mean()), 2), round(float(b.mean()), 2)]
                line[f"{what}_difference"] = [round(middle - half, 2), round(middle + half, 2)]
        yield line


def pooled(seeds: list[list[Result]]) -> list[Result]:
    """Return the results of all seeds as those of one."""
    by_name: dict[str, list[Result]] = {}
    for result in (result for results in seeds for result in results):
        by_name.setdefault(result.name, []).append(result)
    return [
        Result(
            name,
            np.concatenate([one.success for one in all_]),
            np.concatenate([one.words for one in all_]),
            np.concatenate([one.letters for one in all_]),
            float(np.average([one.rows for one in all_], weights=[len(o.words) for o in all_])),
            sum(one.seconds for one in all_),
        )
        for name, all_ in by_name.items()
    ]


def attack_of(name: str) -> Any:
    """Return an attack of ours; one has the kinds of edits of TextBugger's character part."""
    if name == BUGS:
        return Edits(name=name, operators=(*TYPING, "homoglyph"), helps=False)
    return entry_of(name).load()


def ours(
    name: str, scores: Any, x: Any, guide: Any, seed: int, words: int, access: Access
) -> Result:
    spec = TargetSpec(task=Task.BINARY, modality=Modality.TEXT, classes=(0, 1), positive=1, tile=64)
    target = limited(function_target(scores, spec, x), access)
    space = TextSpace(x=x, eps=words, guide=guide)
    clean = None if access is Access.LABELS else np.asarray(scores(x))
    y, rows = np.ones(len(x), np.int64), np.arange(len(x))
    problem = Problem(space=space, y=y, rows=rows, classes=2, clean=clean)
    began = time.process_time()
    found = run(attack_of(name), target, problem, seed=seed, queries=QUERIES)
    left = QUERIES - found.queries
    small = minimal(target, problem, found.candidates, found.success, left, shrunk)
    seconds = time.process_time() - began
    made = small.candidates
    wrong = np.asarray(scores(made)).argmax(axis=1) != 1
    assert (wrong[found.success]).all()
    asked = float((found.queries + small.queries).mean())
    cost, letters = space.cost(rows, made), space.characters(rows, made)
    title = f"modelwarden {name}" + (", by labels" if access is Access.LABELS else "")
    return Result(f"{title}, {words} words", found.success, cost, letters, asked, seconds)


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

    class LookAlikes(WordSwapHomoglyphSwap):
        """Its own table of letters; the file that its release lacks is for another search."""

        def __init__(self) -> None:
            with suppress(FileNotFoundError):
                super().__init__()

    inner = {"random_one": True, "skip_first_char": True, "skip_last_char": True}
    bugs = CompositeTransformation(
        [
            WordSwapRandomCharacterInsertion(letters_to_insert=" ", **inner),
            WordSwapRandomCharacterDeletion(**inner),
            WordSwapNeighboringCharacterSwap(**inner),
            LookAlikes(),
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


def peers(scores: Any, x: Any, seed: int) -> Iterator[Result]:
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

    for name in PAIRS:
        random.seed(seed)
        np.random.seed(seed)  # noqa: NPY002 -- what TextAttack draws from
        model = Wrapped()
        attack = recipes(model)[name]
        attack.goal_function.query_budget = QUERIES
        began = time.process_time()
        made = np.empty(len(x), object)
        for i, text in enumerate(x.tolist()):
            result = attack.attack(text, 1)
            made[i] = result.perturbed_result.attacked_text.text
        seconds = time.process_time() - began
        space = TextSpace(x=x, eps=10_000)
        rows = np.arange(len(x))
        success = np.asarray(scores(made.tolist())).argmax(axis=1) != 1
        yield Result(
            name,
            success,
            space.cost(rows, made),
            space.characters(rows, made),
            model.rows / len(x),
            seconds,
        )


def results_of(scores: Any, x: Any, guide: Any, seed: int, *, alone: bool) -> list[Result]:
    """Return what came of each attack on one victim."""
    wanted = [(attack, WORDS, Access.SCORES) for attack in (*OURS, BUGS)]
    wanted.append(("typing-errors", 1, Access.SCORES))
    wanted.append(("typing-errors", WORDS, Access.LABELS))
    found = [ours(name, scores, x, guide, seed, words, how) for name, words, how in wanted]
    if not alone:
        try:
            found += peers(scores, x, seed)
        except ImportError as error:
            print(json.dumps({"attack": "TextAttack", "left_out": str(error)}))
    return found


def show(victim: str, seeds: list[int], results: list[Result]) -> None:
    for line in (*map(told, results), *paired(results)):
        print(json.dumps({"victim": victim, "seeds": seeds, **line}), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("shared/data"))
    parser.add_argument("--samples", type=int, default=100)
    parser.add_argument("--seeds", default="11")
    parser.add_argument("--ours", action="store_true", help="leave the peers out")
    parser.add_argument("--only", default="")
    chosen = parser.parse_args()
    seeds = [int(seed) for seed in chosen.seeds.split(",")]
    found: dict[str, list[list[Result]]] = {}
    for seed in seeds:
        for name, scores, known, y, rest in victims(chosen.data, seed):
            if chosen.only and chosen.only not in name:
                continue
            flagged = np.asarray(scores(rest.tolist())).argmax(axis=1) == 1
            x = np.empty(min(int(flagged.sum()), chosen.samples), object)
            x[:] = rest[flagged][: len(x)]
            guide = guide_of(known.tolist(), y.tolist())
            results = results_of(scores, x, guide, seed, alone=chosen.ours)
            found.setdefault(name, []).append(results)
            show(name, [seed], results)
    if len(seeds) > 1:
        for name, by_seed in found.items():
            show(name, seeds, pooled(by_seed))
    out = {}
    for package in ("textattack", "scikit-learn", "numpy"):
        try:
            out[package] = version(package)
        except PackageNotFoundError:
            out[package] = "not installed"
    print(json.dumps({"versions": out, "queries": QUERIES}))


if __name__ == "__main__":
    main()
