"""Regressions: metrics, the mean and the median, a reference model."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from modelwarden.assess.alike import ends, widened
from modelwarden.assess.context import Context
from modelwarden.assess.measures import of_regression
from modelwarden.assess.rules._seen import findings
from modelwarden.assess.rules.no_better_than_trivial import Telling, no_better_than_trivial
from modelwarden.assess.rules.worse_than_reference import Compared, worse_than_reference
from modelwarden.assess.rules.worse_than_trivial import AgainstTrivial, worse_than_trivial
from modelwarden.assess.stage import StageResult
from modelwarden.assess.truth import Judged, numbers
from modelwarden.core import Finding, Gap, GapKind, Location, Measurement, Table, TableKind
from modelwarden.metrics.intervals import Floats, Interval, mean_of, unit_of
from modelwarden.metrics.regression import rmse, saved_squares
from modelwarden.metrics.values import measured

STAGE = "performance"
_BINS = 10
_TELLING = 0.01


def headline(seen: Judged) -> Measurement:
    """Return the root mean squared error."""
    truth, said = _both(seen)
    return widened(seen, [rmse(truth, said)])[0]


@np.errstate(over="ignore")  # a model may answer with the largest numbers there are
def measure(context: Context, seen: Judged) -> StageResult:
    """Return everything about a regression's values."""
    metrics = of_regression(seen)
    truth, said = _both(seen)
    missing = [m.name for m in metrics if math.isnan(m.value)]
    gaps: tuple[Gap, ...] = ()
    if missing:
        why = f"{', '.join(missing)}: the label does not vary enough to measure it"
        what = context.data.test or "test"
        gaps = (Gap(what=what, why=why, kind=GapKind.NOT_ASSESSABLE, stage=STAGE),)
    return StageResult(
        measurements=metrics,
        tables=tuple(_table(truth, said)),
        findings=(*_trivial(context, seen, truth, said), *_telling(context, seen, metrics)),
        gaps=gaps,
    ) + _compared(context, seen)


def _both(seen: Judged) -> tuple[Floats, Floats]:
    if seen.truth is None or seen.values is None:
        raise TypeError("a classifier has no values")
    return seen.truth, seen.values


def _known(context: Context, truth: Floats) -> tuple[Floats, str]:
    """Return the labels that mean and median are taken of: the training set's where it has any."""
    train = context.train
    if train is not None and train.y is not None:
        known = numbers(train, context.data.label or "label")
        known = known[np.isfinite(known)]
        if len(known):
            return known, "train"
    return truth, "test"


def _trivial(context: Context, seen: Judged, truth: Floats, said: Floats) -> Iterator[Finding]:
    if seen.n < 2:
        return
    known, _ = _known(context, truth)
    middle = float(known.mean())
    saved, unit = saved_squares(truth, said, middle)
    gain = ends(seen, mean_of(saved), float(saved.mean()), saved)
    nearer = np.abs(truth - float(np.median(known))) - np.abs(truth - said)
    base = float(((truth - middle) ** 2).mean())
    against = AgainstTrivial(
        path=context.model.path,
        location=Location(path=context.model.path),
        answer=f"{middle:.6g}, the mean",
        measure="rmse",
        ours=rmse(truth, said).value,
        theirs=math.sqrt(base),
        better=unit * float(saved.mean()),
        low=unit * gain.low,
        high=unit * gain.high,
        margin=context.assess.performance.margin * base,
        n=seen.n,
        also_worse=ends(seen, mean_of(nearer), float(nearer.mean()), nearer).high < 0,
    )
    yield from findings(worse_than_trivial, against, STAGE)


def _telling(context: Context, seen: Judged, metrics: tuple[Measurement, ...]) -> Iterator[Finding]:
    """Tell whether the values say anything at all."""
    r2 = next(m for m in metrics if m.name == "r2")
    _, said = _both(seen)
    constant = None
    if seen.n >= 30 and said.min() == said.max():
        constant = f"{float(said[0]):.6g}"
    if math.isnan(r2.value) or (constant is None and r2.high is None):
        return
    telling = Telling(
        path=context.model.path,
        location=Location(path=context.model.path),
        constant=constant,
        measure="r2",
        value=r2.value,
        low=-math.inf if r2.low is None else r2.low,
        high=1.0 if r2.high is None else r2.high,
        chance=0.0,
        margin=_TELLING,
        n=seen.n,
    )
    yield from findings(no_better_than_trivial, telling, STAGE)


def _compared(context: Context, seen: Judged) -> StageResult:
    """Hold the errors against those of the reference model, row by row."""
    other = context.judged_reference()
    if other is None or other.values is None:
        return StageResult()
    truth, said = _both(seen)
    ours, theirs = np.abs(truth - said), np.abs(truth - other.values)
    saved = theirs - ours
    gain = ends(seen, mean_of(saved), float(saved.mean()), saved)
    reference = context.model.reference
    compared = Compared(
        path=context.model.path,
        location=Location(path=context.model.path, terms={"metric": "mae"}),
        measure="mae",
        better=float(saved.mean()),
        low=gain.low,
        high=gain.high,
        margin=context.assess.performance.margin * float(theirs.mean()),
        n=seen.n,
    )
    more = Interval(-gain.high, -gain.low)
    return StageResult(
        findings=tuple(findings(worse_than_reference, compared, STAGE)),
        measurements=(
            measured(
                "mae_difference",
                float((ours - theirs).mean()),
                more,
                seen.n,
                conditions={"reference": (reference.path or reference.url) if reference else None},
            ),
        ),
    )


def _table(truth: Floats, said: Floats) -> Iterator[Table]:
    """Yield the error by tenths of the prediction."""
    if len(said) < 2 * _BINS:
        return
    order, unit = np.argsort(said, kind="stable"), unit_of(truth, said)
    rows = []
    for part in np.array_split(order, _BINS):
        y, p = truth[part], said[part]
        root = rmse(y, p)
        rows.append(
            (
                f"{p.min():.4g} to {p.max():.4g}",
                root.value,
                root.low,
                root.high,
                unit * float((p / unit).mean()),
                unit * float((y / unit).mean()),
                len(part),
            )
        )
    yield Table(
        name="residuals",
        title="Size of the error (rmse), by tenths of the prediction",
        stage=STAGE,
        kind=TableKind.INTERVALS,
        meaning="Where predictions lie in this range, errors are typically of this size.",
        columns=("label", "value", "low", "high", "mean prediction", "mean truth", "n"),
        rows=tuple(rows),
    )
