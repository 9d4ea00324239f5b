"""The sorted tables in which TensorFlow keeps the index of a checkpoint: keys and values.

Layout: `tsl/lib/io/table_format.txt`. A footer leads to a block of handles, each handle to a block
of entries; a key leaves out what it shares with the key before it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from modelwarden.formats.cursor import Cursor
from modelwarden.formats.view import DamagedError

if TYPE_CHECKING:
    from modelwarden.formats.limits import Limits
    from modelwarden.formats.source import Source

MAGIC = bytes.fromhex("57fb808b247547db")
_FOOTER = 48
_TRAILER = 5
_KEY = 1 << 16
_BLOCK = 64 << 20


class Entry(NamedTuple):
    """One entry: its key, and where its value lies in the source."""

    key: bytes
    at: int
    end: int


def entries(source: Source, limits: Limits) -> Iterator[Entry]:
    """Yield the entries of a table in their order.

    Raises:
        DamagedError: the table breaks its format; what was yielded before stands.
        LimitExceededError: a bound of `limits` was reached.
    """
    footer = Cursor(source, max(0, source.size - _FOOTER))
    if source.read(source.size - len(MAGIC), len(MAGIC)) != MAGIC:
        raise DamagedError("no mark at the end of the table", source.size)
    _block(source, footer)  # of statistics, which nobody reads
    index = _block(source, footer)
    for handle in _entries(source, index, limits):
        yield from _entries(source, _block(source, Cursor(source, handle.at, handle.end)), limits)


def _block(source: Source, handle: Cursor) -> tuple[int, int]:
    """Return where the entries of a block begin and end, by the handle that leads to it."""
    offset, size = handle.varint(), handle.varint()
    if offset + size + _TRAILER > source.size or not 4 <= size <= _BLOCK:
        raise DamagedError(f"a block of {size} bytes at {offset}", handle.at)
    packed = source.read(offset + size, 1)
    if packed != b"\0":
        raise DamagedError(f"a block that is compressed ({packed.hex()})", offset)
    restarts = Cursor(source, offset + size - 4).u32()
    if 4 * restarts + 4 > size:
        raise DamagedError(f"a block of {size} bytes with {restarts} restarts", offset)
    return offset, offset + size - 4 - 4 * restarts


def _entries(source: Source, block: tuple[int, int], limits: Limits) -> Iterator[Entry]:
    cursor = Cursor(source, *block)
    key = b""
    while cursor.left:
        limits.spend(operations=1)
        begin = cursor.at
        shared, more, size = cursor.varint(), cursor.varint(), cursor.varint()
        if shared > len(key) or shared + more > _KEY:
            raise DamagedError(f"a key that shares {shared} of {len(key)} bytes", begin)
        key = key[:shared] + cursor.take(more)
        at = cursor.at
        cursor.skip(size)
        yield Entry(key, at, cursor.at)
