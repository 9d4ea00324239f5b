"""A bounded walk over flatbuffers: tables, vectors and strings at offsets that are checked first.

A flatbuffer is read by jumping: each offset is held to the file before it is followed, and nothing
is allocated on the file's word. There is no recursion here; whoever walks says how deep.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple

from modelwarden.formats.view import DamagedError

if TYPE_CHECKING:
    from modelwarden.formats.limits import Limits
    from modelwarden.formats.source import Source

_VTABLES = 4096
_WINDOW = 4096


class Table(NamedTuple):
    """One table: where it lies, its size, and the offset of each of its fields (0: absent)."""

    at: int
    size: int
    slots: tuple[int, ...]


class Vector(NamedTuple):
    """One vector: where its items begin, and how many there are."""

    at: int
    length: int


class Flatbuffer:
    """Access to one flatbuffer.

    Every method raises `DamagedError` where an offset or a length leaves the file.

    Attributes:
        end: behind the last byte that was reached.
    """

    __slots__ = ("_base", "_limits", "_source", "_vtables", "_window", "end")

    def __init__(self, source: Source, limits: Limits) -> None:
        """Read `source`; each table costs one operation of `limits`."""
        self._source = source
        self._limits = limits
        self._vtables: dict[int, tuple[int, tuple[int, ...]]] = {}
        self._window = b""
        self._base = 0
        self.end = 0

    def root(self) -> Table:
        """Return the outermost table."""
        return self.table(self._number("<I", 0))

    def table(self, at: int) -> Table:
        """Return the table at an offset."""
        self._limits.spend(operations=1)
        place = at - self._number("<i", at)
        known = self._vtables.get(place)
        if known is None:
            known = self._vtable(place)
            if len(self._vtables) < _VTABLES:
                self._vtables[place] = known
        size, slots = known
        if size > self._source.size - at:
            raise DamagedError(f"a table of {size} bytes that leaves the file", at)
        self.end = max(self.end, at + size)
        return Table(at, size, slots)

    def _vtable(self, at: int) -> tuple[int, tuple[int, ...]]:
        if at < 0:
            raise DamagedError("the fields of a table lie before the file", at)
        length, size = self._number("<H", at), self._number("<H", at + 2)
        if length < 4 or length % 2 or size < 4:
            raise DamagedError(f"a table of {size} bytes with a list of {length}", at)
        raw = self._bytes(at + 4, length - 4)
        self.end = max(self.end, at + length)
        return size, struct.unpack(f"<{len(raw) // 2}H", raw)

    def scalar(self, table: Table, slot: int, layout: str, default: int = 0) -> int:
        """Return an integer field of a `struct` layout such as `<i`."""
        offset = table.slots[slot] if slot < len(table.slots) else 0
        if not offset:
            return default
        if offset < 4 or offset + struct.calcsize(layout) > table.size:
            raise DamagedError(f"field {slot} lies outside of its table", table.at)
        return self._number(layout, table.at + offset)

    def target(self, table: Table, slot: int) -> int | None:
        """Return where the table, vector or string of a field lies, or None when it is absent."""
        if slot >= len(table.slots) or not table.slots[slot]:
            return None
        offset = self.scalar(table, slot, "<I")
        return self._followed(table.at + table.slots[slot], offset)

    def vector(self, table: Table, slot: int, item: int) -> Vector:
        """Return the vector of a field, of items of `item` bytes; an absent one is empty."""
        at = self.target(table, slot)
        if at is None:
            return Vector(0, 0)
        count = self._number("<I", at)
        if count * item > self._source.size - at - 4:
            raise DamagedError(f"a vector of {count} items of {item} bytes leaves the file", at)
        self.end = max(self.end, at + 4 + count * item)
        return Vector(at + 4, count)

    def string(self, table: Table, slot: int, longest: int = 300) -> str:
        """Return a text field, cut after `longest` bytes; an absent one is empty."""
        found = self.vector(table, slot, 1)
        return self._source.read(found.at, min(found.length, longest)).decode("utf-8", "replace")

    def integers(self, vector: Vector) -> tuple[int, ...]:
        """Return the items of a vector of 32-bit integers."""
        self._limits.spend(operations=vector.length)
        return struct.unpack(f"<{vector.length}i", self._bytes(vector.at, 4 * vector.length))

    def item(self, vector: Vector, index: int) -> Table:
        """Return one table of a vector of tables."""
        at = vector.at + 4 * index
        return self.table(self._followed(at, self._number("<I", at)))

    def text_at(self, vector: Vector, index: int, longest: int = 300) -> str:
        """Return one text of a vector of texts, cut after `longest` bytes."""
        at = vector.at + 4 * index
        begin = self._followed(at, self._number("<I", at))
        length = self._number("<I", begin)
        self.end = max(self.end, begin + 4 + length)
        return self._source.read(begin + 4, min(length, longest)).decode("utf-8", "replace")

    def _followed(self, at: int, offset: int) -> int:
        if not offset or offset > self._source.size - at - 4:
            raise DamagedError(f"an offset of {offset} leaves the file", at)
        return at + offset

    def _number(self, layout: str, at: int) -> int:
        number: int = struct.unpack(layout, self._bytes(at, struct.calcsize(layout)))[0]
        return number

    def _bytes(self, at: int, size: int) -> bytes:
        begin = at - self._base
        if size <= _WINDOW and not 0 <= begin <= len(self._window) - size:
            self._base, begin = max(0, at - _WINDOW // 4), min(at, _WINDOW // 4)
            self._window = self._source.read(self._base, 2 * _WINDOW)
        elif size > _WINDOW:
            return self._whole(at, self._source.read(at, size), size)
        return self._whole(at, self._window[begin : begin + size] if at >= 0 else b"", size)

    def _whole(self, at: int, data: bytes, size: int) -> bytes:
        if len(data) != size:
            raise DamagedError(f"{size} bytes announced, {len(data)} there", at)
        return data
