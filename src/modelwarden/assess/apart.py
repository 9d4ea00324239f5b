"""A user's checks in a process of their own: one that hangs, floods or dies ends only itself.

The process is a fork: it has the data already, and asks the model through us. It is no sandbox, as
the code is the user's own. What it says comes one by one, so what it said before its end is kept.
"""

from __future__ import annotations

import contextlib
import io
import multiprocessing
import os
import signal
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from modelwarden.assess.asking import Answers
from modelwarden.core import GapKind
from modelwarden.core.stages import StageResult
from modelwarden.targets.errors import TargetError

if TYPE_CHECKING:
    from multiprocessing.process import BaseProcess

    from modelwarden.targets.frames import Inputs

_TALK = 1 << 16  # characters that checks may print
_MEMORY = 8 << 30  # bytes that they may take beyond what the run has already
_ENDING = 5.0

Serve = Callable[["Inputs | None"], Answers]
"""Answers rows; those of the test set where None are given."""

Work = Callable[[Serve, Callable[[str], None]], Iterator[StageResult]]
"""Yields results; is given what answers rows, and what is told as each check begins."""


def apart(work: Work, serve: Serve, seconds: float) -> Iterator[StageResult | tuple[str, GapKind]]:
    """Yield what the work yields, and at last why it ended early: a reason, and the kind of gap.

    Args:
        work: is run in a process of its own; in this one where none can be forked.
        serve: asks the model, here.
        seconds: that one check may take, the model's answers aside.
    """
    if "fork" not in multiprocessing.get_all_start_methods() or sys.platform == "darwin":
        yield from work(serve, lambda _: None)
        return
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("fork").Process(target=_run, args=(theirs, ours, work))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # threads of numpy's: none is forked
        process.start()
    theirs.close()
    try:
        yield from _listened(ours, process, serve, seconds)
    finally:
        ours.close()
        _end(process)


def _listened(
    link: Connection, process: BaseProcess, serve: Serve, seconds: float
) -> Iterator[StageResult | tuple[str, GapKind]]:
    left, at = seconds, "the module, while it was loaded,"
    while True:
        began = time.monotonic()
        if not link.poll(max(0.0, left)):
            yield f"{at} did not end within {seconds:g} s", GapKind.OVER_LIMIT
            return
        left -= time.monotonic() - began
        try:
            kind, said = link.recv()
        except (EOFError, OSError):
            process.join(_ENDING)
            yield f"{at} ended the process ({_how(process.exitcode)})", GapKind.FAILED
            return
        if kind == "end":
            return
        if kind == "begins":
            left, at = seconds, f"the check {said}"
        elif kind == "says":
            yield said
        else:
            link.send(_served(serve, said))


def _served(serve: Serve, inputs: Inputs | None) -> Answers | tuple[str, GapKind]:
    try:
        return serve(inputs)
    except TargetError as error:
        return error.message, error.kind


def _how(code: int | None) -> str:
    if code is None or code >= 0:
        return f"exit code {code}"
    with contextlib.suppress(ValueError):
        return f"signal {signal.Signals(-code).name}"
    return f"signal {-code}"


def _end(process: BaseProcess) -> None:
    """End the process with all that it started."""
    if process.pid is not None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    if process.is_alive():
        process.kill()
    process.join(_ENDING)


def _run(link: Connection, other: Connection, work: Work) -> None:
    other.close()
    os.setsid()
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    sys.stdout.flush()
    os.dup2(2, 1)  # the report may stand on standard output
    _bound_memory()
    talk = _Talk(sys.stderr)
    with contextlib.redirect_stdout(talk), contextlib.redirect_stderr(talk):
        for result in work(_asking(link), lambda name: link.send(("begins", name))):
            link.send(("says", result))
        link.send(("end", None))


def _asking(link: Connection) -> Serve:
    def ask(inputs: Inputs | None) -> Answers:
        link.send(("asks", inputs))
        said = link.recv()
        if isinstance(said, Answers):
            return said
        raise TargetError(said[0], kind=said[1])

    return ask


def _bound_memory() -> None:
    try:
        import resource

        pages = int(Path("/proc/self/statm").read_text("ascii").split()[0])
        most = pages * os.sysconf("SC_PAGE_SIZE") + _MEMORY
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
    except (ImportError, OSError, ValueError):
        return  # not on this system


class _Talk(io.TextIOBase):
    """Passes on what is printed, up to a bound."""

    def __init__(self, to: TextIO) -> None:
        self._to, self._left = to, _TALK

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        if self._left > 0:
            self._to.write(text[: self._left])
            self._left -= len(text)
            if self._left <= 0:
                self._to.write("\n[the checks print more; it is left out]\n")
        return len(text)

    def flush(self) -> None:
        self._to.flush()


__all__ = ["apart"]
