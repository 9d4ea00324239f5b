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


_TRIES = 5
_MOST = 1000  # problems that are told one by one


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
    folder: Path,
    *,
    key: Ed25519PublicKey | None = None,
    heads: Sequence[Head] = (),
    torn: int = 0,
) -> Check:
    """Check a ledger.

    Args:
        folder: of the ledger.
        key: of its heads; without it their signatures are not checked.
        heads: kept elsewhere.
        torn: lines among these that are no heads.

    Raises:
        LedgerError: there is no ledger, or it cannot be read.
    """
    for _ in range(_TRIES - 1):
        try:
            return _checked(folder, key, heads, torn)
        except LedgerError as error:
            # Whoever writes it removed a segment that was too old, between the list and the look.
            if not isinstance(error.__cause__, FileNotFoundError):
                raise
    return _checked(folder, key, heads, torn)


def _checked(folder: Path, key: Ed25519PublicKey | None, heads: Sequence[Head], torn: int) -> Check:
    segments, strange = segments_of(folder)
    if not segments and not heads:
        raise LedgerError(f"there is no ledger in {folder}")
    check = _Checking(key, heads)
    if torn:
        many = "1 line" if torn == 1 else f"{torn} lines"
        check.open_ends.append(f"{many} of the heads that were kept elsewhere cannot be read")
    for name in strange:
        check.add(
            ProblemKind.UNEXPECTED, name, "no writer makes a file of this name, or of this kind"
        )
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
        self.untold = 0
        self.open_ends: list[str] = []
        self.ledger = ""
        self.first: int | None = None
        self.lines = 0
        self.digest = GENESIS
        self.own = self.recovered = self.torn = 0
        self.start: tuple[int, str] = (1, "")
        self.digests: dict[int, bytes] = {}
        self.inside: Head | None = None
        self.retired: tuple[int, Json] | None = None

    def segment(self, segment: Segment, *, is_last: bool, live: bool) -> None:
        """Check one segment, after those before it."""
        opening = opening_of(segment)
        if self.first is None:
            self._begin(segment, opening)
        lines = _OwnLines(self, segment)
        found = scan(segment, self.digest, self.lines, self.wanted, lines)
        self._broken(segment, found)
        lines.end(found, is_last=is_last)
        self._tail(segment, found, is_last=is_last, live=live)
        self.lines += found.lines
        self.digest = found.digest
        self.own += found.own
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
            self.at(
                ProblemKind.BROKEN,
                segment,
                place,
                "it does not follow from the line before it: something here was edited, removed, "
                "added or moved",
            )

    def _tail(self, segment: Segment, found: Scan, *, is_last: bool, live: bool) -> None:
        """Judge what no line break follows: an interruption leaves that, at the end alone."""
        if not found.rest or (is_last and live):
            return
        where = f"{segment.path.name} at byte {found.end}"
        if not is_last or _was_whole(found):
            self.add(ProblemKind.BROKEN, where, "a line does not end as lines do")
            return
        self.torn = len(found.rest)
        self.open_ends.append(f"{self.torn} bytes of an unfinished line in {where}")

    def absent(self, segments: Sequence[Segment]) -> None:
        """Look for numbers that are not there, and for the records that explain the first ones."""
        for before, after in pairwise(segments):
            if after.number != before.number + 1:
                many = range(before.number + 1, after.number)
                self._missing(many[0], many[-1], "not there, between two that are")
        number, _ = self.start
        if number > 1 and (self.retired is None or self.retired[1] != self.first):
            self._missing(1, number - 1, "not there, and no record says that they were retired")
            self.retired = None

    def _missing(self, first: int, last: int, detail: str) -> None:
        where = f"segment {first}" if first == last else f"segments {first} to {last}"
        self.add(ProblemKind.MISSING, where, detail)

    def outside(self) -> None:
        """Hold the heads that were kept elsewhere against the chain."""
        for head in self.heads:
            where = f"the head of {head.time}"
            if self.key is not None and not holds(head, self.key):
                self.add(ProblemKind.HEAD, where, "its signature is not of this key")
            elif self.ledger and head.ledger != self.ledger:
                self.add(ProblemKind.HEAD, where, "it is of another ledger")
            elif head.mark.lines > self.lines:
                cut = head.mark.lines - self.lines
                self.add(ProblemKind.MISSING, "the end", f"{where} has {cut} lines more")
            elif head.mark.lines in self.digests and not self._leads_to(head):
                detail = f"the chain does not lead to line {head.mark.lines} as it was signed"
                self.add(ProblemKind.BROKEN, where, detail)

    def _leads_to(self, head: Head) -> bool:
        return self.digests.get(head.mark.lines) == head.mark.digest.encode()

    def result(self, segments: int, *, live: bool) -> Check:
        """Return what was found."""
        anchor = self._anchor()
        if anchor is None or not anchor.outside:
            self.open_ends.append("no head that was kept elsewhere vouches for its end")
        elif self.retired is not None and self.retired[0] >= anchor.head.mark.lines:
            self.open_ends.append("the record about retired segments is newer than the head")
        if self.untold:
            detail = f"{self.untold} more places that are wrong"
            self.problems.append(Problem(ProblemKind.UNEXPECTED, "elsewhere", detail))
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
        good = [head for head in self.heads if self._leads_to(head)]
        if good and not self.problems:
            return Anchor(head=good[-1], outside=True, signed=self.key is not None)
        if self.inside is not None and self.key is not None:
            return Anchor(head=self.inside, outside=False, signed=True)
        return None

    def at(self, kind: ProblemKind, segment: Segment, place: Place, detail: str) -> None:
        """Take note of what is wrong with a line."""
        where = f"{segment.path.name}, line {place.line + 1} at byte {place.offset}"
        self.add(kind, where, detail)

    def add(self, kind: ProblemKind, where: str, detail: str) -> None:
        """Take note of what is wrong; of very much the number alone."""
        if len(self.problems) < _MOST:
            self.problems.append(Problem(kind, where, detail))
        else:
            self.untold += 1


