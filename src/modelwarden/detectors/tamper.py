"""Files that must stay as they are: looked at whenever they are touched, and read again in turn.

The kernel tells when a file or its folder is touched (inotify, where it can be had). Every look
takes the state of each file – inode, size, both times, of which nobody can set back the time of the
last change – and reads what differs at once. Besides, all files are read again and again at a
bounded speed, for what is changed below the file system leaves no trace in any of these.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import select
import stat
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from modelwarden.core.values import dataclass
from modelwarden.detectors.profile import Watched

BUDGET = 64 << 20
"""Bytes a second that are read of files which nothing touched."""
_CHUNK = 1 << 20
_AGAIN = 5.0  # seconds before a file that is touched all the time is read once more
# modify, attributes, close after write, moved away and here, made, deleted, itself deleted or moved
_EVENTS = 0x2 | 0x4 | 0x8 | 0x40 | 0x80 | 0x100 | 0x200 | 0x400 | 0x800
_NONBLOCK = os.O_NONBLOCK | os.O_CLOEXEC

State = tuple[int, int, int, int, int]
_SIZE = 2


@dataclass(frozen=True, slots=True)
class Change:
    """A file that is not what it was, or is again.

    Attributes:
        path: as it is watched.
        told: for people; empty when it is as it should be again.
    """

    path: str
    told: str


class _File:
    """What is known of one file."""

    def __init__(self, watched: Watched) -> None:
        self.watched = watched
        self.state: State | None = None
        self.told = ""
        self.looked = -_AGAIN
        self.size: int | None = None  # that it has when it is as it should be; None before that


class FileWatch:
    """Watches files; nothing here waits but `wait`, and nothing asks the network.

    Attributes:
        read: bytes that were read so far.
    """

    def __init__(self, files: Sequence[Watched], budget: int = BUDGET) -> None:
        self.read = 0
        self._files = [_File(watched) for watched in files]
        self._budget = budget
        self._turn = 0
        self._hash: _Reading | None = None
        self._signal = Notified([f.watched.path for f in self._files])
        self._guard = threading.Lock()  # whoever closes may be another thread than who looks
        self._closed = False

    def wait(self, seconds: float) -> None:
        """Wait until something is touched, or so long."""
        with self._guard:
            if not self._closed:
                self._signal.wait(seconds)

    def look(self, seconds: float) -> list[Change]:
        """Look at every file once; return what changed since the last look.

        Args:
            seconds: since then, for which the budget of bytes holds.
        """
        with self._guard:
            return [] if self._closed else self._look(seconds)

    def _look(self, seconds: float) -> list[Change]:
        found: list[Change] = []
        now = time.monotonic()
        for file in self._files:
            state = _state_of(file.watched.path)
            if state == file.state and (state is not None or file.told):
                continue
            if file.state is not None and now - file.looked < _AGAIN and state is not None:
                continue  # next time: it is written to all the time
            if file.state is not None:
                file.looked = now
            found += self._judged(file, *self._whole(file))
        return found + list(self._in_turn(int(seconds * self._budget)))

    def close(self) -> None:
        """Let the kernel forget what is watched, after a look or a wait that is under way."""
        with self._guard:
            self._closed = True
            self._signal.close()
            if self._hash is not None:
                self._hash.close()
                self._hash = None

    def _whole(self, file: _File) -> tuple[State | None, str]:
        reading = _Reading(file.watched.path)
        state, size = reading.state, file.size
        if state is not None and size is not None and state[_SIZE] != size:
            reading.close()  # another file, however long it would take to read it
            return state, ""
        while not reading.done:
            self.read += reading.some(_CHUNK)
        return reading.state, reading.digest

    def _in_turn(self, budget: int) -> Iterator[Change]:
        """Read on in the file whose turn it is, as far as the budget goes, once around at most."""
        left, begun = budget, 0
        while self._files and left > 0 and begun <= len(self._files):
            if self._hash is None:
                begun += 1
                self._turn = (self._turn + 1) % len(self._files)
                self._hash = _Reading(self._files[self._turn].watched.path)
            amount = self._hash.some(min(_CHUNK, left))
            self.read += amount
            left -= max(amount, 1)
            if self._hash.done:
                reading, self._hash = self._hash, None
                if reading.began < self._files[self._turn].looked:
                    continue  # it was changed and read whole meanwhile
                yield from self._judged(self._files[self._turn], reading.state, reading.digest)

    def _judged(self, file: _File, state: State | None, digest: str) -> Iterator[Change]:
        file.state = state
        told = ""
        if state is None:
            told = f"cannot be read: {digest}"
        elif not digest:
            told = f"has {state[_SIZE]} bytes now, and had {file.size}"
        elif digest != file.watched.sha256:
            told = f"is now sha256:{digest}"
        else:
            file.size = state[_SIZE]
        if told != file.told:
            file.told = told
            yield Change(file.watched.path, told)


class _Reading:
    """One file on its way through SHA-256: what was opened is what is judged.

    Attributes:
        done: nothing is left to be read.
        began: when it was opened.
        state: of the open file; None when it cannot be read, and `digest` then says why.
    """

    def __init__(self, path: str) -> None:
        self.done = False
        self.began = time.monotonic()
        self.state: State | None = None
        self.digest = ""
        self._hash = hashlib.sha256()
        self._fd = -1
        try:
            self._fd = os.open(path, os.O_RDONLY | _NONBLOCK)
            found = os.fstat(self._fd)
            if not stat.S_ISREG(found.st_mode):
                raise OSError("it is no file")  # from others one may read for ever
            self.state = _state(found)
        except OSError as error:
            self._fail(error)

    def some(self, size: int) -> int:
        """Read so many bytes at most; return how many there were."""
        if self.done:
            return 0
        try:
            data = os.read(self._fd, size)
        except OSError as error:
            self._fail(error)
            return 0
        self._hash.update(data)
        if not data:
            self.done = True
            self.digest = self._hash.hexdigest()
            self.close()
        return len(data)

    def _fail(self, error: OSError) -> None:
        self.done, self.state = True, None
        self.digest = (error.strerror or str(error)).lower()
        self.close()

    def close(self) -> None:
        """Read no further."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def _state_of(path: str) -> State | None:
    try:
        return _state(os.stat(path))  # noqa: PTH116 -- of a name, many times a minute
    except OSError:
        return None


def _state(found: os.stat_result) -> State:
    return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


class Notified:
    """Waits for the kernel to tell that a folder was touched; where it cannot, for time to pass."""

    def __init__(self, paths: Sequence[str]) -> None:
        self._fd = -1
        folders = sorted({str(Path(path).absolute().parent) for path in paths})
        try:
            libc = ctypes.CDLL(None, use_errno=True)
            self._fd = libc.inotify_init1(_NONBLOCK)
            if self._fd >= 0:
                for folder in folders:
                    libc.inotify_add_watch(self._fd, os.fsencode(folder), _EVENTS)
        except (OSError, AttributeError):  # another system
            self._fd = -1

    def wait(self, seconds: float) -> None:
        """Wait until something is touched, or so long."""
        if self._fd < 0:
            time.sleep(seconds)
            return
        ready, _, _ = select.select([self._fd], [], [], seconds)
        if ready:
            time.sleep(min(0.05, seconds))  # what is written in one go is told once
            with suppress(OSError):
                while os.read(self._fd, 1 << 16):
                    pass

    def close(self) -> None:
        """Stop."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
