"""Asking a target in calls of a few fixed sizes.

A float model's answers depend on the shape of the batch, so a call has one of `sizes` rows and no
other: the least that holds all that is asked. What is asked, and with whom, follows from the inputs
and the seed alone, so a run that is repeated makes the same calls.
"""

from __future__ import annotations

from typing import Protocol, cast, runtime_checkable

import numpy as np

from modelwarden.core.values import dataclass
from modelwarden.targets.access import GradientTarget, LabelTarget, ScoreTarget
from modelwarden.targets.errors import AccessError
from modelwarden.targets.frames import Floats, Frame, Inputs, Labels, joined
from modelwarden.targets.tiled import in_tiles_of

# The tile of the target, and its halves down to this.
_SMALLEST, _HALVES = 8, 4
# Numbers of all rows that are asked at once, and calls that these make at most.
_AT_ONCE, _MOST_CALLS = 1 << 16, 4


@runtime_checkable
class Decides(Protocol):
    """A target that knows which decisions follow from its scores, without being asked again."""

    def decided(self, scores: Floats) -> Labels:
        """Return (n,) positions in the classes."""


def decided(target: LabelTarget, scores: Floats) -> Labels:
    """Return the decisions that follow from scores: by the target's own rule where it has one."""
    if isinstance(target, Decides):
        return np.asarray(target.decided(scores), np.int64)
    return np.asarray(scores.argmax(axis=1), np.int64)


def sizes_of(tile: int) -> tuple[int, ...]:
    """Return the rows that calls may have, the fewest first.

    >>> sizes_of(256), sizes_of(32), sizes_of(1)
    ((16, 32, 64, 128, 256), (8, 16, 32), (1,))
    """
    halves = [tile >> k for k in range(1, _HALVES + 1) if tile % (1 << k) == 0]
    return (*sorted(size for size in halves if size >= _SMALLEST), tile)


@dataclass(frozen=True, slots=True, eq=False)
class Answered:
    """What a call brought, row by row; scores or gradients where they were asked for."""

    labels: Labels
    scores: Floats | None = None
    gradients: Floats | None = None

    def part(self, start: int, end: int) -> Answered:
        """Return some of the rows."""
        scores = None if self.scores is None else self.scores[start:end]
        gradients = None if self.gradients is None else self.gradients[start:end]
        return Answered(self.labels[start:end], scores, gradients)


def _both(first: Answered, second: Answered) -> Answered:
    """Return the rows of two answers of one kind."""
    scores, gradients = first.scores, first.gradients
    if scores is not None and second.scores is not None:
        scores = np.concatenate((scores, second.scores))
    if gradients is not None and second.gradients is not None:
        gradients = np.concatenate((gradients, second.gradients))
    return Answered(np.concatenate((first.labels, second.labels)), scores, gradients)


class Asking:
    """One target, in tiles of all sizes.

    Attributes:
        target: as it was given. tile: rows that a call holds at most. room: rows that are asked at
            once, in several calls one after another. scored: it gives scores. rows: asked.
            calls: made.
    """

    def __init__(self, target: LabelTarget, numbers: int = 0) -> None:
        """Ask nothing yet; rows of so many numbers are what is to be asked, 0 for no numbers."""
        self.target, self.tile = target, target.spec.tile
        # Told once: to look at a protocol takes longer than a small model to answer.
        self.scored = isinstance(target, ScoreTarget)
        self._differentiable = isinstance(target, GradientTarget)
        self._decides = isinstance(target, Decides)
        self._sized = [(size, in_tiles_of(target, size)) for size in sizes_of(self.tile)]
        self.room = self.tile * self._calls_at_once(numbers)
        self.rows = self.calls = 0

    def _calls_at_once(self, numbers: int) -> int:
        """Return how many calls' rows are worked out together.

        Where rows and model are small, what is done for a call costs more than its answers, and
        most of it costs the same for more rows. A target that has no other sizes may be anywhere,
        and have limits of its own: it is asked call by call.
        """
        if not numbers or self._sized[0][1].spec.tile == self.tile:
            return 1
        return int(np.clip(_AT_ONCE // (self.tile * numbers), 1, _MOST_CALLS))

    def ask(self, parts: list[Inputs]) -> Answered:
        """Return labels, and scores where the target gives some."""
        inputs = joined(parts) if len(parts) > 1 else parts[0]
        cut = self._whole(len(inputs))
        if isinstance(inputs, Frame) or not cut:
            return self._ask(inputs)
        return _both(self._ask(inputs[:cut]), self._ask(inputs[cut:]))

    def _whole(self, rows: int) -> int:
        """Return how many rows stand in whole tiles before others; 0 where all or none do."""
        rest = rows % self.tile
        return rows - rest if rest else 0

    def _ask(self, inputs: Inputs) -> Answered:
        target = self._count(len(inputs))
        if self.scored:
            scores = np.asarray(cast("ScoreTarget", target).scores(inputs), np.float64)
            return Answered(self._decided(target, scores), scores)
        return Answered(np.asarray(target.labels(inputs), np.int64))

    def gradients(self, inputs: Inputs, weights: Floats) -> Answered:
        """Return labels, logits and the gradients of their weighted sums.

        Raises:
            AccessError: the target gives none.
        """
        if not self._differentiable:
            raise AccessError("an attack asked for gradients, which the target does not give")
        cut = self._whole(len(inputs))
        if isinstance(inputs, Frame) or not cut:
            return self._gradients(inputs, weights)
        return _both(
            self._gradients(inputs[:cut], weights[:cut]),
            self._gradients(inputs[cut:], weights[cut:]),
        )

    def _gradients(self, inputs: Inputs, weights: Floats) -> Answered:
        target = self._count(len(inputs))
        told = cast("GradientTarget", target).gradients(inputs, weights)
        return Answered(self._decided(target, told.scores), told.logits, told.gradients)

    def apart(self, inputs: Inputs) -> Labels:
        """Return labels of rows that are asked one by one."""
        self.rows += len(inputs)
        self.calls += len(inputs)
        return np.asarray(in_tiles_of(self.target, 1).labels(inputs), np.int64)

    def _count(self, rows: int) -> LabelTarget:
        """Count a call; return the target in tiles of the size that it takes."""
        self.rows += rows
        self.calls += -(-rows // self.tile)
        for size, target in self._sized:
            if rows <= size:
                return target
        return self.target

    def _decided(self, target: LabelTarget, scores: Floats) -> Labels:
        if self._decides:
            return np.asarray(cast("Decides", target).decided(scores), np.int64)
        return np.asarray(scores.argmax(axis=1), np.int64)


__all__ = ["Answered", "Asking", "Decides", "decided", "sizes_of"]
