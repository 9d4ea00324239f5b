"""A model in a sandboxed worker: our side of the talk with `inside.py`, believing nothing.

Inputs are laid into one piece of shared memory, which the worker may only read, answers into
another of fixed size; each array that the worker announces is held against that size before a byte
of it is read, and copied before it is looked at.
"""

from __future__ import annotations

import array
import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from modelwarden.core import GapKind
from modelwarden.core.values import dataclass
from modelwarden.protocols.tensors import Tensor, WireError, array_of
from modelwarden.sandbox import ModelError, Worker, WorkerError
from modelwarden.sandbox.memory import Region
from modelwarden.targets.errors import TargetError
from modelwarden.targets.frames import Column, Floats, Frame, Inputs
from modelwarden.targets.next_step import next_step, ran_out
from modelwarden.targets.tiled import Sloped

if TYPE_CHECKING:
    from modelwarden.core import Json

_TYPES = {"bool": 1, "int64": 8, "float32": 4, "float64": 8}
_LEAST_ROOM, _MOST_ROOM = 1 << 16, 1 << 28
_MOST_PARTS, _MOST_AXES = 64, 8
_TEXT_ROOM = 1 << 12  # bytes, at least, of a column of texts
_PROGRAMS = ("watched", "inside")  # of the worker, the last of which answers
_LONGEST = 300  # characters of what the model says
_TOLD = 3  # arrays before the answer itself, where gradients were asked for


