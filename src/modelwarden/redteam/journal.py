"""What was asked and what was answered, on disk before anything follows from it.

    transcript.jsonl    one event a line, only ever added to
        begin           which campaign, who authorised it
        intent          a request is about to be sent: written before its first byte leaves
        answer          what came of one request of it; bodies by reference
        retry           a request that failed and is sent again
        bad             answers since a batch, or after a moment, that turned out to be none
        lost            what earlier runs spent on them is counted, before this request
        resume, end
    state/bodies.bin    the bodies, one after another

A search depends on its answers alone. So a campaign is resumed by running it again from its start
and answering from here, request by request, until the record ends: what was in flight then is the
only thing that is asked twice. A line that was cut by a kill is left out, and cut off the file;
one that was edited since does not follow on the others any more, and is refused (`chain`).

A kill cannot take back what was written; the disk itself follows at most a moment later, beside the
campaign. Of a power cut's last moments no more is known than that they may be asked again.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import field
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO

from modelwarden.core import Json, ModelwardenError
from modelwarden.core.values import dataclass
from modelwarden.redteam.chain import FIRST, after, chained
from modelwarden.redteam.held import STATE, unwritable

SCHEMA = "modelwarden/transcript/1"
# What an event raises whose parts are missing or of other types: somebody edited it.
_ODD = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, OSError)
_LETTERS = "abcdefghijklmnopqrstuvwxyz"  # of lanes
_MOMENT = 0.5  # seconds between what was written and the disk
TRANSCRIPT, BODIES = "transcript.jsonl", "bodies.bin"


class JournalError(ModelwardenError):
    """The record on disk does not go with what is asked now."""

    hint = "Start anew in another --output; the old folder stays as it is."


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A request whose end is known.

    Attributes:
        digest: of what was sent. status: of HTTP; 0 for a callable.
        tries: the request and its repeats. rows: of one try.
        failed: why there is no answer, in one line; None where there is one.
        clock: seconds into the campaign. seconds: that it took, with all its tries.
        walled: a firewall of ours refused it, as its answer says.
    """

    digest: str
    tries: int
    rows: int
    status: int
    body: bytes
    failed: str | None = None
    clock: float = 0.0
    seconds: float = 0.0
    walled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Stood:
    """Where an earlier run stood.

    Attributes:
        intents: rows of each request that was about to be sent, in all its tries.
        answers: requests whose end is known.
        repeated: rows that earlier resumptions asked again.
        failed_rows, failed_calls: spent on requests that were given up, or whose answers were no
            good, and not counted yet; they are asked anew.
        settled: rows and calls of that kind that were counted before a request was sent.
        clock: seconds that it had taken.
        ended: it came to its end. refused: because it could not be done at all.
        last: what the next event follows on.
    """

    intents: Mapping[str, int]
    answers: Mapping[str, Recorded]
    repeated: int = 0
    failed_rows: int = 0
    failed_calls: int = 0
    settled: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    clock: float = 0.0
    ended: bool = False
    refused: bool = False
    last: str = FIRST


