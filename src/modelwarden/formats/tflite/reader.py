"""TensorFlow Lite models: operators, and every index and size held to what it points into.

The model is walked as a flatbuffer, without TensorFlow. Options of built-in operators are looked
at where they call another subgraph; numbers are only counted.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import field
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from modelwarden.core import GapKind
from modelwarden.core.values import dataclass
from modelwarden.formats.described import Described, Notes
from modelwarden.formats.flatbuffer import Flatbuffer, Table, Vector
from modelwarden.formats.identified.magic import TFLITE
from modelwarden.formats.limits import LimitExceededError
from modelwarden.formats.view import Child, DamagedError

if TYPE_CHECKING:
    from modelwarden.formats.limits import Limits
    from modelwarden.formats.source import Source

_CUSTOM = 32
# Built-in operators that call subgraphs, with how many indices their options hold.
_CALLS = {118: 2, 119: 2, 129: 1}
_BITS = {0: 32, 1: 16, 2: 32, 3: 8, 4: 64, 6: 8, 7: 16, 8: 64, 9: 8, 10: 64, 11: 128, 12: 64}
_BITS |= {15: 32, 16: 16, 17: 4, 18: 16}
_UNSIZED = {5, 13, 14}  # strings, resources and variants
_LAST_TYPE = 20
_MOST = (1 << 63) - 1
_OPERATORS = 1_000_000
_FILES = (
    *(b"PK\x03\x04", b"\x7fELF", b"MZ\x90", b"\x1f\x8b\x08", b"BZh", b"\xfd7zXZ"),
    *(b"\x80" + bytes([version]) for version in range(2, 6)),
)


@dataclass(slots=True)
class TfliteOperator:
    """One kind of operator that is not built in.

    Attributes:
        name: as it is registered. at: offset of its description. count: uses in all subgraphs.
    """

    name: str
    at: int
    count: int = 0


class _Buffer(NamedTuple):
    at: int
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TfliteModel(Described):
    """One model.

    Attributes:
        operators: those that are not built in. subgraphs: how many there are.
    """

    operators: tuple[TfliteOperator, ...] = ()
    subgraphs: int = 0


def sniff(source: Source) -> bool:
    """Tell whether the file has the mark of a model."""
    return TFLITE.sniff(source)


def read(source: Source, limits: Limits) -> TfliteModel:
    """Walk the model; what cannot be read is a fault and a gap."""
    walk = _Walk(source, Flatbuffer(source, limits), Notes(source))
    try:
        walk.run()
    except LimitExceededError as over:
        walk.notes.note(str(over), GapKind.OVER_LIMIT)
    except DamagedError as damage:
        walk.notes.fault("reference", "", damage.why, damage.offset)
        walk.notes.note(damage.why, at=damage.offset)
    return TfliteModel(
        source=source,
        format="tflite",
        producer=TFLITE.produced(source),
        gaps=tuple(walk.notes.gaps),
        children=(*walk.children(), *walk.notes.children),
        metadata=tuple(walk.notes.metadata),
        faults=tuple(walk.notes.faults),
        operators=tuple(one for one in walk.codes if one.name),
        subgraphs=walk.subgraphs,
    )


@dataclass(slots=True)
class _Walk:
    """One walk over a model; what it found stands in its attributes."""

    source: Source
    flat: Flatbuffer
    notes: Notes
    codes: list[TfliteOperator] = field(default_factory=list)
    builtin: list[int] = field(default_factory=list)
    buffers: list[_Buffer] = field(default_factory=list)
    subgraphs: int = 0

    def run(self) -> None:
        """Walk all of it."""
        model = self.flat.root()
        version = self.flat.scalar(model, 0, "<I")
        if version != 3:
            self.notes.fault("version", "", f"version {version} of the schema", model.at)
        self.notes.describe("description", self.flat.string(model, 3, 1 << 14), model.at)
        for one in self._items(model, 1):
            self._code(one)
        for one in self._items(model, 4):
            self._buffer(one)
        graphs = self.flat.vector(model, 2, 4)
        self.subgraphs = graphs.length
        for index in range(graphs.length):
            self._subgraph(self.flat.item(graphs, index), index)
        for one in self._items(model, 6):
            self._metadata(one)
        for one in self._items(model, 7):
            self._inside(one, 4, self.subgraphs, "subgraph of a signature")
        if self.source.read(self.flat.end, 2) != b"PK":  # files that an archive holds
            self.notes.beyond(self.flat.end)
        if len(model.slots) > 8 and any(model.slots[8:]):
            self.notes.note("parts of the model that are not known, or lie in other files")

    def _items(self, table: Table, slot: int) -> Iterator[Table]:
        vector = self.flat.vector(table, slot, 4)
        if vector.length > _OPERATORS:
            raise LimitExceededError("tables of one vector", _OPERATORS)
        return (self.flat.item(vector, index) for index in range(vector.length))

    def _code(self, table: Table) -> None:
        builtin = max(self.flat.scalar(table, 0, "<b"), self.flat.scalar(table, 3, "<i"))
        name = self.flat.string(table, 1) if builtin == _CUSTOM else ""
        if builtin == _CUSTOM and not name:
            self.notes.fault("operator", "", "an operator of its own without a name", table.at)
        if builtin < 0:
            self._bad("an operator", f"its code is {builtin}", table.at)
        self.builtin.append(builtin)
        self.codes.append(TfliteOperator(name, table.at))

    def _buffer(self, table: Table) -> None:
        data = self.flat.vector(table, 0, 1)
        offset, size = self.flat.scalar(table, 1, "<Q"), self.flat.scalar(table, 2, "<Q")
        if offset > 1 or size > 1:
            if offset + size > self.source.size:
                self._bad("a buffer", f"it ends at {offset + size}, behind the file", table.at)
                offset = size = 0
            self.buffers.append(_Buffer(offset, size))
        else:
            self.buffers.append(_Buffer(data.at, data.length))

    def _subgraph(self, graph: Table, index: int) -> None:
        name = self.flat.string(graph, 4) or f"subgraph {index}"
        tensors = self.flat.vector(graph, 0, 4)
        for one in self._items(graph, 0):
            self._tensor(one)
        for slot in (1, 2):
            self._indices(self.flat.vector(graph, slot, 4), tensors.length, name, optional=False)
        for one in self._items(graph, 3):
            self._operator(one, tensors.length, name, index)

    def _tensor(self, table: Table) -> None:
        name = self.flat.string(table, 3)
        buffer = self.flat.scalar(table, 2, "<I")
        kind = self.flat.scalar(table, 1, "<b")
        shape = self.flat.integers(self.flat.vector(table, 0, 4))
        if not 0 <= kind <= _LAST_TYPE:
            self.notes.fault("type", name, f"{name[:80]!r} is of type {kind}", table.at)
        if buffer >= max(len(self.buffers), 1):
            self._bad(name, f"its buffer is {buffer} of {len(self.buffers)}", table.at)
            return
        size = self.buffers[buffer].size if self.buffers else 0
        sparse = self.flat.target(table, 6) is not None
        if size and not sparse and kind in _BITS:
            self._fits(name, shape, _BITS[kind], size, table.at)

    def _fits(self, name: str, shape: tuple[int, ...], bits: int, size: int, at: int) -> None:
        count = 1
        for dim in shape:
            if dim < 0 or count * dim * bits > _MOST:
                self._bad(name, f"its shape has a dimension of {dim}, or overflows", at)
                return
            count *= dim
        needed = (count * bits + 7) // 8
        if needed != size:
            why = f"{name[:80]!r} needs {needed} bytes, its buffer has {size}"
            self.notes.fault("size", name, why, at)

    def _operator(self, table: Table, tensors: int, where: str, index: int) -> None:
        code = self.flat.scalar(table, 0, "<I")
        if code >= len(self.codes):
            self._bad(where, f"an operator has the code {code} of {len(self.codes)}", table.at)
            return
        self.codes[code].count += 1
        for slot, optional in ((1, True), (2, False), (8, True)):
            self._indices(self.flat.vector(table, slot, 4), tensors, where, optional=optional)
        offset, size = self.flat.scalar(table, 9, "<Q"), self.flat.scalar(table, 10, "<Q")
        if offset > 1 and offset + size > self.source.size:
            self._bad(where, f"options end at {offset + size}, behind the file", table.at)
        options = self.flat.target(table, 4)
        for slot in range(_CALLS.get(self.builtin[code], 0) if options is not None else 0):
            called = self.flat.scalar(self.flat.table(options or 0), slot, "<i")
            if not 0 <= called < self.subgraphs or called == index:
                self._bad(where, f"it calls the subgraph {called} of {self.subgraphs}", table.at)

    def _indices(self, vector: Vector, count: int, where: str, *, optional: bool) -> None:
        least = -1 if optional else 0
        for one in self.flat.integers(vector):
            if not least <= one < count:
                self._bad(where, f"it uses the tensor {one} of {count}", vector.at)
                return

    def _inside(self, table: Table, slot: int, count: int, what: str) -> bool:
        number = self.flat.scalar(table, slot, "<I")
        if number >= count:
            self._bad(what, f"its index is {number} of {count}", table.at)
        return number < count

    def _metadata(self, table: Table) -> None:
        name = self.flat.string(table, 0)
        if not self._inside(table, 1, len(self.buffers), f"the metadata {name[:80]!r}"):
            return
        buffer = self.buffers[self.flat.scalar(table, 1, "<I")]
        text = self.source.read(buffer.at, min(buffer.size, 1 << 14)).rstrip(b"\0")
        if text.isascii() and text.decode("ascii").isprintable():
            self.notes.describe(name, text.decode("ascii"), buffer.at)

    def _bad(self, what: str, why: str, at: int) -> None:
        self.notes.fault("reference", what, f"{what[:80]}: {why}", at)

    def children(self) -> Iterator[Child]:
        """Yield the buffers that begin like a file and are claimed by a format."""
        from modelwarden.formats.identify import identify  # what identifies imports readers

        for index, one in enumerate(self.buffers):
            if one.size < 16 or not self.source.read(one.at, 8).startswith(_FILES):
                continue
            name = f"buffer {index}"
            try:
                known = bool(identify(self.source.part(one.at, one.size, name)))
            except Exception:  # noqa: BLE001 -- whoever opens it says which reader failed
                known = True
            if known:
                yield Child(name, partial(self.source.part, one.at, one.size, name))