class Confined:
    """Asks a model that a worker has opened.

    Attributes:
        stepped: gradients were asked for, and passed by steps that have none.
    """

    def __init__(self, worker: Worker, before: Callable[[], None] = lambda: None) -> None:
        """Send the program that opens models; the worker has been confined already.

        Args:
            worker: that runs it.
            before: called before the model is opened again; raises where it may not be.
        """
        self._worker, self._before = worker, before
        self._order: Mapping[str, Json] | None = None
        self._given = Region(_LEAST_ROOM, ours=True)
        self._taken = Region(_LEAST_ROOM, ours=False)
        self.stepped = False
        self._told = False  # the worker has our memory
        self._described: object = None  # what it knows of the inputs: tile after tile the same
        self._usual: _Usual | None = None
        # The last description of an answer, in which memory it stands, and where.
        self._answer: tuple[Mapping[str, Json], Region, tuple[_Place, ...]] = ({}, self._taken, ())
        try:
            self._send_program()
        except TargetError:
            self.close()
            raise

    def _send_program(self) -> None:
        for name in _PROGRAMS:
            text = Path(__file__).with_name(f"{name}.py").read_text(encoding="utf-8")
            self._tell({"operation": "program", "name": f"modelwarden_{name}", "text": text})

    def open(self, order: Mapping[str, Json]) -> Mapping[str, Json]:
        """Have the model opened; return what the worker says of it.

        Raises:
            TargetError: the model cannot be opened; the message has its own error.
        """
        said = self._tell({"operation": "open", **order}, opens=True)
        self._order = order
        return said

    def reopen(self) -> None:
        """Open the same model in a fresh process, after the one before was lost.

        Raises:
            TargetError: it cannot be opened any more.
        """
        if self._order is None:
            raise TargetError("there is no model to open again")
        self._before()
        try:
            self._worker.restart()
        except WorkerError as error:
            raise TargetError(error.message, hint=error.hint) from error
        self._told, self._described, self._usual = False, None, None
        self._send_program()
        self.open(self._order)
        self._before()

    def ask(self, inputs: Inputs, *, seconds: float | None = None) -> tuple[Tensor, ...]:
        """Return what the model answers to one tile.

        Args:
            inputs: of it.
            seconds: to wait at most; None takes the limit of the worker.

        Raises:
            TargetError: it failed, was stopped, or its answer does not hold together.
        """
        usual, self._usual = self._usual, None
        if usual is not None and usual.laid(inputs):
            answer = self._tell(usual.order, (), seconds, given=inputs)
            if "needs" not in answer:
                self._usual = usual
                return self._read(answer)
        packed = _Packed(inputs)
        answers = self._exchange("ask", packed, seconds)
        if not isinstance(inputs, Frame) and inputs.dtype.kind != "O":
            order = {"operation": "ask", "kind": packed.body["kind"], "room": self._taken.size}
            place: Column = np.ndarray(inputs.shape, inputs.dtype, self._given.memory)
            self._usual = _Usual(place, order)
        return answers

    def gradients(self, inputs: Inputs, weights: Floats, at: int) -> Sloped:
        """Return the answer, what it rests on and the gradient of that, as the worker says them.

        Args:
            inputs: of one tile.
            weights: (n, c) for the columns of the scores as the model gives them.
            at: which array of the answer has the scores.

        Raises:
            TargetError: it failed, or they do not have the shapes that were asked for.
        """
        packed = _Packed(inputs)
        packed.body["weights"] = packed.lay(np.ascontiguousarray(weights, np.float64))
        packed.body["at"] = at
        told = self._exchange("gradients", packed)
        found = {t.name: t.values for t in told[:_TOLD]}
        logits, gradients = found.get("logits"), found.get("gradients")
        stepped = found.get("stepped")
        self.stepped |= stepped is not None and bool(stepped.any())
        shape = inputs.shape if not isinstance(inputs, Frame) else (len(inputs), len(inputs.names))
        if logits is None or gradients is None or logits.shape not in _shapes_of(weights):
            raise TargetError("the sandboxed process gave no logits and gradients")
        if gradients.shape != shape:
            raise TargetError(f"the gradient has shape {gradients.shape} for inputs {shape}")
        if not {logits.dtype.kind, gradients.dtype.kind} <= set("biuf"):
            raise TargetError("the sandboxed process gave logits or gradients that are no numbers")
        numbers = logits.astype(np.float64), gradients.astype(np.float64)
        return Sloped(told[_TOLD:], *numbers)

    def decide(self, scores: Floats, folder: str, entry: str) -> Column:
        """Return what the user's own rule makes of scores, one value a row."""
        packed = _Packed(scores)
        packed.body |= {"folder": folder, "entry": entry}
        answer = self._exchange("decide", packed)
        if len(answer) != 1 or answer[0].values.shape != (len(scores),):
            raise TargetError(f"decide = {entry!r} gave no single decision a row")
        return answer[0].values

    def close(self) -> None:
        """Give the shared memory up; may be repeated."""
        self._given.close()
        self._taken.close()

    def _exchange(
        self, operation: str, packed: _Packed, seconds: float | None = None
    ) -> tuple[Tensor, ...]:
        self._usual = None
        if packed.size > self._given.size:
            self._given.close()
            self._given, self._told = Region(2 * packed.size, ours=True), False
        for offset, data in packed.chunks:
            self._given.write(offset, data)
        body = dict(packed.body)
        described = body["parts"], body.get("names")
        if described == self._described:
            del body["parts"]
            body.pop("names", None)
        while True:
            room = self._taken.size
            memory = () if self._told else (self._given.descriptor, self._taken.descriptor)
            self._described = None  # until it has answered
            order = {"operation": operation, **body, "room": room}
            answer = self._tell(order, memory, seconds, given=packed.inputs)
            self._told, self._described = True, described
            needs = answer.get("needs")
            if type(needs) is int and needs > _MOST_ROOM:
                raise TargetError(f"the model's answer has more than {_MOST_ROOM} bytes")
            if type(needs) is int and room < needs:
                # At least twice as much, so that it is asked a few times at most.
                self._taken.close()
                self._taken = Region(min(max(needs, 2 * room), _MOST_ROOM), ours=False)
                self._told = False
                continue
            return self._read(answer)

    def _read(self, answer: Mapping[str, Json]) -> tuple[Tensor, ...]:
        """Return copies of the arrays that the worker announces."""
        if answer is not self._answer[0] or self._taken is not self._answer[1]:
            self._answer = answer, self._taken, _places(answer, self._taken)
        return tuple([place.read() for place in self._answer[2]])

    def _tell(
        self,
        body: Mapping[str, Any],
        descriptors: Sequence[int] = (),
        seconds: float | None = None,
        *,
        opens: bool = False,
        given: Inputs | None = None,
    ) -> Mapping[str, Json]:
        try:
            return self._worker.ask(body, descriptors, seconds=seconds, opens=opens)
        except ModelError as error:
            full = ran_out(error)
            kind = GapKind.OVER_LIMIT if full else GapKind.NOT_ASSESSABLE
            failed = TargetError(_short(error.message), kind=kind, hint=next_step(error, given))
            failed.raised = error.kind
            raise failed from error
        except WorkerError as error:
            failed = TargetError(error.message, kind=_kind_of(error), hint=error.hint)
            failed.lost, failed.late = True, error.late
            raise failed from error


