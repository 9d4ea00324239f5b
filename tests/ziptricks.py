"""Zip files written by hand, so that every field can lie; and the tricks that are made of them."""

from __future__ import annotations

import bz2
import io
import lzma
import struct
import sys
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace

PAYLOAD = b"cposix\nsystem\n(S'true'\ntR."  # harmless: runs `true` when somebody unpickles it


@dataclass(frozen=True)
class Piece:
    """One member; every `local_…` defaults to what the central directory says."""

    name: bytes
    data: bytes
    method: int = 0
    flags: int = 0
    crc: int | None = None
    size: int | None = None
    packed: int | None = None
    raw: bytes | None = None
    local_name: bytes | None = None
    local_flags: int | None = None
    local_method: int | None = None
    local_crc: int | None = None
    local_size: int | None = None
    local_packed: int | None = None
    extra: bytes = b""
    local_extra: bytes = b""
    descriptor: bytes = b""
    mode: int = 0o100644
    listed: bool = True
    offset: int | None = None
    signature: bytes = b"PK\x03\x04"

    @property
    def body(self) -> bytes:
        if self.raw is not None:
            return self.raw
        return pack(self.data, self.method)


def pack(data: bytes, method: int) -> bytes:
    if method == 8:
        machine = zlib.compressobj(9, zlib.DEFLATED, -15)
        return machine.compress(data) + machine.flush()
    if method == 12:
        return bz2.compress(data)
    if method == 14:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_LZMA) as z:
            z.writestr("x", data)
        with zipfile.ZipFile(out) as z:
            info = z.getinfo("x")
            return out.getvalue()[31 : 31 + info.compress_size]
    if method == 93:
        if sys.version_info >= (3, 14):
            from compression import zstd
        else:
            from backports import zstd

        return zstd.compress(data)
    if method == 95:
        return lzma.compress(data)
    return data


@dataclass(frozen=True)
class Zip:
    """A whole archive; what is None is what an honest writer would put."""

    pieces: list[Piece] = field(default_factory=list)
    prefix: bytes = b""
    relocate: bool = False  # offsets count the prefix, as a self-extractor's do
    between: bytes = b""
    comment: bytes = b""
    suffix: bytes = b""
    count: int | None = None
    size: int | None = None
    offset: int | None = None
    zip64: bool = False
    zip64_count: int | None = None
    disks: int = 0

    def build(self) -> bytes:
        out = bytearray(self.prefix)
        base = 0 if self.relocate else len(self.prefix)
        places = []
        for p in self.pieces:
            places.append(len(out) - base)
            out += local(p)
        out += self.between
        start = len(out) - base
        listed = [(p, at) for p, at in zip(self.pieces, places, strict=True) if p.listed]
        for p, at in listed:
            out += central(p, at if p.offset is None else p.offset)
        size = len(out) - base - start
        count = len(listed) if self.count is None else self.count
        size = size if self.size is None else self.size
        start = start if self.offset is None else self.offset
        if self.zip64:
            where = len(out)
            wide = count if self.zip64_count is None else self.zip64_count
            out += struct.pack("<4sQ2H2I4Q", b"PK\6\6", 44, 45, 45, 0, 0, wide, wide, size, start)
            out += struct.pack("<4sIQI", b"PK\6\7", 0, where, 1)
        end = (self.disks, self.disks, count, count, size, start, len(self.comment))
        out += struct.pack("<4s4H2IH", b"PK\5\6", *end) + self.comment + self.suffix
        return bytes(out)


def local(p: Piece) -> bytes:
    crc = zlib.crc32(p.data) if p.crc is None else p.crc
    size = len(p.data) if p.size is None else p.size
    packed = len(p.body) if p.packed is None else p.packed
    name = p.name if p.local_name is None else p.local_name
    return (
        struct.pack(
            "<4s5H3I2H",
            p.signature,
            20,
            p.flags if p.local_flags is None else p.local_flags,
            p.method if p.local_method is None else p.local_method,
            0,
            33,
            crc if p.local_crc is None else p.local_crc,
            packed if p.local_packed is None else p.local_packed,
            size if p.local_size is None else p.local_size,
            len(name),
            len(p.local_extra),
        )
        + name
        + p.local_extra
        + p.body
        + p.descriptor
    )


def central(p: Piece, at: int) -> bytes:
    crc = zlib.crc32(p.data) if p.crc is None else p.crc
    size = len(p.data) if p.size is None else p.size
    packed = len(p.body) if p.packed is None else p.packed
    numbers = (p.flags, p.method, 0, 33, crc, packed, size, len(p.name), len(p.extra), 0, 0, 0)
    head = struct.pack("<4s2H4H3I5H2I", b"PK\1\2", 0x314, 20, *numbers, p.mode << 16, at)
    return head + p.name + p.extra


def plain(*names: bytes, data: bytes = PAYLOAD) -> list[Piece]:
    return [Piece(name, data) for name in names]


