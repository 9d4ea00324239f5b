"""One unit, attempted: looked up in the checkpoint, else worked, kept, and settled either way."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Generic, TypeVar

from modelwarden.core import InputError, Json
from modelwarden.core.values import dataclass
from modelwarden.engine.checkpoint import Checkpoint
from modelwarden.engine.settled import Codec, Settled, brief

U = TypeVar("U")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Resume(Generic[U, R]):
    """How units are found again in a checkpoint.

    Attributes:
        key: identity of a unit's content; None when it has none and must be worked.
        keep: whether the value of a key would be the same next time; a time-out would not, nor
            that of a file that changed after its key was taken.
    """

    checkpoint: Checkpoint
    key: Callable[[U], str | None]
    keep: Callable[[str, R], bool]


@dataclass(frozen=True, slots=True)
class Task(Generic[U, R]):
    """What is done with every unit, in whichever process."""

    work: Callable[[U], R]
    codec: Codec[R]
    resume: Resume[U, R] | None = None

    def settle(self, unit: U) -> Settled[R]:
        """Attempt one unit; only an interrupt gets out."""
        try:
            return self._resumed(unit) if self.resume else Settled(self.work(unit))
        except Exception as error:  # noqa: BLE001 -- one unit of many: isolation boundary
            _log("a unit failed", error)
            return Settled(error=brief(error))

    def _resumed(self, unit: U) -> Settled[R]:
        resume = self.resume
        key = resume.key(unit) if resume else None
        if resume is None or key is None:
            return Settled(self.work(unit))
        if (kept := resume.checkpoint.get(key)) is not None:
            try:
                return Settled(self.codec.decode(kept), resumed=True)
            except (ValueError, InputError) as error:
                _log(f"the checkpoint holds something else under {key}", error)
        value = self.work(unit)
        if resume.keep(key, value):
            resume.checkpoint.put(key, self.codec.encode(value))
        return Settled(value)

    def settle_as_json(self, unit: U) -> bytes:
        """Attempt one unit in another process; what it answers crosses as JSON."""
        settled = self.settle(unit)
        try:
            value = None if settled.value is None else self.codec.encode(settled.value)
            return json.dumps([value, settled.error, settled.resumed]).encode()
        except Exception as error:  # noqa: BLE001 -- a value that cannot cross is a failure of its unit
            return json.dumps([None, brief(error), False]).encode()

    def from_json(self, answer: bytes) -> Settled[R]:
        """Return what `settle_as_json` meant; an answer that makes no sense is a failure."""
        try:
            value, error, resumed = json.loads(answer)
            if value is None:
                return Settled(error=str(error or "the worker gave no result"))
            return Settled(self.codec.decode(value), resumed=bool(resumed))
        except (ValueError, TypeError, RecursionError, InputError) as error:
            return Settled(error=f"the worker's answer makes no sense: {brief(error)}")


def _log(what: str, error: Exception) -> None:
    import logging  # not needed on good days, and slow to import

    logging.getLogger(__name__).debug(what, exc_info=error)


def same(value: Json) -> Json:
    """Codec of values that are JSON already."""
    return value
