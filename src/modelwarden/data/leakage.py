"""What tells the label of the training set too well."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from modelwarden.core import Finding, Location, Severity, seed_for
from modelwarden.core.seen import findings
from modelwarden.core.stages import StageResult
from modelwarden.data.given import Given
from modelwarden.data.rules.target_leakage import Leaking, target_leakage
from modelwarden.detectors.counts import as_numbers
from modelwarden.detectors.leakage import Leak, leaks, number_leaks
from modelwarden.detectors.looks import frame_of
from modelwarden.targets.data import DataSet
from modelwarden.targets.frames import Frame, Labels
from modelwarden.targets.labels import missing, positions
from modelwarden.targets.spec import Task

NAME = "data"
MOST_CLASSES = 50


def run(given: Given) -> StageResult:
    """Look for leaks in the training set, or in the test set where it is alone."""
    data = given.train if given.train is not None and len(given.train) else given.test
    found: list[Finding] = []
    for leak in _leaks(given, data):
        seen = Leaking(
            path=given.path(data),
            location=Location(
                path=given.path(data), feature=leak.feature, terms={"frame": data.name}
            ),
            frame=data.name,
            leak=leak,
            n=len(data),
        )
        told = findings(target_leakage, seen, NAME)
        # No model is given the order of a file; only how such a file is split can leak it.
        sorted_rows = leak.kind == "order"
        found += (replace(f, severity=Severity.MEDIUM) if sorted_rows else f for f in told)
    return StageResult(findings=tuple(found))


def _leaks(given: Given, data: DataSet) -> Iterator[Leak]:
    if data.y is None or not len(data):
        return
    shown = data.inputs
    frame = shown if isinstance(shown, Frame) or shown.ndim == 2 else None
    columns = Frame((), ()) if frame is None else frame_of(frame)
    seed = seed_for(given.seed, NAME, "leakage")
    if given.project.task is Task.REGRESSION:
        if data.y.dtype.kind != "O" and columns.names:
            yield from number_leaks(columns, as_numbers(data.y), seed)
        return
    rows, y, k = classes_of(data)
    if 2 <= k <= MOST_CLASSES:
        yield from leaks(columns.take(rows), y, k, seed)


def classes_of(data: DataSet) -> tuple[Labels, Labels, int]:
    """Return the labelled rows of a set, their classes from 0 on, and how many there are."""
    if data.y is None:
        return np.empty(0, np.int64), np.empty(0, np.int64), 0
    rows = np.flatnonzero(~missing(data.y)).astype(np.int64)
    names, place = positions(data.y[rows])
    return rows, place, len(names)