HONEST = Piece(b"data.pkl", PAYLOAD)
READ = "zipfile reads the payload"
REFUSED = "zipfile refuses the member"
UNSEEN = "zipfile does not list the payload"
CRC = zlib.crc32(PAYLOAD)


@dataclass(frozen=True)
class Trick:
    """A lie, the kinds of anomaly that it must raise, and what CPython's zipfile makes of it."""

    build: Callable[[], bytes]
    oddities: tuple[str, ...]
    zipfile: str = READ
    name: str = "data.pkl"


def of(piece: Piece, **more: object) -> Callable[[], bytes]:
    return Zip([piece], **more).build  # type: ignore[arg-type]


def change(**fields: object) -> Callable[[], bytes]:
    return of(replace(HONEST, **fields))  # type: ignore[arg-type]


def _second_end() -> bytes:
    hidden = Zip([Piece(b"data.pkl", PAYLOAD)]).build()
    shown = Zip(plain(b"readme.txt", data=b"hello")).build()
    return hidden + shown


def _end_in_comment() -> bytes:
    inner = Zip(plain(b"readme.txt", data=b"hello")).build()
    return Zip([HONEST], comment=inner).build()


def _overlap() -> bytes:
    first = Piece(b"a.pkl", PAYLOAD)
    inner = local(Piece(b"b.pkl", b"N."))
    return Zip([Piece(b"data.pkl", PAYLOAD), replace(first, offset=0)]).build() + inner[:0]


def _wide(data: bytes) -> bytes:
    return struct.pack("<HH", 1, len(data)) + data


DEFERRED = {"flags": 8, "local_crc": 0, "local_size": 0, "local_packed": 0}
FITTING = struct.pack("<4s3I", b"PK\7\x08", CRC, len(PAYLOAD), len(PAYLOAD))

TRICKS: dict[str, Trick] = {
    "encrypted-flag-both": Trick(change(flags=1), ("headers",), REFUSED),
    "encrypted-flag-local": Trick(change(local_flags=1), ("headers",)),
    "encrypted-flag-central": Trick(change(flags=1, local_flags=0), ("headers",), REFUSED),
    "patched-flag": Trick(change(flags=0x20), ("headers",), REFUSED),
    "strong-flag": Trick(change(flags=0x40), ("headers",), REFUSED),
    "masked-flag-local": Trick(change(local_flags=0x2000), ("headers",)),
    "wrong-crc-both": Trick(change(crc=1), ("checksum",), REFUSED),
    "wrong-crc-local": Trick(change(local_crc=1), ("headers",)),
    "wrong-crc-central": Trick(change(crc=1, local_crc=CRC), ("checksum", "headers"), REFUSED),
    "local-name-differs": Trick(change(local_name=b"data.txt"), ("names",), REFUSED),
    "local-slashes-differ": Trick(
        of(Piece(b"a/data.pkl", PAYLOAD, local_name=b"a\\data.pkl")),
        ("headers",),
        REFUSED,
        "a/data.pkl",
    ),
    "local-code-page-differs": Trick(
        of(
            Piece(
                "gr\u00fc.pkl".encode("cp437"),
                PAYLOAD,
                local_name="gr\u00fc.pkl".encode(),
                local_flags=0x800,
            )
        ),
        ("headers",),
        "either",
        "gr\u00fc.pkl",
    ),
    "nul-padded-name": Trick(
        change(name=b"data.pkl\0\0", local_name=b"data.pkl\0\0"), ("headers",)
    ),
    "local-size-differs": Trick(change(local_size=3), ("headers",)),
    "local-packed-size-differs": Trick(change(local_packed=3), ("headers",)),
    "stored-size-too-large": Trick(change(size=len(PAYLOAD) + 9), ("headers",), READ),
    "stored-size-too-small": Trick(change(size=2), ("headers",), REFUSED),
    "deflated-beyond-its-size": Trick(
        of(Piece(b"data.pkl", b"x", method=8, raw=pack(PAYLOAD, 8))),
        ("headers", "checksum"),
        REFUSED,
    ),
    "method-differs": Trick(
        of(Piece(b"data.pkl", PAYLOAD, method=8, local_method=0)), ("headers",)
    ),
    "central-says-stored": Trick(
        of(Piece(b"data.pkl", PAYLOAD, raw=pack(PAYLOAD, 8), local_method=8)),
        ("headers", "checksum"),
        REFUSED,
    ),
    "duplicate-name": Trick(
        Zip([HONEST, replace(HONEST, data=b"N.")]).build, ("duplicate",), "zipfile reads the last"
    ),
    "duplicate-after-normalising": Trick(
        Zip([HONEST, Piece(b"./data.pkl", b"N.")]).build, ("duplicate",)
    ),
    "nul-in-name": Trick(change(name=b"data.pkl\0.txt", local_name=b"data.pkl\0.txt"), ("names",)),
    "unicode-path-differs": Trick(
        change(extra=struct.pack("<HHBI", 0x7075, 5 + 8, 1, 0) + b"evil.pkl"), ("names",)
    ),
    "absolute-path": Trick(of(Piece(b"/etc/data.pkl", PAYLOAD)), ("escape",), name="/etc/data.pkl"),
    "climbing-path": Trick(of(Piece(b"../data.pkl", PAYLOAD)), ("escape",), name="../data.pkl"),
    "climbing-with-backslashes": Trick(
        of(Piece(b"a\\..\\..\\data.pkl", PAYLOAD)), ("escape",), name="a\\..\\..\\data.pkl"
    ),
    "drive-letter": Trick(of(Piece(b"C:\\data.pkl", PAYLOAD)), ("escape",), name="C:\\data.pkl"),
    "escaping-symlink": Trick(
        Zip([HONEST, Piece(b"link", b"../../etc/passwd", mode=0o120777)]).build, ("escape",)
    ),
    "local-name-climbs": Trick(change(local_name=b"../../x.pkl"), ("escape", "names"), REFUSED),
    "prefixed-data": Trick(of(HONEST, prefix=b"GIF89a" + b"\1" * 50), ("appended",)),
    "prefixed-and-relocated": Trick(
        of(HONEST, prefix=b"GIF89a" + b"\1" * 50, relocate=True), ("appended",)
    ),
    "appended-data": Trick(of(HONEST, suffix=b"\x80\x02N."), ("appended",)),
    "bytes-between": Trick(of(HONEST, between=b"\x80\x02N." * 4), ("appended",)),
    "hidden-at-the-front": Trick(
        Zip([replace(HONEST, listed=False), Piece(b"readme.txt", b"hello")]).build,
        ("hidden",),
        UNSEEN,
    ),
    "hidden-at-the-end": Trick(
        Zip([Piece(b"readme.txt", b"hello"), replace(HONEST, listed=False)]).build,
        ("hidden",),
        UNSEEN,
    ),
    "hidden-deflated-with-descriptor": Trick(
        Zip(
            [
                Piece(b"readme.txt", b"hello"),
                replace(HONEST, listed=False, method=8, **DEFERRED),
            ]
        ).build,
        ("hidden",),
        UNSEEN,
    ),
    "two-archives": Trick(_second_end, ("headers",), UNSEEN),
    "end-record-in-comment": Trick(_end_in_comment, ("headers",), UNSEEN),
    "count-too-small": Trick(
        Zip([Piece(b"readme.txt", b"hello"), HONEST], count=1).build, ("headers",)
    ),
    "count-too-large": Trick(of(HONEST, count=7), ("headers",)),
    "directory-size-wrong": Trick(of(HONEST, size=7), ("headers",), "zipfile refuses the archive"),
    "several-disks": Trick(of(HONEST, disks=3), ("headers",), "either"),
    "zip64-contradicts": Trick(of(HONEST, zip64=True, zip64_count=5), ("headers",), "either"),
    "no-local-header": Trick(change(signature=b"PK\0\0"), ("appended", "headers"), REFUSED),
    "overlapping-members": Trick(_overlap, ("bomb", "hidden", "names"), "either"),
    "descriptor-lies": Trick(
        change(**DEFERRED, descriptor=struct.pack("<4s3I", b"PK\7\x08", 1, 2, 3)), ("headers",)
    ),
}

