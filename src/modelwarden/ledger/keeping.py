"""Heads on their way elsewhere, to a disk of another host that may be away, or hang.

A thread keeps them, so that neither a record nor the ledger's own disk waits for that. While it
waits, the newest head takes the place of the one before, which led to it.
"""

from __future__ import annotations

import threading
import time

from modelwarden.ledger.chain import Mark
from modelwarden.ledger.heads import HeadSink

_LATE = 10.0
"""Seconds after which a disk that keeps heads hangs."""


class Keeping:
    """Has heads kept, one after another.

    Attributes:
        failures: heads that could not be signed, or kept when it was tried.
        error: why the newest could not be; empty when it could.
        owed: whether the newest of them is not kept, and none is on its way.
    """

    def __init__(self, sink: HeadSink) -> None:
        self.failures = 0
        self.error = ""
        self.owed = False
        self._sink = sink
        self._next: str | None = None
        self._ending = False
        self._since: float | None = None
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    @property
    def trouble(self) -> str:
        """Why heads are not kept; empty when they are."""
        since = self._since
        if since is not None and time.monotonic() - since > _LATE:
            return "the disk that keeps heads does not answer"
        return self.error

    def failed(self, why: str) -> None:
        """Take note that a head could not be signed or kept."""
        with self._changed:
            self.failures += 1
            self.owed = self._next is None
            self.error = f"a head cannot be kept: {why}"

    def signed(self, ledger: str, mark: Mark) -> str:
        """Return a signed head as text.

        Raises:
            LedgerError: that is not possible.
        """
        return self._sink.signed(ledger, mark)

    def keep(self, text: str) -> None:
        """Take a head that is to be kept; waits for nothing."""
        with self._changed:
            self._next, self.owed = text, False
            self._changed.notify()
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="ledger-heads", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """End when what waits is kept, or cannot be."""
        with self._changed:
            self._ending = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join()

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._next is not None or self._ending)
                text, self._next = self._next, None
            if text is None:
                return
            self._since = time.monotonic()
            try:
                self._sink.keep(text)
            except OSError as error:
                self.failed((error.strerror or str(error)).lower())
            else:
                self.error = ""
            self._since = None
