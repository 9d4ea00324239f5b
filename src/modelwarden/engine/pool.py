"""Worker processes, each fed a few units ahead; one that dies takes only its unit with it.

`concurrent.futures` gives up the whole pool when one worker is killed, and unpickles what workers
answer. Here a worker is one process and one pipe: unit numbers go in, JSON comes out.

Workers are forked where that is safe (Linux, and this process has a single thread): a fork starts
in milliseconds with every module loaded, a fresh interpreter takes some 200 ms of CPU each. In a
program with threads a fork may copy a held lock, so workers are spawned there.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import field
from multiprocessing.connection import Connection, wait
from typing import TYPE_CHECKING, Generic, TypeVar

from modelwarden.core.values import dataclass
from modelwarden.engine.settled import Progress, Settled
from modelwarden.engine.task import Task

if TYPE_CHECKING:
    from multiprocessing.context import ForkContext, SpawnContext
    from multiprocessing.process import BaseProcess

U = TypeVar("U")
R = TypeVar("R")

_AHEAD = 8  # units a worker is given before it answers: hides the way there and back


@dataclass(slots=True)
class _Worker:
    """One process, its pipe, and the units that it has not answered, in its order.

    Attributes:
        ready: it has said that it started.
    """

    process: BaseProcess
    pipe: Connection
    units: deque[int] = field(default_factory=deque)
    since: float = 0.0
    ready: bool = False


class Pool(Generic[U, R]):
    """One run over all units; of no use afterwards."""

    def __init__(
        self,
        units: Sequence[U],
        task: Task[U, R],
        jobs: int,
        seconds: float,
        progress: Progress | None,
    ) -> None:
        """Plan `jobs` workers; a unit that takes longer than `seconds` is given up."""
        self._units = units
        self._task = task
        self._jobs = jobs
        self._seconds = seconds
        self._progress = progress
        self._context = _context()
        self._waiting = deque(range(len(units)))
        self._workers: list[_Worker] = []
        self._settled: dict[int, Settled[R]] = {}
        self._startable = True

    def run(self) -> list[Settled[R]]:
        """Work all units; whatever happens, no worker is left behind."""
        try:
            while len(self._settled) < len(self._units):
                if self._startable:
                    self._feed()
                    self._collect()
                else:
                    self._work_here()
        finally:
            for worker in self._workers:
                _stop(worker)
        return [self._settled[number] for number in range(len(self._units))]

    def _feed(self) -> None:
        wanted = min(self._jobs, len(self._waiting) + sum(bool(w.units) for w in self._workers))
        while len(self._workers) < wanted:
            self._workers.append(self._start())
        # Towards the end the rest is shared out evenly instead of queueing behind one worker.
        ahead = max(1, min(_AHEAD, len(self._waiting) // self._jobs))
        for worker in tuple(self._workers):
            while self._waiting and len(worker.units) < ahead:
                if not worker.units:
                    worker.since = time.monotonic()
                number = self._waiting.popleft()
                worker.units.append(number)
                try:
                    worker.pipe.send_bytes(str(number).encode())
                except OSError:
                    self._bury(worker, None)
                    break

    def _collect(self) -> None:
        busy = [worker for worker in self._workers if worker.units]
        if not busy:
            return
        patience = min(worker.since for worker in busy) + self._seconds - time.monotonic()
        ready = wait([worker.pipe for worker in busy], timeout=max(0.0, patience))
        now = time.monotonic()
        for worker in busy:
            if worker.pipe in ready:
                self._answer(worker)
            elif now - worker.since >= self._seconds:
                self._bury(worker, f"took longer than {self._seconds:g} s and was stopped")

    def _answer(self, worker: _Worker) -> None:
        try:
            answer = worker.pipe.recv_bytes()
        except (EOFError, OSError):
            self._bury(worker, None)
            return
        if not worker.ready:
            worker.ready = True
            return
        self._settle(worker.units.popleft(), self._task.from_json(answer))
        worker.since = time.monotonic()

    def _bury(self, worker: _Worker, why: str | None) -> None:
        """Blame the unit that a dead worker had in hand; the units behind it go to another."""
        self._workers.remove(worker)
        _stop(worker, kill=why is not None)
        if not worker.ready and why is None:
            self._startable = False
            self._waiting.extendleft(reversed(worker.units))
            return
        if not worker.units:
            return
        error = why or f"its worker process died ({_cause(worker.process.exitcode)})"
        self._settle(worker.units.popleft(), Settled(error=error))
        self._waiting.extendleft(reversed(worker.units))

    def _work_here(self) -> None:
        """Do the rest without workers where none can be started.

        A program that is spawned anew for each worker and has no `__main__` guard is such a place.
        """
        for worker in self._workers:
            self._waiting.extend(worker.units)
            worker.units.clear()
        while self._waiting:
            number = self._waiting.popleft()
            self._settle(number, self._task.settle(self._units[number]))

    def _settle(self, number: int, settled: Settled[R]) -> None:
        self._settled[number] = settled
        if self._progress:
            self._progress(len(self._settled), len(self._units))

    def _start(self) -> _Worker:
        ours, theirs = self._context.Pipe()
        others = [worker.pipe for worker in self._workers]
        forked = self._context.get_start_method() == "fork"
        process = self._context.Process(
            target=_serve,
            args=(theirs, self._task, self._units, (*others, ours) if forked else ()),
            daemon=True,
        )
        process.start()
        theirs.close()
        return _Worker(process, ours)


def _serve(
    pipe: Connection, task: Task[U, R], units: Sequence[U], inherited: Sequence[Connection]
) -> None:
    """Answer unit numbers until the parent hangs up; runs in the worker."""
    # An interrupt from the terminal reaches the whole group; the parent decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Else a sibling would keep this pipe open after the parent is gone.
    for other in inherited:
        other.close()
    with suppress(EOFError, OSError):
        pipe.send_bytes(b"ready")
        while True:
            pipe.send_bytes(task.settle_as_json(units[int(pipe.recv_bytes())]))


def _stop(worker: _Worker, *, kill: bool = True) -> None:
    worker.pipe.close()
    if kill:
        worker.process.kill()
    worker.process.join(5)
    if worker.process.is_alive():
        worker.process.kill()
        worker.process.join()


def _cause(code: int | None) -> str:
    if code is None or code >= 0:
        return f"exit code {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    return f"{name}, perhaps out of memory" if name == "SIGKILL" else name


def _context() -> ForkContext | SpawnContext:
    if sys.platform == "linux" and _threads() == 1:
        return multiprocessing.get_context("fork")
    return multiprocessing.get_context("spawn")


def _threads() -> int:
    try:
        return len(os.listdir("/proc/self/task"))  # noqa: PTH208 -- only counted
    except OSError:
        return 2
