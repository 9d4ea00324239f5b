"""Targets over anything that answers a batch: fixed padded tiles, exact counting, checked answers.

A float model's answers depend on the shape of the batch, so every call has the same number of rows:
the last tile is filled up with copies of its first row, and their answers are dropped. Who asks how
many rows at once then changes nothing.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Sequence
from dataclasses import field, replace
from typing import Protocol, Self, TypeVar

import numpy as np

from modelwarden.core import GapKind
from modelwarden.core.values import dataclass
from modelwarden.protocols.tensors import Tensor
from modelwarden.targets.access import (
    GradientTarget,
    LabelTarget,
    ScoreTarget,
    Slopes,
    Target,
    ValueTarget,
)
from modelwarden.targets.answers import (
    Form,
    Reading,
    decided,
    labels_in,
    logits_in,
    scores_in,
    values_in,
    weights_in,
    without_padding,
)
from modelwarden.targets.errors import AccessError, TargetError
from modelwarden.targets.frames import Floats, Frame, Inputs, Labels, take
from modelwarden.targets.spec import Access, TargetSpec

MOST_SCORES = 1 << 28
"""Scores that are held at once, two gigabytes: how wide an answer is, the model alone decides."""

Decide = Callable[[Floats], Labels]
"""The user's own rule: (n, k) scores to (n,) positions in the classes."""


class Asked(Protocol):
    """Answers one batch with arrays; whatever it raises is a `TargetError`."""

    def ask(self, inputs: Inputs) -> tuple[Tensor, ...]:
        """Return what the model answers to these rows."""


@dataclass(frozen=True, slots=True, eq=False)
class Sloped:
    """An answer with gradients.

    Attributes:
        answer: as without them; None where the logits are it.
        logits: (n, columns) what its scores rest on, or those scores.
        gradients: (n, …) of the weighted sum of the logits.
    """

    answer: tuple[Tensor, ...] | None
    logits: Floats
    gradients: Floats


class AskedForGradients(Asked, Protocol):
    """Answers with gradients too."""

    def gradients(self, inputs: Inputs, weights: Floats, at: int) -> Sloped:
        """Return the answer, what its array `at` rests on, and the gradient of the weighted sum."""


@dataclass(slots=True)
class Account:
    """What was asked so far.

    Attributes:
        rows: without the padding. seconds: of each call in a tile of the usual size, in order.
        others: calls in tiles of other sizes, whose times tell nothing of these.
    """

    rows: int = 0
    seconds: list[float] = field(default_factory=list)
    others: int = 0


class _Tiled:
    """Cuts rows into tiles and counts."""

    def __init__(self, asked: Asked, spec: TargetSpec, reading: Reading, account: Account) -> None:
        self._asked, self._spec, self._reading = asked, spec, reading
        self.account = account
        self._usual = spec.tile

    @property
    def spec(self) -> TargetSpec:
        """What is known of the model."""
        return self._spec

    @property
    def rows(self) -> int:
        """Rows that were asked for so far, without the padding of tiles."""
        return self.account.rows

    @property
    def calls(self) -> int:
        """Calls that were made so far."""
        return len(self.account.seconds) + self.account.others

    @property
    def asked(self) -> Asked:
        """What answers."""
        return self._asked

    @property
    def reading(self) -> Reading:
        """How its answers are read."""
        return self._reading

    def sized(self, tile: int) -> Self:
        """Return the same target, counted together with this one, asked in other tiles."""
        other = copy.copy(self)
        other._spec = replace(self._spec, tile=tile)  # noqa: SLF001 -- a copy of this very one
        return other

    def through(self, wrap: Callable[[Asked], Asked]) -> Self:
        """Return the same target, counted together with this one, behind something that listens."""
        other = copy.copy(self)
        other._asked = wrap(self._asked)  # noqa: SLF001 -- a copy of this very one
        return other

    def _count(self, began: float, rows: int) -> None:
        """Count a call, unless its answer was known from an earlier run."""
        if getattr(self._asked, "fresh", True):
            if self._spec.tile == self._usual:
                self.account.seconds.append(time.perf_counter() - began)
            else:
                self.account.others += 1
            self.account.rows += rows

    def _over(
        self, inputs: Inputs, read: Callable[[Sequence[Tensor], Reading, int], Floats | Labels]
    ) -> list[Floats | Labels]:
        """Ask tile by tile; an answer has to be whole, and is read without its padding."""
        parts = []
        for start, rows in tiles(len(inputs), self._spec.tile):
            tile = padded(inputs, start, rows, self._spec.tile)
            began = time.perf_counter()
            answer = self._asked.ask(tile)
            self._count(began, rows)
            own = without_padding(answer, self._reading, self._spec.tile, rows)
            parts.append(read(own, self._reading, rows))
        return parts


