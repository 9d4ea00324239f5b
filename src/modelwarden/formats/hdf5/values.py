"""Datatypes, dataspaces and attributes, as far as text and small byte strings need them."""

from __future__ import annotations

from typing import NamedTuple

from modelwarden.core.values import dataclass
from modelwarden.formats.cursor import Cursor
from modelwarden.formats.hdf5 import headers
from modelwarden.formats.hdf5.layout import Hdf5
from modelwarden.formats.limits import LimitExceededError
from modelwarden.formats.view import DamagedError

INTEGER, FLOAT, STRING, OPAQUE, COMPOUND, REFERENCE = 0, 1, 3, 5, 6, 7
ENUM, VLEN, ARRAY = 8, 9, 10
_KEPT = 8 << 20
_ITEMS = 200_000
_NESTED = 8
_BYTE = (1).to_bytes(4, "little")


class Datatype(NamedTuple):
    """A datatype: its class, the size of one element in bytes, and for VLEN what it holds."""

    kind: int
    size: int
    text: bool = False
    base: int | None = None


@dataclass(frozen=True, slots=True)
class Attribute:
    """An attribute of a group or dataset.

    Attributes:
        owner: path of the object. name: of the attribute.
        values: text or raw bytes; empty for numbers and other types.
        text: the values are text.
    """

    owner: str
    name: str
    values: tuple[bytes, ...] = ()
    text: bool = True


def datatype(file: Hdf5, cursor: Cursor) -> Datatype:
    """Read a datatype message."""
    first, bits = cursor.u8(), int.from_bytes(cursor.take(3), "little")
    size = cursor.u32()
    kind, base, text = first & 0x0F, None, first & 0x0F == STRING
    if kind in {VLEN, ENUM}:
        text = kind == VLEN and bits & 0x0F == 1
        base = cursor.u8() & 0x0F if cursor.left else None
        if base == INTEGER and cursor.left >= 7 and cursor.take(7)[3:] != _BYTE:
            base = None  # numbers of more than a byte are no bytes of anything
    elif kind == ARRAY:
        kind, base = COMPOUND, ARRAY
    del file
    return Datatype(kind, size, text, base)


def shared_datatype(file: Hdf5, cursor: Cursor) -> Datatype | None:
    """Follow a reference to a datatype that has its own object header; None for other sharing."""
    version, kind = cursor.u8(), cursor.u8()
    if version == 1:
        cursor.skip(6)
    if version == 3 and kind != 2:
        return None
    address = file.address(cursor)
    for message in headers.messages(file, address):
        if message.kind == headers.DATATYPE and not message.flags & headers.SHARED:
            return datatype(file, headers.body(file, message))
    raise DamagedError("a reference to a datatype that is not there", cursor.at)


def count_of(file: Hdf5, cursor: Cursor) -> int:
    """Read a dataspace message: the number of elements.

    Raises:
        DamagedError: of an unknown version.
    """
    version, rank, _ = cursor.unpack("<BBB")
    if version not in {1, 2}:
        raise DamagedError(f"a dataspace of version {version}", cursor.at - 3)
    if version == 1:
        cursor.skip(5)
    elif cursor.u8() == 2:
        return 0
    count = 1
    for _ in range(rank):
        count *= file.length(cursor)
    return count


class Attributes:
    """Reads attributes of one file and keeps account of what is held.

    Attributes:
        held: bytes of values kept so far.
        unread: why values of an attribute were not read, by its name.
    """

    def __init__(self, file: Hdf5) -> None:
        """Start with nothing read."""
        self.file = file
        self.held = 0
        self.unread: list[tuple[str, str]] = []

    def read(self, owner: str, cursor: Cursor) -> Attribute:
        """Read one attribute message.

        Raises:
            DamagedError: it is broken. LimitExceededError: its values are too many.
        """
        version, flags = cursor.u8(), cursor.u8()
        if version not in {1, 2, 3}:
            raise DamagedError(f"an attribute of version {version}", cursor.at - 2)
        sizes = cursor.unpack("<HHH")
        if version == 3:
            cursor.skip(1)
        parts: list[Cursor] = []
        for size in sizes:
            part = Cursor(self.file.source, cursor.at, cursor.at + size)
            cursor.skip(min(-(-size // 8) * 8 if version == 1 else size, cursor.left))
            parts.append(part)
        raw, _, _ = parts[0].take(sizes[0]).partition(b"\x00")
        name = raw.decode(errors="replace")
        shared = version > 1 and flags & 1
        kind = (shared_datatype if shared else datatype)(self.file, parts[1])
        if kind is None or (version > 1 and flags & 2):
            self.unread.append((f"{owner}@{name}", "its type is kept in a shared table"))
            return Attribute(owner, name)
        return self._valued(owner, name, kind, count_of(self.file, parts[2]), cursor)

    def _valued(
        self, owner: str, name: str, kind: Datatype, count: int, cursor: Cursor
    ) -> Attribute:
        if count > _ITEMS:
            raise LimitExceededError("elements of one HDF5 attribute", _ITEMS)
        if kind.kind == VLEN:
            references = [self._reference(cursor) for _ in range(count)]
            values = tuple(self._kept(self._heap(*r)) if r[0] else b"" for r in references)
            return Attribute(owner, name, values, kind.text)
        if kind.kind in {STRING, OPAQUE}:
            values = tuple(self._kept(cursor.take(kind.size)) for _ in range(count))
            return Attribute(owner, name, values, kind.text)
        if kind.kind == INTEGER and kind.size == 1:
            return Attribute(owner, name, (self._kept(cursor.take(count)),), text=False)
        if kind.kind == COMPOUND:
            size = min(kind.size * count, cursor.left)
            return Attribute(owner, name, (self._kept(cursor.take(size)),), text=False)
        return Attribute(owner, name)

    def _kept(self, value: bytes) -> bytes:
        self.held += len(value) + 64
        if self.held > _KEPT:
            raise LimitExceededError("bytes of HDF5 attributes", _KEPT)
        return value.rstrip(b"\x00")

    def _reference(self, cursor: Cursor) -> tuple[int, int, int]:
        length = cursor.u32()
        address = self.file.offset(cursor)
        return (0, 0, 0) if not address else (length, address, cursor.u32())

    def _heap(self, length: int, address: int, index: int) -> bytes:
        return heap_object(self.file, address, index)[:length]


def heap_object(file: Hdf5, address: int, index: int) -> bytes:
    """Return object `index` of the global heap collection at `address`.

    Raises:
        DamagedError: there is none. LimitExceededError: it is larger than what is kept.
    """
    cursor = file.signed(address, b"GCOL")
    cursor.skip(4)
    size = file.length(cursor)
    cursor.end = min(cursor.end, file.base + address + size)
    while cursor.left >= 8 + file.length_size:
        file.limits.spend(operations=1)
        number = cursor.u16()
        cursor.skip(6)
        size = file.length(cursor)
        if number == index:
            if size > _KEPT:
                raise LimitExceededError("bytes of HDF5 attributes", _KEPT)
            return cursor.take(size)
        if not number:
            break
        cursor.skip(-(-size // 8) * 8)
    raise DamagedError(f"no object {index} in the heap", file.base + address)
