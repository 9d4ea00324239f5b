"""The chunks of a dataset: where they lie, and what is in them without their filters.

Only the first of them is looked at, as the beginning of any other dataset is; where it begins like
something to be loaded, those that follow are put behind it. Chunks behind a filter that is not
known here, or in an index of several growing dimensions, are not read: `unread` says so.

Source: The HDF Group, "HDF5 File Format Specification", version 3.0, III.A.1, IV.A.2.i, VII.
"""

from __future__ import annotations

import zlib
from itertools import chain, islice
from typing import TYPE_CHECKING, NamedTuple

from modelwarden.formats.view import DamagedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from modelwarden.formats.cursor import Cursor
    from modelwarden.formats.hdf5.layout import Hdf5

_DEFLATE, _SHUFFLE, _CHECKSUM, _LZF = 1, 2, 3, 32000
_KNOWN = frozenset((_DEFLATE, _SHUFFLE, _CHECKSUM, _LZF))
_SINGLE, _IMPLICIT, _FIXED, _EXTENSIBLE = _INDEXES = range(1, 5)
_NAMES = {4: "SZIP", 5: "N-bit", 6: "scale-offset", 32001: "Blosc", 32004: "LZ4"} | {
    32008: "bitshuffle",
    32013: "ZFP",
    32015: "Zstandard",
    32026: "Blosc 2",
}
_FILTERS = 32
_RANK = 33
_LARGEST = 4 << 20  # bytes of one chunk
_WHOLE = 8 << 20  # bytes of all chunks that are put together
_DEEPEST = 32
_WIDEST = 4096  # entries of one node


class Filter(NamedTuple):
    """One step of what was done to each chunk, and the first of its settings."""

    kind: int
    size: int


class Chunk(NamedTuple):
    """Where one chunk lies, and which of the filters were left out for it."""

    address: int
    size: int
    skipped: int = 0


