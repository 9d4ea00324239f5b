"""The records of a ledger, as they stand there; whether they are sound is `verify`'s to say."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from pathlib import Path

from modelwarden.core.values import dataclass
from modelwarden.ledger.chain import LONGEST, OWN, WIDTH, opening_of, segments_of
from modelwarden.ledger.errors import LedgerError


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
    first = opening_of(segments[0]).get("first")
    line = first if isinstance(first, int) and segments[0].number > 1 else 0
    for segment in segments:
        try:
            with segment.path.open("rb") as stream:
                while (text := stream.readline(2 * LONGEST)).endswith(b"\n"):
                    line += 1
                    yield Entry(
                        line=line,
                        segment=segment.number,
                        own=text[WIDTH : WIDTH + 1] == OWN,
                        digest=text[:WIDTH].decode("ascii", "backslashreplace"),
                        body=text[WIDTH + 1 : -1].decode("utf-8", "backslashreplace"),
                    )
        except OSError as error:
            why = (error.strerror or str(error)).lower()
            raise LedgerError(f"cannot read {segment.path}: {why}") from error


def last_entries(folder: Path, count: int) -> list[Entry]:
    """Return the newest lines of a ledger, oldest first.

    Raises:
        LedgerError: there is no ledger, or it cannot be read.
    """
    return list(deque(entries(folder), maxlen=count))