HONESTY: dict[str, Callable[[], bytes]] = {
    "stored": of(HONEST),
    "deflated": of(Piece(b"data.pkl", PAYLOAD, method=8)),
    "bzip2": of(Piece(b"data.pkl", PAYLOAD, method=12)),
    "lzma": of(Piece(b"data.pkl", PAYLOAD, method=14, flags=2)),
    "zstd": of(Piece(b"data.pkl", PAYLOAD, method=93)),
    "xz": of(Piece(b"data.pkl", PAYLOAD, method=95)),
    "descriptor": change(**DEFERRED, descriptor=FITTING),
    "descriptor-without-signature": change(**DEFERRED, descriptor=FITTING[4:]),
    "descriptor-of-64-bits": change(
        **DEFERRED, descriptor=struct.pack("<4sI2Q", b"PK\7\x08", CRC, len(PAYLOAD), len(PAYLOAD))
    ),
    "zip64-extra-in-the-local-header": change(
        local_size=0xFFFF_FFFF,
        local_packed=0xFFFF_FFFF,
        local_extra=_wide(struct.pack("<2Q", len(PAYLOAD), len(PAYLOAD))),
    ),
    "zip64-end-record": of(HONEST, zip64=True),
    "comment": of(HONEST, comment=b"made by hand"),
    "zeros-in-front-of-the-directory": of(HONEST, between=b"\0" * 60),
    "zeros-behind": of(HONEST, suffix=b"\0" * 60),
    "zip-application": of(HONEST, prefix=b"#!/usr/bin/env python3\n"),
    "zip-in-a-zip": of(Piece(b"inner.zip", Zip([HONEST]).build())),
    "folder": Zip([Piece(b"data/", b"", mode=0o40755), HONEST]).build,
    "padding-field-of-torch": change(local_extra=struct.pack("<2s", b"FB") + b"\x04\0ZZZZ"),
}
