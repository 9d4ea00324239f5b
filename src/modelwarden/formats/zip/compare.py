"""Where the two headers of a zip member disagree, and where one of them cannot be true."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelwarden.formats.archive import Anomaly, Oddity, printable
from modelwarden.formats.zip.members import METHODS, STORED
from modelwarden.formats.zip.records import (
    DEFERRED,
    DESCRIPTOR,
    ENCRYPTED,
    MASKED,
    PATCHED,
    STRONG,
    Header,
    name_of,
    normalised,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from modelwarden.formats.source import Source
    from modelwarden.formats.zip.members import Member

_TELLING = ENCRYPTED | PATCHED | STRONG | MASKED
_ODD = PATCHED | MASKED


def differences(source: Source, member: Member) -> Iterator[Anomaly]:
    """Yield what the directory entry and the local header of a member do not agree on."""
    entry, local = member.central, member.local
    if entry is None:
        return
    if local is None:
        yield _anomaly(member, entry.at, "has no local header where the directory points", {})
        return
    if entry.raw != local.raw:
        facts = {"central": _shown(entry.raw), "local": _shown(local.raw)}
        kind = Oddity.HEADERS if _same_name(entry, local) else Oddity.NAMES
        yield _anomaly(member, local.at, "is called otherwise in its local header", facts, kind)
    yield from _numbers(source, member, entry, local)
    yield from _flags(member, entry, local)


def doubts(member: Member) -> Iterator[Anomaly]:
    """Yield what is odd about the headers of a member, each by itself."""
    for header in (member.central, member.local):
        if header is None:
            continue
        if b"\0" in header.raw:
            facts = {"name": _shown(header.raw)}
            kind = Oddity.NAMES if header.raw.partition(b"\0")[2].strip(b"\0") else Oddity.HEADERS
            words = "has a NUL in its name, where loaders cut it"
            yield _anomaly(member, header.at, words, facts, kind)
        if header.unicode_path not in {None, header.raw} and not _same_text(header):
            facts = {"name": _shown(header.raw), "unicode": _shown(header.unicode_path or b"")}
            words = "has another name in its Unicode field"
            yield _anomaly(member, header.at, words, facts, Oddity.NAMES)
    flags = 0
    for header in (member.local, member.central):
        flags |= header.flags if header is not None else 0
    if flags & _ODD or (flags & STRONG and not flags & ENCRYPTED):
        facts = {"flags": f"{flags:#06x}"}
        yield _anomaly(member, member.data, "has flags that make strict readers refuse it", facts)
    if member.method not in METHODS:
        method = {"method": member.method}
        yield _anomaly(member, member.data, "has a compression method that nobody knows", method)
    if member.local is None or member.flagged or member.method != STORED:
        return
    if member.packed != member.size:
        size = {"stored": member.packed, "size": member.size}
        yield _anomaly(
            member, member.data, "is stored in another number of bytes than it has", size
        )


def descriptor_length(source: Source, member: Member) -> int | None:
    """Return the length of the data descriptor behind a member; None when none fits its entry."""
    entry = member.central
    if entry is None:
        return None
    data = source.read(member.end, 24)
    for mark in (DESCRIPTOR, b""):
        for width in (4, 8):
            sizes = (
                entry.packed.to_bytes(8, "little")[:width]
                + entry.size.to_bytes(8, "little")[:width]
            )
            whole = mark + entry.crc.to_bytes(4, "little") + sizes
            if data.startswith(whole):
                return len(whole)
    return None


def _numbers(source: Source, member: Member, entry: Header, local: Header) -> Iterator[Anomaly]:
    if entry.method != local.method:
        facts = {"central": _method(entry), "local": _method(local)}
        yield _anomaly(member, local.at, "has two compression methods", facts)
    deferred = bool(local.flags & DEFERRED)
    if deferred and descriptor_length(source, member) is None and not _all_equal(entry, local):
        yield _anomaly(member, member.end, "has no data descriptor that fits its entry", {})
    for what in ("crc", "packed", "size"):
        ours, theirs = getattr(entry, what), getattr(local, what)
        if ours != theirs and not (deferred and theirs in {0, 0xFFFF_FFFF}):
            facts = {"field": what, "central": ours, "local": theirs}
            yield _anomaly(member, local.at, f"has two values for {_WORDS[what]}", facts)


_WORDS = {"crc": "its checksum", "packed": "its compressed size", "size": "its size"}


def _flags(member: Member, entry: Header, local: Header) -> Iterator[Anomaly]:
    if (entry.flags ^ local.flags) & _TELLING:
        facts = {"central": f"{entry.flags:#06x}", "local": f"{local.flags:#06x}"}
        yield _anomaly(member, local.at, "has other flags in its local header", facts)


def _all_equal(entry: Header, local: Header) -> bool:
    ours, theirs = (entry.crc, entry.packed, entry.size), (local.crc, local.packed, local.size)
    return ours == theirs


def _same_name(entry: Header, local: Header) -> bool:
    """Tell whether two names are one path, spelled with other slashes or in another code page."""
    return normalised(name_of(entry)) == normalised(name_of(local))


def _same_text(header: Header) -> bool:
    """Tell whether the Unicode field only spells out a name that is in an old code page."""
    if header.raw.isascii() or header.unicode_path is None:
        return False
    for page in ("cp437", "cp850", "utf-8", "latin-1"):
        try:
            if header.raw.decode(page).encode() == header.unicode_path:
                return True
        except UnicodeDecodeError:
            continue
    return False


def _method(header: Header) -> str:
    return METHODS.get(header.method, str(header.method))


def _shown(raw: bytes) -> str:
    return printable(raw.decode("utf-8", "backslashreplace"))


def _anomaly(
    member: Member,
    at: int,
    words: str,
    facts: Mapping[str, str | int],
    kind: Oddity = Oddity.HEADERS,
) -> Anomaly:
    text = f"{printable(member.name, 120)} {words}"
    return Anomaly(kind, text, member.name, at, {"member": member.name, **facts})
