"""The links of a group: symbol tables of old files, link messages of new ones."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

from modelwarden.core.values import dataclass
from modelwarden.formats.cursor import Cursor
from modelwarden.formats.hdf5.layout import Hdf5, text_at
from modelwarden.formats.limits import LimitExceededError
from modelwarden.formats.view import DamagedError

_NODES = 65_536


class LinkKind(StrEnum):
    """What a link is."""

    HARD = "hard"
    SOFT = "soft"
    EXTERNAL = "external"
    USER = "user-defined"


@dataclass(frozen=True, slots=True)
class Link:
    """One name in a group.

    Attributes:
        path: from the root.
        address: of the object header, for hard links.
        file: of an external link. target: the path that a soft or external link names.
    """

    path: str
    kind: LinkKind
    address: int | None = None
    file: str | None = None
    target: str | None = None


def inside(group: str, name: str) -> str:
    """Return the path of `name` in `group`, cut to a length that can be shown."""
    return f"{group.rstrip('/')}/{name}"[:1000]


def link(file: Hdf5, group: str, cursor: Cursor) -> Link:
    """Read one link message.

    Raises:
        DamagedError: it is broken or of an unknown version.
    """
    version, flags = cursor.u8(), cursor.u8()
    if version != 1:
        raise DamagedError(f"a link of version {version}", cursor.at - 2)
    kind = cursor.u8() if flags & 0x08 else 0
    cursor.skip((8 if flags & 0x04 else 0) + (1 if flags & 0x10 else 0))
    size = int.from_bytes(cursor.take(1 << (flags & 3)), "little")
    path = inside(group, cursor.take(size).decode(errors="replace"))
    if kind == 0:
        return Link(path, LinkKind.HARD, address=file.address(cursor))
    value = cursor.take(cursor.u16())
    if kind == 1:
        return Link(path, LinkKind.SOFT, target=value.decode(errors="replace"))
    if kind == 64:
        name, _, target = value[1:].partition(b"\x00")
        shown = target.split(b"\x00")[0].decode(errors="replace")
        return Link(path, LinkKind.EXTERNAL, file=name.decode(errors="replace"), target=shown)
    return Link(path, LinkKind.USER, target=str(kind))


def symbol_table(file: Hdf5, group: str, cursor: Cursor) -> Iterator[Link]:
    """Yield the links of a group of the old kind, from its B-tree and local heap.

    Raises:
        DamagedError: after what came before the damage was yielded.
        LimitExceededError: more nodes than any group has.
    """
    tree, heap = file.address(cursor), file.address(cursor)
    names = LocalHeap.open(file, heap)
    nodes, seen = [tree], set[int]()
    while nodes:
        address = nodes.pop()
        if address in seen:
            continue
        seen.add(address)
        if len(seen) > _NODES:
            raise LimitExceededError("nodes of one HDF5 group", _NODES)
        file.limits.spend(operations=1)
        signature = file.source.read(file.base + address, 4)
        if signature == b"SNOD":
            yield from _symbols(file, group, file.at(address), names)
        else:
            nodes += _children(file, file.signed(address, b"TREE"))


def _children(file: Hdf5, cursor: Cursor) -> list[int]:
    kind, _, count = cursor.unpack("<BBH")
    if kind != 0:
        raise DamagedError("a tree of chunks where a group's must be", cursor.at)
    cursor.skip(2 * file.offset_size)
    found: list[int] = []
    for _ in range(count):
        cursor.skip(file.length_size)
        found.append(file.address(cursor))
    return found[::-1]


def _symbols(file: Hdf5, group: str, cursor: Cursor, names: LocalHeap) -> Iterator[Link]:
    cursor.skip(4 + 2)
    for _ in range(cursor.u16()):
        name = int.from_bytes(cursor.take(file.offset_size), "little")
        address = file.offset(cursor)
        cached = cursor.u32()
        cursor.skip(4)
        scratch = cursor.take(16)
        path = inside(group, names.text(name))
        if cached == 2:
            target = names.text(int.from_bytes(scratch[:4], "little"))
            yield Link(path, LinkKind.SOFT, target=target)
        elif address is None:
            raise DamagedError("a link without an address", cursor.at)
        else:
            yield Link(path, LinkKind.HARD, address=address)


@dataclass(frozen=True, slots=True)
class LocalHeap:
    """The names of one group, or of one list of external files."""

    cursor: Cursor
    start: int

    @classmethod
    def open(cls, file: Hdf5, address: int) -> LocalHeap:
        """Read the header of the heap at `address`."""
        cursor = file.signed(address, b"HEAP")
        cursor.skip(4)
        size = file.length(cursor)
        cursor.skip(file.length_size)
        data = file.at(file.address(cursor), size)
        return cls(data, data.at)

    def text(self, offset: int) -> str:
        """Return the text at `offset`.

        Raises:
            DamagedError: it is outside of the heap.
        """
        if not 0 <= offset < self.cursor.end - self.start:
            raise DamagedError("a name outside of its heap", self.start)
        self.cursor.at = self.start + offset
        return text_at(self.cursor)
