"""Digests of many files at once, near what the hash itself costs.

`hashlib` lets other threads run while it works, so a few of them keep all cores busy, and within a
large file one thread reads ahead of the one that hashes.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from queue import SimpleQueue
from typing import TYPE_CHECKING, NamedTuple, Protocol

from modelwarden.core import InputError

if TYPE_CHECKING:
    from typing import Self

    from modelwarden.artifacts.signing.statement import Part

# Large, because a thread waits for up to 5 ms before it may go on beside Python code.
_PIECE = 8 << 20
_WORKERS = 8
_FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOFOLLOW


class Unit(NamedTuple):
    """One file, or one shard of it, to be hashed; `size` is that of the file when it was met."""

    part: Part
    path: str
    start: int
    end: int | None
    size: int


class Hash(Protocol):
    """What `hashlib` gives."""

    def update(self, data: memoryview, /) -> object:
        """Take more bytes."""

    def digest(self) -> bytes:
        """Return the digest so far."""


class ChangedError(InputError):
    """A file that changed while it was hashed."""

    hint = "Let nothing write to the model, and run the command again."


def maker(algorithm: str) -> Callable[[], Hash]:
    """Return what makes a hash of the kind named.

    Raises:
        InputError: blake3, and its package is not installed.
    """
    if algorithm == "sha256":
        return hashlib.sha256
    if algorithm == "blake2b":
        return hashlib.blake2b
    try:
        from blake3 import blake3
    except ImportError as error:
        raise InputError(
            "the model was signed over blake3 digests, and that package is not installed",
            hint="Install it: pip install blake3",
        ) from error
    made: Callable[[], Hash] = blake3
    return made


class Hashing:
    """Digests in the making: begun at once, so that other work can be done meanwhile.

    with Hashing(units, make) as hashing:
        …
        digests = hashing.result()
    """

    def __init__(self, units: Sequence[Unit], make: Callable[[], Hash]) -> None:
        """Begin with the largest of `units`; `make` is what `maker` returned."""
        self._sizes = [unit.size if unit.end is None else unit.end - unit.start for unit in units]
        order = sorted(range(len(units)), key=self._sizes.__getitem__)
        self._waiting = [units[index] for index in order]
        self._make = make
        self._lock = threading.Lock()
        self._found: dict[Part, bytes] = {}
        self._done = 0
        self._stopped = False
        self._error: BaseException | None = None
        count = min(_WORKERS, os.cpu_count() or 1, len(units))
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(count)]
        for thread in self._threads:
            thread.start()

    def __enter__(self) -> Self:
        """Use as a context manager: what is left when it ends is not hashed."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self._stopped = True

    def result(self, progress: Callable[[int, int], None] | None = None) -> dict[Part, bytes]:
        """Wait for all digests.

        Args:
            progress: called with the bytes done and all of them, from this thread.

        Raises:
            ChangedError: a file changed while it was read.
            InputError: a file cannot be read.
        """
        total = sum(self._sizes)
        for thread in self._threads:
            while thread.is_alive():
                thread.join(0.1)
                if progress is not None:
                    progress(self._done, total)
        if self._error is not None:
            raise self._error
        return self._found

    def _run(self) -> None:
        while not self._stopped:
            with self._lock:
                if not self._waiting:
                    return
                unit = self._waiting.pop()
            try:
                digest = self._digest(unit)
            except BaseException as error:  # noqa: BLE001 -- handed to the thread that waits
                self._error, self._stopped = error, True
                return
            with self._lock:
                self._found[unit.part] = digest

    def _digest(self, unit: Unit) -> bytes:
        try:
            descriptor = os.open(unit.path, _FLAGS)
            try:
                before = _stamp(descriptor)
                end = unit.size if unit.end is None else unit.end
                total, at = self._hashed(descriptor, unit.start, end)
                same = before[0] == unit.size and _stamp(descriptor) == before
            finally:
                os.close(descriptor)
        except OSError as error:
            why = (error.strerror or str(error)).lower()
            raise InputError(f"cannot read {unit.path}: {why}") from error
        if not self._stopped and (at != end or not same):
            raise ChangedError(f"{unit.path} changed while it was hashed")
        return total.digest()

    def _hashed(self, descriptor: int, at: int, end: int) -> tuple[Hash, int]:
        """Return the hash of a part of a file, and where its bytes ended."""
        total = self._make()
        ahead = end - at > 4 * _PIECE
        pieces = (_read_ahead if ahead else _read)(descriptor, at, end)
        for piece in pieces:
            if self._stopped:
                break
            total.update(piece)
            at += len(piece)
            self._done += len(piece)
        return total, at


def _read(descriptor: int, at: int, end: int) -> Iterator[memoryview]:
    buffer = memoryview(bytearray(max(1, min(_PIECE, end - at))))
    while at < end and (size := os.preadv(descriptor, [buffer[: end - at]], at)):
        yield buffer[:size]
        at += size


def _read_ahead(descriptor: int, at: int, end: int) -> Iterator[memoryview]:
    """Have another thread fill one buffer while the other is hashed."""
    empty: SimpleQueue[memoryview | None] = SimpleQueue()
    full: SimpleQueue[memoryview | OSError | None] = SimpleQueue()

    def fill() -> None:
        place = at
        try:
            while place < end and (buffer := empty.get()) is not None:
                size = os.preadv(descriptor, [buffer[: end - place]], place)
                if not size:
                    break
                full.put(buffer[:size])
                place += size
        except OSError as error:
            full.put(error)
        full.put(None)

    reader = threading.Thread(target=fill, daemon=True)
    buffers = [memoryview(bytearray(_PIECE)) for _ in range(2)]
    for buffer in buffers:
        empty.put(buffer)
    reader.start()
    try:
        while (piece := full.get()) is not None:
            if isinstance(piece, OSError):
                raise piece
            yield piece
            empty.put(buffers[0])
            buffers.reverse()
    finally:
        empty.put(None)
        reader.join()


def _stamp(descriptor: int) -> tuple[int, ...]:
    seen = os.fstat(descriptor)
    return seen.st_size, seen.st_mtime_ns, seen.st_ctime_ns
