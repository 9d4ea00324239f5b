"""ExecuTorch programs: operators, delegates, and every index held to what it points into.

Schema: `program.fbs` of ExecuTorch 1.0, and the header behind the mark that says where segments
begin. What a delegate runs is a program of its own for a backend, and is not looked into.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import field
from typing import TYPE_CHECKING

from modelwarden.core import GapKind
from modelwarden.core.values import dataclass
from modelwarden.formats.flatbuffer import Flatbuffer, Table, Vector
from modelwarden.formats.identified.magic import EXECUTORCH
from modelwarden.formats.limits import LimitExceededError
from modelwarden.formats.network import Network, NetworkNotes, made_by
from modelwarden.formats.view import DamagedError

if TYPE_CHECKING:
    from modelwarden.formats.limits import Limits
    from modelwarden.formats.source import Source

DELEGATE = "delegate:"
_EXTENDED = b"eh00"
_KERNEL, _DELEGATE, _MOVE, _JUMP, _FREE = 1, 2, 3, 4, 5
_TENSOR = 5
_ITEMS = 1_000_000


def sniff(source: Source) -> bool:
    """Tell whether the file has the mark of a program."""
    return EXECUTORCH.sniff(source)


def read(source: Source, limits: Limits) -> Network:
    """Walk the program; what cannot be read is a fault and a gap."""
    walk = _Walk(source, Flatbuffer(source, limits), NetworkNotes(source))
    try:
        walk.run()
    except LimitExceededError as over:
        walk.notes.note(str(over), GapKind.OVER_LIMIT)
    except DamagedError as damage:
        walk.notes.fault("reference", "", damage.why, damage.offset)
        walk.notes.note(damage.why, at=damage.offset)
    by = EXECUTORCH.produced(source)
    return Network(
        source=source,
        format="executorch",
        producer=by,
        gaps=tuple(walk.notes.gaps),
        children=tuple(walk.notes.children),
        inventory=made_by(source, by),
        faults=tuple(walk.notes.faults),
        operators=tuple(walk.notes.kinds.values()),
    )


@dataclass(slots=True)
class _Plan:
    """The sizes of the tables of one plan."""

    values: int
    operators: int
    delegates: int
    name: str


@dataclass(slots=True)
class _Walk:
    """One walk over a program."""

    source: Source
    flat: Flatbuffer
    notes: NetworkNotes
    segments: int = 0
    buffers: int = 0
    inline: int = 0
    constants: int = 0
    ends: list[int] = field(default_factory=list)

    def run(self) -> None:
        """Walk all of it."""
        size, base = self._header()
        program = self.flat.root()
        self.segments = self.flat.vector(program, 4, 4).length
        self.buffers = self.flat.vector(program, 2, 4).length
        self.inline = self.flat.vector(program, 3, 4).length
        for one in self._items(program, 4):
            self._segment(one, base)
        if (at := self.flat.target(program, 5)) is not None:
            subsegments = self.flat.table(at)
            self.constants = self.flat.vector(subsegments, 1, 8).length
            self._inside(subsegments, 0, "<I", self.segments, "segment of constants")
        for one in self._items(program, 7):
            self._inside(one, 1, "<I", self.segments, "segment of named data")
        for one in self._items(program, 1):
            self._plan(one)
        if size == self.source.size:
            self.notes.beyond(self.flat.end)
        end = max([size, *self.ends])
        if end < self.source.size and self.source.read(end, 1 << 16).strip(b"\0"):
            self.notes.behind(end, why="behind the program and its segments")

    def _header(self) -> tuple[int, int]:
        """Return the bytes of the program itself, and where its segments begin."""
        head = self.source.head
        if head[8:12] != _EXTENDED:
            return self.source.size, 0
        size, base = int.from_bytes(head[16:24], "little"), int.from_bytes(head[24:32], "little")
        if size > self.source.size or base > self.source.size:
            self._bad("the header", f"a program of {size} bytes, segments at {base}", 8)
        return min(size, self.source.size), base

    def _segment(self, table: Table, base: int) -> None:
        offset, size = self.flat.scalar(table, 0, "<Q"), self.flat.scalar(table, 1, "<Q")
        if base + offset + size > self.source.size:
            self._bad("a segment", f"it ends at {base + offset + size}, behind the file", table.at)
        else:
            self.ends.append(base + offset + size)

    def _plan(self, table: Table) -> None:
        plan = _Plan(
            self.flat.vector(table, 2, 4).length,
            self.flat.vector(table, 6, 4).length,
            self.flat.vector(table, 7, 4).length,
            self.flat.string(table, 0) or "plan",
        )
        for one in self._items(table, 2):
            self._value(one, plan)
        for slot in (3, 4):
            self._indices(self.flat.vector(table, slot, 4), plan)
        for one in self._items(table, 6):
            overload = self.flat.string(one, 1)
            name = self.flat.string(one, 0)
            self.notes.operator(f"{name}.{overload}" if overload else name, plan.name, one.at)
        for one in self._items(table, 7):
            self._delegate(one, plan)
        for one in self._items(table, 5):
            self._chain(one, plan)

    def _value(self, table: Table, plan: _Plan) -> None:
        at = self.flat.target(table, 1)
        if self.flat.scalar(table, 0, "<B") != _TENSOR or at is None:
            return
        buffer = self.flat.scalar(self.flat.table(at), 5, "<I")
        most = max(self.buffers, self.constants, 1)
        if buffer >= most:
            self._bad(plan.name, f"a tensor has the buffer {buffer} of {most}", at)

    def _delegate(self, table: Table, plan: _Plan) -> None:
        name = self.flat.string(table, 0)
        self.notes.operator(f"{DELEGATE}{name}", plan.name, table.at)
        at = self.flat.target(table, 1)
        if at is None:
            self._bad(plan.name, "a delegate without a program", table.at)
            return
        reference = self.flat.table(at)
        count = self.segments if self.flat.scalar(reference, 0, "<b") else self.inline
        self._inside(reference, 1, "<I", count, f"program of {name[:60]}")

    def _chain(self, table: Table, plan: _Plan) -> None:
        count = self.flat.vector(table, 2, 4).length
        for one in self._items(table, 2):
            kind, at = self.flat.scalar(one, 0, "<B"), self.flat.target(one, 1)
            if at is None or not _KERNEL <= kind <= _FREE:
                self._bad(plan.name, f"an instruction of the kind {kind}", one.at)
                continue
            self._instruction(kind, self.flat.table(at), plan, count)

    def _instruction(self, kind: int, table: Table, plan: _Plan, count: int) -> None:
        if kind in (_KERNEL, _DELEGATE):
            most = plan.operators if kind == _KERNEL else plan.delegates
            self._inside(table, 0, "<i", most, "operator" if kind == _KERNEL else "delegate")
            self._indices(self.flat.vector(table, 1, 4), plan)
        elif kind == _JUMP:
            self._inside(table, 0, "<i", plan.values, "condition of a jump")
            self._inside(table, 1, "<i", count + 1, "target of a jump")
        else:
            for slot in range(2 if kind == _MOVE else 1):
                self._inside(table, slot, "<i", plan.values, "value that is moved or freed")

    def _items(self, table: Table, slot: int) -> Iterator[Table]:
        vector = self.flat.vector(table, slot, 4)
        if vector.length > _ITEMS:
            raise LimitExceededError("tables of one vector", _ITEMS)
        return (self.flat.item(vector, index) for index in range(vector.length))

    def _indices(self, vector: Vector, plan: _Plan) -> None:
        for one in self.flat.integers(vector):
            if not 0 <= one < plan.values:
                self._bad(plan.name, f"it uses the value {one} of {plan.values}", vector.at)
                return

    def _inside(self, table: Table, slot: int, layout: str, count: int, what: str) -> None:
        number = self.flat.scalar(table, slot, layout)
        if not 0 <= number < count:
            self._bad(what, f"its index is {number} of {count}", table.at)

    def _bad(self, what: str, why: str, at: int) -> None:
        self.notes.fault("reference", what, f"{what[:80]}: {why}", at)
