"""One segment read in blocks, every line held against the one before it.

No JSON is parsed for the chain: one hash and one comparison a line.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from itertools import accumulate
from typing import BinaryIO

from modelwarden.core.values import dataclass
from modelwarden.ledger.chain import LONGEST, OWN, RECORD, WIDTH, Segment, opened
from modelwarden.ledger.errors import LedgerError

_BLOCK = 4 << 20
_MOST = 100  # places that are told of one segment


@dataclass(frozen=True, slots=True)
class Place:
    """A line.

    Attributes:
        line: its position in the whole ledger, from 0.
        offset: in its file.
        body: what follows the mark, of lines of the ledger's own; else empty.
        before: digest of the line before it, of lines of the ledger's own.
    """

    line: int
    offset: int
    body: bytes = b""
    before: bytes = b""


@dataclass(frozen=True, slots=True)
class Scan:
    """What a segment holds.

    Attributes:
        lines: whole ones.
        digest: of the last of them as it is written; that of the segment before if there is none.
        own: how many of them are the ledger's own.
        last: the last line, where that is one of the ledger's own; else None.
        broken: lines that do not follow from the one before them, at most `_MOST`.
        nul: whether the first of these holds NUL, which is never written but left by a power cut.
        end: offset behind the last whole line.
        rest: what stands behind it, without a line break.
        digests: of the lines that were asked for, by the number of lines up to them.
    """

    lines: int
    digest: bytes
    own: int
    last: Place | None
    broken: tuple[Place, ...]
    nul: bool
    end: int
    rest: bytes
    digests: dict[int, bytes]


def scan(
    segment: Segment,
    previous: bytes,
    first: int,
    wanted: Sequence[int] = (),
    own: Callable[[Place], None] | None = None,
) -> Scan:
    """Read a segment from beginning to end.

    Args:
        segment: which.
        previous: digest of the line before its first one.
        first: position of its first line in the whole ledger.
        wanted: numbers of lines whose digests are to be kept, in order.
        own: is given the ledger's own lines, of which whoever altered it may have made any number.

    Raises:
        LedgerError: it cannot be read.
    """
    count = 0
    last: Place | None = None
    broken: list[Place] = []
    digests: dict[int, bytes] = {}
    at, line, nul, rest = 0, first, False, b""
    try:
        with opened(segment) as stream:
            for lines, behind in _blocks(stream):
                rest = behind
                marked, wrong = _followed(lines, previous)
                if wrong and not broken:
                    nul = b"\0" in lines[wrong[0]]
                told = wrong[: _MOST - len(broken)]
                broken += [Place(line + i, at + _before(lines, i)) for i in told]
                count += len(marked)
                for place in _places(lines, marked, previous):
                    last = Place(line + place.line, at + place.offset, place.body, place.before)
                    if own is not None:
                        own(last)
                asked = slice(bisect_right(wanted, line), bisect_right(wanted, line + len(lines)))
                for number in wanted[asked]:
                    digests[number] = lines[number - line - 1][:WIDTH]
                if lines:
                    previous = lines[-1][:WIDTH]
                    line += len(lines)
                    at += _before(lines, len(lines))
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise LedgerError(f"cannot read {segment.path}: {why}") from error
    return Scan(
        lines=line - first,
        digest=previous,
        own=count,
        last=last if last is not None and last.line == line - 1 else None,
        broken=tuple(broken),
        nul=nul,
        end=at,
        rest=rest,
        digests=digests,
    )


def _blocks(stream: BinaryIO) -> Iterator[tuple[list[bytes], bytes]]:
    """Yield whole lines, many at once, with the bytes that no line break follows yet."""
    rest = b""
    while block := stream.read(_BLOCK):
        lines = (rest + block).split(b"\n")
        rest = lines.pop()
        while len(rest) > 2 * LONGEST:  # no line of ours: it is told as one, and not piled up
            lines.append(rest[: 2 * LONGEST])
            rest = rest[2 * LONGEST :]
        yield lines, rest


def _followed(lines: list[bytes], previous: bytes) -> tuple[list[int], list[int]]:
    """Return which lines are the ledger's own, and which do not follow from the one before."""
    marked: list[int] = []
    wrong: list[int] = []
    for index, line in enumerate(lines):
        rest = line[WIDTH:]
        digest = sha256(previous + rest).hexdigest().encode()
        if line.startswith(digest):
            previous = digest
        else:
            wrong.append(index)
            previous = line[:WIDTH]
        if not rest.startswith(RECORD):
            (marked if rest.startswith(OWN) else wrong).append(index)
    return marked, sorted(set(wrong))


def _places(lines: list[bytes], marked: list[int], previous: bytes) -> Iterator[Place]:
    """Yield the ledger's own lines of a block, counted from its beginning."""
    if not marked:
        return
    offsets = list(accumulate((len(line) + 1 for line in lines), initial=0))
    for index in marked:
        before = lines[index - 1][:WIDTH] if index else previous
        yield Place(index, offsets[index], lines[index][WIDTH + 1 :], before)


def _before(lines: list[bytes], index: int) -> int:
    """Return how many bytes stand before a line of a block."""
    return sum(map(len, lines[:index])) + index
