"""Planted weaknesses and clean controls: recall, Jaccard, false alarms; and the time of a search.

    python benchmarks/slices.py [--seed N] [--cases N] [--rows N]

Every case draws twelve numeric and eight categorical columns and an honest model of the truth.
Planted ones then spoil the answers in cells of one to three columns, down to 2.5 % of the rows,
some with flat marginals. Clean ones have regions that are hard and of which the model says so,
groups of other base rates, a model that is too sure everywhere, or one that gives labels alone.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from modelwarden.assess.config import AssessConfig
from modelwarden.assess.context import Context
from modelwarden.assess.slices.features import features_of, rows_in
from modelwarden.assess.slices.search import Losses, search
from modelwarden.assess.slices.stage import run
from modelwarden.assess.slicing import rows_of
from modelwarden.targets.config import DataConfig, ModelConfig, ProjectConfig
from modelwarden.targets.data import DataSet
from modelwarden.targets.frames import Frame
from modelwarden.targets.spec import Modality, TargetSpec, Task

Rng = np.random.Generator
Mask = npt.NDArray[np.bool_]
Scores = npt.NDArray[np.float64]
NUMBERS, NAMES = 12, 8


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """One data set with a model's answers; `planted` are the cells that were spoilt."""

    name: str
    frame: Frame
    y: npt.NDArray[np.generic]
    answers: npt.NDArray[np.generic]
    task: Task
    planted: tuple[Mask, ...] = ()
    scored: bool = True


class Given:
    """A target that answers what it was given."""

    def __init__(self, case: Case) -> None:
        classes = () if case.task is Task.REGRESSION else (0, 1)
        self.spec = TargetSpec(
            task=case.task,
            modality=Modality.TABULAR,
            classes=classes,
            positive=1 if classes else None,
        )
        self.answers, self.rows, self.calls = case.answers, 0, 0


class GivenScores(Given):
    """Scores of two classes."""

    def scores(self, _: object) -> Scores:
        """Return them."""
        return np.stack([1 - self.answers, self.answers], axis=1)

    def labels(self, _: object) -> npt.NDArray[np.int64]:
        """Return the decisions."""
        return (self.answers >= 0.5).astype(np.int64)


class GivenLabels(Given):
    """Labels alone."""

    def labels(self, _: object) -> npt.NDArray[np.int64]:
        """Return them."""
        return (self.answers >= 0.5).astype(np.int64)


class GivenValues(Given):
    """Values of a regression."""

    def values(self, _: object) -> Scores:
        """Return them."""
        return self.answers


def context_of(case: Case) -> Context:
    """Return what the stage is given."""
    kinds = {Task.REGRESSION: GivenValues}
    target = kinds.get(case.task, GivenScores if case.scored else GivenLabels)(case)
    data = DataSet("test", case.frame, case.y, Frame((), ()), source="test.parquet")
    return Context(
        project=ProjectConfig(name=case.name, task=case.task, modality=Modality.TABULAR),
        model=ModelConfig(path="model/", adapter="callable", entry="predict.py:predict"),
        data=DataConfig(test="test.parquet", label="y"),
        assess=AssessConfig(),
        test=data,
        target=target,
    )


def columns(rng: Rng, n: int) -> Frame:
    """Draw a table."""
    numbers = [
        rng.normal(size=n) if i % 3 else np.round(rng.gamma(2.0, 20.0, n)) for i in range(NUMBERS)
    ]
    names = [
        np.array([f"v{k}" for k in range(3 + i % 4)], object)[
            rng.choice(3 + i % 4, n, p=rng.dirichlet(np.full(3 + i % 4, 6.0)))
        ]
        for i in range(NAMES)
    ]
    return Frame(
        tuple([f"n{i}" for i in range(NUMBERS)] + [f"c{i}" for i in range(NAMES)]),
        (*numbers, *names),
    )


