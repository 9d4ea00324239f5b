"""The records of a zip file as dataclasses: central directory entries and local headers.

Names follow APPNOTE.TXT 6.3.10, sections 4.3 and 4.4. Nothing is checked against anything here:
`compare` does that.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from modelwarden.core.values import dataclass
from modelwarden.formats.archive import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelwarden.formats.source import Source

LOCAL = b"PK\x03\x04"
CENTRAL = b"PK\x01\x02"
END = b"PK\x05\x06"
DESCRIPTOR = b"PK\x07\x08"

ENCRYPTED = 0x1
DEFERRED = 0x8  # sizes and checksum follow the data, in a descriptor
PATCHED = 0x20
STRONG = 0x40
UTF8 = 0x800
MASKED = 0x2000

_CENTRAL = struct.Struct("<4s6H3I5H2I")
_LOCAL = struct.Struct("<4s5H3I2H")
_FULL = 0xFFFF_FFFF
_ZIP64 = 0x0001
_UNICODE_PATH = 0x7075
_UNIX = 3


@dataclass(frozen=True, slots=True)
class Header:
    """What a central record and a local header both say about a member.

    Attributes:
        at: offset of the record; for central ones too.
        raw: name as bytes.
        packed: bytes before, `size` after decompression, with zip64 values put in.
        end: first byte behind the record; of a local header: where the data begins.
        unicode_path: name in the Info-ZIP Unicode extra field, which some tools prefer.
    """

    at: int
    raw: bytes
    flags: int
    method: int
    crc: int
    packed: int
    size: int
    end: int
    unicode_path: bytes | None


@dataclass(frozen=True, slots=True)
class Central(Header):
    """An entry of the central directory.

    Attributes:
        header: offset of the local header as written, without prefixed data counted in.
        mode: Unix file mode, 0 when not made on Unix.
    """

    header: int
    mode: int


def central_at(data: bytes, at: int, base: int) -> Central | None:
    """Return the entry at `data[at:]`, or None; `base` is where `data` stands in the source."""
    if at + _CENTRAL.size > len(data) or not data.startswith(CENTRAL, at):
        return None
    (
        _,
        made,
        _,
        flags,
        method,
        _,
        _,
        crc,
        packed,
        size,
        name,
        extra,
        comment,
        _,
        _,
        outer,
        header,
    ) = _CENTRAL.unpack_from(data, at)
    begin = at + _CENTRAL.size
    raw = data[begin : begin + name]
    fields = data[begin + name : begin + name + extra]
    size, packed, header = _widened(fields, size, packed, header)
    return Central(
        at=base + at,
        raw=raw,
        flags=flags,
        method=method,
        crc=crc,
        packed=packed,
        size=size,
        end=base + begin + name + extra + comment,
        unicode_path=_unicode_path(fields),
        header=header,
        mode=outer >> 16 if made >> 8 == _UNIX else 0,
    )


def local_at(source: Source, at: int) -> Header | None:
    """Return the local header at `at`, or None when there is none."""
    if at < 0:
        return None
    data = source.read(at, _LOCAL.size + 512)
    if len(data) < _LOCAL.size or not data.startswith(LOCAL):
        return None
    _, _, flags, method, _, _, crc, packed, size, name, extra = _LOCAL.unpack_from(data)
    if (whole := _LOCAL.size + name + extra) > len(data):
        data = source.read(at, whole)
    raw = data[_LOCAL.size : _LOCAL.size + name]
    fields = data[_LOCAL.size + name : whole]
    size, packed, _ = _widened(fields, size, packed, 0)
    return Header(
        at=at,
        raw=raw,
        flags=flags,
        method=method,
        crc=crc,
        packed=packed,
        size=size,
        end=at + whole,
        unicode_path=_unicode_path(fields),
    )


def name_of(header: Header) -> str:
    """Return a member's name for people and for looking up: decoded, up to a NUL as loaders cut."""
    raw = header.raw.partition(b"\0")[0]
    if header.flags & UTF8 or raw.isascii():
        return printable(raw.decode("utf-8", "backslashreplace"), 4096)
    return printable(raw.decode("cp437"), 4096)


def normalised(name: str) -> str:
    """Return the path that most tools would write `name` to."""
    parts = [part for part in name.replace("\\", "/").split("/") if part not in {"", "."}]
    return "/".join(parts)


def _extra_fields(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + 4 <= len(data):
        kind, size = struct.unpack_from("<HH", data, at)
        yield kind, data[at + 4 : at + 4 + size]
        at += 4 + size


def _widened(fields: bytes, size: int, packed: int, header: int) -> tuple[int, int, int]:
    """Put in the zip64 values of those numbers that are full, in the order of section 4.5.3."""
    if _FULL not in (size, packed, header):
        return size, packed, header
    for kind, data in _extra_fields(fields):
        if kind == _ZIP64:
            wide = iter(struct.unpack_from(f"<{len(data) // 8}Q", data))
            size = next(wide, size) if size == _FULL else size
            packed = next(wide, packed) if packed == _FULL else packed
            header = next(wide, header) if header == _FULL else header
            break
    return size, packed, header


def _unicode_path(fields: bytes) -> bytes | None:
    if b"up" not in fields:  # the field's kind in little endian
        return None
    for kind, data in _extra_fields(fields):
        if kind == _UNICODE_PATH and len(data) > 5:
            return data[5:]
    return None
