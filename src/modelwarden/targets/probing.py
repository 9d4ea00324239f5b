"""A model asked what it may not be able to answer: whatever comes back is a value, not an error.

Targets refuse an answer that is not clean, for nothing can be measured on it. Here it is what is
looked for: an exception, a process that ended or hangs, too few rows, NaN, scores outside of their
range, names of no class. Rows are sent as they are, without padding.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from modelwarden.protocols.tensors import Tensor
from modelwarden.targets.access import LabelTarget, ScoreTarget, Target, ValueTarget
from modelwarden.targets.answers import Form, array_in, labels_in, same, scores_in, values_in
from modelwarden.targets.errors import TargetError
from modelwarden.targets.frames import Floats, Inputs, Labels
from modelwarden.targets.tiled import Asked, TiledLabels, TiledScores, TiledValues

_SLACK = 1e-6  # that a probability may lie outside of 0 to 1
Mask = npt.NDArray[np.bool_]


class End(StrEnum):
    """How one question ended.

    `ANSWERED`: with a row for each row; single rows may be bad. `RAISED`: the model's code raised.
    `LOST`: its process ended. `LATE`: it did not answer in time. `SHAPE`: with something else.
    `UNSENT`: the protocol of the server has no way to say it.
    """

    ANSWERED = "answered"
    RAISED = "raised"
    LOST = "lost"
    LATE = "late"
    SHAPE = "shape"
    UNSENT = "unsent"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reply:
    """What came back.

    Attributes:
        end: how the question ended; all else is of an answer.
        words: what was said instead of an answer.
        raised: the name of the exception.
        labels: (n,) positions in the classes. scores: (n, k). values: (n,) of a regression.
        empty: (n,) rows answered with NaN, infinity or nothing.
        strange: (n,) rows answered with a score outside of 0 to 1, or with no class that is known.
    """

    end: End
    words: str = ""
    raised: str | None = None
    labels: Labels | None = None
    scores: Floats | None = None
    values: Floats | None = None
    empty: Mask | None = None
    strange: Mask | None = None


@runtime_checkable
class Patient(Protocol):
    """Answers within a time that is given with each question, and can be opened again."""

    def ask(self, inputs: Inputs, *, seconds: float | None = None) -> tuple[Tensor, ...]:
        """Return what the model answers to these rows."""

    def reopen(self) -> None:
        """Open the same model in a fresh process."""


def probe(target: Target, inputs: Inputs, *, seconds: float) -> Reply:
    """Ask these rows in one call, and say what came back.

    Args:
        target: of this room, or anything else that answers; it is left as it was found, a process
            that was lost is started again.
        inputs: few enough rows for one call.
        seconds: to wait; a server, or a function in this process, has its own limit.

    Raises:
        TargetError: a process that was lost cannot be started again.
    """
    try:
        if isinstance(target, TiledLabels | TiledScores | TiledValues):
            return _read(target, _asked(target, inputs, seconds), len(inputs))
        return _checked(target, inputs)
    except TargetError as error:
        reply = _failed(error)
    except Exception as error:  # noqa: BLE001 -- a function in this process may raise anything
        return Reply(end=End.RAISED, raised=type(error).__name__, words=str(error)[:500])
    if reply.end in (End.LOST, End.LATE):
        _renew(target)
    return reply


def _asked(
    target: TiledLabels | TiledScores | TiledValues, inputs: Inputs, seconds: float
) -> tuple[Tensor, ...]:
    # The rows count; the time does not: it is no tile's, and tells nothing of what a call costs.
    target.account.rows += len(inputs)
    asked: Asked = target.asked
    return asked.ask(inputs, seconds=seconds) if isinstance(asked, Patient) else asked.ask(inputs)


def _renew(target: Target) -> None:
    asked = getattr(target, "asked", None)
    if isinstance(asked, Patient):
        asked.reopen()


def _failed(error: TargetError) -> Reply:
    if error.unsent:
        return Reply(end=End.UNSENT, words=error.message)
    if error.lost:
        return Reply(end=End.LATE if error.late else End.LOST, words=error.message)
    if error.raised is not None:
        words = error.message.partition(": ")[2] or error.message
        return Reply(end=End.RAISED, raised=error.raised, words=words)
    status = getattr(error, "status", None)
    if status is not None:
        return Reply(end=End.RAISED, raised=f"HTTP {status}", words=error.message)
    return Reply(end=End.SHAPE, words=error.message)


def _read(
    target: TiledLabels | TiledScores | TiledValues, answer: tuple[Tensor, ...], rows: int
) -> Reply:
    """Read an answer row by row, holding bad rows apart."""
    reading = target.reading
    found = array_in(answer, reading, rows)
    if reading.form is Form.LABELS:
        return _labels(target, answer, rows)
    if found.dtype.kind not in "biuf":
        return Reply(end=End.SHAPE, words="the model answered words where numbers were due")
    real = found.astype(np.float64).reshape(rows, -1)
    empty = np.asarray(~np.isfinite(real).all(axis=1), np.bool_)
    strange = np.zeros(rows, np.bool_)
    if reading.form is not Form.VALUES and not reading.margins:
        outside = (real < -_SLACK) | (real > 1 + _SLACK)
        strange = np.asarray(outside.any(axis=1) & ~empty, np.bool_)
    tensors = list(answer)
    clean = real.copy()
    clean[empty | strange] = 0.5
    at = tensors[reading.at]
    tensors[reading.at] = Tensor(at.name, clean.reshape(found.shape), at.columns)
    if isinstance(target, TiledValues):
        values = values_in(tensors, reading, rows)
        return Reply(end=End.ANSWERED, values=values, empty=empty, strange=strange)
    scores = scores_in(tensors, reading, rows)
    labels = target.decided(scores) if isinstance(target, TiledScores) else None
    return Reply(end=End.ANSWERED, labels=labels, scores=scores, empty=empty, strange=strange)


def _labels(
    target: TiledLabels | TiledScores | TiledValues, answer: tuple[Tensor, ...], rows: int
) -> Reply:
    reading = target.reading
    found = array_in(answer, reading, rows)
    said = found.tolist()
    known = {same(c) for c in reading.classes}
    if reading.positions:
        known = {str(i) for i in range(len(reading.classes))}
    empty = np.array([v is None or v != v for v in said], np.bool_)
    strange = np.array([same(v) not in known for v in said], np.bool_) & ~empty
    fill = 0 if reading.positions else reading.classes[0]
    clean = np.empty(rows, np.object_)
    clean[:] = [fill if e or s else v for v, e, s in zip(said, empty, strange, strict=True)]
    tensors = list(answer)
    tensors[reading.at] = Tensor(tensors[reading.at].name, clean)
    labels = labels_in(tensors, reading, rows)
    return Reply(end=End.ANSWERED, labels=labels, empty=empty, strange=strange)


def _checked(target: Target, inputs: Inputs) -> Reply:
    """Ask a target that is none of ours through its access level alone."""
    n = len(inputs)
    labels: Labels | None = None
    scores = values = None
    if isinstance(target, ScoreTarget):
        scores = np.asarray(target.scores(inputs), np.float64)
        if scores.shape != (n, len(target.spec.classes)):
            return Reply(end=End.SHAPE, words=f"the model answered {scores.shape}")
        labels = np.nan_to_num(scores).argmax(axis=1)
        numbers = scores
    elif isinstance(target, LabelTarget):
        labels = np.asarray(target.labels(inputs))
        numbers = labels.astype(np.float64)
    elif isinstance(target, ValueTarget):
        values = numbers = np.asarray(target.values(inputs), np.float64)
    else:
        raise TargetError("the model gives neither labels nor scores nor values")
    if numbers.shape[:1] != (n,):
        return Reply(end=End.SHAPE, words=f"the model answered {numbers.shape}")
    empty = np.asarray(~np.isfinite(numbers.reshape(n, -1)).all(axis=1), np.bool_)
    if values is not None:
        values = np.where(empty, 0.0, values)
    return Reply(
        end=End.ANSWERED,
        labels=labels,
        scores=scores,
        values=values,
        empty=empty,
        strange=np.zeros(n, np.bool_),
    )


__all__ = ["End", "Reply", "probe"]
