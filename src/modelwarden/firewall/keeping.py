"""Records on their way into a ledger whose disk may be full, or hang.

A thread writes them; what hangs on a record is done when it is written. A loop that is busy goes on
meanwhile, and the thread takes at once what several turns have left. One that has nothing else to
do waits for the thread a moment, which costs less than to be woken by it, and goes on without it
when the disk is slow.

A ledger that does not write within the set time is *stuck*: from then on nobody waits for it. What
is decided meanwhile is held, within bounds, and written late; what there is no room for, or the
disk refused, is lost, counted, and told in the ledger itself by a line `missed` as soon as that can
be written.
"""

from __future__ import annotations

import asyncio
import functools
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress

from modelwarden.core.values import dataclass
from modelwarden.firewall.desk import Desk
from modelwarden.ledger import LedgerError, LedgerWriteError, Writer

MOST_BYTES = 16 << 20
"""Of records that wait."""
_AGAIN = 1.0
_MOMENT = 0.02
"""Seconds that the loop waits for the thread, before it goes on without."""
Then = Callable[[bool], None]


@dataclass(slots=True, eq=False)
class _Batch:
    """Records of one turn, and what hangs on them.

    Attributes:
        thens: emptied when they were told before it was written.
        missed: records that are not in the ledger, which is what this batch tells it.
        error: why it could not be written.
        tried: whether that was tried.
        awaited: whether the loop is to be told; it may be looking itself.
    """

    bodies: list[bytes]
    thens: list[Then]
    size: int = 0
    missed: int = 0
    late: bool = False
    error: str | None = None
    tried: bool = False
    awaited: bool = False


