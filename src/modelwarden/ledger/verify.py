"""Whether a ledger is as it was written, and up to where that is more than its own word.

Without an outside head this finds every change that did not rewrite all that follows it. Whoever
can rewrite it all, or cut its end, is found by a head that was kept elsewhere.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Sequence
from contextlib import suppress
from enum import Enum
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from modelwarden.core import Json
from modelwarden.core.values import dataclass
from modelwarden.ledger.chain import (
    GENESIS,
    LOCK,
    WIDTH,
    Mark,
    Segment,
    facts_of,
    opening_of,
    segments_of,
)
from modelwarden.ledger.errors import LedgerError
from modelwarden.ledger.heads import Head, head_in, holds
from modelwarden.ledger.scan import Place, Scan, scan

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


class ProblemKind(Enum):
    """What is wrong."""

    BROKEN = "broken"
    """A line does not follow from the one before it: edited, removed, added or moved."""
    MISSING = "missing"
    """A segment, or the end, is not there."""
    UNEXPECTED = "unexpected"
    """A file or line that no writer leaves there."""
    HEAD = "head"
    """A head whose signature does not hold, or that is of another ledger."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, and where."""

    kind: ProblemKind
    where: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """The newest head that the chain leads to.

    Attributes:
        head: what it says.
        outside: whether it was given, not found in the ledger.
        signed: whether its signature was checked and holds.
    """

    head: Head
    outside: bool
    signed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """What a ledger is worth.

    Attributes:
        ledger: its name.
        segments: that are there.
        first: position of the first line that is there, in the whole ledger.
        lines: of the whole ledger; those of the ledger's own included.
        own: how many of those that are there are the ledger's own.
        retired: lines that were removed by its own rule, with a record that says so.
        recovered: how often it was taken up again after an interruption.
        torn: bytes behind the last whole line.
        live: whether a writer has it open.
        anchor: None when nothing vouches for the ledger but itself.
        problems: what is wrong.
        open_ends: what is neither wrong nor certain.
    """

    ledger: str
    segments: int
    first: int
    lines: int
    own: int
    retired: int
    recovered: int
    torn: int
    live: bool
    anchor: Anchor | None
    problems: tuple[Problem, ...]
    open_ends: tuple[str, ...]

    @property
    def records(self) -> int:
        """Records that are there."""
        return self.lines - self.first - self.own


def verify(
    folder: Path, *, key: Ed25519PublicKey | None = None, heads: Sequence[Head] = ()
) -> Check:
    """Check a ledger.

    Args:
        folder: of the ledger.
        key: of its heads; without it their signatures are not checked.
        heads: kept elsewhere.

    Raises:
        LedgerError: there is no ledger, or it cannot be read.
    """
    segments, strange = segments_of(folder)
    if not segments and not heads:
        raise LedgerError(f"there is no ledger in {folder}")
    check = _Checking(key, heads)
    check.problems += [
        Problem(ProblemKind.UNEXPECTED, name, "no writer makes a file of this name")
        for name in strange
    ]
    live = _is_live(folder)
    for index, segment in enumerate(segments):
        check.segment(segment, is_last=index == len(segments) - 1, live=live)
    check.absent(segments)
    check.outside()
    return check.result(len(segments), live=live)


