"""Columns of a later set held against the training set: what broke."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from modelwarden.core import Gap, GapKind
from modelwarden.core.stages import StageResult
from modelwarden.data.clustering import by_entities
from modelwarden.data.given import Given
from modelwarden.data.numbering import without_numbering
from modelwarden.detectors.broken import broken
from modelwarden.targets.data import DataSet
from modelwarden.targets.spec import Task

NAME = "data"
_NUMBERING = "column {!r} numbers the rows, so {} is not compared by it: name it in [data] id"


def run(given: Given) -> StageResult:
    """Hold test and current set against the training set."""
    result = StageResult()
    label = given.data.label or "y"
    regression = given.project.task is Task.REGRESSION
    for reference, other in given.pairs():
        here, there, names = without_numbering(reference, other)
        result += by_entities(here, there, partial(broken, label=label, regression=regression))
        result += StageResult(notes=tuple(_NUMBERING.format(n, other.name) for n in names))
        result += StageResult(gaps=tuple(_gaps(given, reference, other)))
    return result


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
