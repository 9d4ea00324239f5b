"""A thread that writes, so that the event loop waits for no disk.

What it is given it writes in order, many pieces at once. A disk that hangs holds up this thread
alone: how long the oldest piece has waited, and how many do, is told to whoever asks.

Both sides wake each other through sockets, and only where the other one sleeps: with locks and
queues of Python a piece costs more, for a thread that is woken by those asks for the interpreter
while the other one still has it.
"""

from __future__ import annotations

import os
import socket
import struct
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Generic, TypeVar

Piece = TypeVar("Piece")
_AT_ONCE = 64


class Desk(Generic[Piece]):
    """Where pieces are left to be written, by one thread or by several under a lock."""

    def __init__(self, name: str, write: Callable[[list[Piece]], None], moment: float) -> None:
        """Make ready; the thread begins with the first piece.

        Args:
            name: of the thread.
            write: brings pieces to where they belong; runs in the thread, and raises nothing.
            moment: seconds that `put` waits, where it is to wait.
        """
        self._name = name
        self._write = write
        self._moment = moment
        self._pieces: deque[tuple[float, Piece]] = deque()
        self._given = self._written = 0
        self._at: float | None = None  # when the oldest of what is being written was given
        self._watched = self._asleep = self._ending = False
        self._thread: threading.Thread | None = None
        self._here: socket.socket
        self._there: socket.socket

    @property
    def waiting(self) -> int:
        """How many pieces are not written yet."""
        return self._given - self._written

    def put(self, piece: Piece, *, wait: bool = False) -> bool:
        """Leave a piece.

        Args:
            piece: to be written.
            wait: whether to wait a moment for it.

        Returns:
            Whether everything is written.
        """
        if self._thread is None:
            self._begin()
        self._given += 1
        self._watched = wait
        self._pieces.append((time.monotonic(), piece))
        if self._asleep:
            self._wake()
        if not wait:
            return False
        with suppress(BlockingIOError):
            while self.waiting:
                os.read(self._here.fileno(), 64)
        self._watched = False
        return not self.waiting

    def since(self) -> float:
        """Return the seconds that the piece which is being written has waited; 0 when none is."""
        at = self._at
        return 0.0 if at is None else time.monotonic() - at

    def close(self, seconds: float) -> bool:
        """Write what waits, for so long at most; tell whether all was. Nothing may follow."""
        if self._thread is None:
            return True
        self._ending = True
        self._wake()
        self._thread.join(seconds)
        if self._thread.is_alive():
            return False
        self._here.close()
        self._there.close()
        self._thread = None
        return True

    def _begin(self) -> None:
        self._here, self._there = socket.socketpair()
        whole = int(self._moment)
        limit = struct.pack("@ll", whole, int((self._moment - whole) * 1e6))
        self._here.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, limit)
        self._thread = threading.Thread(target=self._work, name=self._name, daemon=True)
        self._thread.start()

    def _wake(self) -> None:
        self._asleep = False
        with suppress(BlockingIOError):  # so much is there that it will wake anyhow
            self._here.send(b".", socket.MSG_DONTWAIT)

    def _work(self) -> None:
        place = self._there.fileno()
        while not self._ending or self._pieces:
            if not self._pieces:
                self._asleep = True  # before the look: what is left after it rings
                if not self._pieces and not self._ending:
                    os.read(place, 4096)
                self._asleep = False
                continue
            count = min(len(self._pieces), _AT_ONCE)
            found = [self._pieces.popleft() for _ in range(count)]
            self._at = found[0][0]
            self._write([piece for _, piece in found])
            self._written += count
            self._at = None
            if self._watched:
                os.write(place, b".")