class Journal:
    """The transcript of one campaign, open for writing.

    Attributes:
        replayed: requests that the record answered. answers: those that were answered anew.
        stood: what an earlier run left. repeated_rows: asked again because nobody knows what
            became of them.
    """

    def __init__(self, folder: Path, stood: Stood, *, offline: bool = False) -> None:
        """Open both files for adding; `offline` writes nothing."""
        self.folder, self.stood, self.offline = folder, stood, offline
        self.repeated_rows = stood.repeated
        self.replayed = self.answers = 0
        self._owed = (stood.failed_rows, stood.failed_calls)
        self._last = stood.last
        self._lock = threading.Lock()
        self._at = 0
        self._closing = threading.Event()
        self._syncer: threading.Thread | None = None
        if not offline:
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
            try:
                self._events = os.open(folder / TRANSCRIPT, flags, 0o600)
                self._bodies = os.open(folder / STATE / BODIES, flags, 0o600)
            except OSError as error:
                raise unwritable(folder, error) from error
            self._at = os.fstat(self._bodies).st_size

    def close(self) -> None:
        """Close both files."""
        if not self.offline:
            self._closing.set()
            if self._syncer is not None:
                self._syncer.join()
            os.close(self._events)
            os.close(self._bodies)

    def known(self, name: str) -> Recorded | None:
        """Return what became of a request in an earlier run; None where that is not known."""
        return self.stood.answers.get(name)

    def lost_before(self, name: str) -> tuple[int, int]:
        """Return rows and calls, spent in vain, that count before a request is sent.

        They count where the record first has no answer, and there again whenever it is played:
        any sooner, what it answers would be asked with less left than it was.
        """
        rows, calls = self.stood.settled.get(name, (0, 0))
        if self.known(name) is not None:
            return rows, calls
        with self._lock:
            (owed, tries), self._owed = self._owed, (0, 0)
            if tries:
                self._put({"event": "lost", "request": name, "rows": owed, "calls": tries})
        return rows + owed, calls + tries

    def intend(self, requests: Sequence[tuple[str, int]], about: str) -> None:
        """Say that requests are about to be sent.

        Args:
            requests: names, and rows of each.
            about: what they are for.
        """
        again = [(n, self.stood.intents[n]) for n, _ in requests if n in self.stood.intents]
        event: dict[str, Json] = {
            "event": "intent",
            "about": about,
            "requests": [name for name, _ in requests],
            "rows": [rows for _, rows in requests],
        }
        if again:
            event["repeated"] = sum(rows for _, rows in again)
        with self._lock:
            self.repeated_rows += sum(rows for _, rows in again)
            self._put(event)
            if self._syncer is None and not self.offline:
                self._syncer = threading.Thread(target=self._follow, daemon=True)
                self._syncer.start()

    def answered(self, name: str, request: bytes, recorded: Recorded) -> None:
        """Keep what became of a request."""
        with self._lock:
            event: dict[str, Json] = {
                "event": "answer",
                "request": name,
                "rows": recorded.rows,
                "tries": recorded.tries,
                "status": recorded.status,
                "sent": self._kept(request),
                "got": self._kept(recorded.body),
                "seconds": round(recorded.seconds, 6),
                "clock": round(recorded.clock, 6),
            }
            if recorded.walled:
                event["walled"] = True
            if recorded.failed is None:
                self.answers += 1
            else:
                event["failed"] = recorded.failed
            self._put(event)

    def _follow(self) -> None:
        """Bring the disk up to what was written, again and again."""
        while not self._closing.wait(_MOMENT):
            # A disk that refuses says so to whoever writes next, or at the end.
            with suppress(OSError):
                self._sync()

    def _sync(self) -> None:
        os.fdatasync(self._bodies)
        os.fdatasync(self._events)

    def write(self, event: Mapping[str, Json], *, sync: bool = False) -> None:
        """Add an event; with `sync`, return when the disk has it."""
        with self._lock:
            self._put(event)
        if sync and not self.offline:
            try:
                self._sync()
            except OSError as error:
                raise unwritable(self.folder, error) from error

    def show(self, events: Iterable[Mapping[str, Json]]) -> None:
        """Put the events of other records behind one's own, in place of those that were shown."""
        own = [event for event in events_in(self.folder) if "pair" not in event]
        self._last = rewrite(self.folder, chain(own, events))
        flags = os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC
        fresh = os.open(self.folder / TRANSCRIPT, flags)
        os.dup2(fresh, self._events, inheritable=False)
        os.close(fresh)

    def _put(self, event: Mapping[str, Json]) -> None:
        if self.offline:
            return
        line, self._last = chained(event, self._last)
        self._add(self._events, line)

    def _kept(self, body: bytes) -> Json:
        """Write a body behind the others; return where it is."""
        if self.offline:
            return None
        at, self._at = self._at, self._at + len(body)
        self._add(self._bodies, body)
        digest = hashlib.sha256(body).hexdigest()
        return {"file": f"{STATE}/{BODIES}", "at": at, "size": len(body), "sha256": digest}

    def _add(self, descriptor: int, data: bytes) -> None:
        try:
            while data:
                data = data[os.write(descriptor, data) :]
        except OSError as error:
            raise unwritable(self.folder, error) from error


