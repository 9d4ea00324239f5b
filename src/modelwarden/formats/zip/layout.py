"""The bytes of a zip file that no record of its directory accounts for.

A reader that walks the local headers from the front, as streaming ones do, sees members that the
directory leaves out; other formats may live before, between and behind the members.
"""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

from modelwarden.core.values import dataclass
from modelwarden.formats.archive import Anomaly, Oddity, printable
from modelwarden.formats.zip.compare import descriptor_length
from modelwarden.formats.zip.members import Member, walked
from modelwarden.formats.zip.records import DEFERRED, DESCRIPTOR, LOCAL, local_at

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modelwarden.formats.limits import Limits
    from modelwarden.formats.source import Source

_SEARCHED = 4 << 20
_PIECE = 1 << 18
_HIDDEN = 10_000


@dataclass(slots=True)
class Leftovers:
    """What stands between the records.

    Attributes:
        hidden: members with a local header only.
        strays: (offset, size) of bytes that belong to nothing and are not only zeros.
        anomalies: for members that share bytes.
    """

    hidden: list[Member] = field(default_factory=list)
    strays: list[tuple[int, int]] = field(default_factory=list)
    anomalies: list[Anomaly] = field(default_factory=list)


def leftovers(
    source: Source, members: Sequence[Member], records: Sequence[tuple[int, int]], limits: Limits
) -> Leftovers:
    """Return what neither `members` nor `records` (start, end of directories) cover."""
    found = Leftovers()
    extents: list[tuple[int, int, Member | None]] = [(a, b, None) for a, b in records]
    extents += [_extent(source, m) for m in members if m.local is not None]
    extents.sort(key=lambda extent: extent[:2])
    at = taken = 0
    before: Member | None = None
    for start, end, member in extents:
        if start > at:
            _between(source, at, start, found, limits)
        at = max(at, end)
        if member is None:
            continue
        if start < taken and before is not None:
            found.anomalies.append(_shared(before, member, start))
        before, taken = member, max(taken, end)
    if at < source.size:
        _between(source, at, source.size, found, limits)
    return found


def _extent(source: Source, member: Member) -> tuple[int, int, Member | None]:
    start = member.local.at if member.local is not None else member.data
    end = member.end
    if member.local is not None and member.local.flags & DEFERRED:
        end += descriptor_length(source, member) or 0
    return start, end, member


def _shared(before: Member, member: Member, at: int) -> Anomaly:
    names = f"{printable(before.name, 100)} and {printable(member.name, 100)}"
    return Anomaly(
        Oddity.BOMB, f"{names} share the same bytes", member.name, at, {"member": member.name}
    )


def _between(source: Source, start: int, end: int, found: Leftovers, limits: Limits) -> None:
    """Sort unclaimed bytes into hidden members and strays."""
    at = start
    while at < end and len(found.hidden) < _HIDDEN:
        at = _after_descriptor(source, at)
        header = _next_local(source, at, end)
        if header is None or (local := local_at(source, header)) is None:
            break
        if local.end > end:
            break
        _stray(source, at, header, found)
        member = walked(source, local, end, limits)
        found.hidden.append(member)
        at = max(member.end, local.end)
    _stray(source, at, end, found)


def _after_descriptor(source: Source, at: int) -> int:
    return at + 16 if source.read(at, 4) == DESCRIPTOR else at


def _next_local(source: Source, at: int, end: int) -> int | None:
    """Return where the next local header with a possible name stands, in the first 4 MiB."""
    stop = min(end, at + _SEARCHED)
    for offset in range(at, stop, _PIECE):
        data = source.read(offset, min(_PIECE + 3, end - offset))
        if (place := data.find(LOCAL)) >= 0:
            return offset + place
    return None


def _stray(source: Source, start: int, end: int, found: Leftovers) -> None:
    if start >= end:
        return
    for offset in range(start, min(end, start + _SEARCHED), _PIECE):
        if source.read(offset, min(_PIECE, end - offset)).strip(b"\0"):
            found.strays.append((start, end - start))
            return
    if end - start > _SEARCHED:
        found.strays.append((start, end - start))