def _shapes_of(weights: Floats) -> tuple[tuple[int, ...], ...]:
    """Return the shapes that logits may have: one number may stand behind a score each of two."""
    n, width = weights.shape
    return ((n, width), (n, 2)) if width == 1 else ((n, width),)


def _short(message: str) -> str:
    """Return the beginning of a long message, cut between words: the next step stands behind it."""
    if len(message) <= _LONGEST:
        return message
    shown = message[:_LONGEST]
    return (shown.rpartition(" ")[0] or shown).rstrip(" .,;:") + " …"


def _kind_of(error: WorkerError) -> GapKind:
    limits = ("memory", "seconds", "disk", "time")
    return GapKind.OVER_LIMIT if any(w in error.message for w in limits) else GapKind.NOT_ASSESSABLE


class _Packed:
    """Rows as `inside.py` reads them: a description, and the bytes that it speaks of.

    Attributes:
        body: the description. chunks: (offset, bytes) to lay into memory. size: of them all.
        inputs: the rows themselves.
    """

    def __init__(self, inputs: Inputs) -> None:
        self.inputs = inputs
        self.body: dict[str, Any] = {}
        self.chunks: list[tuple[int, memoryview]] = []
        self.size = 0
        if isinstance(inputs, Frame):
            parts = [self._lay_block(inputs, at) for at in _blocks(inputs.columns)]
            self.body |= {"kind": "frame", "parts": parts, "names": inputs.names}
        else:
            kind = "texts" if inputs.dtype.kind == "O" else "array"
            self.body |= {"kind": kind, "parts": [self.lay(inputs)]}

    def _lay_block(self, frame: Frame, at: list[int]) -> dict[str, Any]:
        """Append columns of one type as one array, each of them a row of it."""
        columns = [frame.columns[i] for i in at]
        texts = columns[0].dtype.kind == "O"
        block = columns[0] if texts else np.concatenate(columns).reshape(len(at), -1)
        return self.lay(block) | {"at": at}

    def lay(self, column: Column) -> dict[str, Any]:
        """Append one array; return where it stands.

        Texts get room to spare, so that the description of the next tile is mostly the same.
        """
        offset = self.size
        data: tuple[memoryview, ...]
        if column.dtype.kind == "O":
            data, kind = _joined(column.tolist()), "text"
            room = max(_TEXT_ROOM, 1 << (sum(map(len, data)) - 1).bit_length())
        else:
            plain = np.ascontiguousarray(column)
            data, kind = (plain.reshape(-1).view(np.uint8).data,), column.dtype.str
            room = len(data[0])
        at = offset
        for piece in data:
            self.chunks.append((at, piece))
            at += len(piece)
        self.size += room + -room % 16
        return {"type": kind, "shape": [*column.shape], "offset": offset, "size": room}


def _blocks(columns: Sequence[Column]) -> list[list[int]]:
    """Return the places of the columns that go as one array; each column of texts is its own."""
    blocks: dict[object, list[int]] = {}
    for at, column in enumerate(columns):
        kind = column.dtype
        blocks.setdefault(at if kind.kind == "O" else kind, []).append(at)
    return list(blocks.values())