def chances(rng: Rng, frame: Frame, slope: float) -> Scores:
    """Return honest probabilities that follow some of the columns."""
    raw = slope * (frame["n1"] + 0.7 * frame["n2"] - 0.5 * frame["n4"]).astype(np.float64)
    raw += slope * (frame["c0"] == "v0") - 0.4 * slope + rng.normal() * 0.3
    return 1 / (1 + np.exp(-raw))


def range_of(rng: Rng, values: npt.NDArray[np.generic], share: float) -> Mask:
    """Return a range that holds about a share of the rows."""
    start = rng.choice([0.0, 1 - share, rng.uniform(0, 1 - share)])
    low, high = np.quantile(values.astype(np.float64), [start, start + share])
    return (values >= low) & (values <= high)


def cell(rng: Rng, frame: Frame, ways: int, share: float) -> Mask:
    """Return a cell of some columns that holds about a share of the rows."""
    for _ in range(1000):
        numbers = int(rng.integers(0, ways + 1))
        names = [f"n{i}" for i in rng.choice(NUMBERS, numbers, replace=False)]
        mask = np.ones(len(frame), bool)
        for i in rng.choice(NAMES, ways - numbers, replace=False):
            column = frame[f"c{i}"]
            mask &= column == rng.choice(np.unique(column.astype(str)))
        left = share / max(mask.mean(), 1e-9)
        if numbers and 0.001 < left < 0.6:
            for name in names:
                mask &= range_of(rng, frame[name], left ** (1 / numbers))
        if 0.8 * share <= mask.mean() <= 1.6 * share and mask.sum() >= 50:
            return mask
    raise AssertionError("no such cell was drawn")


def xor(rng: Rng, frame: Frame) -> tuple[Mask, ...]:
    """Return the two cells in which two columns disagree: each column alone tells nothing."""
    i, j = rng.choice(NUMBERS, 2, replace=False)
    a, b = (frame[f"n{k}"] > np.median(frame[f"n{k}"].astype(float)) for k in (i, j))
    return a & ~b, b & ~a


SIZES = (2_000, 4_000, 10_000)


