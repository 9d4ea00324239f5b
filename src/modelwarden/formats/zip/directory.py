"""Every central directory that some reader of a zip file could take for the right one.

CPython's `zipfile` takes the last end record and looks for the directory right before it, so that
data put in front of the archive does not matter. Torch's miniz takes the offset as it is written.
Stricter tools want the comment to reach the end of the file and so may take another end record.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from modelwarden.core.values import dataclass
from modelwarden.formats.archive import Anomaly, Oddity
from modelwarden.formats.limits import LimitExceededError
from modelwarden.formats.source import TAIL
from modelwarden.formats.zip.records import CENTRAL, END, Central, central_at

if TYPE_CHECKING:
    from modelwarden.formats.limits import Limits
    from modelwarden.formats.source import Source

_END = struct.Struct("<4s4H2IH")
END_SIZE = _END.size
_LOCATOR = struct.Struct("<4sIQI")
_END64 = struct.Struct("<4sQ2H2I4Q")
_CANDIDATES = 16


@dataclass(frozen=True, slots=True)
class Directory:
    """One central directory.

    Attributes:
        start: of the first entry; `end` is behind the last one that was read.
        shift: bytes that stand before the archive, to be added to every offset in it.
        record: offset of its end record; `tail` is behind the comment of that.
        entries: as many as there are, whatever the end record counts.
        anomalies: where the end record says something else.
    """

    start: int
    end: int
    shift: int
    record: int
    tail: int
    entries: tuple[Central, ...]
    anomalies: tuple[Anomaly, ...] = ()


@dataclass(frozen=True, slots=True)
class _End:
    """An end record, with the values of its zip64 companion put in."""

    at: int
    before: int  # where the directory ends: at the record, or at its zip64 companion
    tail: int
    count: int
    size: int
    offset: int
    disks: bool
    contradicted: bool


def directories(source: Source, limits: Limits) -> tuple[Directory, ...]:
    """Return the directories, the one that `zipfile` takes first; empty when there is none.

    Several end records are looked at, the last 16 of them. An end record inside the data of a
    member (a zip stored in a zip) is for the caller to leave out.

    Raises:
        LimitExceededError: more entries than `limits.members`, or more bytes than `limits.memory`.
    """
    found: list[Directory] = []
    tail = source.tail
    base = max(0, source.size - TAIL)
    at = tail.rfind(END)
    for _ in range(_CANDIDATES):
        if at < 0:
            break
        if (end := _end_at(source, tail, base, at)) is not None:
            found += [d for d in _read(source, end, limits) if d.start not in _starts(found)]
        at = tail.rfind(END, 0, at)
    return tuple(found)


def _starts(found: list[Directory]) -> set[int]:
    return {directory.start for directory in found}


def _end_at(source: Source, tail: bytes, base: int, at: int) -> _End | None:
    if at + _END.size > len(tail):
        return None
    _, disk, first, here, count, size, offset, comment = _END.unpack_from(tail, at)
    position = base + at
    values = (count, size, offset)
    before, contradicted = position, False
    if (wide := _end64(source, position)) is not None:
        before, values = wide
        plain = zip((count, size, offset), values, (0xFFFF, 0xFFFF_FFFF, 0xFFFF_FFFF), strict=True)
        contradicted = any(old not in {new, full} for old, new, full in plain)
    return _End(
        at=position,
        before=before,
        tail=min(position + _END.size + comment, source.size),
        count=values[0],
        size=values[1],
        offset=values[2],
        disks=bool(disk or first) or (here != count),
        contradicted=contradicted,
    )


def _end64(source: Source, position: int) -> tuple[int, tuple[int, int, int]] | None:
    """Return offset and (count, size, offset) of the zip64 end record before `position`."""
    data = source.read(position - _LOCATOR.size, _LOCATOR.size)
    if len(data) < _LOCATOR.size or not data.startswith(b"PK\x06\x07"):
        return None
    told = _LOCATOR.unpack(data)[2]
    for at in (position - _LOCATOR.size - _END64.size, told):
        data = source.read(at, _END64.size)
        if len(data) == _END64.size and data.startswith(b"PK\x06\x06"):
            count, size, offset = _END64.unpack(data)[7:10]
            return at, (count, size, offset)
    return None


def _read(source: Source, end: _End, limits: Limits) -> list[Directory]:
    """Return the directories at both places where a reader would look."""
    found: list[Directory] = []
    for start in dict.fromkeys((end.before - end.size, end.offset)):
        if not 0 <= start <= end.before:
            continue
        empty = end.count == 0 and end.size == 0 and start == end.before
        if not empty and source.read(start, 4) != CENTRAL:
            continue
        found.append(_directory(source, end, start, limits))
    return found


def _directory(source: Source, end: _End, start: int, limits: Limits) -> Directory:
    length = end.before - start
    if length > limits.memory:
        raise LimitExceededError("bytes of a zip directory", limits.memory)
    data = source.read(start, length)
    entries: list[Central] = []
    at = 0
    while (entry := central_at(data, at, start)) is not None:
        entries.append(entry)
        at = entry.end - start
        if len(entries) > limits.members:
            raise LimitExceededError("archive members", limits.members)
    stop = start + at
    return Directory(
        start=start,
        end=min(stop, end.before),
        shift=start - end.offset,
        record=end.at,
        tail=end.tail,
        entries=tuple(entries),
        anomalies=tuple(_doubts(end, start, stop, len(entries))),
    )


def _doubts(end: _End, start: int, stop: int, count: int) -> list[Anomaly]:
    doubts: list[str] = []
    if count & 0xFFFF != end.count & 0xFFFF or (end.count > 0xFFFF and count != end.count):
        doubts.append(f"the end record counts {end.count} members, the directory has {count}")
    if stop - start != end.size:
        doubts.append(f"the directory has {stop - start} bytes, the end record says {end.size}")
    if stop > end.before:
        doubts.append("an entry of the directory runs into the end record")
    if end.contradicted:
        doubts.append("the end record and its zip64 companion say different things")
    if end.disks:
        doubts.append("the end record speaks of several disks")
    return [Anomaly(Oddity.HEADERS, text, at=end.at) for text in doubts]
