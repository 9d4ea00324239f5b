"""The header of a 7z archive as dataclasses.

Layout: `DOC/7zFormat.txt` of the LZMA SDK 9.20 and later. Every count is held against the bytes
that are left, so that a header cannot make us allocate more than it is long.
"""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

from modelwarden.core.values import dataclass
from modelwarden.formats.view import DamagedError

if TYPE_CHECKING:
    from modelwarden.formats.cursor import Cursor

END, HEADER, PROPERTIES, ADDITIONAL, MAIN, FILES = 0, 1, 2, 3, 4, 5
PACK, UNPACK, SUBSTREAMS, SIZE, CRC, FOLDER = 6, 7, 8, 9, 10, 11
UNPACK_SIZE, STREAM_COUNT, EMPTY_STREAM, EMPTY_FILE = 12, 13, 14, 15
NAMES, ATTRIBUTES, ENCODED = 17, 21, 23
_CODERS = 32


@dataclass(frozen=True, slots=True)
class Coder:
    """One decoder of a folder: its method, and the properties that set it up."""

    method: bytes
    properties: bytes
    simple: bool


@dataclass(slots=True)
class Folder:
    """What several members are packed into together.

    Attributes:
        coders: from the packed bytes to the members; empty when they form no simple chain.
        sizes: bytes behind each coder, as in `coders`.
        packed: offset and size of its packed bytes.
        streams: bytes of each member in it.
    """

    coders: list[Coder] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    order: list[int] = field(default_factory=list)
    inputs: int = 1
    packed: tuple[int, int] = (0, 0)
    streams: list[int] = field(default_factory=list)

    @property
    def size(self) -> int:
        """Bytes of all members together."""
        return self.sizes[self.order[-1]] if self.order else (self.sizes or [0])[-1]


@dataclass(slots=True)
class Item:
    """One member: its name, whether it has bytes, and its attributes."""

    name: str = ""
    empty: bool = False
    attributes: int = 0


@dataclass(slots=True)
class Header:
    """All of a header.

    Attributes:
        folders: in the order of their packed bytes.
        items: in the order of the archive.
        encoded: the folders hold another header, not members.
    """

    folders: list[Folder] = field(default_factory=list)
    items: list[Item] = field(default_factory=list)
    encoded: bool = False


def number(cursor: Cursor) -> int:
    """Return a number of 1 to 9 bytes: the ones that lead the first byte say how many follow."""
    first = cursor.u8()
    value = 0
    for index in range(8):
        mask = 0x80 >> index
        if not first & mask:
            return value | (first & (mask - 1)) << (8 * index)
        value |= cursor.u8() << (8 * index)
    return value


def parse(cursor: Cursor, base: int) -> Header:
    """Read a header; packed bytes are counted from `base`.

    Raises:
        DamagedError: it is not laid out as a header.
    """
    header = Header()
    kind = cursor.u8()
    if kind == ENCODED:
        header.encoded = True
        header.folders = _streams(cursor, base)
        return header
    if kind != HEADER:
        raise DamagedError("no 7z header", cursor.at)
    while (kind := cursor.u8()) != END:
        if kind == PROPERTIES:
            _skip_properties(cursor)
        elif kind == MAIN:
            header.folders = _streams(cursor, base)
        elif kind == ADDITIONAL:
            _streams(cursor, base)
        elif kind == FILES:
            header.items = _files(cursor)
        else:
            raise DamagedError(f"a part of kind {kind} in a 7z header", cursor.at)
    return header


def _counted(cursor: Cursor, per: int = 1) -> int:
    """Return a count of things of which each takes at least `per` of the bytes that are left."""
    count = number(cursor)
    if count * per > cursor.left * 8:
        raise DamagedError(f"{count} things announced, {cursor.left} bytes left", cursor.at)
    return count


def _skip_properties(cursor: Cursor) -> None:
    while cursor.u8() != END:
        cursor.skip(number(cursor))