def _joined(texts: list[str | None]) -> tuple[memoryview, ...]:
    """Return each distinct text once, and which of them stands in each row, as two pieces.

    As 64-bit numbers: how many distinct ones, bytes of them all, for each row which one (-1 for
    none), and the length of each in characters; then their characters.
    """
    known = [text for text in dict.fromkeys(texts) if text is not None]
    whole = "".join(known).encode("utf-8", "surrogatepass")
    rows: Iterable[int] = range(len(texts))
    if len(known) < len(texts):
        places: dict[str | None, int] = dict(zip(known, rows, strict=False))
        places[None] = -1
        rows = map(places.__getitem__, texts)
    head = array.array("q", [len(known), len(whole), *rows, *map(len, known)])
    return memoryview(head).cast("B"), memoryview(whole)


@dataclass(frozen=True, slots=True, eq=False)
class _Usual:
    """How plain arrays of one form are asked about, once the worker knows that form.

    Attributes:
        place: where they are laid. order: what is said to the worker.
    """

    place: Column
    order: Mapping[str, Json]

    def laid(self, inputs: Inputs) -> bool:
        """Lay inputs of that form where they belong; return whether they have it."""
        place = self.place
        if type(inputs) is not np.ndarray:
            return False
        if inputs.dtype != place.dtype or inputs.shape != place.shape:
            return False
        place[...] = inputs
        return True


@dataclass(frozen=True, slots=True, eq=False)
class _Place:
    """Where one array of an answer stands, within the memory that was made for it.

    Attributes:
        name, columns: as of the tensor. kind, shape: of its values. bytes: (size,) of them.
    """

    name: str
    columns: tuple[str, ...]
    kind: object
    shape: tuple[int, ...]
    bytes: npt.NDArray[np.uint8]

    def read(self) -> Tensor:
        """Return a copy of the array, which the worker cannot reach."""
        return Tensor(self.name, _values(self.kind, self.bytes.copy(), self.shape), self.columns)


def _places(answer: Mapping[str, Json], taken: Region) -> tuple[_Place, ...]:
    parts = answer.get("parts")
    if not isinstance(parts, list):
        raise TargetError("the sandboxed process gave an answer without arrays")
    if len(parts) > _MOST_PARTS:
        raise TargetError(f"the model answered {len(parts)} arrays, more than {_MOST_PARTS}")
    return tuple(_place(part, taken) for part in parts)


def _place(part: object, taken: Region) -> _Place:
    if not isinstance(part, dict):
        raise TargetError("the sandboxed process gave an answer that is no array")
    name, columns, shape = part.get("name"), part.get("columns"), part.get("shape")
    offset, size = part.get("offset"), part.get("size")
    if not isinstance(name, str) or not isinstance(columns, list) or not isinstance(shape, list):
        raise TargetError("the sandboxed process gave an array without a name or shape")
    if type(offset) is not int or type(size) is not int or offset < 0 or size < 0:
        raise TargetError("the sandboxed process gave an array without a place")
    if len(shape) > _MOST_AXES or any(type(n) is not int or n < 0 for n in shape):
        raise TargetError("the sandboxed process gave an array of no possible shape")
    if offset + size > taken.size:
        raise TargetError(f"the sandboxed process claims {size} bytes, more than it was given")
    if math.prod(max(n, 1) for n in shape) > _MOST_ROOM:  # nor one of none, for numpy
        raise TargetError("the sandboxed process gave an array of no possible shape")
    titles = tuple(str(c) for c in columns)
    held = np.ndarray((size,), np.uint8, taken.memory, offset)
    return _Place(name, titles, part.get("type"), tuple(shape), held)


def _values(
    kind: object, data: npt.NDArray[np.uint8], shape: tuple[int, ...]
) -> npt.NDArray[np.generic]:
    count = math.prod(shape)
    if kind == "text":
        try:
            values = array_of(json.loads(data.tobytes()), "the answer")
        except (ValueError, RecursionError, WireError) as error:
            raise TargetError("the sandboxed process gave texts that cannot be read") from error
        if count and (values.dtype.kind not in "O" or values.shape != (count,)):
            raise TargetError("the sandboxed process gave texts of another shape")
        return values.reshape(shape)
    if not isinstance(kind, str) or kind not in _TYPES or count * _TYPES[kind] != len(data):
        raise TargetError("the sandboxed process gave an array whose size is not its shape's")
    if kind == "bool":
        return np.asarray(data.reshape(shape) != 0)
    return data.view(kind).reshape(shape)