def ends_before(name: str) -> JournalError:
    """Return the error about a request that a record does not know."""
    return JournalError(f"the transcript ends before request {name}")


def nothing() -> Stood:
    """Return where a campaign stands that never ran."""
    return Stood(intents={}, answers={})


def read(folder: Path) -> Stood:
    """Return where the campaign of a folder stands; a cut last line is cut off the file.

    Raises:
        JournalError: the record is damaged elsewhere than at its end.
    """
    place = folder / TRANSCRIPT
    if not place.exists():
        return nothing()
    told = _Told()
    try:
        bodies = (folder / STATE / BODIES).open("rb")
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise JournalError(f"cannot read {folder / STATE / BODIES}: {reason}") from error
    with bodies:
        for number, line in enumerate(_whole_lines(place), 1):
            try:
                event = _event(line, place, number)
                told.last = _followed(event, told.last, place, number)
                if told.knows(event):
                    raise JournalError(
                        f"{place}, line {number}, answers {event['request']} a second time"
                    )
                told.take(event, bodies)
            except _ODD as error:
                raise JournalError(f"{place}, line {number}, is no event of a campaign") from error
    return told.stood()


def events_in(folder: Path) -> Iterator[dict[str, Any]]:
    """Yield the events of a record, as they stand there; a last line that was cut is left out.

    Raises:
        JournalError: one is damaged.
    """
    place, last = folder / TRANSCRIPT, FIRST
    with place.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            if line.endswith(b"\n"):
                event = _event(line, place, number)
                last = _followed(event, last, place, number)
                yield event


def rewrite(folder: Path, events: Iterable[Mapping[str, Json]]) -> str:
    """Put a record in the place of the one that is there, at once; return what follows on it.

    Raises:
        OutputError: the disk refuses.
    """
    beside, last = folder / f".{TRANSCRIPT}.tmp", FIRST
    try:
        with beside.open("wb") as stream:
            os.fchmod(stream.fileno(), 0o600)
            for event in events:
                line, last = chained(event, last)
                stream.write(line)
        beside.rename(folder / TRANSCRIPT)
    except OSError as error:
        raise unwritable(folder, error) from error
    return last


