"""Access levels as types: who may only see labels cannot be handed to who needs scores.

    LabelTarget < ScoreTarget < GradientTarget        classifiers
    ValueTarget                                       regressions

Whatever lies behind – a sandboxed worker, a server, a function in a test – answers through these.
Every answer has been checked: its shape, finite numbers, classes that the data know.
"""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from modelwarden.core.values import dataclass
from modelwarden.targets.frames import Floats, Inputs, Labels
from modelwarden.targets.spec import TargetSpec


class Target(Protocol):
    """What all targets have."""

    @property
    def spec(self) -> TargetSpec:
        """What is known of the model."""

    @property
    def rows(self) -> int:
        """Rows that were asked for so far, without the padding of tiles."""

    @property
    def calls(self) -> int:
        """Calls that were made so far."""


@runtime_checkable
class LabelTarget(Target, Protocol):
    """A classifier seen through its decisions."""

    def labels(self, inputs: Inputs) -> Labels:
        """Return (n,) int64 positions in `spec.classes`.

        Raises:
            TargetError: the model failed, or answered something that is no answer.
        """


@runtime_checkable
class ScoreTarget(LabelTarget, Protocol):
    """A classifier seen through its scores."""

    def scores(self, inputs: Inputs) -> Floats:
        """Return (n, k) float64, a column for each of `spec.classes`, as the model gives them.

        Raises:
            TargetError: the model failed, or answered something that is no answer.
        """


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Slopes:
    """Answers with gradients.

    Attributes:
        scores: (n, k) as the model gives them; decisions follow from them.
        logits: (n, k) what the scores rest on: as they are before a softmax, a scale or a limit,
            where that could be seen, else the scores. The largest is that of the scores.
        gradients: (n, *spec.shape) of the weighted sum of the logits.
    """

    scores: Floats
    logits: Floats
    gradients: Floats


@runtime_checkable
class GradientTarget(ScoreTarget, Protocol):
    """A differentiable classifier."""

    def gradients(self, inputs: Inputs, weights: Floats) -> Slopes:
        """Return scores, what they rest on, and the gradient of the weighted sum of that.

        Any loss of the logits is the caller's to differentiate: with `weights` = d loss / d logits
        this gives d loss / d inputs.

        Args:
            inputs: (n, *spec.shape).
            weights: (n, k).

        Raises:
            TargetError: the model failed, or has no gradient here.
        """


@runtime_checkable
class ValueTarget(Target, Protocol):
    """A regression."""

    def values(self, inputs: Inputs) -> Floats:
        """Return (n,) float64 in the unit of the label.

        Raises:
            TargetError: the model failed, or answered something that is no answer.
        """
