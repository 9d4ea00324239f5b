"""The stage `slices`: where a model errs more than its scores let one expect.

Slices are found on one half of the rows and confirmed on the other.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import special

from modelwarden.assess.context import Context
from modelwarden.assess.rules._seen import findings
from modelwarden.assess.rules.weak_slice import WeakSlice, weak_slice
from modelwarden.assess.slices import words
from modelwarden.assess.slices.features import (
    Condition,
    Feature,
    features_of,
    rows_in,
)
from modelwarden.assess.slices.losses import Excess, learned_errors, of_classes, of_regression
from modelwarden.assess.slices.search import search
from modelwarden.assess.stage import RowMark, StageResult
from modelwarden.assess.truth import Judged
from modelwarden.core import Gap, GapKind, Json, Location, Measurement, Table, TableKind, seed_for
from modelwarden.detectors.leakage import gives_away, numbers_rows
from modelwarden.metrics.intervals import Interval, mean_of, of_share
from modelwarden.metrics.multiple import benjamini_hochberg
from modelwarden.metrics.values import measured
from modelwarden.targets.frames import Floats, Frame, Labels
from modelwarden.targets.spec import Task

NAME = "slices"
LEAST_ROWS = 200
_SHARE = 0.01  # of the rows that a slice must have
_FEWEST = 12
_BAR = 4.0  # deviations that a slice must stand out by where it is found
_MOST = 6
_MARKED = 200_000
_NOISE = 2.5
_BOTH_WAYS = 100_000  # rows up to which both halves are searched


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A slice that was found on one half, as the other half saw it.

    Attributes:
        n: rows of the other half. held: which. rows: of both.
        loss, expected: means over them. beyond: of the difference, with its interval.
        p_value: that there is no difference.
    """

    excess: Excess
    conditions: tuple[Condition, ...]
    rows: Labels
    held: Labels
    n: int
    loss: float
    expected: float
    ends: Interval
    p_value: float

    @property
    def beyond(self) -> float:
        """Mean loss beyond expectation."""
        return self.loss - self.expected


def run(context: Context) -> StageResult:
    """Search for slices on which the model fails.

    Raises:
        TargetError: the model failed, or answered something that is no answer.
        NothingToJudgeError: no row has a label.
    """
    seen = context.judged()
    what = context.data.test or "test"
    if seen.n < LEAST_ROWS or seen.one_class:
        why = (
            f"{seen.n} labelled rows are too few to look for slices: it takes {LEAST_ROWS}"
            if seen.n < LEAST_ROWS
            else "the rows are all of one class, so errors say little about slices"
        )
        return StageResult(gaps=(Gap(what=what, why=why, kind=GapKind.NOT_ASSESSABLE, stage=NAME),))
    seed = seed_for(context.seed, NAME) % 2**32
    features = features_of(_properties(context.columns().take(seen.rows), seen, seed))
    if not features:
        why = "the rows have no column by which they could be told apart"
        return StageResult(gaps=(Gap(what=what, why=why, kind=GapKind.NOT_ASSESSABLE, stage=NAME),))
    found = [
        f
        for excess in _excesses(seen, features, seed)
        for f in look(features, excess, seed, _margin(context, excess))
    ]
    return _result(context, seen, features, found)


def _properties(frame: Frame, seen: Judged, seed: int) -> Frame:
    """Leave out columns that number the rows, and those that give the label away.

    Neither tells a kind of rows: errors stand out by the first where the file was sorted, by the
    second on any model that does not use it. `target-leakage` speaks of both.
    """
    y, k = seen.y, len(seen.classes)
    told = [
        name
        for name, column in zip(frame.names, frame.columns, strict=True)
        if numbers_rows(name, column) or (y is not None and gives_away(column, y, k, seed))
    ]
    return frame.without(told)


def _excesses(seen: Judged, features: Sequence[Feature], seed: int) -> list[Excess]:
    if seen.spec.task is Task.REGRESSION:
        return of_regression(seen, features, seed)
    return [of_classes(seen, features, seed)]


