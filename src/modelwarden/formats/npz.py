"""Reader of `.npz`: a zip of arrays, of which only headers are read where they hold numbers."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from modelwarden.core import Producer
from modelwarden.formats.archive import ArchiveView
from modelwarden.formats.limits import LimitExceededError
from modelwarden.formats.npy import header_of, holds
from modelwarden.formats.source import Source
from modelwarden.formats.view import DamagedError

if TYPE_CHECKING:
    from modelwarden.formats.zip import Archive, Member


_PEEKED = 1 << 16
_LOOKED = 256


def read_archive(archive: Archive) -> ArchiveView:
    """Return the view of a zip with arrays; arrays of numbers count as data, others are opened."""
    counts = Counter(member.name for member in archive.members)
    arrays = [member for member in archive.members if member.name.endswith(".npy")]
    # Two members of one name prove nothing: both are opened then.
    numbers = {m.name for m in arrays if counts[m.name] == 1 and _numeric(archive, m)}
    unsafe = {m.name for m in arrays} - numbers
    pure = len(arrays) == len(archive.members)
    parts = archive.parts(data=numbers, expect=dict.fromkeys(unsafe, "npy"))
    return ArchiveView(
        source=archive.source,
        format="npz" if pure else "zip",
        producer=Producer(name="numpy") if pure else None,
        gaps=parts.gaps,
        children=parts.children,
        entries=parts.entries,
        anomalies=parts.anomalies,
    )


def _numeric(archive: Archive, member: Member) -> bool:
    """Tell whether a member's header proves that all of the member is numbers.

    Numbers whose first bytes are those of a program, or a text that may be a pickle, prove nothing.
    """
    try:
        begin = archive.peek(member, _PEEKED)
        header = header_of(Source(member.name, begin))
    except (DamagedError, LimitExceededError):
        return False
    if header.size is None or header.data + header.size != member.size:
        return False
    return not holds(header, begin[header.data : header.data + _LOOKED])
