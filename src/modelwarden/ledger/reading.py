"""The records of a ledger, as they stand there; whether they are sound is `verify`'s to say."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from pathlib import Path

from modelwarden.core.values import dataclass
from modelwarden.ledger.chain import LONGEST, OWN, WIDTH, Segment, opened, opening_of, segments_of
from modelwarden.ledger.errors import LedgerError

_BUFFER = 1 << 18


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of a ledger.

    Attributes:
        line: its position in the whole ledger, from 1.
        segment: that it stands in.
        own: whether it is the ledger's own and no record.
        digest: in hex.
        body: JSON.
    """

    line: int
    segment: int
    own: bool
    digest: str
    body: str


def entries(folder: Path) -> Iterator[Entry]:
    """Yield the whole lines of a ledger, its own ones included, oldest first.

    Raises:
        LedgerError: there is no ledger, or it cannot be read.
    """
    segments, _ = segments_of(folder)
    if not segments:
        raise LedgerError(f"there is no ledger in {folder}")
    line: int | None = None if segments[0].number > 1 else 0
    for segment in segments:
        try:
            if line is None:
                first = opening_of(segment).get("first")
                line = first if isinstance(first, int) else 0
            for text in lines_of(segment):
                line += 1
                yield Entry(
                    line=line,
                    segment=segment.number,
                    own=text[WIDTH : WIDTH + 1] == OWN,
                    digest=text[:WIDTH].decode("ascii", "backslashreplace"),
                    body=text[WIDTH + 1 :].decode("utf-8", "backslashreplace"),
                )
        except LedgerError as error:
            if not isinstance(error.__cause__, FileNotFoundError):
                raise
            line = None  # it was removed for its age meanwhile, and was the oldest


def lines_of(segment: Segment, offset: int = 0) -> Iterator[bytes]:
    """Yield the whole lines of a segment without their ends, from an offset on.

    What is longer than any line of ours comes in pieces, as lines of their own.

    Raises:
        LedgerError: it cannot be read; the cause tells why.
    """
    try:
        with opened(segment, _BUFFER) as stream:
            stream.seek(offset)
            while text := stream.readline(2 * LONGEST):
                if not text.endswith(b"\n") and len(text) < 2 * LONGEST:
                    return
                yield text.removesuffix(b"\n")
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise LedgerError(f"cannot read {segment.path}: {why}") from error


def last_entries(folder: Path, count: int) -> list[Entry]:
    """Return the newest lines of a ledger, oldest first.

    Raises:
        LedgerError: there is no ledger, or it cannot be read.
    """
    return list(deque(entries(folder), maxlen=count))
