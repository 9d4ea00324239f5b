"""Calibration of stated probabilities: the error with its interval and test, and the curve."""

from __future__ import annotations

import numpy as np

from modelwarden.assess.context import Context
from modelwarden.assess.measures import are_probabilities
from modelwarden.assess.rules._seen import findings
from modelwarden.assess.rules.miscalibrated import Calibrated, miscalibrated
from modelwarden.assess.stage import StageResult
from modelwarden.assess.truth import Judged
from modelwarden.core import Location, Table, TableKind, seed_for
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
    at = seen.at_positive
    if at is not None:
        happened, stated = seen.y == at, seen.scores[:, at]
        sure = float(_confidence(stated).mean() - _came_true(happened, stated).mean())
    else:
        top = seen.scores.argmax(axis=1)
        happened, stated = seen.y == top, seen.scores[np.arange(seen.n), top]
        sure = float(stated.mean() - happened.mean())
    curve = reliability(happened, np.clip(stated, 0.0, 1.0))
    rng = np.random.default_rng(seed_for(context.seed, "performance", "calibration"))
    error = expected_calibration_error(curve, rng)
    z, p = spiegelhalter(happened, stated)
    facts = error.conditions
    measured = Calibrated(
        path=context.model.path,
        location=Location(path=context.model.path, terms={"group": None}),
        error=error.value,
        low=error.low or 0.0,
        high=error.high if error.high is not None else 1.0,
        beyond_chance=float(str(facts["beyond_chance"])),
        p_value=float(str(facts["p_value"])),
        margin=context.assess.performance.calibration_margin,
        sure=sure,
        n=seen.n,
    )
    kind = "positive" if at is not None else "top class"
    return StageResult(
        findings=() if seen.one_class else tuple(findings(miscalibrated, measured, STAGE)),
        measurements=(error,),
        tables=(_table(curve, kind, z, p),),
    )


def _confidence(stated: Floats) -> Floats:
    return np.maximum(stated, 1 - stated)


def _came_true(happened: Flags, stated: Floats) -> Flags:
    return np.asarray(happened == (stated >= 0.5), np.bool_)


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
