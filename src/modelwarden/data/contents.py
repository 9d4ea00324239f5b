"""Columns that say nothing, classes of hardly any row, personal data in texts."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from modelwarden.core import Finding, Location
from modelwarden.core.seen import findings
from modelwarden.core.stages import RowMark, StageResult
from modelwarden.data.given import Given
from modelwarden.data.leakage import classes_of
from modelwarden.data.rules.class_imbalance import Rare, class_imbalance
from modelwarden.data.rules.degenerate_column import Degenerate, degenerate_column
from modelwarden.data.rules.personal_data import Holding, personal_data
from modelwarden.detectors import personal
from modelwarden.detectors.breaks import kind_of
from modelwarden.detectors.broken import rows_of
from modelwarden.detectors.duplicates import column_codes
from modelwarden.targets.data import DataSet
from modelwarden.targets.frames import Column, Frame
from modelwarden.targets.labels import missing, positions
from modelwarden.targets.spec import Task

NAME = "data"
LEAST_ROWS = 20
RARE = 0.01
_MOST_CLASSES = 50


def run(given: Given) -> StageResult:
    """Look at the training set, or at the test set where it is alone."""
    data = given.train if given.train is not None and len(given.train) else given.test
    if len(data) < LEAST_ROWS:
        return StageResult()
    found = [*_degenerate(given, data), *_rare(given, data)]
    result = StageResult(findings=tuple(found))
    for one in given.sets():
        result += _personal(given, one)
    return result


def _degenerate(given: Given, data: DataSet) -> Iterator[Finding]:
    if not isinstance(data.inputs, Frame):
        return
    seen: dict[bytes, str] = {}
    for name, column in zip(data.inputs.names, data.inputs.columns, strict=True):
        codes = column_codes(column, column)[0]
        if kind_of(column) == "nothing":
            told = "has no value"
        elif not (codes != codes[0]).any():
            told = "has the same value"
        else:
            first = np.unique(codes, return_index=True, return_inverse=True)
            shape = first[1][first[2]].tobytes()
            copied = seen.setdefault(shape, name)
            # Columns of two words go together often enough without one being the other's copy.
            if copied == name or len(first[0]) < 3 or not _same(data.inputs, name, copied):
                continue
            told = f"is a copy of {copied}"
        value = Degenerate(
            path=given.path(data),
            location=Location(path=given.path(data), feature=name, terms={"frame": data.name}),
            frame=data.name,
            name=name,
            told=told,
            n=len(data),
        )
        yield from findings(degenerate_column, value, NAME)


def _same(frame: Frame, name: str, other: str) -> bool:
    if (frame[name].dtype.kind == "O") != (frame[other].dtype.kind == "O"):
        return False
    one, two = column_codes(frame[name], frame[other])
    return bool((one == two).all())


def _rare(given: Given, data: DataSet) -> Iterator[Finding]:
    if given.project.task is Task.REGRESSION or data.y is None:
        return
    rows, y, k = classes_of(data)
    if not 2 <= k <= _MOST_CLASSES:
        return
    names = positions(data.y[~missing(data.y)])[0]
    for c, count in enumerate(np.bincount(y, minlength=k).tolist()):
        if count < RARE * len(rows):
            value = Rare(
                path=given.path(data),
                location=Location(
                    path=given.path(data), terms={"frame": data.name, "class": names[c]}
                ),
                frame=data.name,
                name=str(names[c])[:60],
                rows=count,
                n=len(rows),
            )
            yield from findings(class_imbalance, value, NAME)


def _personal(given: Given, data: DataSet) -> StageResult:
    found: list[Finding] = []
    marks: list[RowMark] = []
    for name, column in _texts(given, data):
        for kind in personal.personal_data(column):
            value = Holding(
                path=given.path(data),
                location=Location(
                    path=given.path(data),
                    feature=name,
                    terms={"frame": data.name, **rows_of(kind.rows)},
                ),
                frame=data.name,
                name=name,
                found=kind,
            )
            found += findings(personal_data, value, NAME)
            marks += [
                RowMark(
                    frame=data.name, row=row, rule=personal_data.id, detail=f"{name}: {kind.kind}"
                )
                for row in kind.rows
            ]
    return StageResult(findings=tuple(found), rows=tuple(marks))


def _texts(given: Given, data: DataSet) -> Iterator[tuple[str, Column]]:
    inputs = data.inputs
    if not isinstance(inputs, Frame) and inputs.dtype.kind == "O":
        yield given.data.text or given.data.html or given.data.url or "text", inputs
    frames = (inputs, data.context) if isinstance(inputs, Frame) else (data.context,)
    for frame in frames:
        for name, column in zip(frame.names, frame.columns, strict=True):
            if column.dtype.kind == "O":
                yield name, column
