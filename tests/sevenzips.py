"""7z archives written by hand, so that every field can lie."""

from __future__ import annotations

import bz2
import lzma
import struct
import zlib
from dataclasses import dataclass

X86 = {"id": lzma.FILTER_X86}
DELTA = {"id": lzma.FILTER_DELTA, "dist": 4}
LZMA2 = {"id": lzma.FILTER_LZMA2, "dict_size": 1 << 20}
LZMA1 = {"id": lzma.FILTER_LZMA1, "dict_size": 1 << 20}
_PROPERTIES = bytes([93]) + struct.pack("<I", 1 << 20)


def number(value: int) -> bytes:
    if value < 0x80:
        return bytes([value])
    if value < 0x4000:
        return bytes([0x80 | value >> 8, value & 255])
    return b"\xff" + value.to_bytes(8, "little")


def coder(method: bytes, properties: bytes = b"") -> bytes:
    flags = len(method) | (0x20 if properties else 0)
    return bytes([flags]) + method + (number(len(properties)) + properties if properties else b"")


def _raw(*filters: dict[str, int]):
    return lambda data: lzma.compress(data, lzma.FORMAT_RAW, filters=list(filters))


def _deflate(data: bytes) -> bytes:
    machine = zlib.compressobj(9, zlib.DEFLATED, -15)
    return machine.compress(data) + machine.flush()


# Name: packing function, and the coders from the members inwards, as 7-Zip orders them.
CHAINS = {
    "copy": (bytes, [coder(b"\0")]),
    "lzma": (_raw(LZMA1), [coder(b"\x03\x01\x01", _PROPERTIES)]),
    "lzma2": (_raw(LZMA2), [coder(b"\x21", b"\x10")]),
    "bzip2": (bz2.compress, [coder(b"\x04\x02\x02")]),
    "deflate": (_deflate, [coder(b"\x04\x01\x08")]),
    "bcj and lzma2": (_raw(X86, LZMA2), [coder(b"\x03\x03\x01\x03"), coder(b"\x21", b"\x10")]),
    "bcj and lzma": (
        _raw(X86, LZMA1),
        [coder(b"\x03\x03\x01\x03"), coder(b"\x03\x01\x01", _PROPERTIES)],
    ),
    "delta and lzma2": (_raw(DELTA, LZMA2), [coder(b"\x03", b"\x03"), coder(b"\x21", b"\x10")]),
}


@dataclass(frozen=True)
class Member:
    name: str
    data: bytes
    attributes: int = 0x20


def streams(packed: list[bytes], sizes: list[list[int]], coders: list[bytes], at: int = 0) -> bytes:
    """PackInfo, UnpackInfo and SubStreamsInfo of folders that are all packed alike."""
    out = b"\x06" + number(at) + number(len(packed))
    out += b"\x09" + b"".join(number(len(p)) for p in packed) + b"\0"
    pairs = b"".join(number(i) + number(i + 1) for i in range(len(coders) - 1))
    folder = number(len(coders)) + b"".join(coders) + pairs
    out += b"\x07\x0b" + number(len(packed)) + b"\0" + folder * len(packed) + b"\x0c"
    out += b"".join(number(sum(s)) * len(coders) for s in sizes) + b"\0"
    out += b"\x08\x0d" + b"".join(number(len(s)) for s in sizes)
    out += b"\x09" + b"".join(number(n) for s in sizes for n in s[:-1]) + b"\0\0"
    return out


def files(members: list[Member]) -> bytes:
    names = b"\0" + "".join(m.name + "\0" for m in members).encode("utf-16-le", "surrogatepass")
    attributes = b"\x01\0" + b"".join(struct.pack("<I", m.attributes) for m in members)
    out = b"\x05" + number(len(members))
    out += b"\x11" + number(len(names)) + names
    return out + b"\x15" + number(len(attributes)) + attributes + b"\0"


def enclose(body: bytes, header: bytes) -> bytes:
    start = struct.pack("<QQI", len(body), len(header), zlib.crc32(header))
    return (
        b"7z\xbc\xaf\x27\x1c\0\x04" + struct.pack("<I", zlib.crc32(start)) + start + body + header
    )


def archive(
    members: list[Member], chain: str = "lzma2", *, solid: bool = False, encoded: bool = False
) -> bytes:
    pack, coders = CHAINS[chain]
    groups = [members] if solid else [[m] for m in members]
    packed = [pack(b"".join(m.data for m in group)) for group in groups]
    sizes = [[len(m.data) for m in group] for group in groups]
    header = b"\x01\x04" + streams(packed, sizes, coders) + files(members) + b"\0"
    body = b"".join(packed)
    if encoded:
        pack, coders = CHAINS["lzma"]
        inner = pack(header)
        header = b"\x17" + streams([inner], [[len(header)]], coders, len(body))
        body += inner
    return enclose(body, header)
