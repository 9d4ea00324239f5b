"""Object headers, versions 1 and 2: the messages that describe a group or a dataset."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from modelwarden.formats.cursor import Cursor
from modelwarden.formats.hdf5.layout import Hdf5
from modelwarden.formats.limits import LimitExceededError
from modelwarden.formats.view import DamagedError

DATASPACE, LINK_INFO, DATATYPE = 0x01, 0x02, 0x03
LINK, EXTERNAL, LAYOUT = 0x06, 0x07, 0x08
FILTERS, ATTRIBUTE, CONTINUATION = 0x0B, 0x0C, 0x10
SHARED_TABLE, SYMBOL_TABLE, ATTRIBUTE_INFO = 0x0F, 0x11, 0x15
SHARED = 0x02
_MESSAGES = 65_536
_CHUNKS = 4096


class Message(NamedTuple):
    """One message of an object header.

    Attributes:
        kind: as in the specification. flags: bit 1 says that the body lies elsewhere.
        at: offset of the body in the source. end: first byte behind it.
    """

    kind: int
    flags: int
    at: int
    end: int


def body(file: Hdf5, message: Message) -> Cursor:
    """Return a cursor over the body of a message."""
    return Cursor(file.source, message.at, message.end)


def messages(file: Hdf5, address: int) -> Iterator[Message]:
    """Yield the messages of the object header at `address`, with those of its continuations.

    Raises:
        DamagedError: after what came before the damage was yielded.
        LimitExceededError: more messages than any object has.
    """
    cursor = file.at(address)
    if file.source.read(cursor.at, 4) == b"OHDR":
        yield from _version_2(file, cursor)
        return
    version = cursor.u8()
    if version != 1:
        raise DamagedError(f"an object header of version {version}", cursor.at - 1)
    cursor.skip(1 + 2 + 4)
    size = cursor.u32()
    cursor.skip(4)
    chunk = Cursor(file.source, cursor.at, cursor.at + size)
    yield from _walk(file, chunk, None)


def _version_2(file: Hdf5, cursor: Cursor) -> Iterator[Message]:
    cursor.skip(4)
    version, flags = cursor.u8(), cursor.u8()
    if version != 2:
        raise DamagedError(f"an object header of version {version}", cursor.at - 2)
    cursor.skip((16 if flags & 0x20 else 0) + (4 if flags & 0x10 else 0))
    size = int.from_bytes(cursor.take(1 << (flags & 3)), "little")
    if size > cursor.left:
        raise DamagedError("an object header that leaves the file", cursor.at)
    yield from _walk(file, Cursor(file.source, cursor.at, cursor.at + size), flags)


def _walk(file: Hdf5, first: Cursor, flags: int | None) -> Iterator[Message]:
    """Walk chunk after chunk; `flags` is None for version 1."""
    chunks, seen, count = [first], {first.at}, 0
    head = 8 if flags is None else 4 + (2 if flags & 0x04 else 0)
    while chunks:
        cursor = chunks.pop(0)
        while cursor.left >= head:
            count += 1
            if count > _MESSAGES or len(seen) > _CHUNKS:
                raise LimitExceededError("messages of one HDF5 object", _MESSAGES)
            file.limits.spend(operations=1)
            message = _message(cursor, flags, head)
            if message.kind == CONTINUATION:
                chunk = _continued(file, message, flags)
                if chunk.at not in seen:
                    seen.add(chunk.at)
                    chunks.append(chunk)
            elif message.kind:
                yield message


def _message(cursor: Cursor, flags: int | None, head: int) -> Message:
    begin = cursor.at
    if flags is None:
        kind, size, flag = cursor.unpack("<HHB")
    else:
        kind, size, flag = cursor.unpack("<BHB")
    cursor.at = begin + head
    at = cursor.at
    cursor.skip(size)
    return Message(kind, flag, at, cursor.at)


def _continued(file: Hdf5, message: Message, flags: int | None) -> Cursor:
    where = body(file, message)
    address, size = file.address(where), file.length(where)
    chunk = file.at(address, size)
    if chunk.left < size:
        raise DamagedError("a continuation that leaves the file", message.at)
    if flags is not None:
        if chunk.take(4) != b"OCHK":
            raise DamagedError("a continuation without its signature", chunk.at - 4)
        chunk.end -= 4
    return chunk