class _Checking:
    """A check under way: the place in the chain, and what was met so far."""

    def __init__(self, key: Ed25519PublicKey | None, heads: Sequence[Head]) -> None:
        self.key = key
        self.heads = sorted(heads, key=lambda head: head.mark.lines)
        self.wanted = [head.mark.lines for head in self.heads]
        self.problems: list[Problem] = []
        self.open_ends: list[str] = []
        self.ledger = ""
        self.first: int | None = None
        self.lines = 0
        self.digest = GENESIS
        self.own = self.recovered = self.torn = 0
        self.start: tuple[int, str] = (1, "")
        self.retired_at: int | None = None
        self.digests: dict[int, bytes] = {}
        self.inside: list[tuple[Place, Head | None]] = []
        self.retired: list[tuple[int, dict[str, Json]]] = []

    def segment(self, segment: Segment, *, is_last: bool, live: bool) -> None:
        """Check one segment, after those before it."""
        opening = opening_of(segment)
        if self.first is None:
            self._begin(segment, opening)
        found = scan(segment, self.digest, self.lines, self.wanted)
        self._broken(segment, found)
        own = [(place, facts_of(place.body)) for place in found.own]
        self._own_lines(segment, found, own, is_last=is_last)
        self._tail(segment, found, is_last=is_last, live=live)
        self.lines += found.lines
        self.digest = found.digest
        self.own += len(own)
        self.digests |= found.digests

    def _begin(self, segment: Segment, opening: dict[str, Json]) -> None:
        """Take the name and, after retired segments, the place in the chain from the first line."""
        first, previous = opening.get("first"), opening.get("previous")
        self.ledger = str(opening.get("ledger", ""))
        if segment.number != 1 and isinstance(first, int) and first > 0:
            self.lines, self.digest = first, str(previous).encode("ascii", "replace")
            self.digests[first] = self.digest
        self.first = self.lines
        self.start = (segment.number, str(previous))

    def _broken(self, segment: Segment, found: Scan) -> None:
        for place in found.broken:
            self._add(
                ProblemKind.BROKEN,
                segment,
                place,
                "it does not follow from the line before it: something here was edited, removed, "
                "added or moved",
            )

    def _own_lines(
        self,
        segment: Segment,
        found: Scan,
        own: list[tuple[Place, dict[str, Json]]],
        *,
        is_last: bool,
    ) -> None:
        last = self.lines + found.lines - 1
        for place, facts in own:
            kind = facts.get("type")
            if kind == "open":
                self._opening(segment, place, facts)
            elif kind == "close" and (place.line != last or facts.get("lines") != place.line):
                self._add(ProblemKind.UNEXPECTED, segment, place, "it closes the segment too early")
            elif kind == "head":
                self.inside.append((place, _inner(facts)))
            elif kind == "retired":
                self.retired.append((place.line, facts))
            elif kind == "recovered":
                self.recovered += 1
        if found.lines and (not own or own[0][0].line != self.lines):
            where = f"{segment.path.name}, line {self.lines + 1}"
            self.problems.append(Problem(ProblemKind.BROKEN, where, "it opens no segment"))
        closed = bool(own) and own[-1][1].get("type") == "close"
        if not closed and not is_last:
            detail = "its end is not there, and another segment follows"
            self.problems.append(Problem(ProblemKind.MISSING, segment.path.name, detail))

    def _opening(self, segment: Segment, place: Place, facts: dict[str, Json]) -> None:
        if place.line != self.lines:
            self._add(ProblemKind.UNEXPECTED, segment, place, "it opens a segment inside of one")
        elif (
            facts.get("segment") != segment.number
            or facts.get("first") != self.lines
            or facts.get("ledger") != self.ledger
            or facts.get("previous") != self.digest.decode("ascii", "replace")
        ):
            self._add(
                ProblemKind.BROKEN,
                segment,
                place,
                "it opens another segment than its file name and the one before it say",
            )

    def _tail(self, segment: Segment, found: Scan, *, is_last: bool, live: bool) -> None:
        """Judge what no line break follows: an interruption leaves that, at the end alone."""
        if not found.rest or (is_last and live):
            return
        where = f"{segment.path.name} at byte {found.end}"
        if not is_last or _was_whole(found):
            detail = "a line does not end as lines do"
            self.problems.append(Problem(ProblemKind.BROKEN, where, detail))
            return
        self.torn = len(found.rest)
        self.open_ends.append(f"{self.torn} bytes of an unfinished line in {where}")

    def absent(self, segments: Sequence[Segment]) -> None:
        """Look for numbers that are not there, and for the records that explain the first ones."""
        for before, after in pairwise(segments):
            if after.number != before.number + 1:
                many = range(before.number + 1, after.number)
                self._missing(many[0], many[-1], "not there, between two that are")
        number, previous = self.start
        if number == 1:
            return
        facts = [(line, f) for line, f in self.retired if f.get("segment") == number - 1]
        said = [(line, f) for line, f in facts if f.get("digest") == previous]
        if not said or said[0][1].get("lines") != self.first:
            self._missing(1, number - 1, "not there, and no record says that they were retired")
            return
        self.retired_at = said[0][0]

    def _missing(self, first: int, last: int, detail: str) -> None:
        where = f"segment {first}" if first == last else f"segments {first} to {last}"
        self.problems.append(Problem(ProblemKind.MISSING, where, detail))

    def outside(self) -> None:
        """Hold the heads that were kept elsewhere against the chain."""
        for head in self.heads:
            where = f"the head of {head.time}"
            if self.key is not None and not holds(head, self.key):
                self.problems.append(
                    Problem(ProblemKind.HEAD, where, "its signature is not of this key")
                )
            elif self.ledger and head.ledger != self.ledger:
                self.problems.append(Problem(ProblemKind.HEAD, where, "it is of another ledger"))
            elif head.mark.lines > self.lines:
                cut = head.mark.lines - self.lines
                self.problems.append(
                    Problem(ProblemKind.MISSING, "the end", f"{where} has {cut} lines more")
                )
            elif head.mark.lines in self.digests and not self._leads_to(head):
                detail = f"the chain does not lead to line {head.mark.lines} as it was signed"
                self.problems.append(Problem(ProblemKind.BROKEN, where, detail))

    def _leads_to(self, head: Head) -> bool:
        return self.digests.get(head.mark.lines) == head.mark.digest.encode()

    def result(self, segments: int, *, live: bool) -> Check:
        """Return what was found."""
        anchor = self._anchor()
        if anchor is None or not anchor.outside:
            self.open_ends.append("no head that was kept elsewhere vouches for its end")
        elif self.retired_at is not None and self.retired_at >= anchor.head.mark.lines:
            self.open_ends.append("the record about retired segments is newer than the head")
        return Check(
            ledger=self.ledger,
            segments=segments,
            first=self.first or 0,
            lines=self.lines,
            own=self.own,
            retired=self.first or 0,
            recovered=self.recovered,
            torn=self.torn,
            live=live,
            anchor=anchor,
            problems=tuple(self.problems),
            open_ends=tuple(self.open_ends),
        )

    def _anchor(self) -> Anchor | None:
        """Return the newest outside head that holds, else the newest signed one in the ledger."""
        inside = self._inside()
        good = [head for head in self.heads if self._leads_to(head)]
        if good and not self.problems:
            return Anchor(head=good[-1], outside=True, signed=self.key is not None)
        if inside and self.key is not None:
            return Anchor(head=inside[-1], outside=False, signed=True)
        return None

    def _inside(self) -> list[Head]:
        """Return the heads in the ledger that hold; those that do not are problems."""
        good = []
        for place, head in self.inside:
            where = f"line {place.line + 1}"
            if head is None or head.ledger != self.ledger:
                detail = "the head in it is none of this ledger"
            elif head.mark != Mark(place.line, place.before.decode("ascii", "replace")):
                detail = "the head in it was signed for another place"
            elif self.key is not None and not holds(head, self.key):
                detail = "the head in it is not signed with this key"
            else:
                good.append(head)
                continue
            self.problems.append(Problem(ProblemKind.HEAD, where, detail))
        return good

    def _add(self, kind: ProblemKind, segment: Segment, place: Place, detail: str) -> None:
        where = f"{segment.path.name}, line {place.line + 1} at byte {place.offset}"
        self.problems.append(Problem(kind, where, detail))


def _inner(facts: dict[str, Json]) -> Head | None:
    with suppress(LedgerError):
        return head_in(str(facts.get("head")).encode("utf-8", "replace"))
    return None


def _was_whole(found: Scan) -> bool:
    """Tell whether the tail is a whole line whose line break was changed to something else."""
    line = found.rest[:-1]
    return line.startswith(sha256(found.digest + line[WIDTH:]).hexdigest().encode())


def _is_live(folder: Path) -> bool:
    """Tell whether a writer holds the lock."""
    try:
        lock = os.open(folder / LOCK, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(lock)
    return False
