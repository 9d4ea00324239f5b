"""Answers on disk, in the order in which they were asked: an interrupted run is taken up from them.

    begin ─▶ ask "intent" (operation, rows, sum of the inputs) ─▶ the model ─▶ "answer" (arrays)

A search depends on its answers alone. So it is taken up by running it again from its start: the
same questions come in the same order, and are answered from here until the record ends. A question
without an answer was in flight; it is the only one that is asked twice. What is torn, or does not
go with the question, is cut off, and from there on the model is asked.
"""

from __future__ import annotations

import io
import json
import os
import struct
import zlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, TypeVar, cast

import numpy as np
import numpy.typing as npt

from modelwarden.protocols.tensors import Tensor
from modelwarden.targets.access import Target
from modelwarden.targets.frames import Floats, Frame, Inputs
from modelwarden.targets.tiled import Asked, AskedForGradients, Sloped

_HEAD = struct.Struct("<cQI")
_INTENT, _ANSWER = b"i", b"a"
_MAGIC = b"modelwarden/record/1\n"
# Gradients of many large pictures: beyond this nothing more is kept, and is asked again.
LARGEST = 4 << 30

Array = npt.NDArray[np.generic]


class Record:
    """One file of questions and answers.

    Attributes:
        replayed_rows: that were answered from it, padding included. repeated_rows: that were in
            flight when an earlier run ended, and were asked again. fresh: the last answer was not
        from here.
    """

    def __init__(self, path: Path, largest: int = LARGEST) -> None:
        """Open what an earlier run left, or begin a new one; where that cannot be, keep nothing."""
        self.replayed_rows = self.repeated_rows = 0
        self.fresh = True
        self._largest = largest
        self._stream: BinaryIO | None = None
        self._reading = True
        try:
            flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
            self._stream = os.fdopen(os.open(path, flags, 0o600), "r+b")
            if self._stream.read(len(_MAGIC)) != _MAGIC:
                self._cut(0)
                self._stream.write(_MAGIC)
        except OSError:
            self._stop()

    def close(self) -> None:
        """Close the file; nothing is kept from here on."""
        self._stop()

    def answered(
        self, operation: str, inputs: Inputs, ask: Callable[[], list[Array]]
    ) -> list[Array]:
        """Return the answer to a question: the recorded one, or what `ask` gives."""
        stream = self._stream
        if stream is None:
            return ask()
        intent = json.dumps([operation, len(inputs), _sum_of(inputs)]).encode()
        if self._reading:
            found = self._recorded(stream, intent)
            if found is not None:
                self.fresh = False
                self.replayed_rows += len(inputs)
                return found
            self._reading = False
        self.fresh = True
        self._write(_INTENT, intent)
        answer = ask()
        self._write(_ANSWER, _packed(answer))
        return answer

    def _recorded(self, stream: BinaryIO, intent: bytes) -> list[Array] | None:
        """Return the next answer, if its question is this one; else cut the record here."""
        start = stream.tell()
        asked = self._next(stream)
        answer = self._next(stream) if asked == (_INTENT, intent) else None
        if answer is not None and answer[0] == _ANSWER:
            with suppress(ValueError):
                return _unpacked(answer[1])
        elif asked == (_INTENT, intent):
            self.repeated_rows += int(json.loads(intent)[1])
        self._cut(start)
        return None

    def _next(self, stream: BinaryIO) -> tuple[bytes, bytes] | None:
        """Return kind and bytes of the next entry; None where there is none that is whole."""
        try:
            head = stream.read(_HEAD.size)
            if len(head) < _HEAD.size:
                return None
            kind, size, check = _HEAD.unpack(head)
            if size > self._largest:
                return None
            data = stream.read(size)
        except OSError:
            return None
        return (kind, data) if len(data) == size and zlib.crc32(data) == check else None

    def _cut(self, end: int) -> None:
        if self._stream is not None:
            self._stream.seek(end)
            self._stream.truncate()

    def _write(self, kind: bytes, data: bytes) -> None:
        stream = self._stream
        if stream is None:
            return
        try:
            if stream.tell() + len(data) > self._largest:
                self._stop()
                return
            stream.write(_HEAD.pack(kind, len(data), zlib.crc32(data)) + data)
            stream.flush()
        except OSError:
            self._stop()

    def _stop(self) -> None:
        if self._stream is not None:
            with suppress(OSError):
                self._stream.close()
            self._stream = None


