"""A current file held against a reference: findings, measurements, gaps, a report without verdict.

What is compared and by which tests stands in `detectors.moves`; here it is put together for two
files, and what the tests found is measured, so that a policy can bound it.
"""

from __future__ import annotations

import datetime as dt
import math
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from modelwarden.core import (
    Coverage,
    Finding,
    Gap,
    GapKind,
    Json,
    Measurement,
    Report,
    Run,
    Status,
    Subject,
    Tool,
)
from modelwarden.core.rules import Rule
from modelwarden.core.stages import StageResult
from modelwarden.detectors import moves
from modelwarden.detectors.broken import broken
from modelwarden.detectors.clusters import Clusters
from modelwarden.detectors.counts import as_numbers
from modelwarden.detectors.drift import Change
from modelwarden.detectors.entities import few_clusters, with_clusters
from modelwarden.detectors.rules.concept_drift import concept_drift
from modelwarden.detectors.rules.feature_drift import feature_drift
from modelwarden.detectors.rules.joint_drift import joint_drift
from modelwarden.detectors.rules.label_drift import label_drift
from modelwarden.detectors.rules.missingness_change import missingness_change
from modelwarden.detectors.rules.prediction_drift import prediction_drift
from modelwarden.detectors.rules.schema_break import schema_break
from modelwarden.metrics.intervals import of_share
from modelwarden.monitor.concept import learned_errors
from modelwarden.monitor.reading import Sample
from modelwarden.standards import describe
from modelwarden.targets.data import DataSet
from modelwarden.targets.frames import Column, Floats, Labels
from modelwarden.targets.labels import missing, positions, same

STAGE = "data"
RULES: tuple[Rule[Any], ...] = (
    schema_break,
    feature_drift,
    missingness_change,
    joint_drift,
    label_drift,
    prediction_drift,
    concept_drift,
)
_REGRESSION = 30  # distinct values of a number, from which on it is no class
_SHOWN_AS = {
    "distribution": "distribution_shift",
    "mix": "mix_shift",
    "mean": "mean_shift",
    "missing": "missing_share_change",
}


def compare(reference: Sample, current: Sample, *, seed: int, version: str) -> Report:
    """Return what changed from one to the other."""
    began, started = time.monotonic(), dt.datetime.now(dt.UTC)
    with np.errstate(all="ignore"):
        result = _by_entities(reference, current, seed)
    there = current.data
    return Report(
        subject=Subject(kind="data", name=there.source, digest=there.digest),
        tool=Tool(version=version),
        run=Run(
            command="monitor drift",
            started=started.strftime("%Y-%m-%dT%H:%M:%SZ"),
            elapsed=round(time.monotonic() - began, 3),
            seed=seed,
            notes=result.notes,
        ),
        findings=result.findings,
        measurements=result.measurements,
        gaps=result.gaps,
        coverage=tuple(map(_covered, (reference, current))),
        rules=tuple(map(describe, RULES)),
        stages=(STAGE,) if result.done else (),
        tables=result.tables,
    )


def _covered(sample: Sample) -> Coverage:
    return Coverage(
        path=sample.data.source,
        format=sample.form,
        status=Status.EXAMINED,
        size=None,
        sha256=sample.data.digest.removeprefix("sha256:"),
    )


def _by_entities(reference: Sample, current: Sample, seed: int) -> StageResult:
    """Compare; what is found is judged anew by clusters, where rows come in some."""
    here, there = reference.data, current.data
    told = ""
    if not here.clustered_by:
        result = _result(reference, current, seed)
        if not result.findings:
            return result
    here, there, told = with_clusters(here, there)
    if not told and not here.clustered_by:
        return result
    made = _result(replace(reference, data=here), replace(current, data=there), seed)
    few = few_clusters(here, there)
    gaps = (_gap(there, few),) if few else ()
    return made + StageResult(notes=(told,) if told else (), gaps=gaps)


def _result(reference: Sample, current: Sample, seed: int) -> StageResult:
    here, there = reference.data, current.data
    notes = tuple(f"{d.name}: {note}" for d in (here, there) for note in d.notes)
    if not len(here) or not len(there):
        empty = here if not len(here) else there
        why = f"{empty.name} holds no row, so nothing can be held against it"
        return StageResult(gaps=(_gap(empty, why),), notes=notes, done=False)
    conditions: dict[str, Json] = {
        "against": here.digest,
        "reference_rows": len(here),
        "data": there.digest,
        "seed": seed,
    }
    label = current.roles.label or reference.roles.label or "y"
    regression = here.y is not None and is_regression(here.y)
    tested, gone = moves.tested_features(here, there)
    result = StageResult(notes=notes, measurements=tuple(_sizes(tested, gone, there, conditions)))
    result += broken(here, there, label, regression=regression)
    result += moves.features_of(here, there, tested, gone)
    result += moves.joint(here, there)
    result += moves.labels(here, there, label, regression=regression)
    result += _answers(reference, current, conditions, regression=regression)
    result += _concept(reference, current, conditions, seed, regression=regression)
    cut = (_gap(s.data, s.left_out, GapKind.OVER_LIMIT) for s in (reference, current) if s.left_out)
    return replace(result, gaps=(*result.gaps, *cut, *_little(here, there)))


def is_regression(y: Column) -> bool:
    """Tell whether labels are amounts and no classes."""
    if y.dtype.kind not in "iuf":
        return False
    values = as_numbers(y)
    known = values[np.isfinite(values)]
    return len(np.unique(known)) > _REGRESSION or bool((known % 1 != 0).any())


