"""A model whose answers depend on a row's neighbours, asked among neighbours that stay the same.

Batch statistics taken while answering make one row's answer hang on all others of its batch. Among
rows that somebody attacks they would be those of no honest traffic. So every batch is as large as
the largest tile, a sixteenth of it at most are rows that are asked about, and the others always the
same rows of a data set. Where it was a quarter, searches by scores followed what attacked rows did
to one another: on one net Square left 57 of 100 inputs standing where it leaves 34 now. Who asks in
tiles of one row has that row alone among them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar, cast

import numpy as np

from modelwarden.protocols.tensors import Tensor
from modelwarden.targets.access import Target
from modelwarden.targets.frames import Floats, Inputs, Labels, joined, take
from modelwarden.targets.tiled import Asked, AskedForGradients, Sloped

_SHARE = 16


class Accompanied:
    """Asks the rows of a tile by a sixteenth of the company's number, filled up with company."""

    def __init__(self, asked: Asked, company: Inputs) -> None:
        """Put `company`, of as many rows as a tile may have, beside whatever is asked."""
        self._asked, self._company = asked, company

    @property
    def fresh(self) -> bool:
        """Tell whether the last answer came from the model, now."""
        return bool(getattr(self._asked, "fresh", True))

    @property
    def stepped(self) -> bool:
        """Tell whether gradients passed by steps that have none."""
        return bool(getattr(self._asked, "stepped", False))

    def _parts(self, inputs: Inputs) -> Iterator[tuple[Labels, Inputs]]:
        """Yield which rows a batch is about, and the batch, where these come first."""
        rows, whole = len(inputs), len(self._company)
        each = max(1, whole // _SHARE)
        for start in range(0, rows, each):
            at = np.arange(start, min(start + each, rows))
            beside = take(self._company, np.arange(whole - len(at)))
            yield at, joined([take(inputs, at), beside])

    def ask(self, inputs: Inputs) -> tuple[Tensor, ...]:
        """Return what the model answers to these rows."""
        return _together([_first(self._asked.ask(t), len(at)) for at, t in self._parts(inputs)])

    def gradients(self, inputs: Inputs, weights: Floats, at: int) -> Sloped:
        """Return answers and gradients of these rows."""
        asked = cast("AskedForGradients", self._asked)
        found = []
        for rows, tile in self._parts(inputs):
            part = np.zeros((len(self._company), *weights.shape[1:]), weights.dtype)
            part[: len(rows)] = weights[rows]
            told = asked.gradients(tile, part, at)
            answer = None if told.answer is None else _first(told.answer, len(rows))
            found.append(Sloped(answer, told.logits[: len(rows)], told.gradients[: len(rows)]))
        answers = [one.answer for one in found if one.answer is not None]
        return Sloped(
            _together(answers) if answers else None,
            np.concatenate([one.logits for one in found]),
            np.concatenate([one.gradients for one in found]),
        )


def _first(answer: tuple[Tensor, ...], rows: int) -> tuple[Tensor, ...]:
    return tuple(Tensor(t.name, t.values[:rows], t.columns) if t.values.ndim else t for t in answer)


def _together(answers: list[tuple[Tensor, ...]]) -> tuple[Tensor, ...]:
    """Return answers to several parts as one; what is no array of rows stays that of the first."""
    return tuple(
        Tensor(t.name, np.concatenate([a[i].values for a in answers]), t.columns)
        if t.values.ndim
        else t
        for i, t in enumerate(answers[0])
    )


T = TypeVar("T", bound=Target)


def accompanied(target: T, rows: Inputs) -> T:
    """Return a target that is always asked among these rows, as many of them as its tile needs."""
    through: Callable[[Callable[[Asked], Asked]], T] | None = getattr(target, "through", None)
    if through is None or not len(rows):
        return target
    company = take(rows, np.resize(np.arange(len(rows)), target.spec.tile))
    return through(lambda asked: Accompanied(asked, company))