def _joined(parts: Sequence[Floats | Labels]) -> Floats:
    """Return the answers of all tiles; each is our own copy already."""
    whole = parts[0] if len(parts) == 1 else np.concatenate(parts)
    return whole.astype(np.float64, copy=False)


def tiles(rows: int, tile: int) -> list[tuple[int, int]]:
    """Return (first row, rows) of each tile."""
    return [(start, min(tile, rows - start)) for start in range(0, rows, tile)]


def padded(inputs: Inputs, start: int, rows: int, tile: int) -> Inputs:
    """Return rows from `start`, filled up to a whole tile with copies of the first of them."""
    if rows == tile == len(inputs):
        return inputs
    if rows == tile:
        return (
            inputs.part(start, start + rows)
            if isinstance(inputs, Frame)
            else inputs[start : start + rows]
        )
    at = np.full(tile, start, np.int64)
    at[:rows] = np.arange(start, start + rows)
    return take(inputs, at)


class TiledLabels(_Tiled):
    """A classifier that answers with labels."""

    def labels(self, inputs: Inputs) -> Labels:
        """Return (n,) int64 positions in `spec.classes`."""
        parts = self._over(inputs, labels_in)
        return np.concatenate(parts).astype(np.int64) if parts else np.empty(0, np.int64)


class TiledScores(_Tiled):
    """A classifier that answers with scores; decisions follow from them."""

    def __init__(
        self,
        asked: Asked,
        spec: TargetSpec,
        reading: Reading,
        account: Account,
        decide: Decide | None = None,
    ) -> None:
        super().__init__(asked, spec, reading, account)
        self._decide = decide

    def scores(self, inputs: Inputs) -> Floats:
        """Return (n, k) float64, a column for each of `spec.classes`, as the model gives them."""
        k = len(self._spec.classes)
        if len(inputs) * k > MOST_SCORES:
            raise TargetError(
                f"{len(inputs):,} rows of {k:,} scores are more than {MOST_SCORES:,} numbers",
                kind=GapKind.OVER_LIMIT,
                hint="Give fewer rows with [data] rows: more classes need no more of them.",
            )
        parts = self._over(inputs, scores_in)
        return _joined(parts) if parts else np.empty((0, k))

    def labels(self, inputs: Inputs) -> Labels:
        """Return (n,) int64 positions in `spec.classes`, decided by the rule of the project."""
        return self.decided(self.scores(inputs))

    def decided(self, scores: Floats) -> Labels:
        """Return the decisions that follow from scores."""
        if self._decide is not None:
            return self._decide(scores)
        return decided(scores, self._reading, self._spec.threshold)


class TiledGradients(TiledScores):
    """A differentiable classifier."""

    _asked: AskedForGradients

    @property
    def stepped(self) -> bool:
        """Tell whether gradients passed by steps that have none: rounding, signs, comparisons."""
        return bool(getattr(self._asked, "stepped", False))

    def gradients(self, inputs: Inputs, weights: Floats) -> Slopes:
        """Return scores and logits (n, k), and the gradient of the weighted sum of these."""
        size, reading, found = self._spec.tile, self._reading, []
        for start, rows in tiles(len(inputs), self._spec.tile):
            tile = padded(inputs, start, rows, size)
            part = np.zeros((size, weights.shape[1]))
            part[:rows] = weights[start : start + rows]
            began = time.perf_counter()
            told = self._asked.gradients(tile, weights_in(part, reading), reading.at)
            self._count(began, rows)
            plain = (Tensor("", told.logits),) if told.answer is None else told.answer
            at = replace(reading, at=0) if told.answer is None else reading
            scores = scores_in(without_padding(plain, at, size, rows), at, rows)
            logits = logits_in(told.logits[:rows], scores, reading)
            found.append((scores, logits, told.gradients[:rows]))
        scores, logits, gradients = (np.concatenate(parts) for parts in zip(*found, strict=True))
        return Slopes(scores=scores, logits=logits, gradients=gradients)