class _Told:
    """What the events of a record come to."""

    def __init__(self) -> None:
        self.intents: dict[str, int] = {}
        self.answers: dict[str, Recorded] = {}
        self.void: Mapping[str, Any] | None = None
        self.settled: dict[str, tuple[int, int]] = {}
        self.repeated = self.failed_rows = self.failed_calls = 0
        self.clock, self.ended, self.refused = 0.0, False, False
        self.last = FIRST

    def knows(self, event: Mapping[str, Any]) -> bool:
        """Tell whether it answers what was answered: nobody asks that again."""
        return (
            event.get("event") == "answer"
            and "pair" not in event
            and event["request"] in self.answers
        )

    def take(self, event: Mapping[str, Any], bodies: BinaryIO) -> None:
        if "pair" in event:  # has a record of its own, which this one only shows
            return
        kind = event.get("event")
        if kind == "intent":
            self.repeated += int(event.get("repeated", 0))
            self.intents.update(zip(event["requests"], event["rows"], strict=True))
        elif kind == "retry":
            if event["request"] in self.intents:
                self.intents[event["request"]] += event["rows"]
        elif kind == "answer":
            self._answer(event, bodies)
        elif kind == "lost":
            rows, calls = self.settled.get(event["request"], (0, 0))
            self.settled[event["request"]] = (rows + event["rows"], calls + event["calls"])
            self.failed_rows -= event["rows"]
            self.failed_calls -= event["calls"]
        elif kind in ("begin", "resume"):
            self.void = None
        elif kind == "bad":
            # What was in flight then is answered behind this line, and is as bad.
            self.void = event if "after" in event else self.void
            for name in [n for n, one in self.answers.items() if _is_bad(n, one, event)]:
                self._lost(name, self.answers.pop(name))
        self.ended = kind == "end" or (self.ended and kind != "resume")
        self.refused = self.ended and (self.refused or "refused" in event)

    def _answer(self, event: Mapping[str, Any], bodies: BinaryIO) -> None:
        recorded = _recorded(event, bodies)
        if recorded is None:
            return
        self.clock = max(self.clock, recorded.clock)
        void = self.void is not None and _is_bad(event["request"], recorded, self.void)
        if recorded.failed is None and not void:
            self.answers[event["request"]] = recorded
        else:
            self._lost(event["request"], recorded)

    def _lost(self, name: str, recorded: Recorded) -> None:
        self.intents.pop(name, None)
        self.failed_rows += recorded.rows * recorded.tries
        self.failed_calls += recorded.tries

    def stood(self) -> Stood:
        return Stood(
            intents={n: rows for n, rows in self.intents.items() if n not in self.answers},
            answers=self.answers,
            repeated=self.repeated,
            failed_rows=self.failed_rows,
            failed_calls=self.failed_calls,
            settled=self.settled,
            clock=self.clock,
            ended=self.ended,
            refused=self.refused,
            last=self.last,
        )


def _is_bad(name: str, recorded: Recorded, event: Mapping[str, Any]) -> bool:
    """Tell whether a request belongs to those of a target that turned out to be no good.

    They are those of a lane since a batch, or those of all lanes that were answered after a moment,
    but for the batch that was asked then and showed that all was well.
    """
    target, batch, *_ = name.split(".")
    if "after" in event:
        own = target.rstrip(_LETTERS) == event["target"]
        good = f"{target}.{batch}" == event.get("but")
        return own and not good and batch.isdigit() and recorded.clock > event["after"]
    return target == event["target"] and batch.isdigit() and int(batch) >= event["since"]


def _whole_lines(place: Path) -> list[bytes]:
    with place.open("r+b") as stream:
        data = stream.read()
        end = data.rfind(b"\n") + 1
        if end < len(data):
            stream.truncate(end)
    return data[:end].splitlines()


def _event(line: bytes, place: Path, number: int) -> dict[str, Any]:
    try:
        event = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise JournalError(f"{place}, line {number}, is damaged: {error}") from error
    if not isinstance(event, dict):
        raise JournalError(f"{place}, line {number}, is no event")
    return event


def _followed(event: Mapping[str, Any], last: str, place: Path, number: int) -> str:
    """Return what the next event follows on.

    Raises:
        JournalError: this one does not follow on `last`.
    """
    found = after(event, last)
    if found is None:
        raise JournalError(
            f"{place}, line {number}, does not follow on what stands before it: "
            "the record was edited"
        )
    return found


def _recorded(event: Mapping[str, Any], bodies: BinaryIO) -> Recorded | None:
    """Return an answer; None where its body did not reach the disk, as when power failed."""
    got, sent = event["got"], event["sent"]
    bodies.seek(got["at"])
    # A size is only believed as far as the file goes.
    body = bodies.read(min(got["size"], os.fstat(bodies.fileno()).st_size))
    if hashlib.sha256(body).hexdigest() != got["sha256"]:
        return None
    return Recorded(
        digest=sent["sha256"],
        tries=event["tries"],
        rows=event["rows"],
        status=event["status"],
        body=body,
        failed=event.get("failed"),
        clock=event["clock"],
        seconds=event["seconds"],
        walled=event.get("walled") is True,
    )