def planted(rng: Rng, k: int) -> Case:
    """Draw a case with a weakness."""
    n = SIZES[k % 3]
    frame = columns(rng, n)
    p = chances(rng, frame, 3.0)
    y = (rng.random(n) < p).astype(np.int64)
    kind = ("coin", "flip", "coin", "labels", "noise", "coin", "bias", "xor", "truth")[k % 9]
    ways = 2 + (k // 2) % 2
    share = (0.025, 0.04, 0.08)[(k // 3) % 3] if n > SIZES[0] else 0.05
    mask = cell(rng, frame, ways, share)
    cells: tuple[Mask, ...] = (mask,)
    name = f"{kind} {ways}-way {mask.mean():.3f} of {n}"
    if kind in {"noise", "bias"}:
        truth = 3 * frame["n1"] + 2 * frame["n2"] + 2.0 * (frame["c1"] == "v0")
        y_value = (truth + rng.normal(size=n)).astype(np.float64)
        said = truth.astype(np.float64).copy()
        wrong = rng.permutation(said)[mask] if kind == "noise" else said[mask] + 2.5
        said[mask] = wrong
        return Case(name, frame, y_value, said, Task.REGRESSION, cells)
    if kind == "xor":
        cells = xor(rng, frame)
        mask = cells[0] | cells[1]
        p = np.where(mask & (rng.random(n) < 0.35), 1 - p, p)
    elif kind == "truth":
        y = np.where(mask, rng.integers(0, 2, n), y)
    elif kind == "flip":
        p = np.where(mask, 1 - p, p)
    else:
        p = np.where(mask, rng.permutation(p), p)
    return Case(name, frame, y, p, Task.BINARY, cells, scored=kind != "labels")


def clean(rng: Rng, k: int) -> Case:
    """Draw a case without one."""
    n = SIZES[k % 3]
    frame = columns(rng, n)
    p = chances(rng, frame, 2.5)
    hard = cell(rng, frame, 2, 0.1)
    kind = ("hard", "base", "sure", "labels", "spread", "plain", "hard labels", "ties")[k % 8]
    if "hard" in kind or kind in {"sure", "labels"}:
        p = np.where(hard, 0.5 + (p - 0.5) * 0.2, p)
    if kind == "base":
        p = np.where(frame["c2"] == "v1", p**3, p)
    y = (rng.random(n) < p).astype(np.int64)
    said = p
    if kind == "sure":
        said = p**3 / (p**3 + (1 - p) ** 3)
    if kind == "ties":
        said = np.round(p, 1)
        y = (rng.random(n) < said).astype(np.int64)
    if kind == "spread":
        truth = (3 * frame["n1"] + 2 * frame["n2"]).astype(np.float64)
        noise = rng.normal(size=n) * np.where(hard, 4.0, 1.0)
        return Case(kind, frame, truth + noise, truth, Task.REGRESSION)
    return Case(kind, frame, y, said, Task.BINARY, scored="labels" not in kind)


def found_in(case: Case) -> Iterator[tuple[Mask, str]]:
    """Yield the rows of every finding, and its message."""
    context = context_of(case)
    for finding in run(context).findings:
        yield rows_of(context.test, finding.location.slice or ()), finding.message


def quality(seed: int, cases: int) -> dict[str, object]:
    """Return recall, Jaccard and false alarms."""
    scores, missed, alarms = [], [], []
    for k in range(cases):
        rng = np.random.default_rng([seed, 0, k])
        case = planted(rng, k)
        overlaps = [
            float((mask & cell).sum() / (mask | cell).sum())
            for mask, _ in found_in(case)
            for cell in case.planted
        ]
        scores.append(max(overlaps, default=0.0))
        if scores[-1] < 0.5:
            missed.append(f"{case.name}: {scores[-1]:.2f} of {len(overlaps)}")
    for k in range(cases):
        case = clean(np.random.default_rng([seed, 1, k]), k)
        alarms += [f"{case.name} {len(case.y)}: {message}" for _, message in found_in(case)]
    return {
        "planted": cases,
        "recall": float(np.mean(np.array(scores) >= 0.5)),
        "median_jaccard": float(np.median(scores)),
        "missed": missed,
        "clean": cases,
        "false_alarms": alarms,
    }


def speed(seed: int, n: int) -> dict[str, object]:
    """Return the processor time of one whole search over all rows, and the memory beyond them."""
    rng = np.random.default_rng(seed)
    frame = columns(rng, n)
    mask = (frame["c1"] == "v2") & (frame["c3"] == "v4")
    beyond = rng.random(n) * 0.4 - 0.2 + 0.3 * mask
    losses = Losses(beyond, np.full(n, 0.05))
    before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    features = features_of(frame)
    coded = time.process_time()
    best = search(features, losses, least=n // 100, margin=0.1)
    ended = time.process_time()
    rows = rows_in(features, best.conditions, n) if best else np.zeros(n, bool)
    return {
        "rows": n,
        "columns": len(features),
        "coding_cpu_s": round(coded - began, 2),
        "search_cpu_s": round(ended - coded, 2),
        "extra_mb": (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) >> 10,
        "jaccard": float((rows & mask).sum() / max((rows | mask).sum(), 1)),
    }


def main() -> None:
    """Print both as JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--cases", type=int, default=24)
    parser.add_argument("--rows", type=int, default=1_000_000)
    given = parser.parse_args()
    parts: dict[str, Callable[[], dict[str, object]]] = {
        "quality": lambda: quality(given.seed, given.cases) if given.cases else {},
        "speed": lambda: speed(given.seed, given.rows) if given.rows else {},
    }
    print(json.dumps({name: work() for name, work in parts.items()}, indent=2))


if __name__ == "__main__":
    main()
