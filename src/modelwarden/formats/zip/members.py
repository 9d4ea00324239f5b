"""One member of a zip file: where its bytes are, and how they are had."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from modelwarden.core.values import dataclass
from modelwarden.formats import codecs
from modelwarden.formats.limits import LimitExceededError
from modelwarden.formats.streams import Expanding
from modelwarden.formats.view import DamagedError
from modelwarden.formats.zip.records import DEFERRED, ENCRYPTED, Central, Header, name_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from modelwarden.formats.limits import Limits
    from modelwarden.formats.source import Source

STORED = 0
METHODS = {
    0: "stored",
    1: "shrink",
    6: "implode",
    8: "deflate",
    9: "deflate64",
    12: "bzip2",
    14: "lzma",
    20: "zstd",
    93: "zstd",
    95: "xz",
    98: "ppmd",
    99: "aes",
}
_CODECS: dict[int, Callable[[], codecs.Decompressor]] = {
    8: codecs.deflate,
    12: codecs.bzip2,
    20: codecs.zstandard,
    93: codecs.zstandard,
    95: codecs.xz,
}
_LZMA = 14


class UnsupportedMethodError(DamagedError):
    """A member is compressed or encrypted in a way that is not read here."""


@dataclass(frozen=True, slots=True)
class Member:
    """A member as one reader would see it.

    Attributes:
        name: printable, cut at a NUL as loaders do.
        central: its entry in the directory; None for one that only a walk over the file finds.
        local: its local header; None when there is none where the directory points.
        data: offset of its bytes; `packed` of them, `size` once decompressed.
    """

    name: str
    central: Central | None
    local: Header | None
    data: int
    packed: int
    size: int
    method: int
    crc: int

    @property
    def flagged(self) -> bool:
        """One of its headers says that it is encrypted."""
        return any(h is not None and h.flags & ENCRYPTED for h in (self.central, self.local))

    @property
    def folder(self) -> bool:
        """It is only a name of a folder."""
        return self.name.endswith(("/", "\\"))

    @property
    def end(self) -> int:
        """First byte behind its data."""
        return self.data + self.packed


def listed(source: Source, entry: Central, local: Header | None) -> Member:
    """Return the member that a directory entry and its local header describe; the entry counts."""
    data = source.size if local is None else local.end
    packed = min(entry.packed, max(0, source.size - data))
    return Member(name_of(entry), entry, local, data, packed, entry.size, entry.method, entry.crc)


def walked(source: Source, local: Header, end: int, limits: Limits) -> Member:
    """Return the member that a local header alone describes, within bytes up to `end`."""
    room = max(0, end - local.end)
    packed, size = min(local.packed, room), local.size
    if local.flags & DEFERRED and not local.packed:
        packed, size = room, room
        if (make := _CODECS.get(local.method)) is not None:
            packed, size = _measured(source, local.end, room, make, limits)
    return Member(name_of(local), None, local, local.end, packed, size, local.method, local.crc)


def as_walked(member: Member, limits: Limits, source: Source) -> Member | None:
    """Return `member` as its local header has it, when that leads to other bytes; else None."""
    local, entry = member.local, member.central
    if local is None or entry is None:
        return None
    deferred = local.flags & DEFERRED and not local.packed
    if local.method == entry.method and (deferred or local.packed == entry.packed):
        return None
    other = walked(source, local, source.size, limits)
    return replace(other, crc=member.crc if deferred else other.crc)


def opened(source: Source, member: Member, limits: Limits, expect: str | None = None) -> Source:
    """Return the bytes of a member as a source one level deeper; decompressed on demand.

    Raises:
        UnsupportedMethodError: its compression method is not read here.
        LimitExceededError: it claims to expand beyond the limits.
    """
    if member.method == STORED:
        return source.part(member.data, member.packed, member.name, expect=expect)
    limits.check_ratio(member.packed, member.size)
    if member.size > limits.expanded:
        raise LimitExceededError("decompressed bytes", limits.expanded)
    store = Expanding(_first(pieces(source, member, limits), member.size))
    return source.nested(store, member.name, size=member.size, expect=expect)


def pieces(source: Source, member: Member, limits: Limits) -> Iterator[bytes]:
    """Return what the member decompresses to, to the end of its stream whatever its headers say.

    Raises:
        UnsupportedMethodError: its compression method is not read here.
    """
    if member.method == STORED:
        return _stored(source, member)
    offset, packed = member.data, member.packed
    make = _CODECS.get(member.method)
    if member.method == _LZMA:
        offset, packed, make = _lzma(source, member)
    if make is None:
        name = METHODS.get(member.method, f"method {member.method}")
        raise UnsupportedMethodError(f"compressed with {name}, which is not read", member.data)
    size = member.size if member.method == _LZMA else None  # it may lack an end marker
    return codecs.decompressed(source, offset, packed, make, limits, size=size)


def _stored(source: Source, member: Member) -> Iterator[bytes]:
    for offset in range(member.data, member.end, codecs.PIECE):
        yield source.read(offset, min(codecs.PIECE, member.end - offset))


def _first(stream: Iterator[bytes], size: int) -> Iterator[bytes]:
    for piece in stream:
        yield piece[:size]
        size -= len(piece)
        if size <= 0:
            return


def _lzma(source: Source, member: Member) -> tuple[int, int, Callable[[], codecs.Decompressor]]:
    """Read the LZMA properties in front of the stream: version, their length, five bytes."""
    head = source.read(member.data, 9)
    if len(head) < 9 or head[2:4] != b"\x05\x00":
        raise DamagedError("no LZMA properties where they have to be", member.data)
    filters = codecs.lzma_filters(head[4:9], member.size)
    return member.data + 9, max(0, member.packed - 9), lambda: codecs.raw_lzma([filters])


def _measured(
    source: Source, offset: int, room: int, make: Callable[[], codecs.Decompressor], limits: Limits
) -> tuple[int, int]:
    """Return how many bytes a stream of unknown length takes, and how many come out."""
    run = codecs.Run(source, offset, room, make, limits)
    try:
        for _ in run.pieces():
            pass
    except (DamagedError, LimitExceededError):
        return room, run.produced
    return run.consumed, run.produced
