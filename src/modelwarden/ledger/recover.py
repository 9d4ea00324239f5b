"""Where a writer goes on: the end of what is there, and what an interruption left behind it."""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path

from modelwarden.core import Json
from modelwarden.core.values import dataclass
from modelwarden.ledger.chain import (
    GENESIS,
    LONGEST,
    Segment,
    facts_of,
    opened,
    opening_of,
    segments_of,
)
from modelwarden.ledger.errors import LedgerAlteredError
from modelwarden.ledger.scan import scan


@dataclass(frozen=True, slots=True)
class End:
    """The end of a ledger.

    Attributes:
        ledger: its name; "" when there is none yet.
        segment: the last one; None when there is none.
        lines: of the whole ledger.
        digest: of the last line.
        size: bytes of the last segment.
        closed: whether its last line closes it.
        recovered: what stands in the record about an interruption; None when there was none.
    """

    ledger: str = ""
    segment: Segment | None = None
    lines: int = 0
    digest: bytes = GENESIS
    size: int = 0
    closed: bool = True
    recovered: dict[str, Json] | None = None


def recovered_end(folder: Path) -> End:
    """Find the end of a ledger and cut what an interruption left half written.

    What is cut is kept beside the segment, in `NAME.torn`.

    Raises:
        LedgerAlteredError: a line does not follow from the one before: no interruption does that.
    """
    segments, _ = segments_of(folder)
    if not segments:
        return End()
    last = segments[-1]
    opening = _opening(last)
    if opening is not None:
        return _end_of(last, opening)
    if not _was_begun(last):
        raise _altered(last, "it does not begin as a segment does")
    # It was made and its first line did not come to the disk; what was before it is closed.
    cut = _cut(last, 0)
    end = _before(segments, cut)
    last.path.unlink()
    return end


def _before(segments: list[Segment], cut: dict[str, Json]) -> End:
    if len(segments) == 1:
        if segments[0].number != 1:
            raise _altered(segments[0], "it does not begin as a segment does")
        return End(recovered=cut)
    before = segments[-2]
    opening = _opening(before)
    if opening is None:
        raise _altered(before, "it does not begin as a segment does")
    end = _end_of(before, opening)
    if not end.closed:
        raise _altered(before, "it was not closed and another one follows it")
    return End(
        ledger=end.ledger,
        segment=before,
        lines=end.lines,
        digest=end.digest,
        size=end.size,
        recovered=cut,
    )


def _end_of(segment: Segment, opening: dict[str, Json]) -> End:
    first, previous = opening["first"], opening["previous"]
    if type(first) is not int or first < 0 or not isinstance(previous, str):
        raise _altered(segment, "it does not begin as a segment does")
    digest = previous.encode("ascii", "backslashreplace")
    found = scan(segment, digest, first)
    cut: dict[str, Json] | None = None
    if found.broken and not found.nul:
        raise _altered(segment, f"the line at byte {found.broken[0].offset} does not follow")
    if found.broken or found.rest:
        cut = _cut(segment, found.broken[0].offset if found.broken else found.end)
        found = scan(segment, digest, first)
    closed = found.last is not None and facts_of(found.last.body).get("type") == "close"
    if not closed and cut is None:
        cut = {"segment": segment.number, "offset": found.end, "bytes": 0}
    return End(
        ledger=str(opening["ledger"]),
        segment=segment,
        lines=first + found.lines,
        digest=found.digest,
        size=found.end,
        closed=closed,
        recovered=cut,
    )


def _opening(segment: Segment) -> dict[str, Json] | None:
    """Return what the first line says; None when there is no whole one or it is none of ours."""
    facts = opening_of(segment)
    return facts if {"ledger", "first", "previous"} <= facts.keys() else None


def _was_begun(segment: Segment) -> bool:
    """Tell whether an interruption can have left this: a first line that is not whole.

    The first line is on the disk before any other is written.
    """
    with opened(segment) as stream:
        line, end, _ = stream.read(LONGEST).partition(b"\n")
    return not end or b"\0" in line


def _cut(segment: Segment, offset: int) -> dict[str, Json]:
    """Cut a segment and keep what was cut beside it; both are on the disk when this returns."""
    with segment.path.open("r+b") as stream:
        stream.seek(offset)
        torn = stream.read()
        if torn:
            with segment.path.with_suffix(".torn").open("ab") as kept:
                kept.write(torn)
                kept.flush()
                os.fsync(kept.fileno())
        stream.truncate(offset)
        os.fsync(stream.fileno())
    digest = sha256(torn).hexdigest()
    return {"segment": segment.number, "offset": offset, "bytes": len(torn), "sha256": digest}


def _altered(segment: Segment, why: str) -> LedgerAlteredError:
    return LedgerAlteredError(f"nothing is added to {segment.path}: {why}")
