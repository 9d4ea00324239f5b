"""Columns of a later set held against the training set: what broke."""

from __future__ import annotations

from collections.abc import Iterator

from modelwarden.core import Finding, Gap, GapKind, Location
from modelwarden.core.seen import findings
from modelwarden.core.stages import RowMark, StageResult
from modelwarden.data.given import Given
from modelwarden.data.rules.schema_break import Broken, schema_break
from modelwarden.detectors.breaks import Break, breaks_of, differing_columns, unseen
from modelwarden.targets.data import DataSet
from modelwarden.targets.frames import Frame
from modelwarden.targets.spec import Task

NAME = "data"
_ROWS = 20


def run(given: Given) -> StageResult:
    """Hold test and current set against the training set."""
    found: list[Finding] = []
    marks: list[RowMark] = []
    gaps: list[Gap] = []
    for reference, other in given.pairs():
        for name, broken in _breaks(given, reference, other):
            seen = Broken(
                path=given.path(other),
                location=Location(
                    path=given.path(other),
                    feature=name,
                    terms={"frame": other.name, **rows_of(broken.rows)},
                ),
                frame=other.name,
                against=reference.name,
                name=name,
                found=broken,
            )
            found += findings(schema_break, seen, NAME)
            marks += [
                RowMark(
                    frame=other.name,
                    row=int(row),
                    rule=schema_break.id,
                    detail=f"{name}: {broken.kind}",
                )
                for row in broken.rows
            ]
        gaps += _gaps(given, reference, other)
    return StageResult(findings=tuple(found), rows=tuple(marks), gaps=tuple(gaps))


def rows_of(rows: tuple[int, ...]) -> dict[str, list[int] | int]:
    """Return the terms of a location for rows: the first ones, and how many when that cuts."""
    if not rows:
        return {}
    first: dict[str, list[int] | int] = {"rows": [int(row) for row in rows[:_ROWS]]}
    return first | ({"rows_in_all": len(rows)} if len(rows) > _ROWS else {})


def _breaks(given: Given, reference: DataSet, other: DataSet) -> Iterator[tuple[str, Break]]:
    here, there = reference.inputs, other.inputs
    if isinstance(here, Frame) and isinstance(there, Frame):
        yield from differing_columns(here.names, there.names)
        for name in here.names:
            if name in there.names:
                yield from ((name, found) for found in breaks_of(here[name], there[name]))
    elif not isinstance(here, Frame) and not isinstance(there, Frame):
        if here.shape[1:] != there.shape[1:]:
            told = f"has inputs of shape {there.shape[1:]}, {here.shape[1:]} before"
            yield "x", Break(kind="type", told=told, facts={})
        elif here.ndim == 2 and here.dtype.kind != "O":
            for i in range(here.shape[1]):
                yield from ((f"x[{i}]", found) for found in breaks_of(here[:, i], there[:, i]))
    if (
        reference.y is not None
        and other.y is not None
        and given.project.task is not Task.REGRESSION
    ):
        label = given.data.label or "y"
        yield from ((label, found) for found in unseen(reference.y, other.y))


def _gaps(given: Given, reference: DataSet, other: DataSet) -> Iterator[Gap]:
    if len(other) and len(reference):
        return
    empty = reference if not len(reference) else other
    yield Gap(
        what=given.path(empty) or empty.name,
        why=f"{empty.name} holds no row, so nothing can be held against it",
        kind=GapKind.NOT_ASSESSABLE,
        stage=NAME,
    )
