"""Groups held against each other: every rate that there is, with its interval and its test."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from modelwarden.assess.context import Context
from modelwarden.assess.fairness.explained import expected_rates, unexplained
from modelwarden.assess.fairness.grouping import Grouping
from modelwarden.assess.truth import Judged
from modelwarden.core import Json, Measurement, seed_for
from modelwarden.metrics import rates
from modelwarden.metrics.counts import Counts, count
from modelwarden.metrics.groups import (
    GAPS,
    LEAST_ROWS,
    RATES,
    Apart,
    apart,
    apart_in,
    apart_shares,
    gaps,
    per_group,
)
from modelwarden.metrics.intervals import Interval, mean_of, z_of
from modelwarden.metrics.ranking import hanley_error, roc_auc
from modelwarden.metrics.values import measured
from modelwarden.targets.frames import Floats, Labels

# Metrics in which the group with the larger value is worse off.
_LARGER_IS_WORSE = {
    "false_positive_rate_difference",
    "mean_absolute_error_difference",
}
_MANY_CLASSES = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """One quantity compared over groups.

    Attributes:
        values: of each group. measurement: of the largest gap.
        apart: the same with its test. margin: that matters.
        share: values are shares. in_labels: the gap of the labels.
        rate: that lies apart, of those that a gap between groups of a binary task may be of.
        thin: groups in which the quantity rests on too few rows.
        answer: the class that it is about, of a task with many.
        explained: the labels of the two groups differ, and equal scores mean the same in both.
        cases: share of positive labels in each group, of a task with two classes.
    """

    metric: str
    grouping: Grouping
    measurement: Measurement
    apart: Apart
    values: tuple[float, ...]
    margin: float
    share: bool = True
    rate: str = ""
    in_labels: float | None = None
    thin: tuple[str, ...] = ()
    answer: str | None = None
    explained: bool = False
    cases: tuple[float, ...] = ()

    @property
    def worse(self) -> tuple[int, int]:
        """Places of the group that is worse off and of the one that is best off."""
        low, high = self.apart.lowest, self.apart.highest
        larger = self.metric in _LARGER_IS_WORSE or self.rate == "false_positive_rate"
        return (high, low) if larger else (low, high)


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """All that was compared over one grouping.

    Attributes:
        each: measurements of every group.
    """

    grouping: Grouping
    gaps: tuple[Gap, ...]
    each: tuple[Measurement, ...]


def compare(context: Context, seen: Judged, grouping: Grouping) -> Compared:
    """Compare the groups of labelled rows; `grouping` has a code for each of them."""
    kept = np.flatnonzero(grouping.code >= 0)
    some, code = seen.take(kept), grouping.code[kept]
    if some.truth is not None:
        return _of_numbers(context, some, grouping, code)
    return _of_classes(context, some, grouping, code)


def group_of(grouping: Grouping, at: int) -> dict[str, Json]:
    """Return what measurements of one group carry."""
    name: Json = grouping.names[at]
    return (
        {grouping.protected[0]: name}
        if len(grouping.protected) == 1
        else {
            "protected": list(grouping.protected),
            "value": name,
        }
    )


def _of_classes(context: Context, seen: Judged, grouping: Grouping, code: Labels) -> Compared:
    if seen.y is None or seen.said is None:
        raise TypeError("a regression has no classes")
    k, g = len(seen.classes), len(grouping.names)
    table = count(
        seen.y, seen.said, group=code, classes=tuple(range(k)), groups=tuple(range(g))
    ).table
    counts = Counts(table, seen.classes, grouping.names)
    positive = seen.positive
    each = tuple(
        replace(
            m,
            group=group_of(grouping, grouping.names.index(str(m.group))),
            stage="fairness",
            conditions={**context.conditions, **m.conditions},
        )
        for m in per_group(counts, positive=positive)
    )
    found: list[Gap] = []
    if positive is not None:
        found += _of_rates(context, seen, code, counts, grouping, positive)
        found += _of_ranks(context, seen, grouping, code)
    else:
        found.append(_of_accuracy(context, counts, grouping))
        found += _of_each_class(context, counts, grouping)
    return Compared(grouping=grouping, gaps=tuple(found), each=each)


def _of_rates(
    context: Context,
    seen: Judged,
    code: Labels,
    counts: Counts,
    grouping: Grouping,
    positive: str | float,
) -> Iterator[Gap]:
    """Yield every gap of a binary task."""
    rng = np.random.default_rng(seed_for(context.seed, "fairness", *grouping.protected))
    known = {m.name: m for m in gaps(counts, rng, positive=positive)}
    index = counts.index_of(positive)
    table = counts.table
    each = np.stack(
        [
            *rates.positive_rates(table, index),
            rates.precisions(table)[:, index],
            rates.accuracy(table),
        ]
    )
    cases = rates.share(table[:, index].sum(axis=-1), table.sum(axis=(1, 2)))
    margin = context.assess.fairness.margin
    expected = expected_rates(seen, code, len(grouping.names))
    for name, families in GAPS.items():
        far, family = apart_in(counts, name, positive=positive, least=LEAST_ROWS)
        two = (far.lowest, far.highest)
        explained = False
        if far.lowest >= 0 and float(np.ptp(cases[list(two)])) >= margin / 2:
            explained = families == (0,) and float(np.ptp(cases)) >= far.value
            if expected is not None:
                rest = unexplained(family, seen, code, two, each[family], expected)
                explained = rest <= margin / 2
        left_out = known[name].conditions["not_estimable"]
        yield Gap(
            metric=name,
            grouping=grouping,
            measurement=known[name],
            apart=far,
            values=tuple(each[family].tolist()),
            margin=margin,
            rate=RATES[family],
            in_labels=float(np.ptp(cases)) if families == (0,) and len(cases) else None,
            explained=explained,
            cases=tuple(cases.tolist()),
            thin=tuple(str(g) for g in left_out) if isinstance(left_out, Sequence) else (),
        )


def _of_accuracy(context: Context, counts: Counts, grouping: Grouping) -> Gap:
    """Return the gap in accuracy of a task with many classes."""
    n, right = counts.table.sum(axis=(1, 2)), np.trace(counts.table, axis1=1, axis2=2)
    values = rates.share(right, n)
    far = apart_shares(right, np.where(n > 0, n, np.nan))
    return _gap(context, "accuracy_score_difference", grouping, values, far, counts.n)


def _of_each_class(context: Context, counts: Counts, grouping: Grouping) -> Iterator[Gap]:
    """Yield, of many classes, how often each is answered and how often each is found."""
    n = counts.table.sum(axis=(1, 2)).astype(np.float64)
    for index, name in list(enumerate(counts.classes))[:_MANY_CLASSES]:
        cases = counts.table[:, index].sum(axis=-1)
        said, found = counts.table[:, :, index].sum(axis=-1), counts.table[:, index, index]
        for metric, hits, whole in (
            ("demographic_parity_difference", said, n),
            ("equal_opportunity_difference", found, cases),
        ):
            enough = np.where(whole >= LEAST_ROWS, whole, np.nan)
            far = apart_shares(hits, enough)
            gap = _gap(context, metric, grouping, rates.share(hits, enough), far, counts.n)
            shares = rates.share(cases, n)
            conditions = {**gap.measurement.conditions, "class": name}
            yield replace(
                gap,
                measurement=replace(gap.measurement, conditions=conditions),
                in_labels=float(np.nanmax(shares) - np.nanmin(shares)) if whole is n else None,
                # A rare class is missing in many groups: that is no gap of each of them.
                thin=(),
                answer=str(name),
            )


def _of_ranks(context: Context, seen: Judged, grouping: Grouping, code: Labels) -> Iterator[Gap]:
    """Yield the gap in how well scores rank the cases of each group."""
    at = seen.at_positive
    if seen.scores is None or seen.y is None or at is None:
        return
    values, errors, cases, others = np.full((4, len(grouping.names)), np.nan)
    for i in range(len(grouping.names)):
        rows = code == i
        truth = seen.y[rows] == at
        m, n = int(truth.sum()), int((~truth).sum())
        if min(m, n) < LEAST_ROWS:
            continue
        auc = roc_auc(truth, seen.scores[rows, at])
        low, high = auc.low or 0.0, 1.0 if auc.high is None else auc.high
        values[i], errors[i] = auc.value, (high - low) / (2 * z_of(auc.level))
        cases[i], others[i] = m, n
    if not np.isfinite(values).any():
        return
    weight = np.nan_to_num(cases * others)
    mean = float((np.nan_to_num(values) * weight).sum() / weight.sum())
    far = apart(values, errors, alike=hanley_error(mean, cases, others))
    yield _gap(context, "roc_auc_score_difference", grouping, values, far, len(code))


def _of_numbers(context: Context, seen: Judged, grouping: Grouping, code: Labels) -> Compared:
    if seen.truth is None or seen.values is None:
        raise TypeError("a classifier has no values")
    away = seen.values - seen.truth
    size = float(np.abs(away).mean()) if len(away) else math.nan  # no group is large enough
    margin = context.assess.fairness.error_margin * size
    quantities: dict[str, tuple[Floats, float]] = {
        # That groups are predicted other values may be the truth, so it is measured and no alarm.
        "mean_prediction_difference": (seen.values, math.inf),
        "mean_error_difference": (away, margin),
        "mean_absolute_error_difference": (np.abs(away), margin),
    }
    each: list[Measurement] = []
    found = []
    for name, (quantity, matters) in quantities.items():
        values, errors = np.full((2, len(grouping.names)), np.nan)
        for i in range(len(grouping.names)):
            part = quantity[code == i]
            with np.errstate(over="ignore"):  # an error without a bound takes no part
                values[i], errors[i] = part.mean(), part.std(ddof=1) / math.sqrt(len(part))
            if name == "mean_absolute_error_difference":
                each.append(
                    measured(
                        "mae",
                        float(values[i]),
                        _mean(part),
                        len(part),
                        group=group_of(grouping, i),
                        conditions=context.conditions,
                    )
                )
        gap = _gap(context, name, grouping, values, apart(values, errors), len(code))
        found.append(replace(gap, margin=matters, share=False))
    return Compared(
        grouping=grouping,
        gaps=tuple(found),
        each=tuple(replace(m, stage="fairness") for m in each),
    )


def _mean(values: Floats) -> Interval:
    with np.errstate(over="ignore", invalid="ignore"):
        return mean_of(values, within=Interval(0.0, math.inf))


def _gap(
    context: Context, name: str, grouping: Grouping, values: Floats, far: Apart, n: int
) -> Gap:
    left_out = tuple(
        g for g, v in zip(grouping.names, values.tolist(), strict=True) if not math.isfinite(v)
    )
    conditions: dict[str, Json] = {"groups": len(values), "not_estimable": list(left_out)}
    return Gap(
        metric=name,
        grouping=grouping,
        measurement=measured(
            name, far.value, Interval(far.low, far.high), n, conditions=conditions
        ),
        apart=far,
        values=tuple(values.tolist()),
        margin=context.assess.fairness.margin,
        thin=left_out,
    )
