"""A model in a sandboxed worker: our side of the talk with `inside.py`, believing nothing.

Inputs are laid into one sealed piece of memory, answers into another of fixed size; each array that
the worker announces is held against that size before a byte of it is read, and copied before it is
looked at.
"""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from modelwarden.artifacts.known.rot import moved
from modelwarden.core import GapKind
from modelwarden.protocols.tensors import Tensor, WireError, array_of
from modelwarden.sandbox import ModelError, Worker, WorkerError
from modelwarden.sandbox.channel import sealed_memory
from modelwarden.targets.errors import TargetError
from modelwarden.targets.frames import Column, Floats, Frame, Inputs

if TYPE_CHECKING:
    from modelwarden.core import Json

_NO_MODULE = re.compile(r"No module named '([\w.]+)")
_TYPES = {"bool": 1, "int64": 8, "float32": 4, "float64": 8}
_LEAST_ROOM, _MOST_ROOM = 1 << 16, 1 << 28
_MOST_PARTS, _MOST_AXES = 64, 8


class Confined:
    """Asks a model that a worker has opened."""

    def __init__(self, worker: Worker) -> None:
        """Send the program that opens models; the worker has been confined already."""
        self._worker = worker
        self._room = _LEAST_ROOM
        text = (Path(__file__).with_name("inside.py")).read_text(encoding="utf-8")
        self._tell({"operation": "program", "name": "modelwarden_inside", "text": text})

    def open(self, order: Mapping[str, Json]) -> dict[str, Json]:
        """Have the model opened; return what the worker says of it.

        Raises:
            TargetError: the model cannot be opened; the message has its own error.
        """
        return self._tell({"operation": "open", **order})

    def ask(self, inputs: Inputs) -> tuple[Tensor, ...]:
        """Return what the model answers to one tile.

        Raises:
            TargetError: it failed, was stopped, or its answer does not hold together.
        """
        return self._exchange("ask", *_packed(inputs))

    def gradients(self, inputs: Inputs, weights: Floats) -> tuple[Floats, Floats]:
        """Return logits and the gradient of their weighted sum, both as the worker says them.

        Raises:
            TargetError: it failed, or they do not have the shapes that were asked for.
        """
        body, data = _packed(inputs)
        body["weights"] = _laid(data, np.ascontiguousarray(weights, np.float64), "weights")
        body["size"] = len(data)
        found = {t.name: t.values for t in self._exchange("gradients", body, data)}
        logits, gradients = found.get("logits"), found.get("gradients")
        shape = inputs.shape if not isinstance(inputs, Frame) else (len(inputs), len(inputs.names))
        if logits is None or gradients is None or logits.shape != weights.shape:
            raise TargetError("the sandboxed process gave no logits and gradients")
        if gradients.shape != shape:
            raise TargetError(f"the gradient has shape {gradients.shape} for inputs {shape}")
        return logits.astype(np.float64), gradients.astype(np.float64)

    def decide(self, scores: Floats, folder: str, entry: str) -> Column:
        """Return what the user's own rule makes of scores, one value a row."""
        body, data = _packed(scores)
        answer = self._exchange("decide", body | {"folder": folder, "entry": entry}, data)
        if len(answer) != 1 or answer[0].values.shape != (len(scores),):
            raise TargetError(f"decide = {entry!r} gave no single decision a row")
        return answer[0].values

    def _exchange(
        self, operation: str, body: dict[str, Any], data: bytearray
    ) -> tuple[Tensor, ...]:
        given = sealed_memory(len(data), bytes(data))
        try:
            while True:
                taken = sealed_memory(self._room)
                try:
                    order = {"operation": operation, **body, "room": self._room}
                    answer = self._tell(order, (given, taken))
                    needs = answer.get("needs")
                    if type(needs) is int and self._room < needs <= _MOST_ROOM:
                        # At least twice as much, so that it is asked a few times at most.
                        self._room = min(max(needs, 2 * self._room), _MOST_ROOM)
                        continue
                    return _unpacked(answer, taken, self._room)
                finally:
                    os.close(taken)
        finally:
            os.close(given)

    def _tell(self, body: Mapping[str, Any], descriptors: Sequence[int] = ()) -> dict[str, Json]:
        try:
            return self._worker.ask(body, descriptors)
        except ModelError as error:
            raise TargetError(error.message, hint=_hint_of(error)) from error
        except WorkerError as error:
            raise TargetError(error.message, kind=_kind_of(error), hint=error.hint) from error


