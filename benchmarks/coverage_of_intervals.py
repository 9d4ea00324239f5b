"""How often nominal 95 % intervals hold the truth, over simulated data whose truth is known.

    python benchmarks/coverage_of_intervals.py [--sets 2000] [--n 30 100 1000 100000] [--only NAME]
        [--seed 0]

Prints a Markdown table. Shares are not simulated: their coverage is summed over the binomial.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cache

import numpy as np
from scipy import stats
from tables import markdown, wilson

from modelwarden.assess.measures import of_classes, of_regression, table_of
from modelwarden.assess.truth import Judged
from modelwarden.core import Measurement
from modelwarden.metrics import intervals
from modelwarden.metrics.bootstrap import bca_mean
from modelwarden.metrics.classification import performance
from modelwarden.metrics.counts import Counts
from modelwarden.metrics.groups import gaps
from modelwarden.metrics.probabilities import (
    Reliability,
    brier_score,
    expected_calibration_error,
    log_loss,
)
from modelwarden.metrics.ranking import auc_difference, average_precision, roc_auc
from modelwarden.metrics.regression import regression
from modelwarden.targets.spec import Modality, TargetSpec, Task

SEED = 0
Rng = np.random.Generator
Row = tuple[str, float, float, float]  # what, truth, low, high

BINARY = np.array([[0.62, 0.08], [0.06, 0.24]])
RARE = np.array([[0.975, 0.005], [0.008, 0.012]])
THREE = np.array([[0.40, 0.05, 0.05], [0.05, 0.20, 0.05], [0.02, 0.03, 0.15]])
FAIR = np.array([[[0.10, 0.02], [0.03, 0.10]]] * 4)
UNFAIR = FAIR.copy()
UNFAIR[0] = [[0.08, 0.04], [0.03, 0.10]]


def ends(measurement: Measurement, truth: float, name: str = "") -> Row:
    low = -math.inf if measurement.low is None else measurement.low
    high = math.inf if measurement.high is None else measurement.high
    return name or measurement.name, truth, low, high


def answers(shares: np.ndarray, note: str) -> Callable[[Rng, int], Iterator[Row]]:
    """Intervals of a classifier whose table has these shares."""
    names = tuple(range(len(shares)))
    positive = 1 if len(shares) == 2 else None
    whole = Counts(np.round(shares * 1_000_000).astype(np.int64)[None], names, ("all",))
    truth = {
        m.name: m.value
        for m in performance(whole, np.random.default_rng(0), positive=positive, draws=2)
    }

    def once(rng: Rng, n: int) -> Iterator[Row]:
        table = rng.multinomial(n, shares.ravel()).reshape(1, *shares.shape)
        found = performance(Counts(table, names, ("all",)), rng, positive=positive, draws=500)
        for m in found:
            if not m.name.endswith("_micro"):
                yield ends(m, truth[m.name], f"{m.name}, {note}")

    return once


def groups(shares: np.ndarray, note: str) -> Callable[[Rng, int], Iterator[Row]]:
    """Intervals of the largest gap between four groups."""
    names = tuple(range(len(shares)))
    whole = Counts(np.round(shares / shares.sum() * 1e6).astype(np.int64), (0, 1), names)
    truth = {m.name: m.value for m in gaps(whole, np.random.default_rng(0), positive=1, draws=2)}

    def once(rng: Rng, n: int) -> Iterator[Row]:
        table = rng.multinomial(n, (shares / shares.sum()).ravel()).reshape(shares.shape)
        for m in gaps(Counts(table, (0, 1), names), rng, positive=1, draws=500):
            yield ends(m, truth[m.name], f"{m.name}, {note}")

    return once


def scores(share: float, note: str) -> Callable[[Rng, int], Iterator[Row]]:
    """Intervals of ranking metrics: normal scores, positives one deviation higher."""
    area = float(stats.norm.cdf(1 / math.sqrt(2)))

    def once(rng: Rng, n: int) -> Iterator[Row]:
        y = rng.random(n) < share
        score = rng.normal(size=n) + y
        yield ends(roc_auc(y, score), area, f"roc_auc, {note}")
        if n <= 10_000:
            other = score + rng.normal(size=n)
            gap = auc_difference(y, score, other).interval
            truth = area - float(stats.norm.cdf(0.5))
            yield f"roc_auc of two models, {note}", truth, gap.low, gap.high
            precise = average_precision(y, score, rng, draws=200)
            yield ends(precise, _precision(share), f"average_precision, {note}")

    return once


@cache
def _precision(share: float) -> float:
    """Average precision in the limit: the integral of precision over recall."""
    recall = (np.arange(200_000) + 0.5) / 200_000
    threshold = stats.norm.isf(recall) + 1
    false = stats.norm.sf(threshold) * (1 - share)
    return float((recall * share / (recall * share + false)).mean())


def stated(share: float, bend: float, note: str) -> Callable[[Rng, int], Iterator[Row]]:
    """Intervals of metrics of probabilities, of which the stated one is `bend` off."""
    grid = np.clip((np.arange(15) + 0.5) / 15, 0.02, 0.98)
    truth = np.clip(grid + bend * np.sin(np.arange(15)), 0.005, 0.995)
    weights = stats.binom.pmf(np.arange(15), 14, share)
    brier = float((weights * (truth * (1 - grid) ** 2 + (1 - truth) * grid**2)).sum())
    loss = float(-(weights * (truth * np.log(grid) + (1 - truth) * np.log(1 - grid))).sum())
    error = float((weights * np.abs(truth - grid)).sum())

    def once(rng: Rng, n: int) -> Iterator[Row]:
        place = rng.choice(15, n, p=weights)
        y = (rng.random(n) < truth[place]).astype(np.int64)
        p = np.stack([1 - grid[place], grid[place]], axis=1)
        yield ends(brier_score(y, p), brier, f"brier_score, {note}")
        yield ends(log_loss(y, p), loss, f"log_loss, {note}")
        size = np.bincount(place, minlength=15).astype(np.int64)
        hits = np.bincount(place[y == 1], minlength=15).astype(np.int64)
        curve = Reliability(size, size * grid, hits)
        found = expected_calibration_error(curve, rng, draws=300)
        yield ends(found, error, f"expected_calibration_error, {note}")

    return once


def numbers(rng: Rng, n: int) -> Iterator[Row]:
    """Intervals of predicted numbers: normal truth and errors."""
    y = rng.normal(size=n)
    said = y + 0.5 * rng.normal(size=n)
    rho = 1 / math.sqrt(1.25)
    truth = {
        "rmse": 0.5,
        "mae": 0.5 * math.sqrt(2 / math.pi),
        "median_absolute_error": 0.5 * float(stats.norm.ppf(0.75)),
        "r2": 0.75,
        "spearman": 6 / math.pi * math.asin(rho / 2),
        "pearson": rho,
        "mean_squared_error": 0.25,
    }
    for m in regression(y, said):
        yield ends(m, truth[m.name])


def means(rng: Rng, n: int) -> Iterator[Row]:
    """Intervals of means of skewed values."""
    skewed = rng.lognormal(sigma=0.75, size=n)
    truth = math.exp(0.75**2 / 2)
    yield "mean of skewed values, Student", truth, *intervals.mean_of(skewed)
    if n <= 1_000:
        yield "mean of skewed values, BCa", truth, *bca_mean(skewed, rng, draws=500)


def differences(rng: Rng, n: int) -> Iterator[Row]:
    """Intervals of differences of shares: two samples, and two models on the same rows."""
    first, second = int(rng.binomial(n, 0.9)), int(rng.binomial(n, 0.8))
    yield "difference of two shares, Newcombe", 0.1, *intervals.newcombe(first, n, second, n)
    up, down, _ = rng.multinomial(n, [0.08, 0.05, 0.87])
    yield "difference of two models, Agresti–Min", 0.03, *intervals.paired(int(up), int(down), n)


PERSON = 10  # rows


def of_people(rng: Rng, people: int) -> tuple[Judged, Judged]:
    """Return the answers of a classifier and of a regression to rows of people, `PERSON` of each.

    What a person is like moves the class, the score and the error of all the person's rows.
    """
    whose = np.repeat(np.arange(people), PERSON)
    like, off = (rng.standard_normal(people)[whose] for _ in range(2))
    y = (rng.standard_normal(len(whose)) + like > 0.7).astype(np.int64)
    logit = 1.5 * (y - 0.5) + off + rng.standard_normal(len(whose))
    score = 1 / (1 + np.exp(-logit))
    spec = TargetSpec(task=Task.BINARY, modality=Modality.TABULAR, classes=(0, 1), positive=1)
    classes = Judged(
        np.arange(len(whose)),
        spec,
        y=y,
        said=(score > 0.5).astype(np.int64),
        scores=np.stack([1 - score, score], axis=1),
        classes=(0, 1),
        positive=1,
        clusters=whose,
    )
    truth = like + rng.standard_normal(len(whose))
    values = truth + 0.5 * off + 0.5 * rng.standard_normal(len(whose))
    spec = TargetSpec(task=Task.REGRESSION, modality=Modality.TABULAR)
    numbers_ = Judged(np.arange(len(whose)), spec, truth=truth, values=values, clusters=whose)
    return classes, numbers_


def measured_of(pair: tuple[Judged, Judged]) -> list[Measurement]:
    return [*of_classes(pair[0], table_of(pair[0]), 0), *of_regression(pair[1])]


@cache
def of_everybody() -> dict[str, float]:
    """Return what the metrics of all people are, from 100,000 of them."""
    with_all = of_people(np.random.default_rng(99), 100_000)
    alone = [replace(one, clusters=None) for one in with_all]
    return {m.name: m.value for m in measured_of((alone[0], alone[1]))}


def people(rng: Rng, n: int) -> Iterator[Row]:
    """Intervals of every metric where rows come in clusters of ten."""
    if n > 10_000:
        return
    for m in measured_of(of_people(rng, max(3, n // PERSON))):
        yield ends(m, of_everybody()[m.name], f"{m.name}, rows in clusters of ten")


CASES: dict[str, Callable[[Rng, int], Iterator[Row]]] = {
    "binary": answers(BINARY, "30 % positive"),
    "rare": answers(RARE, "2 % positive"),
    "three": answers(THREE, "three classes"),
    "fair": groups(FAIR, "four equal groups"),
    "unfair": groups(UNFAIR, "four groups, one apart"),
    "scores": scores(0.4, "40 % positive"),
    "rare-scores": scores(0.02, "2 % positive"),
    "calibrated": stated(0.5, 0.0, "calibrated"),
    "bent": stated(0.3, 0.1, "miscalibrated"),
    "numbers": numbers,
    "means": means,
    "differences": differences,
    "clusters": people,
}


def simulate(case: str, n: int, sets: int, seed: int = SEED) -> dict[str, tuple[int, int]]:
    """Return, for each interval of a case, how often it held the truth, and out of how many."""
    rng = np.random.default_rng([seed, n])
    held: dict[str, list[int]] = {}
    for _ in range(sets):
        for name, truth, low, high in CASES[case](rng, n):
            tally = held.setdefault(name, [0, 0])
            tally[0] += low <= truth + 1e-9 and truth - 1e-9 <= high
            tally[1] += 1
    return {name: (hit, out_of) for name, (hit, out_of) in held.items()}


def of_shares(method: Callable[[int, int], intervals.Interval], n: int, share: float) -> float:
    """Return the exact coverage of an interval of a share, summed over the binomial."""
    middle, reach = n * share, 12 * math.sqrt(n * share * (1 - share)) + 12
    hits = range(max(0, int(middle - reach)), min(n, int(middle + reach)) + 1)
    held = [k for k in hits if method(k, n).low <= share <= method(k, n).high]
    return float(stats.binom.pmf(held, n, share).sum())


def table(cases: Sequence[str], sizes: Sequence[int], sets: int, seed: int = SEED) -> str:
    """Return the Markdown table of coverage in per cent; shares first."""
    rows: dict[str, dict[int, str]] = {}
    for name, method in (
        ("ours", intervals.of_share),
        ("Wilson", intervals.wilson),
        ("Clopper–Pearson", intervals.clopper_pearson),
    ):
        for share in (0.5, 0.9, 0.99, 0.999):
            line = rows.setdefault(f"share of {share}, {name} (exact)", {})
            for n in sizes:
                line[n] = f"{100 * of_shares(method, n, share):.1f}"
    for case in cases:
        for n in sizes:
            for name, (hit, out_of) in simulate(case, n, sets, seed).items():
                low, high = wilson(hit, out_of)
                line = rows.setdefault(name, {})
                line[n] = f"{100 * hit / out_of:.1f} ({100 * low:.1f}–{100 * high:.1f})"
    head = ["interval", *(f"n = {n:,}" for n in sizes)]
    return markdown(
        head, [[name, *(line.get(n, "") for n in sizes)] for name, line in rows.items()]
    )


def main() -> int:
    """Simulate and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sets", type=int, default=2_000)
    parser.add_argument("--n", type=int, nargs="+", default=[30, 100, 1_000, 100_000])
    parser.add_argument("--only", choices=CASES, action="append")
    parser.add_argument("--seed", type=int, default=SEED)
    arguments = parser.parse_args()
    cases = arguments.only or list(CASES)
    print(table(cases, arguments.n, arguments.sets, arguments.seed))
    return 0


if __name__ == "__main__":
    sys.exit(main())
