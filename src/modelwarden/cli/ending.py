"""What SIGTERM and SIGHUP do to a command: they end it as Ctrl-C does, with its own exit code.

By default they kill a process where it stands, as `timeout`, a cancelled CI job and a closed
terminal do: a model's sandbox then leaves its private folder behind.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = (signal.SIGTERM, signal.SIGHUP)


class EndedError(BaseException):
    """A signal asked us to end; no error of anything that runs."""

    def __init__(self, number: int) -> None:
        """Keep which signal it was."""
        self.name = signal.Signals(number).name
        self.code = 128 + number
        super().__init__(self.name)


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """Have these signals raise `EndedError` in the main thread, where nobody else asked for them.

    A forked process is killed by them as ever. A second one, while we clear up, kills us.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    ours = os.getpid()
    taken = [n for n in _SIGNALS if signal.getsignal(n) is signal.SIG_DFL]

    def end(number: int, _frame: FrameType | None) -> None:
        for each in taken:
            signal.signal(each, signal.SIG_DFL)
        if os.getpid() != ours:
            os.kill(os.getpid(), number)
        raise EndedError(number)

    for number in taken:
        signal.signal(number, end)
    try:
        yield
    finally:
        for number in taken:
            if signal.getsignal(number) is end:
                signal.signal(number, signal.SIG_DFL)
