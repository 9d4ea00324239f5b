"""Frames between us and a worker: a fixed head, a bounded JSON object, descriptors beside them.

Nothing that a worker says is unpickled or believed: each frame is checked for form and length
before it is kept, and arrays lie in memory whose size and, for inputs, content is sealed.

Source: memfd_create(2), unix(7).
"""

from __future__ import annotations

import array
import fcntl
import json
import math
import os
import select
import socket
import struct
import time
from typing import TYPE_CHECKING

from modelwarden.sandbox.private import descriptors_waiting

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from modelwarden.core import Json

_HEAD = struct.Struct("!4sBI")
_MAGIC = b"MWS1"
_REQUEST = 1
ANSWER, ERROR = 2, 3
_PIECE = 1 << 16
_MOST_DESCRIPTORS = 4
_BESIDE = socket.CMSG_LEN(4 * _MOST_DESCRIPTORS)
_LONGEST_WAIT = (1 << 31) - 1  # milliseconds that poll(2) can be told


class GoneError(Exception):
    """The worker hung up."""


class LateError(Exception):
    """The worker did not answer in time."""


class BrokenError(Exception):
    """The worker said something that is no frame; the message says what."""


class Channel:
    """Our end of the socket.

    Tile after tile asks and answers mostly the same but for the arrays, which do not come this way:
    what repeats the message before it is neither written nor read anew.
    """

    def __init__(self, longest: int) -> None:
        """Make a pair of sockets; answers may have `longest` bytes."""
        self._socket, self.theirs = socket.socketpair()
        # We wait for what comes ourselves: a timeout would ask again at each step whether it came.
        self._socket.setblocking(False)
        self._coming = select.poll()
        self._coming.register(self._socket, select.POLLIN)
        self._longest = longest
        self._asked: tuple[Mapping[str, Json] | None, bytes] = (None, b"")
        self._told: tuple[bytes, Mapping[str, Json]] = (b"", {})

    def exchange(
        self, body: Mapping[str, Json], descriptors: Sequence[int], seconds: float
    ) -> tuple[int, Mapping[str, Json], list[int]]:
        """Send one request; return the kind, body and descriptors of the answer.

        An answer that repeats the one before, byte for byte, is the very same object.

        Raises:
            GoneError, LateError, BrokenError: there is no answer to be had.
        """
        deadline = time.monotonic() + seconds
        try:
            self._send(body, descriptors, deadline)
            return self._receive(deadline)
        except OSError as error:
            raise GoneError from error

    def _send(self, body: Mapping[str, Json], descriptors: Sequence[int], deadline: float) -> None:
        if body != self._asked[0]:
            data = json.dumps(body).encode()
            self._asked = body, _HEAD.pack(_MAGIC, _REQUEST, len(data)) + data
        frame = self._asked[1]
        while frame:
            try:
                if descriptors:
                    sent = socket.send_fds(self._socket, [frame], list(descriptors))
                else:
                    sent = self._socket.send(frame)
            except BlockingIOError:
                # A worker that reads no more lets a question wait that the socket cannot hold.
                if not select.select([], [self._socket], [], _left(deadline))[1]:
                    raise LateError from None
            else:
                frame, descriptors = frame[sent:], ()

    def _receive(self, deadline: float) -> tuple[int, Mapping[str, Json], list[int]]:
        descriptors: list[int] = []
        try:
            return *self._frame(deadline, descriptors), descriptors
        except BaseException:
            for descriptor in descriptors:
                os.close(descriptor)
            raise

    def _frame(self, deadline: float, descriptors: list[int]) -> tuple[int, Mapping[str, Json]]:
        data = bytearray()
        kind, whole = 0, _HEAD.size
        while len(data) < whole:
            self._wait(deadline)
            # Mostly a frame comes in one piece: each system call counts against short answers.
            part, beside, _, _ = self._socket.recvmsg(_PIECE, _BESIDE)
            for level, sort, rights in beside:
                if (level, sort) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                    descriptors += array.array("i", rights[: len(rights) // 4 * 4])
            if len(descriptors) > _MOST_DESCRIPTORS:
                raise BrokenError("more descriptors than an answer has")
            if not part:
                raise GoneError
            data += part
            if whole == _HEAD.size <= len(data):
                magic, kind, length = _HEAD.unpack_from(data)
                if magic != _MAGIC or kind not in (ANSWER, ERROR) or length > self._longest:
                    raise BrokenError("an answer that is not in the agreed form")
                whole += length
        if len(data) > whole:
            raise BrokenError("more than one answer to a question")
        if data != self._told[0]:
            self._told = bytes(data), _object(bytes(data[_HEAD.size :]))
        return kind, self._told[1]

    def _wait(self, deadline: float) -> None:
        if not self._coming.poll(min(math.ceil(1000 * _left(deadline)), _LONGEST_WAIT)):
            raise LateError

    def flooded(self) -> bool:
        """Return whether more descriptors wait for us than an answer has."""
        return descriptors_waiting(os.getpid(), self._socket.fileno()) > _MOST_DESCRIPTORS

    def close(self) -> None:
        """Hang up."""
        self._socket.close()
        self.theirs.close()


def _left(deadline: float) -> float:
    """Return the seconds that are left; LateError when none is."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise LateError
    return left


def _object(data: bytes) -> dict[str, Json]:
    try:
        body = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise BrokenError("an answer that is not JSON") from error
    if not isinstance(body, dict):
        raise BrokenError("an answer that is not an object")
    return body


def sealed_memory(size: int, data: bytes | None = None) -> int:
    """Return a descriptor of memory that keeps its size, and its bytes when `data` is given."""
    descriptor = os.memfd_create("modelwarden", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    os.truncate(descriptor, max(size, 1))
    seals = fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_SEAL
    if data is not None:
        written = 0
        while written < len(data):
            written += os.pwrite(descriptor, data[written:], written)
        seals |= fcntl.F_SEAL_WRITE
    fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, seals)
    return descriptor
