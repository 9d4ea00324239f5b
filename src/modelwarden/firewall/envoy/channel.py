"""Being asked over gRPC by an Envoy: calls and their messages; HTTP/2 itself is left to h2.

grpcio takes 350 µs for a call and 95 for each question in it, more than all checks together.

Source: "gRPC over HTTP2" of the gRPC project.
"""

from __future__ import annotations

import asyncio
import struct
from collections import deque
from collections.abc import Coroutine, Iterable
from contextlib import suppress
from typing import Protocol

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import (
    ConnectionTerminated,
    DataReceived,
    Event,
    RemoteSettingsChanged,
    RequestReceived,
    StreamEnded,
    StreamReset,
    WindowUpdated,
)
from h2.exceptions import ProtocolError
from h2.settings import SettingCodes, Settings
from hyperframe.frame import GoAwayFrame

from modelwarden.firewall.wire import MessageError

LARGEST = (64 << 20) + (1 << 20)
"""Bytes of a message: the largest body of a profile, and what is around it."""
_UNREAD = 256  # messages of one call; an Envoy waits for the answer to each
_LATE = 3000  # looks, a hundred a second, at a call whose answer has no room
_HELD = 256 << 20  # of messages that are not whole, of one connection
_PREFACE_SECONDS = 10.0
_FRAME = 1 << 16
_SILENT = (
    2 * _FRAME
)  # bytes that tell nothing yet: h2 measures frames and heads when they are whole
_WINDOW = 65_535
_MOST = (1 << 31) - 1  # of a window, and of numbers of calls
_PREFIX = struct.Struct(">BI")
_BEGIN = ((b":status", b"200"), (b"content-type", b"application/grpc"))
_END = ((b"grpc-status", b"0"),)
# Of a head nothing is used, since each call here is the same one.
_CONFIGURATION = H2Configuration(
    client_side=False,
    header_encoding=None,
    validate_inbound_headers=False,
    normalize_inbound_headers=False,
    validate_outbound_headers=False,
    normalize_outbound_headers=False,
)


class Asked(Protocol):
    """What calls are given to."""

    streams: int

    def answer(self, talk: Talk) -> Coroutine[object, object, None]:
        """Answer one call."""

    def opened(self, channel: Channel) -> bool:
        """Take note of a connection; tell whether there is room for it."""

    def closed(self, channel: Channel) -> None:
        """Take note of its end."""


class _CalmError(Exception):
    """A connection that asks too much."""


class Talk:
    """One call: messages that come, and messages that are answered.

    Attributes:
        task: that answers it.
        ended: whether the other side has said all.
    """

    __slots__ = (
        "_begun", "_buffer", "_channel", "_done", "_id", "_messages", "_pending", "_waiter",
        "ended", "task",
    )  # fmt: skip

    def __init__(self, channel: Channel, number: int) -> None:
        self.task: asyncio.Task[None] | None = None
        self.ended = False
        self._channel = channel
        self._id = number
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
            raise _CalmError
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
        if not self._channel.closing:
            self.send()
            self._channel.flush()

    def send(self) -> None:
        """Hand over what there is room for.

        Raises:
            ProtocolError: the call has been reset.
        """
        http2 = self._channel.http2
        if not self._begun and self._pending:
            self._begun = True
            http2.send_headers(self._id, _BEGIN)
        while self._pending:
            part = self._pending[0]
            room = min(http2.local_flow_control_window(self._id), http2.max_outbound_frame_size)
            if room <= 0:
                break
            if len(part) > room:
                part, self._pending[0] = part[:room], part[room:]
            else:
                self._pending.popleft()
            http2.send_data(self._id, part)

    @property
    def waiting(self) -> bool:
        """Whether something is not sent yet."""
        return bool(self._pending)

    def last(self) -> None:
        """End the call."""
        http2 = self._channel.http2
        if not self._begun:
            http2.send_headers(self._id, _BEGIN)
        http2.send_headers(self._id, _END, end_stream=True)
        self._channel.flush()