def _little(here: DataSet, there: DataSet) -> Iterator[Gap]:
    for data in (here, there):
        if len(data) < moves.LEAST_ERRORS:
            rows = "1 row" if len(data) == 1 else f"{len(data)} rows"
            yield _gap(data, f"{data.name} has {rows}: too few for most of the tests")


def _gap(data: DataSet, why: str, kind: GapKind = GapKind.NOT_ASSESSABLE) -> Gap:
    return Gap(what=data.source or data.name, why=why, kind=kind, stage=STAGE)


def _sizes(
    tested: list[moves.Tested],
    gone: list[moves.Tested],
    there: DataSet,
    conditions: dict[str, Json],
) -> Iterator[Measurement]:
    for look, change in (*tested, *gone):
        name = _SHOWN_AS.get(change.kind)
        if name is not None:
            of = f"{look.feature}: {look.aspect}" if look.aspect else look.feature
            yield _size(name, change, len(there), {"feature": of}, conditions)


def _size(
    name: str, change: Change, n: int, group: Json, conditions: dict[str, Json]
) -> Measurement:
    signed = change.kind in {"mean", "missing"}
    ends = (change.low, change.high)
    low, high = (None if math.isinf(v) or math.isnan(v) else v for v in ends)
    value = abs(change.effect) if signed else change.effect
    if signed and low is not None and high is not None:
        inside = low <= 0 <= high
        low, high = (0.0 if inside else min(abs(low), abs(high))), max(abs(low), abs(high))
    return Measurement(
        name=name,
        value=value,
        low=low,
        high=high,
        n=n,
        higher_is_better=False,
        group=group,
        conditions={**conditions, "p_value": change.p},
        stage=STAGE,
    )


def _answers(
    reference: Sample, current: Sample, conditions: dict[str, Json], *, regression: bool
) -> StageResult:
    """Compare what the model answered."""
    one, two = reference.said, current.said
    if one is None or two is None:
        return StageResult()
    kinds = {column.dtype.kind == "O" for column in (one, two)}
    if len(kinds) > 1:
        why = "the predictions are words on one side and numbers on the other"
        return StageResult(gaps=(_gap(current.data, why),))
    aspect = "value" if regression or (one.dtype.kind != "O" and is_regression(one)) else "class"
    clusters = Clusters.of(reference.data, current.data)
    tested = moves.tested_answers([(aspect, one, two)], clusters=clusters)
    sizes = [
        _size("prediction_shift", change, len(two), None, conditions)
        for _, change in tested
        if change.kind in {"distribution", "mix"}
    ]
    found = moves.alarms(reference.data, current.data, tested, prediction_drift)
    return StageResult(findings=tuple(found), measurements=tuple(sizes))


def _concept(
    reference: Sample, current: Sample, conditions: dict[str, Json], seed: int, *, regression: bool
) -> StageResult:
    """Compare errors: of the model where its answers stand in the files, else of a learner."""
    here, there = reference.data, current.data
    if here.y is None or there.y is None:
        note = "no labels on both sides: whether the rule behind them changed is not known"
        return StageResult(notes=(note,))
    spread = _spread(here.y) if regression else 1.0
    one, two = (_errors(side, regression, spread) for side in (reference, current))
    if one is not None and two is not None:
        clusters = Clusters.of(here, there)
        kept = None if clusters is None else clusters.only(one[1], two[1])
        what = "absolute error in standard deviations of the label" if regression else "error rate"
        found = moves.errors_between(here, there, what, one[0], two[0], clusters=kept)
        return StageResult(
            findings=tuple(found),
            measurements=() if regression else tuple(_accuracy(two[0], conditions)),
        )
    errors = learned_errors(here, there, seed)
    if isinstance(errors, str):
        note = f"whether the rule behind the labels changed was not assessed: {errors}"
        return StageResult(notes=(note,))
    what = "error rate of a learner of the reference, its rows weighted like the current ones"
    found = moves.errors_between(
        here, there, what, errors.before, errors.after, clusters=errors.clusters
    )
    return StageResult(findings=tuple(found))


def _spread(y: Column) -> float:
    values = as_numbers(y)
    return float(values[np.isfinite(values)].std()) or 1.0


def _errors(sample: Sample, regression: bool, spread: float) -> tuple[Floats, Labels] | None:
    """Return the errors of the rows of which label and answer are known, and these rows."""
    y, said = sample.data.y, sample.said
    if y is None or said is None:
        return None
    known = np.flatnonzero(~(missing(y) | missing(said))).astype(np.int64)
    if regression:
        if said.dtype.kind == "O":
            return None
        truth = as_numbers(y)[known]
        gap = np.abs(truth - as_numbers(said)[known])
        return np.asarray(gap / spread, np.float64), known
    names, place = positions(y[known])
    words, at = positions(said[known])
    one = np.array([same(name) for name in names], np.object_)[place]
    two = np.array([same(name) for name in words], np.object_)[at]
    return np.asarray(one != two, np.float64), known


def _accuracy(errors: Floats, conditions: dict[str, Json]) -> Iterator[Measurement]:
    n = len(errors)
    if not n:
        return
    right = n - int(errors.sum())
    ends = of_share(right, n)
    yield Measurement(
        name="accuracy",
        value=right / n,
        low=ends.low,
        high=ends.high,
        n=n,
        higher_is_better=True,
        conditions=conditions,
        stage=STAGE,
    )


__all__ = ["RULES", "STAGE", "Finding", "compare", "is_regression"]