def filters_of(cursor: Cursor) -> tuple[Filter, ...]:
    """Read a filter pipeline message.

    Raises:
        DamagedError: it is broken or of an unknown version.
    """
    version, count = cursor.u8(), cursor.u8()
    if version not in {1, 2} or count > _FILTERS:
        raise DamagedError(f"a pipeline of {count} filters, version {version}", cursor.at - 2)
    cursor.skip(6 if version == 1 else 0)
    found: list[Filter] = []
    for _ in range(count):
        kind = cursor.u16()
        named = cursor.u16() if version == 1 or kind >= 256 else 0
        cursor.skip(2)
        values = cursor.u16()
        cursor.skip(-(-named // 8) * 8 if version == 1 else named)
        first = cursor.u32() if values else 0
        cursor.skip(4 * max(0, values - 1) + (4 if version == 1 and values % 2 else 0))
        found.append(Filter(kind, first))
    return tuple(found)


def chunks_of(file: Hdf5, layout: Cursor, *, filtered: bool) -> Iterator[Chunk]:
    """Yield the chunks of a dataset in their order, from its layout message on.

    Raises:
        DamagedError: the message, or the index that it names, is broken.
    """
    version = layout.u8()
    if version < 3:
        rank = layout.u8()
        layout.skip(6)
        root = file.offset(layout)
        yield from _tree(file, root, rank)
        return
    layout.skip(1)
    if version == 3:
        rank = layout.u8()
        yield from _tree(file, file.offset(layout), rank)
        return
    yield from _indexed(file, layout, filtered=filtered)


def _indexed(file: Hdf5, layout: Cursor, *, filtered: bool) -> Iterator[Chunk]:
    flags, rank, width = layout.u8(), layout.u8(), layout.u8()
    if not 0 < rank <= _RANK:
        raise DamagedError(f"chunks of {rank} dimensions", layout.at)
    size = 1
    for _ in range(rank):
        size *= int.from_bytes(layout.take(width), "little")
    kind = layout.u8()
    if kind == _SINGLE:
        skipped = 0
        if flags & 2:
            size, skipped = file.length(layout), layout.u32()
        address = file.offset(layout)
        if address is not None:
            yield Chunk(address, size, skipped)
    elif kind == _IMPLICIT:
        address = file.offset(layout)
        for number in range(_WHOLE // max(1, size) + 1 if address is not None else 0):
            yield Chunk((address or 0) + number * size, size)
    elif kind == _FIXED:
        layout.skip(1)
        yield from _fixed(file, file.offset(layout), size, filtered=filtered)
    elif kind == _EXTENSIBLE:
        layout.skip(5)
        yield from _extensible(file, file.offset(layout), size, filtered=filtered)


def _tree(file: Hdf5, root: int | None, rank: int) -> Iterator[Chunk]:
    """Walk a tree of the first version down to its chunks, the lowest coordinates first."""
    if not 0 < rank <= _RANK:
        raise DamagedError(f"chunks of {rank} dimensions", file.base)
    todo: list[tuple[int, int]] = [] if root is None else [(root, _DEEPEST)]
    while todo:
        address, room = todo.pop()
        file.limits.spend(operations=1)
        node = file.signed(address, b"TREE")
        kind, level, used = node.u8(), node.u8(), node.u16()
        if kind != 1 or used > _WIDEST or level >= room:
            raise DamagedError("an index of chunks that is none", node.at - 4)
        node.skip(2 * file.offset_size)
        inner: list[tuple[int, int]] = []
        for _ in range(used):
            size, skipped = node.u32(), node.u32()
            node.skip(8 * rank)
            child = file.address(node)
            if level:
                inner.append((child, level))
            else:
                yield Chunk(child, size, skipped)
        todo += reversed(inner)


def _fixed(file: Hdf5, at: int | None, size: int, *, filtered: bool) -> Iterator[Chunk]:
    """Read an array of as many entries as there are chunks."""
    if at is None:
        return
    head = file.signed(at, b"FAHD")
    head.skip(2)
    width, bits = head.u8(), head.u8()
    count = file.length(head)
    block = file.offset(head)
    if block is None:
        return
    entries = file.signed(block, b"FADB")
    entries.skip(2 + file.offset_size)
    page = 1 << min(bits, 31)
    if count > page:
        pages = (count + page - 1) // page
        entries.skip((pages + 7) // 8 + 4)
        count = page  # the first page holds more than is put together
    yield from _entries(file, entries, min(count, _WIDEST), width, size, filtered=filtered)


def _extensible(file: Hdf5, at: int | None, size: int, *, filtered: bool) -> Iterator[Chunk]:
    """Read the entries that stand in the first block of an array that grows."""
    if at is None:
        return
    head = file.signed(at, b"EAHD")
    head.skip(2)
    width = head.u8()
    head.skip(1)
    count = head.u8()
    head.skip(3 + 6 * file.length_size)
    block = file.offset(head)
    if block is None:
        return
    entries = file.signed(block, b"EAIB")
    entries.skip(2 + file.offset_size)
    yield from _entries(file, entries, count, width, size, filtered=filtered)


def _entries(
    file: Hdf5, entries: Cursor, count: int, width: int, size: int, *, filtered: bool
) -> Iterator[Chunk]:
    for _ in range(count):
        address = file.offset(entries)
        if filtered:
            size = int.from_bytes(entries.take(max(0, width - file.offset_size - 4)), "little")
            yielded = Chunk(address or 0, size, entries.u32())
        else:
            yielded = Chunk(address or 0, size)
        if address is None:
            return
        yield yielded


def unread(layout: Cursor, filters: Sequence[Filter] | None) -> str | None:
    """Say why the chunks that a layout message names are not read here; None if they are.

    Args:
        layout: from the message on.
        filters: what was done to the chunks; None where that is kept elsewhere.

    Raises:
        DamagedError: the message is broken.
    """
    if filters is None:
        return "its filters are kept elsewhere"
    for one in filters:
        if one.kind not in _KNOWN:
            return f"its chunks stand behind the filter {_NAMES.get(one.kind, one.kind)}"
    if layout.u8() > 3:
        layout.skip(2)
        rank, width = layout.u8(), layout.u8()
        layout.skip(rank * width)
        if layout.u8() not in _INDEXES:
            return "it may grow in several directions"
    return None


def plain(file: Hdf5, chunk: Chunk, filters: Sequence[Filter], most: int = _LARGEST) -> bytes:
    """Return the bytes of a chunk as they were before its filters; empty where they are broken.

    Of a chunk that need not be read whole for it, only the first `most` bytes; of one that is too
    large to be read whole, its beginning. Where that does not tell its bytes, they are empty.
    """
    data = file.source.read(file.base + chunk.address, min(chunk.size, _LARGEST))
    ordered = any(one.kind == _SHUFFLE and one.size > 1 for one in filters)
    if ordered and chunk.size > _LARGEST:
        return b""
    most = _LARGEST if ordered else most
    for place, one in reversed(tuple(enumerate(filters))):
        if chunk.skipped >> place & 1:
            continue
        data = _undone(one, data, most)
        file.limits.spend(operations=1 + len(data) // 16)
        if not data:
            return b""
    return data


def whole(file: Hdf5, first: Chunk, chunks: Iterator[Chunk], filters: Sequence[Filter]) -> bytes:
    """Return the first chunk with those that follow it, as much as is looked into."""
    parts: list[bytes] = []
    held = 0
    for chunk in islice(chain((first,), chunks), _WIDEST):
        if held >= _WHOLE or not (data := plain(file, chunk, filters)):
            break
        parts.append(data)
        held += len(data)
    return b"".join(parts)[:_WHOLE]


def _undone(one: Filter, data: bytes, most: int) -> bytes:
    if one.kind == _DEFLATE:
        try:
            return zlib.decompressobj().decompress(data, most)
        except zlib.error:
            return b""
    if one.kind == _SHUFFLE:
        return _ordered(data, one.size)
    return data[:-4] if one.kind == _CHECKSUM else _unpacked(data)


def _ordered(data: bytes, width: int) -> bytes:
    """Put the bytes of each element together again, whose first ones stood before all second."""
    count = len(data) // width if width else 0
    if width < 2 or not count:
        return data
    made = bytearray(count * width)
    for place in range(width):
        made[place::width] = data[place * count : (place + 1) * count]
    return bytes(made) + data[count * width :]


def _unpacked(data: bytes) -> bytes:
    """Undo LZF: runs of letters, and pieces of what came before.

    Source: Marc Lehmann, LibLZF 3.6, `lzf_d.c`.
    """
    made = bytearray()
    at, end = 0, len(data)
    while at < end and len(made) <= _LARGEST:
        control = data[at]
        at += 1
        if control < 32:
            made += data[at : at + control + 1]
            at += control + 1
            continue
        length = control >> 5
        if length == 7:
            if at >= end:
                break
            length += data[at]
            at += 1
        if at >= end:
            break
        back = ((control & 31) << 8 | data[at]) + 1
        at += 1
        begin = len(made) - back
        if begin < 0:
            break
        length += 2
        piece = bytes(made[begin : begin + length])
        made += (piece * (length // len(piece) + 1))[:length]
    return bytes(made)
