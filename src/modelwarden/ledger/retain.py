"""Which closed segments are no longer kept: their end stays in the chain, so no other can go."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterator
from pathlib import Path

from modelwarden.core import Json
from modelwarden.core.values import dataclass
from modelwarden.ledger.chain import WIDTH, Segment, facts_of, segments_of

_LAST = 1 << 12  # a closing line is shorter


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """How much is kept.

    Attributes:
        seconds: a segment that was closed longer ago is removed; None for any age.
        total_bytes: the oldest are removed while all closed ones together have more; None for any.
    """

    seconds: float | None = None
    total_bytes: int | None = None


def retired(
    folder: Path, retention: Retention, *, keep: Segment | None, now: dt.datetime
) -> Iterator[tuple[Segment, dict[str, Json]]]:
    """Yield the segments to be removed, oldest first, with what the chain says of each.

    Args:
        folder: of the ledger.
        retention: how much is kept.
        keep: the segment that is being written.
        now: by which they are too old.
    """
    if retention.seconds is None and retention.total_bytes is None:
        return
    segments = [s for s in segments_of(folder)[0] if s != keep]
    sizes = [segment.path.stat().st_size for segment in segments]
    total = sum(sizes)
    for segment, size in zip(segments, sizes, strict=True):
        closing = _closing(segment)
        if closing is None:
            return
        digest, facts = closing
        too_many = retention.total_bytes is not None and total > retention.total_bytes
        if not too_many and not _is_old(facts, retention.seconds, now):
            return
        total -= size
        lines = facts.get("lines")
        yield (
            segment,
            {
                "segment": segment.number,
                "lines": lines + 1 if isinstance(lines, int) else None,
                "digest": digest,
            },
        )


def _is_old(facts: dict[str, Json], seconds: float | None, now: dt.datetime) -> bool:
    if seconds is None:
        return False
    try:
        closed = dt.datetime.fromisoformat(str(facts.get("time")))
    except ValueError:
        return False
    return (now - closed).total_seconds() > seconds


def _closing(segment: Segment) -> tuple[str, dict[str, Json]] | None:
    """Return the digest of the closing line and what it says; None when there is none."""
    with segment.path.open("rb") as stream:
        end = stream.seek(0, os.SEEK_END)
        stream.seek(max(0, end - _LAST))
        lines = stream.read().split(b"\n")
    line = lines[-2] if len(lines) > 1 else b""
    facts = facts_of(line[WIDTH + 1 :])
    return (
        (line[:WIDTH].decode("ascii", "replace"), facts) if facts.get("type") == "close" else None
    )