class TiledValues(_Tiled):
    """A regression."""

    def values(self, inputs: Inputs) -> Floats:
        """Return (n,) float64 in the unit of the label."""
        parts = self._over(inputs, values_in)
        return _joined(parts) if parts else np.empty(0)


AnyTarget = TiledLabels | TiledScores | TiledValues


def target_for(
    asked: Asked,
    spec: TargetSpec,
    reading: Reading,
    *,
    gradients: bool = False,
    decide: Decide | None = None,
) -> AnyTarget:
    """Return the target that gives the most that this model can give."""
    account = Account()
    if reading.form is Form.VALUES:
        return TiledValues(asked, spec, reading, account)
    if reading.form is Form.LABELS:
        return TiledLabels(asked, spec, reading, account)
    if gradients and not reading.by_name:
        return TiledGradients(asked, spec, reading, account, decide)
    return TiledScores(asked, spec, reading, account, decide)


class _LabelsOnly:
    """A target whose scores are withheld."""

    def __init__(self, target: LabelTarget) -> None:
        self._target = target

    def sized(self, tile: int) -> Self:
        """Return the same, asked in other tiles."""
        return type(self)(in_tiles_of(self._target, tile))

    def through(self, wrap: Callable[[Asked], Asked]) -> Self:
        """Return the same, behind something that listens."""
        inner: Callable[[Callable[[Asked], Asked]], LabelTarget] | None = getattr(
            self._target, "through", None
        )
        return self if inner is None else type(self)(inner(wrap))

    @property
    def spec(self) -> TargetSpec:
        """What is known of the model."""
        return self._target.spec

    @property
    def rows(self) -> int:
        """Rows that were asked for so far."""
        return self._target.rows

    @property
    def calls(self) -> int:
        """Calls that were made so far."""
        return self._target.calls

    def labels(self, inputs: Inputs) -> Labels:
        """Return (n,) int64 positions in `spec.classes`."""
        return self._target.labels(inputs)


class _ScoresOnly(_LabelsOnly):
    """A target whose gradients are withheld."""

    _target: ScoreTarget

    def scores(self, inputs: Inputs) -> Floats:
        """Return (n, k) float64."""
        return self._target.scores(inputs)

    def decided(self, scores: Floats) -> Labels:
        """Return the decisions that follow from scores: whoever sees them sees those too."""
        if isinstance(self._target, TiledScores):
            return self._target.decided(scores)
        spec = self.spec
        if spec.threshold is None or spec.positive is None or len(spec.classes) != 2:
            return np.asarray(scores.argmax(axis=1), np.int64)
        yes = scores[:, spec.positive] >= spec.threshold
        return np.where(yes, spec.positive, 1 - spec.positive).astype(np.int64)


T = TypeVar("T", bound=Target)


def in_tiles_of(target: T, tile: int) -> T:
    """Return a target that is asked in tiles of another size; one that has no other as it is."""
    sized: Callable[[int], T] | None = getattr(target, "sized", None)
    return target if sized is None else sized(tile)


def limited(target: LabelTarget, access: Access) -> LabelTarget:
    """Return the target as an attacker with this access sees it.

    Raises:
        AccessError: the model does not give that much.
    """
    if access is Access.LABELS:
        return _LabelsOnly(target)
    if not isinstance(target, ScoreTarget):
        raise AccessError("the model gives labels only, no scores")
    if access is Access.SCORES:
        return _ScoresOnly(target)
    if not isinstance(target, GradientTarget):
        raise AccessError("the model has no gradients here: they need a torch module")
    return target


__all__ = [
    "Account",
    "AnyTarget",
    "Asked",
    "AskedForGradients",
    "TiledGradients",
    "TiledLabels",
    "TiledScores",
    "TiledValues",
    "ValueTarget",
    "in_tiles_of",
    "limited",
    "padded",
    "target_for",
    "tiles",
]