def _hint_of(error: ModelError) -> str:
    """Return the next step: what is missing in the model's environment, or was moved there."""
    found = _NO_MODULE.search(error.message)
    if error.kind == "ModuleNotFoundError" and found:
        known = moved(found[1])
        if known is not None:
            package, release = known
            return (
                f"{found[1]} is no longer in {package} {release}: name an environment with an "
                "older one in [model] python, or have the model saved anew."
            )
        top = found[1].partition(".")[0]
        return f"Install {top} in the environment that [model] python names, or name another."
    if error.kind in ("AttributeError", "ImportError", "NotFittedError"):
        return (
            "The file may come from another release of its library, or from code that is not "
            "here: name an environment that has it in [model] python."
        )
    return error.hint


def _kind_of(error: WorkerError) -> GapKind:
    limits = ("memory", "seconds", "disk", "time")
    return GapKind.OVER_LIMIT if any(w in error.message for w in limits) else GapKind.NOT_ASSESSABLE


def _packed(inputs: Inputs) -> tuple[dict[str, Any], bytearray]:
    """Return rows as `inside.py` reads them: a description and the bytes that it speaks of."""
    data = bytearray()
    if isinstance(inputs, Frame):
        parts = [_laid(data, c, n) for n, c in zip(inputs.names, inputs.columns, strict=True)]
        kind = "frame"
    else:
        parts = [_laid(data, inputs, "x")]
        kind = "texts" if inputs.dtype.kind == "O" else "array"
    return {"kind": kind, "parts": parts, "size": len(data)}, data


def _laid(data: bytearray, column: Column, name: str) -> dict[str, Any]:
    """Append one array; return where it stands."""
    offset = len(data)
    if column.dtype.kind == "O":
        data += json.dumps(column.tolist()).encode()
        kind = "text"
    else:
        data += np.ascontiguousarray(column).tobytes()
        kind = column.dtype.str
    size = len(data) - offset
    data += bytes(-len(data) % 16)
    return {"name": name, "type": kind, "shape": [*column.shape], "offset": offset, "size": size}


def _unpacked(answer: Mapping[str, Json], taken: int, room: int) -> tuple[Tensor, ...]:
    parts = answer.get("parts")
    if not isinstance(parts, list) or len(parts) > _MOST_PARTS:
        raise TargetError("the sandboxed process gave an answer without arrays")
    return tuple(_tensor(part, taken, room) for part in parts)


def _tensor(part: object, taken: int, room: int) -> Tensor:
    if not isinstance(part, dict):
        raise TargetError("the sandboxed process gave an answer that is no array")
    name, columns, shape = part.get("name"), part.get("columns"), part.get("shape")
    offset, size, kind = part.get("offset"), part.get("size"), part.get("type")
    if not isinstance(name, str) or not isinstance(columns, list) or not isinstance(shape, list):
        raise TargetError("the sandboxed process gave an array without a name or shape")
    if type(offset) is not int or type(size) is not int or offset < 0 or size < 0:
        raise TargetError("the sandboxed process gave an array without a place")
    if offset + size > room or len(shape) > _MOST_AXES:
        raise TargetError(f"the sandboxed process claims {size} bytes, more than it was given")
    if any(type(n) is not int or n < 0 for n in shape):
        raise TargetError("the sandboxed process gave an array of no possible shape")
    data = os.pread(taken, size, offset)
    values = _values(kind, data, [int(n) for n in shape])
    return Tensor(name, values, tuple(str(c) for c in columns))


def _values(kind: object, data: bytes, shape: list[int]) -> npt.NDArray[np.generic]:
    count = math.prod(shape)
    if kind == "text":
        try:
            values = array_of(json.loads(data), "the answer")
        except (ValueError, RecursionError, WireError) as error:
            raise TargetError("the sandboxed process gave texts that cannot be read") from error
        if count and (values.dtype.kind not in "O" or values.shape != (count,)):
            raise TargetError("the sandboxed process gave texts of another shape")
        return values.reshape(shape)
    if not isinstance(kind, str) or kind not in _TYPES or count * _TYPES[kind] != len(data):
        raise TargetError("the sandboxed process gave an array whose size is not its shape's")
    if kind == "bool":
        return np.asarray(np.frombuffer(data, np.uint8).reshape(shape) != 0)
    return np.frombuffer(data, kind).reshape(shape).copy()
