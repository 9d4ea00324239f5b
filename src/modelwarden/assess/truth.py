"""The truth beside the answers: rows without a label are left out, classes are matched by name."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from modelwarden.assess.asking import Answers
from modelwarden.core import InputError
from modelwarden.core.values import dataclass
from modelwarden.detectors.clusters import Clusters
from modelwarden.targets.data import DataSet
from modelwarden.targets.frames import Column, Floats, Labels
from modelwarden.targets.labels import missing, names_in, plain, positions, same
from modelwarden.targets.spec import Name, TargetSpec, Task

__all__ = [
    "Judged",
    "NothingToJudgeError",
    "judged",
    "missing",
    "names_in",
    "numbers",
    "plain",
    "same",
    "sizes_of",
]


class NothingToJudgeError(InputError):
    """A data set in which no row has a label."""

    hint = "Name the column of the truth as `label` in [data]; rows need a value there."


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """Labelled rows with what the model said to them.

    Attributes:
        rows: (n,) their positions in the data set.
        y: (n,) positions in `classes`; None of a regression.
        said: (n,) likewise.
        scores: (n, k), a column for each of `classes`; None where the model gives none.
        truth, values: (n,) of a regression.
        classes: those of the model, then those that only the labels have.
        positive: name of the positive class of a binary task; None otherwise.
        unlabelled: rows that were left out.
        clusters: (n,) whom each row stands for, as positions from 0 on; None where rows count as
            independent.
        strangers: classes of the labels that the model cannot name, with their rows.
        spec: of the target.
    """

    rows: Labels
    spec: TargetSpec
    y: Labels | None = None
    said: Labels | None = None
    scores: Floats | None = None
    truth: Floats | None = None
    values: Floats | None = None
    classes: tuple[Name, ...] = ()
    positive: Name | None = None
    unlabelled: int = 0
    strangers: tuple[tuple[Name, int], ...] = ()
    clusters: Labels | None = None

    @property
    def n(self) -> int:
        """Rows that are judged."""
        return len(self.rows)

    @property
    def one_class(self) -> bool:
        """The rows of a classifier are all of one class: chosen by their label, or none at all."""
        return self.y is not None and len(np.unique(self.y)) < 2

    @property
    def at_positive(self) -> int | None:
        """Position of the positive class."""
        return None if self.positive is None else self.classes.index(self.positive)

    def take(self, at: Labels) -> Judged:
        """Return some of the rows, by their place among the judged ones."""
        return replace(
            self,
            rows=self.rows[at],
            y=None if self.y is None else self.y[at],
            said=None if self.said is None else self.said[at],
            scores=None if self.scores is None else self.scores[at],
            truth=None if self.truth is None else self.truth[at],
            values=None if self.values is None else self.values[at],
            clusters=None if self.clusters is None else self.clusters[at],
        )


def sizes_of(column: Column) -> dict[str, int]:
    """Return how many rows each label has, by its key `same`; missing ones are left out."""
    names, place = positions(column[~missing(column)])
    sizes = np.bincount(place, minlength=len(names))
    return {same(name): int(size) for name, size in zip(names, sizes, strict=True)}


def numbers(data: DataSet, label: str) -> Floats:
    """Return the truth of a regression as numbers, NaN where it is missing.

    Raises:
        InputError: a label is no number.
    """
    y = data.y
    if y is None:
        raise NothingToJudgeError(f"{data.source or data.name} has no labels")
    if y.dtype.kind in "biuf":
        return y.astype(np.float64)
    gone = missing(y)
    for value in y[~gone][:1].tolist():
        raise InputError(
            f"{data.source or data.name}: the label {label!r} holds {str(value)[:60]!r}, "
            "and a regression needs numbers",
            hint='Name another column, or set task = "multiclass" in [project].',
        )
    return np.full(len(y), np.nan)


def judged(
    data: DataSet, answers: Answers, spec: TargetSpec, *, classes: tuple[Name, ...] | None = None
) -> Judged:
    """Return the labelled rows of a data set beside the answers.

    Args:
        data: with or without some of its labels.
        answers: to all its rows.
        spec: of the target.
        classes: in this order instead of the model's own, to compare two models.

    Raises:
        NothingToJudgeError: no row has a label.
    """
    if data.y is None:
        raise NothingToJudgeError(f"{data.source or data.name} has no labels")
    gone = missing(data.y)
    rows = np.flatnonzero(~gone)
    if not len(rows):
        raise NothingToJudgeError(f"{data.source or data.name}: no row has a label")
    left = int(gone.sum())
    if spec.task is Task.REGRESSION:
        truth = numbers(data, "label")[rows]
        values = None if answers.values is None else answers.values[rows]
        seen = Judged(rows, spec, truth=truth, values=values, unlabelled=left)
    else:
        seen = _classified(data.y[rows], rows, answers.take(rows), spec, left, classes)
    if data.clusters is None:
        return seen
    return replace(seen, clusters=Clusters.between(data.clusters[rows], data.clusters[:0]).here)


def _classified(
    column: Column,
    rows: Labels,
    answers: Answers,
    spec: TargetSpec,
    unlabelled: int,
    wanted: tuple[Name, ...] | None,
) -> Judged:
    found, place = positions(column)
    known = list(wanted or spec.classes)
    at = {same(name): i for i, name in enumerate(known)}
    strangers = []
    for i, name in enumerate(found):
        if same(name) not in at:
            at[same(name)] = len(known)
            known.append(name)
        if same(name) not in {same(c) for c in spec.classes}:
            strangers.append((name, int((place == i).sum())))
    names = tuple(known)
    codes = np.array([at[same(name)] for name in found], np.int64)
    y = codes[place] if len(found) else place
    own = np.array([at.setdefault(same(name), len(names)) for name in spec.classes], np.int64)
    if len(own) and own.max() >= len(names):
        raise InputError("the two models do not have the same classes, so they are not compared")
    scores = answers.scores
    if scores is not None and (len(names) != scores.shape[1] or (own != np.arange(len(own))).any()):
        wide = np.zeros((len(scores), len(names)))
        wide[:, own] = scores
        scores = wide
    positive = None if spec.positive is None else spec.classes[spec.positive]
    return Judged(
        rows,
        spec,
        y=y,
        said=None if answers.labels is None else own[answers.labels],
        scores=scores,
        classes=names,
        positive=positive,
        unlabelled=unlabelled,
        strangers=tuple(strangers),
    )