def _bits(cursor: Cursor, count: int) -> list[bool]:
    data = cursor.take(-(-count // 8))
    return [bool(data[n >> 3] & 0x80 >> (n & 7)) for n in range(count)]


def _digests(cursor: Cursor, count: int) -> list[bool]:
    defined = [True] * count if cursor.u8() else _bits(cursor, count)
    cursor.skip(4 * sum(defined))
    return defined


def _streams(cursor: Cursor, base: int) -> list[Folder]:
    folders: list[Folder] = []
    packs: list[tuple[int, int]] = []
    digests: list[bool] = []
    divided = False
    while (kind := cursor.u8()) != END:
        if kind == PACK:
            packs = _packs(cursor, base)
        elif kind == UNPACK:
            folders, digests = _folders(cursor)
        elif kind == SUBSTREAMS:
            divided = True
            _substreams(cursor, folders, digests)
        else:
            raise DamagedError(f"a part of kind {kind} among the streams", cursor.at)
    for folder in folders:
        if not divided:
            folder.streams = [folder.size]
        if len(packs) < folder.inputs:
            raise DamagedError("fewer packed streams than folders need", cursor.at)
        folder.packed, packs = packs[0] if packs else (base, 0), packs[folder.inputs :]
    return folders


def _packs(cursor: Cursor, base: int) -> list[tuple[int, int]]:
    at = base + number(cursor)
    count = _counted(cursor)
    sizes: list[int] = []
    while (kind := cursor.u8()) != END:
        if kind == SIZE:
            sizes = [number(cursor) for _ in range(count)]
        elif kind == CRC:
            _digests(cursor, count)
        else:
            raise DamagedError(f"a part of kind {kind} among the packed streams", cursor.at)
    packs: list[tuple[int, int]] = []
    for size in sizes:
        packs.append((at, size))
        at += size
    return packs


def _folders(cursor: Cursor) -> tuple[list[Folder], list[bool]]:
    folders: list[Folder] = []
    digests: list[bool] = []
    while (kind := cursor.u8()) != END:
        if kind == FOLDER:
            count = _counted(cursor)
            if cursor.u8():
                raise DamagedError("folders are described in another stream", cursor.at)
            folders = [_folder(cursor) for _ in range(count)]
        elif kind == UNPACK_SIZE:
            for folder in folders:
                folder.sizes = [number(cursor) for _ in folder.sizes]
        elif kind == CRC:
            digests = _digests(cursor, len(folders))
        else:
            raise DamagedError(f"a part of kind {kind} among the folders", cursor.at)
    return folders, digests or [False] * len(folders)


def _folder(cursor: Cursor) -> Folder:
    count = number(cursor)
    if not 0 < count <= _CODERS:
        raise DamagedError(f"a folder with {count} coders", cursor.at)
    inputs = outputs = 0
    coders: list[Coder] = []
    for _ in range(count):
        flags = cursor.u8()
        method = cursor.take(flags & 15)
        ins, outs = (number(cursor), number(cursor)) if flags & 0x10 else (1, 1)
        if not (0 < ins <= _CODERS and 0 < outs <= _CODERS):
            raise DamagedError("a coder without streams, or with too many", cursor.at)
        properties = cursor.take(number(cursor)) if flags & 0x20 else b""
        coders.append(Coder(method, properties, ins == outs == 1 and not flags & 0x80))
        inputs, outputs = inputs + ins, outputs + outs
    pairs = [(number(cursor), number(cursor)) for _ in range(outputs - 1)]
    packed = inputs - len(pairs)
    if packed < 1:
        raise DamagedError("a folder without packed bytes", cursor.at)
    starts = [number(cursor) for _ in range(packed)] if packed > 1 else []
    folder = Folder(coders, [0] * outputs, inputs=packed)
    if not starts and all(coder.simple for coder in coders):
        folder.order = _order(pairs, count)
    return folder


def _order(pairs: list[tuple[int, int]], count: int) -> list[int]:
    """Return the coders from the packed bytes outwards; empty when they form no chain."""
    feeds = {out: into for into, out in pairs}
    fed = set(feeds.values())
    first = [coder for coder in range(count) if coder not in fed]
    order = first[:1]
    while order and order[-1] in feeds and len(order) <= count:
        order.append(feeds[order[-1]])
    return order if sorted(order) == list(range(count)) else []


def _substreams(cursor: Cursor, folders: list[Folder], digests: list[bool]) -> None:
    counts = [1] * len(folders)
    sized = False
    while (kind := cursor.u8()) != END:
        if kind == STREAM_COUNT:
            counts = [_counted(cursor, 0) for _ in folders]
        elif kind == SIZE:
            sized = True
            _sizes(cursor, folders, counts)
        elif kind == CRC:
            unknown = zip(counts, digests, strict=True)
            _digests(cursor, sum(n for n, told in unknown if n != 1 or not told))
        else:
            raise DamagedError(f"a part of kind {kind} among the members' streams", cursor.at)
    for folder, count in zip(folders, counts, strict=True):
        if not sized or not folder.streams:
            folder.streams = [folder.size] if count == 1 else []


def _sizes(cursor: Cursor, folders: list[Folder], counts: list[int]) -> None:
    for folder, count in zip(folders, counts, strict=True):
        if count - 1 > cursor.left:
            raise DamagedError(f"{count} members announced, {cursor.left} bytes left", cursor.at)
        folder.streams = [number(cursor) for _ in range(count - 1)]
        if count:
            folder.streams.append(max(0, folder.size - sum(folder.streams)))


def _files(cursor: Cursor) -> list[Item]:
    count = _counted(cursor)
    items = [Item() for _ in range(count)]
    while (kind := number(cursor)) != END:
        size = number(cursor)
        end = cursor.at + size
        if size > cursor.left:
            raise DamagedError(f"{size} bytes announced, {cursor.left} left", cursor.at)
        if kind == EMPTY_STREAM:
            for item, empty in zip(items, _bits(cursor, count), strict=True):
                item.empty = empty
        elif kind == NAMES:
            _names(cursor, items, size)
        elif kind == ATTRIBUTES:
            _attributes(cursor, items)
        cursor.skip(end - cursor.at)
    return items


def _names(cursor: Cursor, items: list[Item], size: int) -> None:
    if cursor.u8():
        raise DamagedError("names stand in another stream", cursor.at)
    text = cursor.take(size - 1).decode("utf-16-le", "backslashreplace")
    for item, name in zip(items, text.split("\0"), strict=False):
        item.name = name


def _attributes(cursor: Cursor, items: list[Item]) -> None:
    defined = [True] * len(items) if cursor.u8() else _bits(cursor, len(items))
    if cursor.u8():
        return
    for item, told in zip(items, defined, strict=True):
        if told:
            item.attributes = cursor.u32()
