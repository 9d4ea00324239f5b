"""Measurements of a classifier's answers, all from one contingency table."""

from __future__ import annotations

import math

import numpy as np

from modelwarden.core import Measurement
from modelwarden.core.findings import Json
from modelwarden.metrics import rates
from modelwarden.metrics.bootstrap import DRAWS, percentiles, replicate
from modelwarden.metrics.counts import Counts, Labels
from modelwarden.metrics.intervals import Floats, Interval, of_share, paired, wilson_ends
from modelwarden.metrics.values import Difference, measured


def performance(
    counts: Counts,
    rng: np.random.Generator,
    *,
    positive: str | float | None = None,
    level: float = 0.95,
    draws: int = DRAWS,
) -> tuple[Measurement, ...]:
    """Return the metrics of all rows: shares by `of_share`, averages by the bootstrap on cells.

    Args:
        counts: at least one class; no rows at all gives NaN with the widest intervals.
        rng: draws the replicates.
        positive: the positive class of a two-class task; adds precision, recall and f1.
        level: nominal coverage of every interval.
        draws: replicates.
    """
    table, n = counts.overall, counts.n
    right = int(np.trace(table))
    exact = of_share(right, n, level=level)
    value = float(rates.accuracy(table))
    same = ("accuracy", "precision_micro", "recall_micro", "f1_micro", "recall_weighted")
    found = [measured(name, value, exact, n, level=level) for name in same]
    found.append(_balanced(table, level))
    if positive is not None:
        found += of_class(table, counts.index_of(positive), positive, level=level)
    drawn = replicate(table, averages, rng, draws=draws) if n else np.empty((0, len(AVERAGED)))
    values = averages(table) if n else np.full(len(AVERAGED), math.nan)
    conditions: dict[str, Json] = {"draws": draws}
    for i, name in enumerate(AVERAGED):
        ends = percentiles(drawn[:, i], float(values[i]), level=level)
        found.append(measured(name, float(values[i]), ends, n, level=level, conditions=conditions))
    return tuple(found)


AVERAGED = (
    "precision_macro",
    "recall_macro",
    "f1_macro",
    "precision_weighted",
    "f1_weighted",
    "matthews_corrcoef",
    "cohen_kappa",
)


def averages(table: rates.Table) -> Floats:
    """Return the metrics of `AVERAGED` side by side, (..., 7), of tables (..., k, k)."""
    precisions, f1s = rates.precisions(table), rates.f1s(table)
    return np.stack(
        [
            rates.macro(precisions, table),
            rates.macro(rates.recalls(table), table),
            rates.macro(f1s, table),
            rates.weighted(precisions, table),
            rates.weighted(f1s, table),
            rates.matthews_corrcoef(table),
            rates.cohen_kappa(table),
        ],
        axis=-1,
    )


def _balanced(table: Labels, level: float) -> Measurement:
    """Balanced accuracy; the recalls rest on different rows, so their intervals square and add.

    A class without a case takes no part in the value; its recall may be anything from 0 to 1,
    and the interval says so.

    Source: Donner and Zou 2012, "Closed-form confidence intervals for functions of the normal
    mean and standard deviation", section 2 (MOVER).
    """
    n, cases, k = int(table.sum()), rates.sizes(table), len(table)
    if not n:
        return measured("balanced_accuracy", math.nan, Interval(0.0, 1.0), 0, level=level)
    each = np.where(cases > 0, np.nan_to_num(rates.recalls(table)), 0.5)
    low, high = wilson_ends(rates.diagonal(table), cases, level=level)
    middle = float(each.mean())
    ends = Interval(
        middle - float(np.sqrt(((each - low) ** 2).sum())) / k,
        middle + float(np.sqrt(((high - each) ** 2).sum())) / k,
    )
    value = float(rates.balanced_accuracy(table))
    return measured("balanced_accuracy", value, ends.around(value), n, level=level)


def of_class(
    table: Labels, index: int, name: str | float, *, level: float = 0.95, group: Json = None
) -> tuple[Measurement, Measurement, Measurement]:
    """Return precision, recall and f1 of one class; `n` is what each rests on.

    F1 is 2j / (1 + j) of the share j = TP / (TP + FP + FN), which rises with j: the ends of
    j carry over.

    Source: Takahashi et al. 2022, "Confidence interval for micro-averaged F1 and macro-averaged
    F1 scores", for F1 as a function of proportions.
    """
    hits, cases = int(table[index, index]), int(table[index].sum())
    said = int(table[:, index].sum())
    either = cases + said - hits
    conditions: dict[str, Json] = {"class": name}

    def one(metric: str, value: float, ends: Interval, n: int) -> Measurement:
        return measured(metric, value, ends, n, level=level, group=group, conditions=conditions)

    joint = of_share(hits, either, level=level)
    f1 = Interval(2 * joint.low / (1 + joint.low), 2 * joint.high / (1 + joint.high))
    return (
        one(
            "precision", hits / said if said else math.nan, of_share(hits, said, level=level), said
        ),
        one(
            "recall", hits / cases if cases else math.nan, of_share(hits, cases, level=level), cases
        ),
        one("f1", 2 * hits / (cases + said) if either else math.nan, f1, either),
    )


def per_class(counts: Counts, *, level: float = 0.95) -> tuple[Measurement, ...]:
    """Return precision, recall and f1 of every class, `group` = {"class": name}."""
    table = counts.overall
    each = (
        of_class(table, i, name, level=level, group={"class": name})
        for i, name in enumerate(counts.classes)
    )
    return tuple(m for three in each for m in three)


def beyond_majority(counts: Counts, *, level: float = 0.95) -> Difference:
    """Return accuracy minus that of always saying the most frequent class, on the same rows.

    That class is taken from the very labels that are judged, which favours it slightly.
    """
    table = counts.overall
    most = int(table.sum(axis=1).argmax())
    right = int(np.trace(table)) - int(table[most, most])
    lost = int(table[most].sum()) - int(table[most, most])
    n = counts.n
    value = (right - lost) / n if n else math.nan
    return Difference("accuracy", value, paired(right, lost, n, level=level), n, level)


def majority(counts: Counts) -> tuple[str | float, float]:
    """Return the most frequent class and the accuracy of always saying it; NaN with no rows."""
    cases = counts.overall.sum(axis=1)
    most = int(cases.argmax())
    return counts.classes[most], float(cases[most] / counts.n) if counts.n else math.nan
