"""The one writer of a ledger: `write()` before it answers, fdatasync for many records at once.

`append` returns when the record is with the kernel, so a killed process loses nothing that was
answered; the future that it returns is done when the record is on the disk, so that a power cut
loses nothing that was acknowledged. One thread calls fdatasync over and over while there is
anything to bring to the disk: the busier the ledger, the more records share one call.
"""

from __future__ import annotations

import datetime as dt
import fcntl
import os
import secrets
import threading
import time
from collections.abc import Iterable
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

from modelwarden.core.values import dataclass
from modelwarden.ledger import chain
from modelwarden.ledger.chain import GENESIS, OWN, RECORD, Mark, Segment, line_of, own
from modelwarden.ledger.errors import LedgerError, LedgerLockedError, LedgerWriteError
from modelwarden.ledger.heads import HeadSink
from modelwarden.ledger.keeping import Keeping
from modelwarden.ledger.recover import recovered_end
from modelwarden.ledger.retain import Retention, retired

_TIDY = 60.0
_TRIES, _MOMENT = 5, 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How a ledger is kept.

    Attributes:
        segment_bytes: a segment that has as many is closed, and the next one begun.
        segment_seconds: the same for its age.
        retention: which closed segments are removed; none by default.
        head_seconds: between two signed heads, when there is anything new.
        sync_seconds: that pass after one fdatasync before the next: what a power cut may take, and
            what a future waits longer. 0 calls it over and over, dear for a busy process.
    """

    segment_bytes: int = 64 << 20
    segment_seconds: float = 86_400.0
    retention: Retention = Retention()
    head_seconds: float = 60.0
    sync_seconds: float = 0.0


class Writer:
    """An open ledger, for any number of threads of one process.

    Attributes:
        folder: of the ledger.
        ledger: its name, which heads carry.
    """

    def __init__(
        self, folder: Path, options: Options | None = None, *, heads: HeadSink | None = None
    ) -> None:
        """Open a ledger, or begin one; what an interruption left half written is cut and recorded.

        Args:
            folder: made when it is not there; readable for its owner only.
            options: default: `Options()`.
            heads: signs heads, which become lines of the ledger, and keeps them elsewhere; a
                thread waits for it, and no record does.

        Raises:
            LedgerLockedError: another writer has it open.
            LedgerAlteredError: it was altered; nothing is added to it.
            LedgerError: the folder cannot be used.
            LedgerWriteError: its disk is full.
        """
        self.folder = folder
        self.ledger = ""
        self._options = options or Options()
        self._heads = None if heads is None else Keeping(heads)
        self._guard = threading.Lock()
        self._dirty = threading.Event()
        self._ending = threading.Event()
        self._fault: LedgerWriteError | None = None
        self._closing = False
        self._segment: Segment | None = None
        self._fd = -1
        self._lines, self._digest, self._size, self._first = 0, GENESIS, 0, 0
        self._began = self._headed = self._opened = time.monotonic()
        self._opened_at = dt.datetime.now(dt.UTC)
        self._headed_at = 0
        self._next: int | None = None  # segment that is to be begun before the next record
        self._batch = _batch()
        self._bringing: float | None = None  # since when the disk is asked to take what is written
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._locks = _locked(folder)
            try:
                self._open()
            except BaseException:
                if self._fd >= 0:
                    os.close(self._fd)
                self._let_go()
                raise
        except OSError as error:
            why = (error.strerror or str(error)).lower()
            raise LedgerError(f"cannot write the ledger {folder}: {why}") from error
        self._thread = threading.Thread(target=self._sync, name="ledger-sync", daemon=True)
        self._thread.start()

    def append(self, record: dict[str, Any] | bytes) -> Future[Mark]:
        """Write one record.

        Args:
            record: a JSON object, or its text without line breaks.

        Returns:
            Done when the record is on the disk; shared by all records of one call of fdatasync.
            `asyncio.wrap_future` makes it awaitable.

        Raises:
            LedgerWriteError: it was not written, and nothing of it stands in the ledger.
            LedgerError: it is no record, or the ledger is closed.
        """
        return self.extend((record,))

    def extend(self, records: Iterable[dict[str, Any] | bytes]) -> Future[Mark]:
        """Write records with one `write()`: all of them or none; see `append`."""
        return self._add(RECORD, [chain.encoded(record) for record in records])

    def missed(self, records: int) -> Future[Mark]:
        """Write a line of the ledger's own: so many records that were meant for it are not in it.

        Raises:
            LedgerWriteError: as `append`.
        """
        at = dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return self._add(OWN, [own("missed", records=records, time=at)])

    @property
    def head_failures(self) -> int:
        """Heads that could not be signed or kept elsewhere."""
        return 0 if self._heads is None else self._heads.failures

    @property
    def head_trouble(self) -> str:
        """Why signed heads are not kept elsewhere; empty when they are."""
        return "" if self._heads is None else self._heads.trouble

    @property
    def behind(self) -> float:
        """Seconds for which the disk has not taken what it was asked to take; 0 when nothing is."""
        since = self._bringing
        return 0.0 if since is None else time.monotonic() - since

    def _add(self, mark: bytes, bodies: list[bytes]) -> Future[Mark]:
        with self._guard:
            self._check()
            if self._next is not None:
                self._begin_next()
            batch = self._batch
            self._write(mark, bodies)
            if self._is_full():
                self._rotate()
        if not self._dirty.is_set():
            self._dirty.set()
        return batch

    @property
    def mark(self) -> Mark:
        """Where the chain is now; not all of it needs to be on the disk."""
        with self._guard:
            return Mark(self._lines, self._digest.decode())

    def close(self) -> None:
        """Bring everything to the disk, sign a last head, and close the segment; once is enough."""
        with self._guard:
            if self._closing:
                return
            self._closing = True
        self._ending.set()
        self._dirty.set()
        self._thread.join()
        try:
            with self._guard:
                if self._fault is None:
                    try:
                        if self._next is None:
                            self._head()
                            self._write(OWN, [own("close", lines=self._lines)])
                    finally:
                        os.fdatasync(self._fd)
                        self._head(inside=False)
        finally:
            if self._heads is not None:
                self._heads.close()
            os.close(self._fd)
            self._let_go()

    def _let_go(self) -> None:
        for lock in self._locks:
            os.close(lock)

    def __enter__(self) -> Writer:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _check(self) -> None:
        if self._fault is not None:
            raise LedgerWriteError(self._fault.message)
        if self._closing:
            raise LedgerError(f"the ledger {self.folder} is closed")

    def _open(self) -> None:
        end = recovered_end(self.folder)
        self.ledger = end.ledger or secrets.token_hex(16)
        self._lines, self._digest = end.lines, end.digest
        if end.segment is None or end.closed:
            self._begin(1 if end.segment is None else end.segment.number + 1)
        else:
            self._segment, self._size = end.segment, end.size
            self._fd = os.open(end.segment.path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
        if end.recovered is not None:
            self._write(OWN, [own("recovered", **end.recovered)])
        os.fdatasync(self._fd)

    def _begin(self, number: int) -> None:
        """Make a segment whose first line names the chain before it; it is on the disk after it.

        Raises:
            OSError: the disk refuses; then there is no such segment, and the one before stays.
            LedgerWriteError: likewise.
        """
        path = self.folder / chain.name_of(number)
        made = os.open(
            path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600
        )
        before = self._fd, self._size
        self._fd, self._size = made, 0
        try:
            self._write(OWN, [self._opening(number)])
            os.fdatasync(made)
            _keep_names(self.folder)
        except (OSError, LedgerWriteError):
            self._fd, self._size = before
            os.close(made)
            path.unlink()
            raise
        self._segment = Segment(number, path)
        self._began = time.monotonic()
        if before[0] >= 0:
            os.close(before[0])

    def _opening(self, number: int) -> bytes:
        """Return the first line of a segment."""
        return own(
            "open",
            version=chain.VERSION,
            ledger=self.ledger,
            segment=number,
            first=self._lines,
            previous=self._digest.decode(),
        )

    def _write(self, mark: bytes, bodies: list[bytes]) -> None:
        """Append lines; when the disk refuses, the segment is as it was before."""
        digest, lines = self._digest, []
        for body in bodies:
            line, digest = line_of(digest, mark, body)
            lines.append(line)
        data = b"".join(lines)
        try:
            done = os.write(self._fd, data)
            while done < len(data):
                done += os.write(self._fd, data[done:])
        except OSError as error:
            self._undo()
            why = (error.strerror or str(error)).lower()
            raise LedgerWriteError(f"cannot write to the ledger {self.folder}: {why}") from error
        self._size += len(data)
        self._lines += len(bodies)
        self._digest = digest

    def _undo(self) -> None:
        try:
            os.ftruncate(self._fd, self._size)
        except OSError as error:
            why = (error.strerror or str(error)).lower()
            self._fault = LedgerWriteError(f"the ledger {self.folder} cannot be mended: {why}")

    def _is_full(self) -> bool:
        age = time.monotonic() - self._began
        return self._size >= self._options.segment_bytes or age >= self._options.segment_seconds

    def _rotate(self) -> None:
        """Close the segment and begin the next; a record that was written stays written."""
        number = self._segment.number + 1 if self._segment else 1
        try:
            self._write(OWN, [own("close", lines=self._lines)])
        except LedgerWriteError:
            return  # the next record tries again
        try:
            os.fdatasync(self._fd)
        except OSError as error:
            self._fault = self._unsynced(error)
            return
        self._next = number
        with suppress(LedgerWriteError):  # the next record tries again, and is told
            self._begin_next()

    def _begin_next(self) -> None:
        """Begin the segment that is to follow the closed one.

        Raises:
            LedgerWriteError: the disk refuses; the next record tries again.
        """
        if self._next is None:
            return
        lines, digest = self._lines, self._digest
        try:
            self._begin(self._next)
        except (OSError, LedgerWriteError) as error:
            self._lines, self._digest = lines, digest
            raise LedgerWriteError(
                f"the ledger {self.folder} cannot begin another segment: {error}"
            ) from error
        self._next = None
        with suppress(OSError, LedgerWriteError):  # what is not removed now is removed later
            self._retire()

    def _retire(self) -> None:
        kept, now = self._options.retention, self._now()
        for segment, facts in retired(self.folder, kept, keep=self._segment, now=now):
            self._write(OWN, [own("retired", **facts)])
            os.fdatasync(self._fd)
            segment.path.unlink()

    def _now(self) -> dt.datetime:
        """Return the time by which segments are too old.

        A clock that was set forward must not remove in one go what was to be kept for days: it is
        the earlier one of what the clock says, and what it said at first and has run since.
        """
        ran = dt.timedelta(seconds=time.monotonic() - self._opened)
        return min(dt.datetime.now(dt.UTC), self._opened_at + ran)

    def _tidy(self) -> None:
        """Close a segment for its age, and remove old ones, also while no record comes."""
        with self._guard:
            if self._fault is not None or self._closing or self._next is not None:
                return
            if time.monotonic() - self._began >= self._options.segment_seconds:
                self._rotate()

    def _sync(self) -> None:
        """Bring to the disk what was written, until the ledger is closed; runs in its thread."""
        while True:
            self._dirty.wait(timeout=self._pause)
            self._dirty.clear()
            with self._guard:
                last = self._closing
                batch, self._batch = self._batch, _batch()
                mark = Mark(self._lines, self._digest.decode())
            self._bringing = time.monotonic()
            self._bring(batch, mark)
            self._bringing = None
            if last:
                return
            if self._options.retention.seconds is not None:
                self._tidy()
            if time.monotonic() - self._headed >= self._options.head_seconds:
                with self._guard:
                    self._head()
            if self._options.sync_seconds > 0:
                self._ending.wait(self._options.sync_seconds)

    @property
    def _pause(self) -> float | None:
        """Seconds after which the thread looks up, also when nothing was written."""
        pauses = []
        if self._heads is not None:
            pauses.append(self._options.head_seconds)
        if self._options.retention.seconds is not None:
            pauses.append(min(_TIDY, max(0.01, self._options.segment_seconds)))
        return min(pauses, default=None)

    def _bring(self, batch: Future[Mark], mark: Mark) -> None:
        try:
            with self._guard:  # a segment that is closed meanwhile was brought to the disk by that
                descriptor = os.dup(self._fd)
            try:
                os.fdatasync(descriptor)
            finally:
                os.close(descriptor)
        except OSError as error:
            fault = self._unsynced(error)
            with self._guard:
                self._fault = fault
            batch.set_exception(fault)
        else:
            batch.set_result(mark)

    def _unsynced(self, error: OSError) -> LedgerWriteError:
        """Return what ends the writing.

        What the kernel could not write it may have dropped: nothing after it can be trusted.
        """
        why = (error.strerror or str(error)).lower()
        return LedgerWriteError(f"the ledger {self.folder} did not reach the disk: {why}")

    def _head(self, *, inside: bool = True) -> None:
        """Have the chain up to here signed, when there is anything new since the last time."""
        self._headed = time.monotonic()
        heads = self._heads
        if heads is None or self._fault is not None:
            return
        if self._lines == self._headed_at and not heads.owed:
            return
        try:
            os.fdatasync(self._fd)
            text = heads.signed(self.ledger, Mark(self._lines, self._digest.decode()))
            if inside and self._next is None:
                with suppress(LedgerWriteError):  # full: what is in it is vouched for elsewhere
                    self._write(OWN, [own("head", head=text)])
        except LedgerError as error:
            heads.failed(error.message)
            return
        except OSError as error:
            heads.failed((error.strerror or str(error)).lower())
            return
        self._headed_at = self._lines
        heads.keep(text)


def _batch() -> Future[Mark]:
    """Return a future that many wait for, so none of them may cancel it."""
    made: Future[Mark] = Future()
    made.set_running_or_notify_cancel()
    return made


def _keep_names(folder: Path) -> None:
    """Bring the names of a folder to the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _locked(folder: Path) -> tuple[int, int]:
    """Return descriptors that hold the locks of the ledger until they are closed.

    The file is what `verify` asks whether anybody writes; somebody may remove it. The folder's own
    lock goes with the ledger.

    Raises:
        LedgerLockedError: another writer holds one of them.
    """
    own = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        lock = os.open(folder / chain.LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError:
        os.close(own)
        raise
    try:
        for held in (own, lock):
            _lock(held)
    except OSError as error:
        os.close(own)
        os.close(lock)
        raise LedgerLockedError(f"the ledger {folder} is open in another process") from error
    return own, lock


def _lock(descriptor: int) -> None:
    """Take a lock; `verify` holds one for a moment, to see whether anybody writes."""
    for _ in range(_TRIES):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(_MOMENT)
        else:
            return
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