def _margin(context: Context, excess: Excess) -> float:
    """Return the mean loss beyond expectation that matters, in units of the loss."""
    config = context.assess.slices
    if excess.what == "error":
        return config.margin
    return config.residual_margin * float(np.abs(excess.loss).mean())


def look(features: Sequence[Feature], excess: Excess, seed: int, margin: float) -> list[Found]:
    """Return what was found on one half of the rows, as the other half saw it.

    Where rows are few, what is found on the other half is held against the first as well.
    """
    n = len(excess.loss)
    order = np.random.default_rng(seed).permutation(n)
    halves = np.sort(order[: n // 2]), np.sort(order[n // 2 :])
    ways = (halves, halves[::-1]) if n <= _BOTH_WAYS else (halves,)
    least = max(_FEWEST, math.ceil(_SHARE * n / 2))
    return [
        found
        for first, second in ways
        for found in _one_way(features, excess, first, second, least, margin)
    ]


def _one_way(
    features: Sequence[Feature],
    excess: Excess,
    first: Labels,
    second: Labels,
    least: int,
    margin: float,
) -> Iterator[Found]:
    """Search the first rows for slices, one after another, and hold each against the second."""
    n = len(excess.loss)
    here = [replace(f, codes=f.codes[first]) for f in features]
    losses, other = excess.losses.take(first), excess.take(second)
    beyond = losses.beyond.copy()
    taken = np.zeros(n, np.bool_)
    for _ in range(_MOST):
        best = search(here, replace(losses, beyond=beyond), least=least, margin=margin)
        if best is None or best.z < _BAR:
            return
        beyond[rows_in(here, best.conditions, len(first))] -= best.mean
        mine = rows_in(features, best.conditions, n)
        held = np.flatnonzero((mine & ~taken)[second])
        taken |= mine
        if len(held) >= _FEWEST:
            found = _confirmed(other, held, best.conditions, np.flatnonzero(mine))
            yield replace(found, held=second[held])


def _confirmed(
    excess: Excess, held: Labels, conditions: tuple[Condition, ...], rows: Labels
) -> Found:
    """Hold a slice against rows that had no part in finding it."""
    loss, expected = excess.loss[held], excess.expected[held]
    n, mean = len(held), float(expected.mean())
    if excess.from_scores:
        wrong = int(loss.sum())
        low, high = of_share(wrong, n)
        ends = Interval(low - mean, high - mean)
        # Rows of unequal chances vary less than as many of the mean chance (Hoeffding 1956).
        p = float(special.bdtrc(wrong - 1, n, mean)) if wrong else 1.0
    else:
        beyond = excess.losses.beyond[held]
        ends = mean_of(beyond)
        deviation = float(beyond.std(ddof=1)) / math.sqrt(n)
        t = float(beyond.mean()) / deviation if deviation else 0.0
        p = float(special.stdtr(n - 1, -t))
    return Found(
        excess=excess,
        conditions=conditions,
        rows=rows,
        held=held,
        n=n,
        loss=float(loss.mean()),
        expected=mean,
        ends=ends,
        p_value=p,
    )


def _result(
    context: Context, seen: Judged, features: Sequence[Feature], found: Sequence[Found]
) -> StageResult:
    together = benjamini_hochberg([f.p_value for f in found]).tolist()
    margins = _margins(context, seen, features, found)
    views = [
        _view(context, seen, features, one, p, margin)
        for one, p, margin in zip(found, together, margins, strict=True)
    ]
    shown = [(f, v) for f, v in zip(found, views, strict=True) if v.weak]
    shown.sort(key=lambda pair: (pair[1].adjusted, -pair[1].beyond / pair[1].margin))
    shown = _distinct(shown)
    return StageResult(
        findings=tuple(x for _, v in shown for x in findings(weak_slice, v, NAME)),
        measurements=tuple(_measurements(context, [v for _, v in shown])),
        tables=tuple(_tables([v for _, v in shown])),
        notes=() if shown else (_silence(features),),
        rows=tuple(
            RowMark(frame="test", row=int(r), rule=weak_slice.id, detail=v.description)
            for f, v in shown
            for r in seen.rows[f.rows[:_MARKED]]
        ),
    )


def _margins(
    context: Context, seen: Judged, features: Sequence[Feature], found: Sequence[Found]
) -> list[float]:
    """Return what must be lost beyond expectation for each slice to count.

    Where a small learner answers the rows no better than the model, nobody may be able to: the
    model is then too sure of noise at most, and it takes `_NOISE` times as much to say so.
    """
    margins = [_margin(context, f.excess) for f in found]
    if not any(f.excess.from_scores for f in found):
        return margins
    other = learned_errors(seen, features, seed_for(context.seed, NAME, "learner") % 2**32)
    return [
        margin if not one.excess.from_scores or _could(one, other, margin) else _NOISE * margin
        for one, margin in zip(found, margins, strict=True)
    ]


def _could(one: Found, other: Floats, margin: float) -> bool:
    """Tell whether the learner is right where the model is wrong, on the confirming rows."""
    return one.loss - float(other[one.held].mean()) >= margin / 2


def _distinct(shown: list[tuple[Found, WeakSlice]]) -> list[tuple[Found, WeakSlice]]:
    """Leave out slices that are mostly the rows of one before them."""
    kept: list[tuple[Found, WeakSlice]] = []
    for one in shown:
        mine = one[0].rows
        shared = [len(np.intersect1d(mine, k[0].rows, assume_unique=True)) for k in kept]
        if all(s < 0.5 * min(len(mine), len(k[0].rows)) for s, k in zip(shared, kept, strict=True)):
            kept.append(one)
    return kept


def _view(
    context: Context,
    seen: Judged,
    features: Sequence[Feature],
    found: Found,
    adjusted_p: float,
    margin: float,
) -> WeakSlice:
    unit = found.excess.unit
    conditions = tuple(features[c.feature].condition(c.chosen) for c in found.conditions)
    return WeakSlice(
        path=context.model.path,
        location=Location(path=context.model.path, slice=conditions),
        description=words.described(conditions),
        sql=words.sql(conditions),
        pandas=words.pandas(conditions),
        what=found.excess.what,
        from_scores=found.excess.from_scores,
        loss=found.loss * unit,
        expected=found.expected * unit,
        low=found.ends.low * unit,
        high=found.ends.high * unit,
        overall=float(found.excess.loss.mean()) * unit,
        n=found.n,
        rows=len(found.rows),
        share=len(found.rows) / seen.n,
        adjusted=adjusted_p,
        margin=margin * unit,
    )


def _measurements(context: Context, views: Sequence[WeakSlice]) -> Iterator[Measurement]:
    for view in views:
        name = "excess_error" if view.what == "error" else "excess_residual"
        group: Json = {"slice": [dict(c) for c in view.location.slice or ()]}
        conditions: dict[str, Json] = {**context.conditions, "of": view.what}
        ends = Interval(view.low, view.high)
        yield measured(name, view.beyond, ends, view.n, group=group, conditions=conditions)


def _tables(views: Sequence[WeakSlice]) -> Iterator[Table]:
    for kinds, title, unit in (
        (("error",), "Slices that are answered wrong more often than expected", "share wrong"),
        (("above", "below", "size"), "Slices with larger residuals than expected", "residual"),
    ):
        these = [v for v in views if v.what in kinds]
        if these:
            yield Table(
                name="slices",
                title=title,
                stage=NAME,
                kind=TableKind.INTERVALS,
                meaning=f"The {unit} of each slice beyond what was to be expected, on rows that had"
                " no part in finding it. 0 is as expected.",
                columns=(
                    "label",
                    "value",
                    "low",
                    "high",
                    "observed",
                    "expected",
                    "n",
                    "share",
                    "query",
                ),
                rows=tuple(
                    (
                        v.description,
                        v.beyond,
                        v.low,
                        v.high,
                        v.loss,
                        v.expected,
                        v.n,
                        v.share,
                        v.sql,
                    )
                    for v in these
                ),
            )


def _silence(features: Sequence[Feature]) -> str:
    return (
        f"no slice stands out among all of one, two and three of {len(features)} columns: none was "
        "found on one half of the rows and confirmed on the other"
    )
