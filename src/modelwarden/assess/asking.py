"""A target's answers to many rows, as plain arrays, checked."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np

from modelwarden.core import GapKind
from modelwarden.core.values import dataclass
from modelwarden.targets.access import LabelTarget, ScoreTarget, Target, ValueTarget
from modelwarden.targets.errors import TargetError
from modelwarden.targets.frames import Floats, Inputs, Labels
from modelwarden.targets.spec import TargetSpec


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """What a model said to n rows.

    Attributes:
        labels: (n,) positions in the target's classes; None of a regression.
        scores: (n, k); None where only labels are given.
        values: (n,) of a regression.
    """

    labels: Labels | None = None
    scores: Floats | None = None
    values: Floats | None = None

    def __len__(self) -> int:
        """Rows."""
        first = self.values if self.labels is None else self.labels
        return 0 if first is None else len(first)

    def take(self, rows: Labels) -> Answers:
        """Return the answers to these rows."""
        return Answers(
            None if self.labels is None else self.labels[rows],
            None if self.scores is None else self.scores[rows],
            None if self.values is None else self.values[rows],
        )

    @staticmethod
    def joined(parts: list[Answers]) -> Answers:
        """Return the answers of all parts, one part after another; all are of one kind."""
        labels = [part.labels for part in parts if part.labels is not None]
        scores = [part.scores for part in parts if part.scores is not None]
        values = [part.values for part in parts if part.values is not None]
        return Answers(
            np.concatenate(labels) if labels else None,
            np.concatenate(scores) if scores else None,
            np.concatenate(values) if values else None,
        )


@runtime_checkable
class Decides(Protocol):
    """A target that knows which decisions follow from its scores, without being asked again."""

    def decided(self, scores: Floats) -> Labels:
        """Return (n,) positions in the classes."""


def ask(target: Target, inputs: Inputs) -> Answers:
    """Return what the target says to these rows; scores where it gives them.

    Raises:
        TargetError: the model failed, or answered something that is no answer.
    """
    n = len(inputs)
    if isinstance(target, ScoreTarget):
        scores = np.asarray(target.scores(inputs), np.float64)
        _check(scores, (n, len(target.spec.classes)))
        own = target.decided(scores) if isinstance(target, Decides) else None
        labels = decided(scores, target.spec) if own is None else own
        return Answers(_checked(labels, n, len(target.spec.classes)), scores)
    if isinstance(target, LabelTarget):
        return Answers(_checked(target.labels(inputs), n, len(target.spec.classes)))
    if isinstance(target, ValueTarget):
        values = np.asarray(target.values(inputs), np.float64)
        _check(values, (n,))
        return Answers(values=values)
    raise TargetError("the model gives neither labels nor scores nor values")


def _checked(answer: Labels, n: int, k: int) -> Labels:
    labels = np.asarray(answer, np.int64)
    _check(labels, (n,))
    if len(labels) and not (labels.min() >= 0 and labels.max() < k):
        raise TargetError(f"the model named a class beyond the {k} that it has")
    return labels


def decided(scores: Floats, spec: TargetSpec) -> Labels:
    """Return the decisions that follow from scores: the threshold's, else the largest score's."""
    if spec.threshold is None or spec.positive is None or len(spec.classes) != 2:
        return np.asarray(scores.argmax(axis=1), np.int64)
    yes = scores[:, spec.positive] >= spec.threshold
    return np.where(yes, spec.positive, 1 - spec.positive).astype(np.int64)


def _check(answer: Floats | Labels, shape: tuple[int, ...]) -> None:
    if answer.shape != shape:
        raise TargetError(f"the model answered {answer.shape} where {shape} was due")
    if not np.isfinite(answer).all():
        bad = int((~np.isfinite(answer)).reshape(len(answer), -1).any(axis=1).sum())
        raise TargetError(
            f"the model answered NaN or infinity to {bad} of {len(answer)} rows",
            kind=GapKind.NOT_ASSESSABLE,
        )
