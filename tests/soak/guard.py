"""What a process that only reads may do: everything else is noted, with the stream that did it."""

from __future__ import annotations

import re
import resource
import signal
import sys
import tempfile
from pathlib import Path
from types import FrameType

# Events of the interpreter that touch nothing outside it. Whatever is not here is a violation:
# exec, import, open, socket, subprocess, os.*, ctypes, marshal, pickle.find_class, ...
HARMLESS = frozenset(
    {
        "array.__new__",
        "builtins.id",
        "gc.get_referents",
        "object.__delattr__",
        "object.__getattr__",
        "object.__setattr__",
        "sys._getframe",
        "sys.unraisablehook",
    }
)
NUMBER = re.compile(rb"[0-9_]+(?:\.[0-9_]+)?(?:[eE][+-]?[0-9_]+)?\Z")
SPOOLED = frozenset({"open", "os.remove", "tempfile.mkstemp"})
SPOOLS = f"{tempfile.gettempdir()}/modelwarden-*"


class HangError(BaseException):
    """A stream took longer than its time; no reader can catch it."""


class Guard:
    """An audit hook that can be armed and disarmed.

    Attributes:
        met: what was done that may not be done, since the guard was armed.
    """

    def __init__(self) -> None:
        self.met: list[str] = []
        self._armed = False
        sys.addaudithook(self._heard)

    def arm(self) -> None:
        self.met = []
        self._armed = True

    def disarm(self) -> None:
        self._armed = False

    def _heard(self, event: str, arguments: tuple[object, ...]) -> None:
        if not self._armed or event in HARMLESS:
            return
        if event in {"compile", "open"} and "" in arguments[:2]:
            return  # `ast.parse`, which only builds a tree, and its look for the line of an error
        if event == "compile" and isinstance(arguments[0], bytes) and NUMBER.match(arguments[0]):
            return  # Jinja's lexer has its numbers made by `ast.literal_eval`
        if event == "os.listdir" and arguments[0] in sys.path:
            return  # the look for a codec that this Python does not have
        if event in SPOOLED and Path(str(arguments[0])).match(SPOOLS):
            return
        self.met.append(f"{event} {arguments!r}"[:200])


def limit(memory: int) -> None:
    """Let this process have `memory` bytes more of address space than it has now."""
    with open("/proc/self/statm", encoding="ascii") as statm:  # noqa: PTH123
        now = int(statm.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (now + memory, now + memory))


def peak() -> int:
    """Return the most bytes of memory that this process ever held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def alarm(seconds: float) -> None:
    """Raise `HangError` when this process has used so much CPU time from now on; 0 ends it."""
    signal.setitimer(signal.ITIMER_PROF, seconds)


def _rang(number: int, frame: FrameType | None) -> None:
    raise HangError


signal.signal(signal.SIGPROF, _rang)
