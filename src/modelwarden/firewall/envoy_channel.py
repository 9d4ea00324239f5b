"""HTTP/2 as far as it takes to be asked over gRPC by an Envoy; heads of calls are passed over.

Each call here is the same one, so no head is read and no table of headers is kept: what is left of
HTTP/2 is frames and windows. grpcio takes 350 µs for a call and 95 for each question in it, more
than all checks together.

Source: RFC 9113; "gRPC over HTTP2" of the gRPC project.
"""

from __future__ import annotations

import asyncio
import struct
from collections import deque
from collections.abc import Coroutine
from typing import Protocol

from modelwarden.firewall.wire import MessageError

LARGEST = (64 << 20) + (1 << 20)
"""Bytes of a message: the largest body of a profile, and what is around it."""
_UNREAD = 256  # messages of one call; an Envoy waits for the answer to each
_LATE = 3000  # looks, a hundred a second, at a call whose answer has no room
_HELD = 256 << 20  # of messages that are not whole, of one connection
_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_PREFACE_SECONDS = 10.0
_FRAME = 1 << 16
_HEADS = 1 << 16  # bytes of one head with what continues it
_WINDOW = 65_535
_MOST_WINDOW = (1 << 31) - 1
_TOP_UP = 1 << 20
_HEAD = struct.Struct(">HBBBI")
_PREFIX = struct.Struct(">BI")
_SETTING = struct.Struct(">HI")
_DATA, _HEADERS, _RESET, _SETTINGS, _PUSH, _PING, _GOAWAY, _UPDATE, _CONTINUED = (
    0, 1, 3, 4, 5, 6, 7, 8, 9,
)  # fmt: skip
_END_STREAM, _ACK, _END_HEADERS, _PADDED, _PRIORITY = 1, 1, 4, 8, 32
_INITIAL_WINDOW, _MAX_FRAME, _MAX_STREAMS, _TABLE, _MAX_HEAD = 4, 5, 3, 1, 6
_NO_ERROR, _PROTOCOL_ERROR, _CANCEL, _CALM = 0, 1, 8, 11
# :status 200, content-type application/grpc; grpc-status 0. Literals that nobody remembers.
_BEGIN = b"\x88\x0f\x10\x10application/grpc"
_END = b"\x00\x0bgrpc-status\x010"


class Asked(Protocol):
    """What calls are given to."""

    streams: int

    def answer(self, talk: Talk) -> Coroutine[object, object, None]:
        """Answer one call."""

    def opened(self, channel: Channel) -> bool:
        """Take note of a connection; tell whether there is room for it."""

    def closed(self, channel: Channel) -> None:
        """Take note of its end."""