class Recorded:
    """A model whose answers are kept."""

    def __init__(self, asked: Asked, record: Record) -> None:
        """Put `record` between the target and what answers."""
        self._asked, self._record = asked, record
        self.stepped = False

    @property
    def fresh(self) -> bool:
        """Tell whether the last answer came from the model, now."""
        return self._record.fresh

    def ask(self, inputs: Inputs) -> tuple[Tensor, ...]:
        """Return what the model answers to these rows, or answered."""

        def ask() -> list[Array]:
            return _listed(self._asked.ask(inputs))

        return _tensors(self._record.answered("ask", inputs, ask))

    def gradients(self, inputs: Inputs, weights: Floats, at: int) -> Sloped:
        """Return the answer, logits and gradients, or those that were given."""

        def ask() -> list[Array]:
            told = cast("AskedForGradients", self._asked).gradients(inputs, weights, at)
            stepped = np.array([getattr(self._asked, "stepped", False)])
            answer = [] if told.answer is None else _listed(told.answer)
            return [told.logits, told.gradients, stepped, *answer]

        logits, gradients, stepped, *rest = self._record.answered("gradients", inputs, ask)
        self.stepped |= bool(stepped.any())
        numbers = logits.astype(np.float64), gradients.astype(np.float64)
        return Sloped(_tensors(rest) if rest else None, *numbers)


def _listed(tensors: Sequence[Tensor]) -> list[Array]:
    """Return tensors as plain arrays; the first has the names of them and of their columns."""
    names = json.dumps([[t.name, list(t.columns)] for t in tensors])
    return [np.frombuffer(names.encode(), np.uint8), *(t.values for t in tensors)]


def _tensors(arrays: Sequence[Array]) -> tuple[Tensor, ...]:
    names, *values = arrays
    return tuple(
        Tensor(name, array, tuple(columns))
        for (name, columns), array in zip(json.loads(names.tobytes()), values, strict=True)
    )


T = TypeVar("T", bound=Target)


def recorded(target: T, record: Record) -> T:
    """Return a target whose answers are kept; one that cannot be recorded as it is."""
    through: Callable[[Callable[[Asked], Asked]], T] | None = getattr(target, "through", None)
    return target if through is None else through(lambda asked: Recorded(asked, record))


def _sum_of(inputs: Inputs) -> int:
    """Return a sum over rows, to tell a question from another one."""
    if isinstance(inputs, Frame):
        total = zlib.crc32(repr(inputs.names).encode())
        for column in inputs.columns:
            total = zlib.crc32(_bytes_of(column), total)
        return total
    return zlib.crc32(_bytes_of(inputs))


def _bytes_of(array: Array) -> bytes:
    if array.dtype.kind == "O":
        return repr(array.tolist()).encode("utf-8", "surrogatepass")
    return np.ascontiguousarray(array).tobytes()


def _packed(arrays: Sequence[Array]) -> bytes:
    """Return arrays as bytes; doubles that are singles take the room of singles."""
    stream = io.BytesIO()
    for array in arrays:
        if array.dtype.kind == "O":
            text = json.dumps([list(array.shape), array.ravel().tolist()])
            stream.write(b"o" + struct.pack("<Q", len(text.encode())) + text.encode())
            continue
        single = array.astype(np.float32) if array.dtype == np.float64 else array
        exact = single.dtype == array.dtype or bool((single == array).all())
        stream.write(b"d" if array.dtype == np.float64 else b"n")
        np.save(stream, np.ascontiguousarray(single if exact else array), allow_pickle=False)
    return stream.getvalue()


def _unpacked(data: bytes) -> list[Array]:
    """Return what `_packed` made.

    Raises:
        ValueError: it is something else.
    """
    stream, arrays = io.BytesIO(data), list[Array]()
    while kind := stream.read(1):
        if kind == b"o":
            (size,) = struct.unpack("<Q", stream.read(8))
            shape, values = json.loads(stream.read(size))
            array: Array = np.empty(len(values), object)
            array[:] = values
            arrays.append(array.reshape(shape))
            continue
        loaded = np.load(stream, allow_pickle=False)
        arrays.append(loaded.astype(np.float64) if kind == b"d" else loaded)
    return arrays
