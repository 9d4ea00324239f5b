"""Columns of one data set held against another: what broke, as findings and rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from modelwarden.core import Finding, Location
from modelwarden.core.seen import findings
from modelwarden.core.stages import RowMark, StageResult
from modelwarden.detectors.breaks import Break, breaks_of, differing_columns, unseen
from modelwarden.detectors.clusters import Clusters
from modelwarden.detectors.rules.schema_break import Broken, schema_break
from modelwarden.targets.data import DataSet
from modelwarden.targets.frames import Frame, Inputs

NAME = "data"
_ROWS = 20


def broken(reference: DataSet, other: DataSet, label: str, *, regression: bool) -> StageResult:
    """Return what is no longer what it was; `label` names the column of labels."""
    found: list[Finding] = []
    marks: list[RowMark] = []
    for name, one in _breaks(reference, other, label, regression=regression):
        path = other.source or None
        terms = {"frame": other.name, **rows_of(one.rows)}
        seen = Broken(
            path=path,
            location=Location(path=path, feature=name, terms=terms),
            frame=other.name,
            against=reference.name,
            name=name,
            found=one,
        )
        told = findings(schema_break, seen, NAME)
        found += (replace(finding, severity=one.severity) for finding in told)
        detail = f"{name}: {one.kind}"
        marks += [
            RowMark(frame=other.name, row=int(row), rule=schema_break.id, detail=detail)
            for row in one.rows
        ]
    return StageResult(findings=tuple(found), rows=tuple(marks))


def _form(inputs: Inputs) -> str:
    if isinstance(inputs, Frame):
        return f"a table of {len(inputs.names)} columns"
    return f"an array of shape {inputs.shape}"


def rows_of(rows: tuple[int, ...]) -> dict[str, list[int] | int]:
    """Return the terms of a location for rows: the first ones, and how many when that cuts."""
    if not rows:
        return {}
    first: dict[str, list[int] | int] = {"rows": [int(row) for row in rows[:_ROWS]]}
    return first | ({"rows_in_all": len(rows)} if len(rows) > _ROWS else {})


def _breaks(
    reference: DataSet, other: DataSet, label: str, *, regression: bool
) -> Iterator[tuple[str, Break]]:
    here, there = reference.inputs, other.inputs
    clusters = Clusters.of(reference, other)
    if isinstance(here, Frame) and isinstance(there, Frame):
        yield from differing_columns(here.names, there.names)
        for name in here.names:
            if name in there.names:
                broke = breaks_of(here[name], there[name], clusters)
                yield from ((name, found) for found in broke)
    elif isinstance(here, Frame) or isinstance(there, Frame):
        told = "is {}, {} before".format(*(_form(side) for side in (there, here)))
        yield "x", Break(kind="type", told=told, facts={})
    else:
        if here.shape[1:] != there.shape[1:]:
            told = f"has inputs of shape {there.shape[1:]}, {here.shape[1:]} before"
            yield "x", Break(kind="type", told=told, facts={})
        elif here.ndim == 2 and here.dtype.kind != "O":
            for i in range(here.shape[1]):
                broke = breaks_of(here[:, i], there[:, i], clusters)
                yield from ((f"x[{i}]", found) for found in broke)
    if reference.y is not None and other.y is not None and not regression:
        yield from ((label, found) for found in unseen(reference.y, other.y, clusters))
