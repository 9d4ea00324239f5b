"""Calibration of stated probabilities: the error with its interval and test, and the curve."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from modelwarden.assess.context import Context
from modelwarden.assess.measures import are_probabilities
from modelwarden.assess.rules._seen import findings
from modelwarden.assess.rules.miscalibrated import Calibrated, miscalibrated
from modelwarden.assess.stage import StageResult
from modelwarden.assess.truth import Judged
from modelwarden.core import Json, Location, Measurement, Table, TableKind, seed_for
from modelwarden.metrics.intervals import of_share
from modelwarden.metrics.probabilities import (
    Reliability,
    expected_calibration_error,
    reliability,
    spiegelhalter,
)
from modelwarden.metrics.ranking import Flags
from modelwarden.targets.frames import Floats

STAGE = "performance"


def calibration(context: Context, seen: Judged) -> StageResult:
    """Measure whether stated probabilities come true; nothing where scores are none."""
    if seen.scores is None or seen.y is None or not seen.n:
        return StageResult()
    if not are_probabilities(seen.scores):
        return StageResult(
            notes=(
                "the scores are no probabilities (0 to 1, adding up to 1), so calibration, log "
                "loss and Brier score are not measured",
            )
        )
    happened, stated = _stated(seen)
    curve = reliability(happened, stated)
    error = _error(curve, context.seed)
    z, p = spiegelhalter(happened, stated)
    measured = _view(context, seen, error, p, None)
    kind = "positive class" if seen.at_positive is not None else "top class"
    return StageResult(
        findings=() if seen.one_class else tuple(findings(miscalibrated, measured, STAGE)),
        measurements=(error,),
        tables=(_table(curve, kind, z, p),),
    )


def view_of(
    context: Context, seen: Judged, group: Mapping[str, Json] | None, stage: str
) -> Calibrated | None:
    """Return how well the probabilities of some rows come true; None where scores are none."""
    if seen.y is None or not seen.n or not are_probabilities(seen.scores):
        return None
    happened, stated = _stated(seen)
    rng = np.random.default_rng(seed_for(context.seed, stage, "calibration", str(group)))
    error = expected_calibration_error(reliability(happened, stated), rng)
    _, p = spiegelhalter(happened, stated)
    return _view(context, seen, error, p, group)


def _view(
    context: Context,
    seen: Judged,
    error: Measurement,
    p: float,
    group: Mapping[str, Json] | None,
) -> Calibrated:
    happened, stated = _stated(seen)
    drawn = float(str(error.conditions["p_value"]))
    return Calibrated(
        path=context.model.path,
        location=Location(path=context.model.path, terms={"group": group}),
        error=error.value,
        low=error.low or 0.0,
        high=error.high if error.high is not None else 1.0,
        beyond_chance=float(str(error.conditions["beyond_chance"])),
        p_value=drawn if group is None else min(1.0, 2 * min(p, drawn)),
        margin=context.assess.performance.calibration_margin,
        sure=_overconfidence(happened, stated, two=seen.at_positive is not None),
        n=seen.n,
        group=group,
    )


def error_of(seen: Judged, seed: int) -> Measurement | None:
    """Return the calibration error alone; None where scores are no probabilities."""
    if not are_probabilities(seen.scores):
        return None
    return _error(reliability(*_stated(seen)), seed)


def _error(curve: Reliability, seed: int) -> Measurement:
    rng = np.random.default_rng(seed_for(seed, "performance", "calibration"))
    return expected_calibration_error(curve, rng)


def _stated(seen: Judged) -> tuple[Flags, Floats]:
    """Return what happened, (n,), and how probable it was said to be.

    Of a binary task: the positive class. Of more classes: the top class, and whether it was right.
    """
    if seen.scores is None or seen.y is None:
        raise TypeError("there are no scores")
    at = seen.at_positive
    if at is not None:
        return seen.y == at, np.clip(seen.scores[:, at], 0.0, 1.0)
    top = seen.scores.argmax(axis=1)
    return seen.y == top, np.clip(seen.scores[np.arange(seen.n), top], 0.0, 1.0)


def _overconfidence(happened: Flags, stated: Floats, *, two: bool) -> float:
    """Return the mean stated probability of what was thought likeliest, less how often it came."""
    if not two:
        return float(stated.mean() - happened.mean())
    sure = np.maximum(stated, 1 - stated)
    return float(sure.mean() - (happened == (stated >= 0.5)).mean())


def _table(curve: Reliability, kind: str, z: float, p: float) -> Table:
    bins = len(curve.n)
    rows = []
    for i in np.flatnonzero(curve.n):
        n, happened = int(curve.n[i]), int(curve.happened[i])
        low, high = of_share(happened, n)
        stated = float(curve.stated[i]) / n
        rows.append((int(i) / bins, (int(i) + 1) / bins, stated, happened / n, low, high, n))
    return Table(
        name="reliability",
        title=f"Stated probability of the {kind}, and how often it came true",
        stage=STAGE,
        kind=TableKind.RELIABILITY,
        meaning="On the diagonal, what is said comes true as often as it is said. Below it the"
        " model is too sure, above it not sure enough.",
        columns=("from", "to", "stated", "happened", "low", "high", "n"),
        rows=tuple(rows),
        notes=(f"Spiegelhalter's test, without bins: z = {z:.3g}, p = {p:.3g}.",),
    )
