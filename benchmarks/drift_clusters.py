"""Pairs of sets whose rows come in clusters: how often drift is cried, and how often it is found.

    python benchmarks/drift_clusters.py [--seed 0] [--cases 200] [--moved 8] [--rows]

Each case draws patients, users or sessions anew for either set: 3 to 50 rows each, even or uneven
in number, of intraclass correlation 0.1 to 0.95, in tables of numbers, of words or of both, or with
texts; the column that names them is declared, only there, under a plain name, or not there at
all, when constants of each cluster tell them apart. With `--moved 8` columns have shifted by eight
standard errors of a comparison of means by clusters, at least by 0.25 sd,
and one must be named. With `--rows` the clusters are neither declared nor looked for.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from dataclasses import replace

import numpy as np

from modelwarden.data import clustering, drift, schema
from modelwarden.data.given import Given
from modelwarden.metrics.intervals import wilson
from modelwarden.targets.config import DataConfig, ProjectConfig
from modelwarden.targets.data import DataSet
from modelwarden.targets.frames import Column, Frame
from modelwarden.targets.spec import Modality, Task

R = np.random.Generator
FORMS = ("numbers", "words", "mixed", "text")
KNOWN = ("declared", "named", "plain", "constants")


def objects(values: list[str | None]) -> Column:
    made = np.empty(len(values), object)
    made[:] = values
    return made


class Case:
    """One kind of clusters, from which sets are drawn."""

    def __init__(self, rng: R) -> None:
        self.form = str(rng.choice(FORMS))
        self.known = str(rng.choice(KNOWN))
        self.size = int(rng.choice([3, 5, 8, 15, 25, 50]))
        self.even = bool(rng.random() < 0.5)
        self.alike = float(rng.choice([0.1, 0.3, 0.6, 0.95]))
        # Text is told apart by a column only; the rest may be so by what each cluster keeps.
        if self.form == "text" and self.known == "constants":
            self.known = "named"
        self.one = bool(rng.random() < 0.5)
        self.first = int(rng.integers(1, 10**6))
        self.law = str(rng.choice(["normal", "skewed", "counts"]))

    def keys(self, rng: R, name: str, clusters: int, whose: np.ndarray) -> dict[str, Column]:
        """Return the columns that tell clusters apart."""
        key = self.first + whose + (0 if name == "train" else 300)
        if self.known in ("declared", "named"):
            return {"patient_id": key if self.size % 2 else objects([f"P{k:07d}" for k in key])}
        if self.known == "plain":
            return {"who": objects([f"u{k:x}" for k in key * 7919])}
        if self.one:
            return {"height": rng.normal(170, 9, clusters).round(4)[whose]}
        towns = [f"{chr(97 + t // 26)}{chr(97 + t % 26)}" for t in rng.integers(0, 200, clusters)]
        blood = list(rng.choice(["A", "B", "AB", "0"], clusters))
        return {
            "born": rng.integers(1930, 2010, clusters)[whose],
            "town": objects(towns)[whose],
            "blood": objects(blood)[whose],
            "weight": rng.normal(75, 12, clusters).round(0)[whose],
        }

    def texts(self, rng: R, clusters: int, whose: np.ndarray, moved: float) -> Column:
        words = [f"{a}{b}ord" for a in "bcdfghklmnprst" for b in "aeiou"]
        topic = rng.normal(size=(clusters, len(words))) * 2 * self.alike**0.5
        topic[:, 0] += 4 * moved
        shares = np.exp(topic)
        shares /= shares.sum(axis=1, keepdims=True)
        long = rng.poisson(8 + 4 * self.alike * (whose % 3)) + 1
        pairs = zip(whose, long, strict=True)
        return objects([" ".join(rng.choice(words, k, p=shares[c])) for c, k in pairs])

    def draw(  # noqa: C901 -- a form is a line
        self, rng: R, name: str, clusters: int, moved: float
    ) -> DataSet:
        sizes = np.full(clusters, self.size)
        if not self.even:
            sizes = np.maximum(1, rng.poisson(rng.gamma(2, self.size / 2, clusters)))
        whose = np.repeat(np.arange(clusters), sizes)
        n = len(whose)
        if rng.random() < 0.5:
            whose = rng.permutation(whose)

        def value() -> np.ndarray:
            own = rng.normal(size=clusters)[whose] * self.alike**0.5
            return own + rng.normal(size=n) * (1 - self.alike) ** 0.5

        made = self.keys(rng, name, clusters, whose)
        if self.form != "words":
            level = value() + moved
            if self.law == "skewed":
                level = np.exp(level)
            elif self.law == "counts":
                level = np.floor(np.exp(level / 2 + 1.5))
            made["level"] = level
        if self.form in ("numbers", "mixed"):
            made["other"] = value()
            made["tied"] = 0.6 * made["other"] + value()
            made["torn"] = np.where(value() > 1.3, np.nan, value())
            made["flag"] = (value() > 1.6).astype(np.int64)
        if self.form in ("words", "mixed"):
            place = np.digitize(value() + moved, [-0.7, 0.4, 1.3])
            made["class"] = objects([("low", "mid", "high", "top")[i] for i in place])
            unit = np.digitize(value(), np.linspace(-2, 2, 20))
            made["unit"] = objects([f"unit {chr(65 + i)}" for i in unit])
            letters = [None if v > 1.5 else "xyzw"[int(abs(v) * 2) % 4] for v in value()]
            made["maker"] = objects(letters)
        if self.form == "text":
            made["note"] = self.texts(rng, clusters, whose, moved)
        y = (value() > 0.5).astype(np.int64)
        data = DataSet(name, Frame(tuple(made), tuple(made.values())), y, Frame((), ()))
        if self.known == "declared":
            data = replace(data, clusters=made["patient_id"], clustered_by="patient_id")
        return data


def cries(rng: R, moved: float, *, rows: bool) -> tuple[Case, list[str], str]:
    case = Case(rng)
    clusters = int(rng.choice([60, 120, 250]))
    later = clusters // int(rng.choice([1, 2]))
    uneven = 1.0 if case.even else 1.5 + 1 / case.size
    variance = case.alike * uneven + (1 - case.alike) / case.size
    error = (variance * (1 / clusters + 1 / later)) ** 0.5
    train = case.draw(rng, "train", clusters, 0.0)
    test = case.draw(rng, "test", later, max(0.25, moved * error) if moved else 0.0)
    given = Given(
        project=ProjectConfig(name="pairs", task=Task.BINARY, modality=Modality.TABULAR),
        data=DataConfig(label="y"),
        test=test,
        train=train,
    )
    if rows:
        given = replace(given, test=replace(test, clusters=None, clustered_by=""))
        clustering.with_clusters = lambda one, two: (one, two, "")
    one, two = schema.run(given), drift.run(given)
    found = [*one.findings, *two.findings]
    told = [
        f"{f.rule} {f.location.feature or f.location.terms.get('features')}: {f.message}"[:170]
        for f in found
    ]
    return case, told, "; ".join(n for n in two.notes if "entities" in n)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--cases", type=int, default=200)
    parser.add_argument("--moved", type=float, default=0.0)
    parser.add_argument("--rows", action="store_true")
    parser.add_argument("--show", type=int, default=12)
    chosen = parser.parse_args()
    right, shown = Counter(), []
    for at in range(chosen.cases):
        case, told, note = cries(
            np.random.default_rng([chosen.seed, at]), chosen.moved, rows=chosen.rows
        )
        wanted = ("level", "class", "note")
        good = (
            any(t.split(" ")[1].rstrip(":") in wanted for t in told) if chosen.moved else not told
        )
        for key in ("all", case.form, case.known, f"alike {case.alike}", f"of {case.size}"):
            right[key, good] += 1
        if not good:
            shown.append(f"{at} {vars(case)} {told[:3]} {note[:90]}")
    for key in dict.fromkeys(key for key, _ in right):
        good, n = right[key, True], right[key, True] + right[key, False]
        ends = wilson(good, n)
        print(
            json.dumps(
                {
                    "cases": key,
                    "n": n,
                    "right": good,
                    "interval": [round(ends.low, 3), round(ends.high, 3)],
                }
            )
        )
    print("\n".join(shown[: chosen.show]))


if __name__ == "__main__":
    main()
