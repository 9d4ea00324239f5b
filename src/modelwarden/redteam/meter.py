"""What may still be asked: rows, calls and seconds are hard, a rate is kept.

Every try of a request is counted before it is sent. What is answered from an earlier run's record
was counted when it was sent, and counts the same again, so that a resumed campaign stops where an
undisturbed one would.
"""

from __future__ import annotations

import math
import threading
import time

from modelwarden.redteam.config import BudgetConfig
from modelwarden.targets.budget import BudgetExhaustedError


class EndedError(BudgetExhaustedError):
    """A limit of the campaign is reached; `limit` names it."""

    def __init__(self, limit: str, message: str) -> None:
        """Say which limit."""
        super().__init__(0, 0)
        self.limit, self.message = limit, message
        self.args = (message,)


class Meter:
    """The account of one campaign.

    Attributes:
        rows, calls: that were spent. retried_rows: of them, in further tries.
        ended: the limit that was reached; None while there is room.
    """

    def __init__(self, budget: BudgetConfig, *, clock: float = 0.0) -> None:
        """Begin with nothing spent, `clock` seconds into the campaign."""
        self.budget = budget
        self.rows = self.calls = self.retried_rows = 0
        self.ended: EndedError | None = None
        self._lock = threading.Lock()
        self._before, self._began = clock, time.monotonic()
        self._next = 0.0

    @property
    def seconds(self) -> float:
        """Seconds that the campaign has taken, its interruptions left out."""
        return self._before + time.monotonic() - self._began

    @property
    def until(self) -> float:
        """The moment, by the monotonic clock, at which the campaign's time is over."""
        limit = self.budget.seconds
        return math.inf if limit is None else self._began + limit - self._before

    def left(self) -> int | None:
        """Rows that may still be asked; None without a limit."""
        limit = self.budget.rows
        return None if limit is None else max(limit - self.rows, 0)

    def spend(self, rows: int, *, calls: int = 1) -> None:
        """Count requests before they are sent.

        Raises:
            EndedError: they would exceed a limit; then nothing is counted.
        """
        with self._lock:
            self._check(rows, calls)
            self.rows += rows
            self.calls += calls

    def late(self) -> EndedError | None:
        """Return what ended a campaign whose record ends; None where time was no limit of it."""
        limit = self.budget.seconds
        return None if limit is None else self._end("seconds", limit)

    def again(self, rows: int) -> None:
        """Count one further try.

        Raises:
            EndedError: it would exceed a limit; then nothing is counted.
        """
        with self._lock:
            self._check(rows, 1)
            self.rows += rows
            self.calls += 1
            self.retried_rows += rows

    def replayed(self, rows: int, tries: int) -> None:
        """Count what an earlier run has sent: it was within the limits then."""
        with self._lock:
            self.rows += rows * tries
            self.calls += tries
            self.retried_rows += rows * (tries - 1)

    def lost(self, rows: int, calls: int) -> None:
        """Count what an earlier run spent on requests that came to nothing."""
        with self._lock:
            self.rows += rows
            self.calls += calls
            self.retried_rows += rows

    def vain(self, rows: int) -> None:
        """Count a request whose answer nobody waits for any more as one that was in vain."""
        with self._lock:
            self.retried_rows += rows

    def pace(self, rows: int, *, again: bool = False) -> None:
        """Wait for the next place in the rate; a request that comes too late is not counted.

        Args:
            rows: of the request.
            again: it is a further try.

        Raises:
            EndedError: the campaign's time is over.
        """
        rate = self.budget.rate
        if rate is None:
            return
        with self._lock:
            now = time.monotonic()
            place = max(self._next, now)
            self._next = place + 1.0 / rate
        try:
            self.wait(place - now)
        except EndedError:
            with self._lock:
                self.rows -= rows
                self.calls -= 1
                self.retried_rows -= rows if again else 0
            raise

    def wait(self, seconds: float) -> None:
        """Sleep, but not beyond the end of the campaign's time.

        Raises:
            EndedError: the campaign's time would be over.
        """
        limit = self.budget.seconds
        if limit is not None and self.seconds + seconds > limit:
            raise self._end("seconds", limit)
        if seconds > 0:
            time.sleep(seconds)

    def _check(self, rows: int, calls: int) -> None:
        budget = self.budget
        if budget.rows is not None and self.rows + rows > budget.rows:
            raise self._end("rows", budget.rows)
        if budget.calls is not None and self.calls + calls > budget.calls:
            raise self._end("calls", budget.calls)
        if budget.seconds is not None and self.seconds > budget.seconds:
            raise self._end("seconds", budget.seconds)

    def _end(self, limit: str, value: float) -> EndedError:
        self.ended = EndedError(limit, f"the budget of {value:g} {limit} is used up")
        return self.ended