class Channel(asyncio.Protocol):
    """One connection.

    Attributes:
        http2: what is sent and received over it.
    """

    def __init__(self, asked: Asked, loop: asyncio.AbstractEventLoop) -> None:
        self.http2 = H2Connection(_CONFIGURATION)
        self._asked = asked
        self._loop = loop
        self._talks: dict[int, Talk] = {}
        self._held = self._silent = 0
        self._is_http2 = False
        self._transport: asyncio.Transport

    # what asyncio calls -----------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Say what we take."""
        self._transport = transport  # type: ignore[assignment]
        if not self._asked.opened(self):
            self._transport.abort()
            return
        http2 = self.http2
        http2.local_settings = Settings(
            client=False,
            initial_values={
                SettingCodes.MAX_CONCURRENT_STREAMS: self._asked.streams,
                SettingCodes.INITIAL_WINDOW_SIZE: LARGEST,
                SettingCodes.MAX_FRAME_SIZE: _FRAME,
                SettingCodes.MAX_HEADER_LIST_SIZE: http2.DEFAULT_MAX_HEADER_LIST_SIZE,
            },
        )
        http2.max_inbound_frame_size = _FRAME
        http2.initiate_connection()
        http2.increment_flow_control_window(_MOST - _WINDOW)
        self.flush()
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
        """Take what came."""
        try:
            events = self.http2.receive_data(data)
            self._silent = 0 if events else self._silent + len(data)
            if self._silent > _SILENT:
                raise _CalmError
            for event in events:
                self._take(event)
        except ProtocolError:  # h2 has said so
            self._end()
        except _CalmError:
            self.http2.close_connection(ErrorCodes.ENHANCE_YOUR_CALM)
            self._end()
        else:
            self._is_http2 = self._is_http2 or bool(events)
            self.flush()

    def _hurry(self) -> None:
        if not self._is_http2:
            self._transport.abort()

    def _end(self) -> None:
        self.flush()
        self._transport.close()

    # what h2 tells ----------------------------------------------------------------------------

    def _take(self, event: Event) -> None:
        if isinstance(event, DataReceived):
            self._data(event)
        elif isinstance(event, WindowUpdated) and event.stream_id:
            self._go_on([event.stream_id])
        elif isinstance(event, RequestReceived):
            self._begin(event.stream_id)
        elif isinstance(event, StreamEnded):
            if event.stream_id in self._talks:
                self._held -= self._talks[event.stream_id].end()
        elif isinstance(event, StreamReset):
            self._reset(event.stream_id)
        elif isinstance(event, WindowUpdated | RemoteSettingsChanged):
            self._go_on(self._talks)
        elif isinstance(event, ConnectionTerminated):  # after which h2 sends nothing more
            self._end()

    def _begin(self, number: int) -> None:
        talk = self._talks[number] = Talk(self, number)
        talk.task = self._loop.create_task(self._serve(talk, number))

    def _data(self, event: DataReceived) -> None:
        number = event.stream_id
        self.http2.acknowledge_received_data(event.flow_controlled_length, number)
        talk = self._talks.get(number)
        if talk is None:
            return  # one that has ended
        self._held += talk.feed(event.data)
        if self._held > _HELD:
            raise _CalmError

    def _reset(self, number: int) -> None:
        talk = self._talks.pop(number, None)
        if talk is not None:
            self._held -= talk.end()
            if talk.task is not None:
                talk.task.cancel()

    def _go_on(self, numbers: Iterable[int]) -> None:
        for number in numbers:
            talk = self._talks.get(number)
            if talk is not None and talk.waiting:
                with suppress(ProtocolError):  # the call has ended, which h2 tells after this
                    talk.send()

    # calls ------------------------------------------------------------------------------------

    async def _serve(self, talk: Talk, number: int) -> None:
        try:
            await self._asked.answer(talk)
            for _ in range(_LATE):
                if not talk.waiting or number not in self._talks:
                    break
                await asyncio.sleep(0.01)
            if number in self._talks and not self.closing:
                talk.last()
        finally:
            self._talks.pop(number, None)

    @property
    def closing(self) -> bool:
        """Whether nothing is sent any more."""
        return self._transport.is_closing()

    def flush(self) -> None:
        """Send what there is to send."""
        data = self.http2.data_to_send()
        if data and not self.closing:
            self._transport.write(data)

    def drain(self) -> None:
        """Ask for no new call; those that are under way go on, which h2's own way would not let."""
        if not self.closing:
            self._transport.write(GoAwayFrame(0, last_stream_id=_MOST).serialize())

    def close(self) -> None:
        """End the connection, and with it what is still under way."""
        if self.closing:
            return
        for number in self._talks:
            self.http2.reset_stream(number, ErrorCodes.CANCEL)
        self._end()
