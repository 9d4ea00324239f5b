"""A function in this process as a target: for tests, and for callables that are trusted.

It is tiled, padded, counted and checked as a model in the sandbox is, so that whatever works on
one works on the other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt

from modelwarden.protocols.tensors import Tensor
from modelwarden.targets.answers import settle
from modelwarden.targets.errors import TargetError
from modelwarden.targets.frames import Floats, Inputs
from modelwarden.targets.spec import TargetSpec
from modelwarden.targets.tiled import AnyTarget, Decide, Sloped, padded, target_for

Answering = Callable[[Inputs], npt.ArrayLike | Mapping[str, npt.ArrayLike]]
"""Answers a tile with one array, or with several by name."""

Differentiating = Callable[[Inputs, Floats], tuple[Floats, Floats]]
"""Gives scores, and the gradient of their weighted sum."""


class _Local:
    def __init__(self, function: Answering, gradients: Differentiating | None) -> None:
        self._function, self._gradients = function, gradients

    def ask(self, inputs: Inputs) -> tuple[Tensor, ...]:
        answer = self._function(inputs)
        named = answer if isinstance(answer, Mapping) else {"": answer}
        return tuple(Tensor(name, _array(values)) for name, values in named.items())

    def gradients(self, inputs: Inputs, weights: Floats, at: int) -> Sloped:  # noqa: ARG002
        if self._gradients is None:
            raise TargetError("this function has no gradients")
        return Sloped(None, *self._gradients(inputs, weights))


def _array(values: npt.ArrayLike) -> npt.NDArray[np.generic]:
    array = np.asarray(values)
    return array.astype(np.object_) if array.dtype.kind in "US" else array


def function_target(
    function: Answering,
    spec: TargetSpec,
    sample: Inputs,
    *,
    gradients: Differentiating | None = None,
    decide: Decide | None = None,
) -> AnyTarget:
    """Return a function as a target.

    Args:
        function: is given tiles of `spec.tile` rows, and answers with scores, labels or values.
        spec: task, classes in the order of the scores, threshold.
        sample: rows on which it is settled how its answers are to be read.
        gradients: of the function, where it has them.
        decide: the rule that makes decisions of scores, where it is not the spec's threshold.

    Raises:
        TargetError: what it answers to the sample cannot be read in exactly one way.
    """
    asked = _Local(function, gradients)
    rows = min(len(sample), spec.tile)
    if not rows:
        raise TargetError("there is no row to try the function on")
    reading = settle(
        asked.ask(padded(sample, 0, rows, spec.tile)),
        task=spec.task,
        classes=spec.classes,
        positive=None if spec.positive is None else spec.classes[spec.positive],
    )
    return target_for(asked, spec, reading, gradients=gradients is not None, decide=decide)