class _BrokenError(Exception):
    """A connection that is not HTTP/2, or that asks too much."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class Talk:
    """One call: messages that come, and messages that are answered.

    Attributes:
        task: that answers it.
        ended: whether the other side has said all.
        taken: bytes that came since the other side was told of room for more.
    """

    __slots__ = (
        "_begun", "_buffer", "_channel", "_done", "_id", "_messages", "_pending", "_waiter",
        "_window", "ended", "taken", "task",
    )  # fmt: skip

    def __init__(self, channel: Channel, number: int, window: int) -> None:
        self.task: asyncio.Task[None] | None = None
        self.ended = False
        self.taken = 0
        self._channel = channel
        self._id = number
        self._window = window
        self._buffer = bytearray()
        self._messages: deque[bytes | MessageError] = deque()
        self._pending: deque[memoryview] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self._begun = self._done = False

    # reading ----------------------------------------------------------------------------------

    async def read(self) -> bytes | None:
        """Return the next message; None where none follows.

        Raises:
            MessageError: it is larger than any may be, or compressed.
        """
        while not self._messages:
            if self.ended:
                return None
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        message = self._messages.popleft()
        if isinstance(message, MessageError):
            raise message
        return message

    def feed(self, data: bytes) -> int:
        """Take what came; return by how much more is held that is not whole."""
        buffer = self._buffer
        before = len(buffer)
        if not before and len(data) >= 5:
            compressed, size = _PREFIX.unpack_from(data)
            if len(data) == size + 5 and not compressed:  # as nearly always
                self._got(data[5:])
                return 0
        buffer += data
        while len(buffer) >= 5 and not self._done:
            compressed, size = _PREFIX.unpack_from(buffer)
            if compressed or size > LARGEST:
                what = "a compressed message" if compressed else f"a message of {size} bytes"
                self._got(MessageError(what))
                self._done = True
                break
            if len(buffer) < size + 5:
                break
            self._got(bytes(buffer[5 : size + 5]))
            del buffer[: size + 5]
        if self._done:
            buffer.clear()
        return len(buffer) - before

    def _got(self, message: bytes | MessageError) -> None:
        if len(self._messages) >= _UNREAD:
            raise _BrokenError(_CALM)
        self._messages.append(message)
        self._wake()

    def end(self) -> int:
        """Take note that no more comes; return how much was held."""
        self.ended = True
        held = len(self._buffer)
        self._buffer.clear()
        self._wake()
        return held

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    # writing ----------------------------------------------------------------------------------

    async def write(self, message: bytes) -> None:
        """Answer a message; what the other side has no room for yet waits."""
        self._pending.append(memoryview(_PREFIX.pack(0, len(message)) + message))
        self.send()

    def send(self) -> None:
        """Send what there is room for."""
        frames: list[bytes | memoryview] = []
        channel = self._channel
        if not self._begun and self._pending:
            self._begun = True
            frames.append(frame(_HEADERS, _END_HEADERS, self._id, _BEGIN))
        while self._pending:
            part = self._pending[0]
            room = min(self._window, channel.window, channel.frame)
            if room <= 0:
                break
            if len(part) > room:
                part, self._pending[0] = part[:room], part[room:]
            else:
                self._pending.popleft()
            self._window -= len(part)
            channel.window -= len(part)
            size = len(part)
            frames += (_HEAD.pack(size >> 8, size & 0xFF, _DATA, 0, self._id), part)
        if frames:
            channel.write(b"".join(frames))

    def widen(self, more: int) -> None:
        """Take note that the other side has more room."""
        self._window += more
        if self._window > _MOST_WINDOW:
            raise _BrokenError(_PROTOCOL_ERROR)
        self.send()

    @property
    def waiting(self) -> bool:
        """Whether something is not sent yet."""
        return bool(self._pending)

    def last(self) -> bytes:
        """Return what ends the call."""
        begun = b"" if self._begun else frame(_HEADERS, _END_HEADERS, self._id, _BEGIN)
        return begun + frame(_HEADERS, _END_HEADERS | _END_STREAM, self._id, _END)


class Channel(asyncio.Protocol):
    """One connection.

    Attributes:
        window: bytes that the other side has room for, of all calls.
        frame: bytes of the largest frame that it takes.
    """

    def __init__(self, asked: Asked, loop: asyncio.AbstractEventLoop) -> None:
        self.window = _WINDOW
        self.frame = 1 << 14
        self._asked = asked
        self._loop = loop
        self._initial = _WINDOW
        self._buffer = bytearray()
        self._talks: dict[int, Talk] = {}
        self._newest = 0
        self._head: tuple[int, int] | None = None  # of a call that is continued: number, flags
        self._head_size = self._taken = self._held = 0
        self._is_http2 = self._closing = False
        self._transport: asyncio.Transport

    # what asyncio calls -----------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Say what we take."""
        self._transport = transport  # type: ignore[assignment]
        if not self._asked.opened(self):
            self._transport.abort()
            return
        settings = (
            (_TABLE, 0), (_MAX_STREAMS, self._asked.streams), (_INITIAL_WINDOW, LARGEST),
            (_MAX_FRAME, _FRAME), (_MAX_HEAD, _HEADS),
        )  # fmt: skip
        said = b"".join(_SETTING.pack(*setting) for setting in settings)
        room = struct.pack(">I", _MOST_WINDOW - _WINDOW)
        self.write(frame(_SETTINGS, 0, 0, said) + frame(_UPDATE, 0, 0, room))
        self._loop.call_later(_PREFACE_SECONDS, self._hurry)

    def connection_lost(self, error: Exception | None) -> None:
        """End all calls: nobody is there to be answered."""
        del error
        self._asked.closed(self)
        for talk in list(self._talks.values()):
            if talk.task is not None:
                talk.task.cancel()
        self._talks.clear()

    def pause_writing(self) -> None:
        """Read no further from who does not read."""
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        """Go on."""
        self._transport.resume_reading()

    def data_received(self, data: bytes) -> None:
        """Take the frames that are whole."""
        buffer = self._buffer
        buffer += data
        try:
            if not self._is_http2 and not self._begins():
                return
            at = 0
            while len(buffer) - at >= 9:
                high, low, kind, flags, number = _HEAD.unpack_from(buffer, at)
                size = high << 8 | low
                if size > _FRAME:
                    raise _BrokenError(_PROTOCOL_ERROR)
                if len(buffer) - at - 9 < size:
                    break
                payload = bytes(buffer[at + 9 : at + 9 + size])
                at += 9 + size
                self._take(kind, flags, number & _MOST_WINDOW, payload)
            del buffer[:at]
        except _BrokenError as broken:
            self._break(broken.code)

    def _begins(self) -> bool:
        if not _PREFACE.startswith(self._buffer[:24]):
            raise _BrokenError(_PROTOCOL_ERROR)
        if len(self._buffer) < len(_PREFACE):
            return False
        del self._buffer[: len(_PREFACE)]
        self._is_http2 = True
        return True

    def _hurry(self) -> None:
        if not self._is_http2:
            self._transport.abort()

    def _break(self, code: int) -> None:
        self._buffer.clear()
        self.write(frame(_GOAWAY, 0, 0, struct.pack(">II", self._newest, code)))
        self._transport.close()

    # frames -----------------------------------------------------------------------------------

    def _take(self, kind: int, flags: int, number: int, payload: bytes) -> None:
        if self._head is not None and (kind, number) != (_CONTINUED, self._head[0]):
            raise _BrokenError(_PROTOCOL_ERROR)
        if kind == _DATA:
            self._data(flags, number, payload)
        elif kind in (_HEADERS, _CONTINUED):
            self._headers(kind, flags, number, payload)
        elif kind == _UPDATE:
            self._update(number, payload)
        elif kind == _RESET:
            self._reset(number)
        elif kind == _PUSH:
            raise _BrokenError(_PROTOCOL_ERROR)
        elif not flags & _ACK:
            self._asked_of_us(kind, payload)

    def _asked_of_us(self, kind: int, payload: bytes) -> None:
        if kind == _SETTINGS:
            self._settings(payload)
        elif kind == _PING and len(payload) == 8:
            self.write(frame(_PING, _ACK, 0, payload))

    def _reset(self, number: int) -> None:
        talk = self._talks.pop(number, None)
        if talk is not None:
            self._held -= talk.end()
            if talk.task is not None:
                talk.task.cancel()

    def _data(self, flags: int, number: int, payload: bytes) -> None:
        self._taken += len(payload)
        if self._taken >= _TOP_UP:
            self.write(frame(_UPDATE, 0, 0, struct.pack(">I", self._taken)))
            self._taken = 0
        talk = self._talks.get(number)
        if talk is None:
            if not 0 < number <= self._newest:
                raise _BrokenError(_PROTOCOL_ERROR)
            return  # one that has ended
        if payload:
            talk.taken += len(payload)
            if talk.taken >= _TOP_UP:
                self.write(frame(_UPDATE, 0, number, struct.pack(">I", talk.taken)))
                talk.taken = 0
            self._held += talk.feed(_bare(flags & _PADDED, payload))
            if self._held > _HELD:
                raise _BrokenError(_CALM)
        if flags & _END_STREAM:
            self._held -= talk.end()

    def _headers(self, kind: int, flags: int, number: int, payload: bytes) -> None:
        if kind == _CONTINUED:
            if self._head is None:
                raise _BrokenError(_PROTOCOL_ERROR)
            flags |= self._head[1]
        self._head_size += len(payload)
        if self._head_size > _HEADS:
            raise _BrokenError(_CALM)
        if not flags & _END_HEADERS:
            self._head = (number, flags & _END_STREAM)
            return
        self._head, self._head_size = None, 0
        talk = self._talks.get(number)
        if talk is None:
            if number <= self._newest or not number & 1:
                raise _BrokenError(_PROTOCOL_ERROR)
            self._newest = number
            talk = self._talks[number] = Talk(self, number, self._initial)
            talk.task = self._loop.create_task(self._serve(talk, number))
        if flags & _END_STREAM:
            self._held -= talk.end()

    def _update(self, number: int, payload: bytes) -> None:
        if len(payload) != 4:
            raise _BrokenError(_PROTOCOL_ERROR)
        more = int.from_bytes(payload, "big") & _MOST_WINDOW
        if number:
            talk = self._talks.get(number)
            if talk is not None:
                talk.widen(more)
            return
        self.window += more
        if self.window > _MOST_WINDOW:
            raise _BrokenError(_PROTOCOL_ERROR)
        for talk in [talk for talk in self._talks.values() if talk.waiting]:
            talk.send()

    def _settings(self, payload: bytes) -> None:
        if len(payload) % 6:
            raise _BrokenError(_PROTOCOL_ERROR)
        for key, value in _SETTING.iter_unpack(payload):
            if key == _MAX_FRAME:
                if not 1 << 14 <= value < 1 << 24:
                    raise _BrokenError(_PROTOCOL_ERROR)
                self.frame = value
            elif key == _INITIAL_WINDOW:
                if value > _MOST_WINDOW:
                    raise _BrokenError(_PROTOCOL_ERROR)
                for talk in list(self._talks.values()):
                    talk.widen(value - self._initial)
                self._initial = value
        self.write(frame(_SETTINGS, _ACK, 0))

    # calls ------------------------------------------------------------------------------------

    async def _serve(self, talk: Talk, number: int) -> None:
        try:
            await self._asked.answer(talk)
            for _ in range(_LATE):
                if not talk.waiting or number not in self._talks:
                    break
                await asyncio.sleep(0.01)
            self.write(talk.last())
        finally:
            self._talks.pop(number, None)

    def write(self, data: bytes) -> None:
        """Send bytes."""
        if not self._transport.is_closing():
            self._transport.write(data)

    def drain(self) -> None:
        """Ask for no new call; those that are under way go on."""
        self.write(frame(_GOAWAY, 0, 0, struct.pack(">II", _MOST_WINDOW, _NO_ERROR)))

    def close(self) -> None:
        """End the connection, and with it what is still under way."""
        for number in self._talks:
            self.write(frame(_RESET, 0, number, struct.pack(">I", _CANCEL)))
        self._transport.close()


def frame(kind: int, flags: int, number: int, payload: bytes = b"") -> bytes:
    """Return a frame."""
    size = len(payload)
    return _HEAD.pack(size >> 8, size & 0xFF, kind, flags, number) + payload


def _bare(padded: int, payload: bytes) -> bytes:
    if not padded:
        return payload
    if payload[0] >= len(payload):
        raise _BrokenError(_PROTOCOL_ERROR)
    return payload[1 : len(payload) - payload[0]]
