"""Links and attributes of objects with many: a fractal heap, indexed by a B-tree of version 2."""

from __future__ import annotations

from collections.abc import Iterator

from modelwarden.core.values import dataclass
from modelwarden.formats.cursor import Cursor
from modelwarden.formats.hdf5.layout import Hdf5
from modelwarden.formats.limits import LimitExceededError
from modelwarden.formats.source import Source
from modelwarden.formats.view import DamagedError

# Where the heap id stands in a record, and how long it is, by the type of the tree.
_LINK_NAMES, _LINK_ORDER, _ATTRIBUTE_NAMES, _ATTRIBUTE_ORDER = 5, 6, 8, 9
_ID_AT = {
    _LINK_NAMES: (4, 7),
    _LINK_ORDER: (8, 7),
    _ATTRIBUTE_NAMES: (0, 8),
    _ATTRIBUTE_ORDER: (0, 8),
}
_NODES = 65_536
_LEVELS = 16


def dense(file: Hdf5, heap: int, index: int) -> Iterator[Cursor]:
    """Yield a cursor over each object of the heap that the index names.

    Raises:
        DamagedError: after what came before the damage was yielded.
        LimitExceededError: the structures are larger than any honest ones.
    """
    opened = FractalHeap.open(file, heap)
    for identifier in _identifiers(file, index):
        yield opened.object(identifier)


def _identifiers(file: Hdf5, address: int) -> Iterator[bytes]:
    cursor = file.signed(address, b"BTHD")
    version, kind, node_size, record, depth = cursor.unpack("<BBIHH")
    if version != 0 or kind not in _ID_AT or record == 0:
        raise DamagedError(f"a tree of version {version} and type {kind}", cursor.at)
    cursor.skip(2)
    root = file.offset(cursor)
    count = cursor.u16()
    if root is None or not count:
        return
    at, size = _ID_AT[kind]
    shape = _Shape(node_size, record, file.offset_size)
    nodes, seen = [(root, count, depth)], set[int]()
    while nodes:
        address, count, depth = nodes.pop()
        if address in seen or len(seen) > _NODES or depth > _LEVELS:
            raise LimitExceededError("nodes of one HDF5 tree", _NODES)
        seen.add(address)
        file.limits.spend(operations=1)
        node = file.signed(address, b"BTIN" if depth else b"BTLF")
        node.skip(2)
        for _ in range(count):
            yield node.take(record)[at : at + size]
        if depth:
            nodes += _pointers(file, node, count, depth, shape)


@dataclass(frozen=True, slots=True)
class _Shape:
    """Sizes from which the widths of the counts in a tree follow."""

    node: int
    record: int
    offset: int

    @property
    def leaf(self) -> int:
        """The most records of a leaf; its width is that of every count of one node."""
        return (self.node - 10) // self.record

    def below(self, depth: int) -> int:
        """Return the most records at `depth` and below it in all."""
        total, width = self.leaf, 0
        for _ in range(depth):
            pointer = self.offset + _width(self.leaf) + width
            own = max(0, (self.node - 10 - pointer) // (self.record + pointer))
            total = (own + 1) * total + own
            width = _width(total)
        return total


def _width(number: int) -> int:
    return max(1, -(-number.bit_length() // 8))


def _pointers(
    file: Hdf5, node: Cursor, count: int, depth: int, shape: _Shape
) -> list[tuple[int, int, int]]:
    width = _width(shape.leaf)
    total = _width(shape.below(depth - 1))
    found: list[tuple[int, int, int]] = []
    for _ in range(count + 1):
        address = file.address(node)
        records = int.from_bytes(node.take(width), "little")
        if depth > 1:
            node.skip(total)
        found.append((address, records, depth - 1))
    return found[::-1]


@dataclass(frozen=True, slots=True)
class FractalHeap:
    """A heap whose blocks double in size, row by row.

    Attributes:
        offset_width, length_width: bytes of the two in the id of a managed object.
        width: blocks in a row. start: bytes of a block of the first row.
        direct_rows: rows of blocks that hold objects; further rows hold tables of blocks.
        rows: of the root table; 0 when the root is a block itself.
    """

    file: Hdf5
    offset_width: int
    length_width: int
    width: int
    start: int
    direct_rows: int
    root: int
    rows: int

    @classmethod
    def open(cls, file: Hdf5, address: int) -> FractalHeap:
        """Read the header at `address`.

        Raises:
            DamagedError: it is broken, or its blocks are compressed.
        """
        cursor = file.signed(address, b"FRHP")
        version, _, filters, _, most = cursor.unpack("<BHHBI")
        if version != 0 or filters:
            raise DamagedError("a heap that is compressed or of a newer version", cursor.at)
        cursor.skip(10 * file.length_size + 2 * file.offset_size)
        width = cursor.u16()
        start, largest = file.length(cursor), file.length(cursor)
        bits, _ = cursor.unpack("<HH")
        root, rows = file.address(cursor), cursor.u16()
        if not (width and start and largest >= start) or bits > 64:
            raise DamagedError("a heap with impossible sizes", cursor.at)
        direct = (largest // start).bit_length() + 1
        return cls(
            file=file,
            offset_width=-(-bits // 8),
            length_width=min(-(-(largest.bit_length() - 1) // 8), _width(most)),
            width=width,
            start=start,
            direct_rows=direct,
            root=root,
            rows=rows,
        )

    def object(self, identifier: bytes) -> Cursor:
        """Return a cursor over the object with that id.

        Raises:
            DamagedError: it is not there, or is stored apart for its size.
        """
        kind = identifier[0] >> 4 & 3
        if kind == 2:
            size = (identifier[0] & 0x0F) + 1
            return Cursor(Source(self.file.source.name, identifier[1 : 1 + size]))
        if kind != 0:
            raise DamagedError("an object that is stored apart for its size")
        offset = int.from_bytes(identifier[1 : 1 + self.offset_width], "little")
        begin = 1 + self.offset_width
        size = int.from_bytes(identifier[begin : begin + self.length_width], "little")
        address = self.root + offset if not self.rows else self._find(offset)
        found = self.file.at(address, size)
        if found.left < size:
            raise DamagedError("an object that leaves the file", found.at)
        return found

    def _find(self, offset: int) -> int:
        """Return the address of byte `offset` of the heap."""
        table = self.root
        for _ in range(_LEVELS):
            row, column, within = self._place(offset)
            address = self._entry(table, row * self.width + column)
            if row < self.direct_rows:
                return address + within
            table, offset = address, within
        raise DamagedError("a heap that is nested without end")

    def _place(self, offset: int) -> tuple[int, int, int]:
        row, size = 0, self.start
        while offset >= size * self.width:
            offset -= size * self.width
            row += 1
            size = self.start << (row - 1) if row > 1 else self.start
        return row, offset // size, offset % size

    def _entry(self, table: int, number: int) -> int:
        cursor = self.file.signed(table, b"FHIB")
        cursor.skip(1 + self.file.offset_size + self.offset_width)
        cursor.skip(number * self.file.offset_size)
        return self.file.address(cursor)
