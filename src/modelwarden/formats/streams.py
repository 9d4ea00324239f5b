"""Decompressed bytes that are produced when they are asked for, and kept only once."""

from __future__ import annotations

import os
import tempfile
from typing import TYPE_CHECKING

from modelwarden.formats.limits import LimitExceededError
from modelwarden.formats.view import DamagedError

if TYPE_CHECKING:
    from collections.abc import Iterator

IN_MEMORY = 4 << 20


class Spool:
    """Bytes that are appended and read back: in memory up to 4 MiB, then in an unlinked file.

    Attributes:
        size: bytes appended so far.
    """

    __slots__ = ("_descriptor", "_memory", "size")

    def __init__(self) -> None:
        """Start empty, without a file."""
        self._memory: bytearray | None = bytearray()
        self._descriptor = -1
        self.size = 0

    def append(self, data: bytes) -> None:
        """Keep `data` behind what is there."""
        if self._memory is not None and self.size + len(data) > IN_MEMORY:
            self._spill(self._memory)
            self._memory = None
        if self._memory is not None:
            self._memory += data
        else:
            _write(self._descriptor, data)
        self.size += len(data)

    def read_at(self, offset: int, size: int) -> bytes:
        """Return up to `size` bytes from `offset`."""
        if self._memory is not None:
            return bytes(self._memory[offset : offset + size])
        if self._descriptor < 0:
            return b""
        parts: list[bytes] = []
        while size > 0 and (part := os.pread(self._descriptor, size, offset)):
            parts.append(part)
            offset += len(part)
            size -= len(part)
        return b"".join(parts)

    def close(self) -> None:
        """Give back the file, if there is one."""
        descriptor, self._descriptor = self._descriptor, -1
        self._memory = bytearray() if self._memory is not None else None
        if descriptor >= 0:
            os.close(descriptor)

    def __del__(self) -> None:
        """Close what nobody closed."""
        self.close()

    def _spill(self, data: bytearray) -> None:
        descriptor, path = tempfile.mkstemp(prefix="modelwarden-")
        os.unlink(path)  # noqa: PTH108 -- pathlib would be imported for this line alone
        self._descriptor = descriptor
        _write(descriptor, bytes(data))


class Expanding:
    """A store over a stream of pieces: reading at an offset pulls the stream up to there.

    Attributes:
        damage: why the stream ended early, once it was pulled that far.
        ended: the stream gave its last piece.
    """

    __slots__ = ("_over", "_pieces", "_spool", "damage", "ended")

    def __init__(self, pieces: Iterator[bytes]) -> None:
        """Take a stream; nothing is pulled yet."""
        self._pieces = pieces
        self._spool = Spool()
        self._over: LimitExceededError | None = None
        self.damage: DamagedError | None = None
        self.ended = False

    @property
    def ready(self) -> int:
        """Bytes produced so far."""
        return self._spool.size

    def fill(self, end: int | None = None) -> int:
        """Pull the stream up to byte `end`, or to its end, and return how many bytes there are.

        Raises:
            LimitExceededError: a bound was reached on the way; what came before is kept.
        """
        while not self.ended and (end is None or self._spool.size < end):
            if self._over is not None:
                raise self._over
            try:
                piece = next(self._pieces, None)
            except LimitExceededError as over:
                self._over = over
                raise
            except DamagedError as damage:
                self.damage = damage
                piece = None
            if piece is None:
                self.ended = True
            else:
                self._spool.append(piece)
        return self._spool.size

    def read_at(self, offset: int, size: int) -> bytes:
        """Return up to `size` bytes from `offset`, fewer where the stream ended before."""
        self.fill(offset + size)
        return self._spool.read_at(offset, size)

    def close(self) -> None:
        """Forget the bytes."""
        self.ended = True
        self._spool.close()


def _write(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