class Keeper:
    """Has records written, and knows how that goes.

    Attributes:
        lost: records that are not in the ledger and will not be.
        late: records that were written, but nobody could wait for.
        seconds: after which a ledger that does not write is stuck.
        stuck: whether it is.
        failing: whether it refused the latest records.
    """

    def __init__(
        self,
        ledger: Writer,
        loop: asyncio.AbstractEventLoop,
        told: Callable[[str, bool], None],
    ) -> None:
        """Make ready.

        Args:
            ledger: where to.
            loop: that everything but writing runs in.
            told: is told what is wrong with the ledger, with True, or that it is over, with False.
        """
        self.lost = self.late = 0
        self.seconds = 1.0
        self.stuck = self.failing = False
        self._ledger = ledger
        self._loop = loop
        self._told = told
        self._desk: Desk[_Batch] = Desk(f"ledger-{ledger.folder.name}"[:15], self._write, _MOMENT)
        self._held: deque[_Batch] = deque()
        self._bytes = 0
        self._missed, self._tell_at = 0, 0.0
        self._full = self._calling = False
        self._headless = ""

    @property
    def trouble(self) -> str:
        """Why records are not written; empty when they are."""
        if self.stuck:
            return "the ledger does not answer"
        return "the ledger cannot be written" if self.failing else ""

    @property
    def waiting(self) -> int:
        """Records that are not written yet."""
        return sum(len(batch.bodies) for batch in self._held)

    @property
    def head_failures(self) -> int:
        """Signed heads that could not be kept elsewhere."""
        return self._ledger.head_failures

    @property
    def age(self) -> float:
        """Seconds that the oldest of them has waited, or been written and not on the disk."""
        return max(self._desk.since(), self._ledger.behind)

    def put(self, bodies: list[bytes], thens: list[Then], *, wait: bool = False) -> None:
        """Have records written.

        Args:
            bodies: of them.
            thens: called when they are written, with True, or cannot be, or nobody can wait for
                it any longer, with False.
            wait: whether the loop has nothing else to do.
        """
        size = sum(map(len, bodies))
        if self._bytes + size > MOST_BYTES:
            self.lose(len(bodies))
            if not self._full:
                self._full = True
                self._told("more records wait for the ledger than can be held", True)
            self._tell(thens, False)
            return
        batch = _Batch(bodies, thens, size)
        self._bytes += size
        self._give(batch, wait=wait)
        if self.stuck:
            self._release(batch)

    def _give(self, batch: _Batch, *, wait: bool = False) -> None:
        """Leave a batch to the thread; wait for it at most if it is the only one, not for long."""
        alone = wait and not self._held
        self._held.append(batch)
        batch.awaited = not alone
        if not self._desk.put(batch, wait=alone):
            batch.awaited = True  # before the look: it may have been tried just now
        if batch.tried:
            self._done()

    def _write(self, batches: list[_Batch]) -> None:
        """Write in the thread; all at once, for then they share what a write costs."""
        ledger = self._ledger
        bodies = [body for batch in batches for body in batch.bodies]
        error = _why_not(lambda: ledger.extend(bodies)) if bodies else None
        for batch in batches:
            batch.error = error
            if missed := batch.missed:
                batch.error = _why_not(functools.partial(ledger.missed, missed))
            batch.tried = True
        if not self._calling and any(batch.awaited for batch in batches):
            self._calling = True
            with suppress(RuntimeError):  # the loop has ended
                self._loop.call_soon_threadsafe(self._done)

    def _done(self) -> None:
        """Do what hangs on batches that were tried."""
        self._calling = False  # before the look: what is tried after it calls again
        while self._held and self._held[0].tried:
            self._end(self._held.popleft())

    def _end(self, batch: _Batch) -> None:
        self._bytes -= batch.size
        written = batch.error is None
        if batch.missed:
            self._missed -= batch.missed if written else 0
        elif not written:
            self.lose(len(batch.bodies))
        elif batch.late:
            self.late += len(batch.bodies)
        if batch.error is None:
            self._works()
        elif not batch.missed:
            self.failing = True
            self._told(batch.error, True)
        self._tell(batch.thens, written)

    def _works(self) -> None:
        if self.failing:
            self.failing = False
            self._told(f"the ledger is written again; {self.lost} records are not in it", False)

    def lose(self, count: int) -> None:
        """Count records that will not be in the ledger."""
        self.lost += count
        self._missed += count

    def _release(self, batch: _Batch) -> None:
        """Let nobody wait for a batch any longer."""
        thens, batch.thens, batch.late = batch.thens, [], True
        self._tell(thens, False)

    def _tell(self, thens: list[Then], written: bool) -> None:
        for then in thens:
            try:
                then(written)
            except Exception as error:  # noqa: BLE001 - a bug of ours: the others are told still
                self._loop.call_exception_handler({"message": "a record", "exception": error})

    def look(self) -> None:
        """See whether the ledger writes; called a few times a second."""
        if not self.stuck and self.age > self.seconds:
            self.stuck = True
            self._told(f"the ledger does not answer: {self.waiting} records wait for it", True)
            for batch in list(self._held):
                if batch.thens:
                    self._release(batch)
        elif self.stuck and self.age <= self.seconds and not any(b.late for b in self._held):
            self.stuck = self._full = False
            told = f"the ledger answers again; {self.late} records were late, {self.lost} lost"
            self._told(told, False)
        self._look_at_heads()
        if self._missed and not self.stuck and time.monotonic() >= self._tell_at:
            self._tell_at = time.monotonic() + _AGAIN
            self._admit()

    def _look_at_heads(self) -> None:
        """Tell when no head vouches for what is written from now on, and when one does again."""
        trouble = self._ledger.head_trouble
        if trouble and not self._headless:
            self._told(f"records go on, and nothing vouches for them: {trouble}", True)
        elif self._headless and not trouble:
            self._told("heads of the ledger are kept again", False)
        self._headless = trouble

    def _admit(self) -> None:
        """Have the ledger tell how many records are not in it; tries a refusing disk again, too."""
        if not any(batch.missed for batch in self._held):
            batch = _Batch([], [], missed=self._missed)
            self._give(batch)

    def close(self, seconds: float) -> int:
        """Write what waits, for so long at most; return how many records are not written."""
        if self._missed and not self.stuck:
            self._admit()
        waiting = self.waiting
        return 0 if self._desk.close(seconds) else waiting


def closed_within(ledger: Writer, seconds: float) -> bool:
    """Close a ledger, whose disk may hang: then tell so, and leave it as it is."""
    work = threading.Thread(target=_closed, args=(ledger,), name="ledger-close", daemon=True)
    work.start()
    work.join(seconds)
    return not work.is_alive()


def _closed(ledger: Writer) -> None:
    with suppress(LedgerError, LedgerWriteError, OSError):
        ledger.close()


def _why_not(write: Callable[[], object]) -> str | None:
    """Write; return why that is not possible."""
    try:
        write()
    except (LedgerWriteError, LedgerError) as error:
        return error.message
    except Exception as error:  # noqa: BLE001 - a bug of ours: nobody may wait for ever
        return f"a record could not be written: {type(error).__name__}"
    return None