class _OwnLines:
    """The ledger's own lines of one segment, looked at one by one as they come."""

    def __init__(self, check: _Checking, segment: Segment) -> None:
        self._check = check
        self._segment = segment
        self._closing: Place | None = None
        self._opened = False

    def __call__(self, place: Place) -> None:
        """Look at one."""
        check, facts = self._check, facts_of(place.body)
        kind = facts.get("type")
        if self._closing is not None:
            self._too_early(self._closing)
            self._closing = None
        if kind == "open":
            self._opening(place, facts)
        elif kind == "close" and facts.get("lines") != place.line:
            self._too_early(place)
        elif kind == "close":
            self._closing = place
        elif kind == "head":
            self._head(place, _inner(facts))
        elif kind == "retired":
            self._retired(place, facts)
        elif kind == "recovered":
            check.recovered += 1
        self._opened |= kind == "open" and place.line == check.lines

    def end(self, found: Scan, *, is_last: bool) -> None:
        """Look at the segment as a whole."""
        check, name = self._check, self._segment.path.name
        if self._closing is not None and self._closing.line != check.lines + found.lines - 1:
            self._too_early(self._closing)
        if found.lines and not self._opened:
            where = f"{name}, line {check.lines + 1}"
            check.add(ProblemKind.BROKEN, where, "it opens no segment")
        if self._closing is None and not is_last:
            detail = "its end is not there, and another segment follows"
            check.add(ProblemKind.MISSING, name, detail)

    def _too_early(self, place: Place) -> None:
        self._check.at(
            ProblemKind.UNEXPECTED, self._segment, place, "it closes the segment too early"
        )

    def _opening(self, place: Place, facts: dict[str, Json]) -> None:
        check, segment = self._check, self._segment
        if place.line != check.lines:
            check.at(ProblemKind.UNEXPECTED, segment, place, "it opens a segment inside of one")
        elif (
            facts.get("segment") != segment.number
            or facts.get("first") != check.lines
            or facts.get("ledger") != check.ledger
            or facts.get("previous") != check.digest.decode("ascii", "replace")
        ):
            check.at(
                ProblemKind.BROKEN,
                segment,
                place,
                "it opens another segment than its file name and the one before it say",
            )

    def _retired(self, place: Place, facts: dict[str, Json]) -> None:
        check = self._check
        number, previous = check.start
        about = facts.get("segment"), facts.get("digest")
        if check.retired is None and about == (number - 1, previous):
            check.retired = place.line, facts.get("lines")

    def _head(self, place: Place, head: Head | None) -> None:
        check = self._check
        if head is None or head.ledger != check.ledger:
            detail = "the head in it is none of this ledger"
        elif head.mark != Mark(place.line, place.before.decode("ascii", "replace")):
            detail = "the head in it was signed for another place"
        elif check.key is not None and not holds(head, check.key):
            detail = "the head in it is not signed with this key"
        else:
            check.inside = head
            return
        check.add(ProblemKind.HEAD, f"line {place.line + 1}", detail)


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
