"""One client's connection: requests are read one after another and answered in their order.

A protocol of asyncio, without streams and tasks: those cost more than all checks together.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterable
from enum import Enum, auto
from typing import Protocol

from modelwarden.firewall.http import (
    CHUNKED,
    Head,
    HttpError,
    Reader,
    begun,
    head_of,
    known_head,
)

_WAITING_MOST = 64 << 10  # bytes of requests that wait for the answer to the one before
_LONG = 4096
_BUFFER = bytearray(64 << 10)  # read to and copied from at once, by all connections
_SHARED = memoryview(_BUFFER)
_IDLE = 60.0
_LINGER = 2.0
_PHRASES = {
    200: "OK",
    400: "Bad Request",
    403: "Forbidden",
    404: "Not Found",
    408: "Request Timeout",
    413: "Content Too Large",
    415: "Unsupported Media Type",
    417: "Expectation Failed",
    429: "Too Many Requests",
    431: "Request Header Fields Too Large",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Timeout",
}
Headers = Iterable[tuple[str, str]]


class _State(Enum):
    READING = auto()
    BUSY = auto()
    LINGERING = auto()
    CLOSED = auto()


_READING, _BUSY, _LINGERING, _CLOSED = (
    _State  # looked up in the class, each costs as much as a call
)


class Stallable(Protocol):
    """What waits while a client does not read."""

    def stalled(self, *, now: bool) -> None:
        """Be told that the client reads too slowly, or again."""

    def abandoned(self) -> None:
        """Be told that nobody waits for the answer any more."""


class Handler(Protocol):
    """What requests are given to."""

    most: int
    request_seconds: float
    send_seconds: float

    def asked(self, connection: Connection, head: Head, body: bytes | bytearray) -> None:
        """Answer a request, now or later."""

    def broken(self, connection: Connection, error: HttpError) -> None:
        """Answer what is no request; the connection ends with it."""

    def opened(self, connection: Connection) -> bool:
        """Take note of a connection; tell whether there is room for it."""

    def closed(self, connection: Connection) -> None:
        """Take note of its end."""


class Connection(asyncio.BufferedProtocol):
    """A client that is connected.

    Attributes:
        address: of the client.
        name: that its certificate gives; None without one.
        deadline: by the loop's clock; `expired` is to be called after it.
        exchange: that is under way; None between requests.
    """

    __slots__ = (
        "_advancing", "_body", "_chunked", "_ending", "_eof", "_handler", "_head", "_keep",
        "_loop", "_parts", "_reader", "_size", "_state", "_tls", "_transport", "_unread",
        "address", "deadline", "exchange", "name",
    )  # fmt: skip

    def __init__(self, handler: Handler, loop: asyncio.AbstractEventLoop) -> None:
        self.address = "local"
        self.name: str | None = None
        self.deadline = math.inf
        self.exchange: Stallable | None = None
        self._handler = handler
        self._loop = loop
        self._reader = Reader()
        self._state = _READING
        self._head: Head | None = None
        self._parts: list[bytes] = []
        self._size = 0
        self._body: bytearray | None = None
        self._advancing = self._eof = self._ending = self._chunked = self._tls = False
        self._unread = False
        self._keep = True
        self._transport: asyncio.Transport

    @property
    def idle(self) -> bool:
        """Whether nothing of a request has come."""
        return self._state is _READING and self._head is None and not self._reader.buffered

    @property
    def reading(self) -> bool:
        """Whether it may be closed without breaking off an answer."""
        return self._state is _READING

    @property
    def _ready(self) -> bool:
        """Whether the next request may be read: answers that nobody reads must not pile up."""
        return self._state is _READING and not self._unread

    # what asyncio calls -----------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin; also a client that sends nothing has only so long for its first request."""
        self._transport = transport  # type: ignore[assignment]
        peer = transport.get_extra_info("peername")
        self.address = str(peer[0]) if isinstance(peer, tuple) and peer else "local"
        self._tls = transport.get_extra_info("ssl_object") is not None
        if self._tls:
            self.name = _name_in(transport.get_extra_info("peercert"))
        self.deadline = self._loop.time() + self._handler.request_seconds
        if not self._handler.opened(self):
            self._state = _CLOSED
            self._transport.abort()

    def connection_lost(self, error: Exception | None) -> None:
        """End; an answer that is under way has nobody to go to."""
        del error
        self._state = _CLOSED
        self._handler.closed(self)
        if self.exchange is not None:
            self.exchange.abandoned()

    def get_buffer(self, sizehint: int) -> memoryview:
        """Return where to read to."""
        del sizehint
        return _SHARED

    def buffer_updated(self, nbytes: int) -> None:
        """Read on, unless a request is under way."""
        body, head = self._body, self._head
        if body is not None and head is not None:
            left = head.length - len(body)
            body += _SHARED[: min(nbytes, left)]
            if nbytes >= left:
                self._body = None
                if nbytes > left:  # the next request, which the client did not wait with
                    self._reader.feed(bytes(_SHARED[left:nbytes]))
                self._ask(body)
            return
        if self._state is _LINGERING:
            return
        if (
            head is None
            and self._state is _READING
            and not self._unread
            and not self._reader.buffered
            and self._is_known(nbytes)
        ):
            return
        self._reader.feed(bytes(_SHARED[:nbytes]))
        if self._ready:
            self._advance()
        elif self._reader.buffered > _WAITING_MOST:
            self._transport.pause_reading()

    def eof_received(self) -> bool:
        """Go on answering a client that has said all it will say."""
        self._eof = True
        if self._state is _READING:
            if self.idle:
                return False
            self._break(HttpError(400, "a request that was cut"))
        elif self._state is _LINGERING:
            return False
        return not self._tls

    def pause_writing(self) -> None:
        """Wait for a client that does not read, but not for ever; take no request meanwhile."""
        self._unread = True
        self.deadline = self._loop.time() + self._handler.send_seconds
        if self.exchange is not None:
            self.exchange.stalled(now=True)

    def resume_writing(self) -> None:
        """Go on."""
        self._unread = False
        if self._state is _BUSY:
            self.deadline = math.inf
        elif self._state is _READING:
            self._read_on()
        if self.exchange is not None:
            self.exchange.stalled(now=False)

    # reading ----------------------------------------------------------------------------------

    def _is_known(self, size: int) -> bool:
        """Take what came of one request with a head that was read before, as most are."""
        found = known_head(_BUFFER, size)
        if found is None:
            return False
        head, start = found
        left = head.length - (size - start)
        if left < 0 or head.length > self._handler.most or head.waits:
            return False
        if not left:
            self._head = head
            self._ask(bytes(_SHARED[start:size]))
            return True
        if head.length <= _LONG:
            return False
        self._head = head
        self._body = bytearray(_SHARED[start:size])
        self._hurry()
        return True

    def _advance(self) -> None:
        self._advancing = True
        try:
            while self._ready and self._reader.buffered and self._one():
                pass
        except HttpError as error:
            self._break(error)
        finally:
            self._advancing = False

    def _one(self) -> bool:
        """Read on in one request; tell whether there may be more to read."""
        head = self._head
        if head is None:
            data = self._reader.head()
            if data is None:
                self._hurry()
                return False
            head = self._head = head_of(data)
            if head.length > self._handler.most:
                raise HttpError(413, f"a body of {head.length} bytes")
            if head.waits and head.length:
                self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        body = self._chunks() if head.length == CHUNKED else self._reader.body(head.length)
        if body is None:
            self._hurry()
            if head.length > _LONG:  # grows with what comes: what is only announced costs nothing
                self._body = bytearray(self._reader.some(head.length))
            return False
        self._ask(body)
        return True

    def _ask(self, body: bytes | bytearray) -> None:
        head = self._head
        if head is None:
            raise RuntimeError("a body without a head")
        self._head = None
        self._state = _BUSY
        self._keep = head.keep
        self._chunked = head.keep  # a client of HTTP/1.0 does not know chunks
        self.deadline = math.inf
        self._handler.asked(self, head, body)

    def _chunks(self) -> bytes | None:
        parts, ended = self._reader.chunks()
        self._parts += parts
        self._size += sum(map(len, parts))
        if self._size + self._reader.chunk > self._handler.most:
            raise HttpError(413, "chunks that are too many")
        if not ended:
            return None
        whole = b"".join(self._parts)
        self._parts, self._size = [], 0
        return whole

    def _hurry(self) -> None:
        """Give a request that has begun its time, once."""
        if not self._ending and self._state is _READING and not self._hurried():
            self.deadline = self._loop.time() + self._handler.request_seconds

    def _hurried(self) -> bool:
        return self.deadline - self._loop.time() <= self._handler.request_seconds

    def _break(self, error: HttpError) -> None:
        self._body = None
        self._state = _BUSY
        self._keep = False
        self._handler.broken(self, error)

    def expired(self) -> None:
        """Let a client go that was too slow."""
        if self._unread and self._state is _READING:
            self._transport.abort()
        elif self._state is _READING and not self.idle and not self._eof:
            self._break(HttpError(408, "too slow"))
        elif self._state is _READING or self._state is _LINGERING:
            self._close()
        else:
            self._transport.abort()

    def end(self) -> None:
        """Take no further request: close now, or after the answer that is under way."""
        self._ending = True
        if self._state is _READING:
            self._close()

    def abort(self) -> None:
        """Close without an answer."""
        self._transport.abort()

    # answering --------------------------------------------------------------------------------

    def answer(self, status: int, headers: Headers, body: bytes, *, bare: bool = False) -> None:
        """Send a whole answer.

        Args:
            status: of it.
            headers: without length and connection.
            body: of it.
            bare: whether only the head is sent, as HEAD asks for.
        """
        self.answer_begun(answer_of_status(status, headers), body, bare=bare)

    def answer_begun(self, begun: bytes, body: bytes, *, bare: bool = False) -> None:
        """Send a whole answer that begins with what `answer_of_status` returned."""
        self.exchange = None
        if self._state is not _BUSY:
            return
        keep = self._keep and not self._ending
        last = b"" if keep else b"connection: close\r\n"
        shown = b"" if bare else body
        self._transport.write(b"%s%scontent-length: %d\r\n\r\n%s" % (begun, last, len(body), shown))
        self._answered(keep=keep)

    def begin(self, status: int, headers: Headers) -> None:
        """Begin an answer that comes in parts."""
        if self._state is not _BUSY:
            return
        self._keep = self._keep and not self._ending
        lines = [*headers, ("transfer-encoding", "chunked")] if self._chunked else [*headers]
        if not self._keep:
            lines.append(("connection", "close"))
        self._transport.write(answer_of_status(status, lines) + b"\r\n")

    def part(self, data: bytes) -> None:
        """Send a part."""
        if self._state is _BUSY and data:
            self._transport.write(b"%x\r\n%s\r\n" % (len(data), data) if self._chunked else data)

    def finish(self, *, whole: bool = True) -> None:
        """End an answer in parts; one that is not whole ends with the connection, visibly."""
        self.exchange = None
        if self._state is not _BUSY:
            return
        if not whole:
            self._transport.abort()
            return
        if self._chunked:
            self._transport.write(b"0\r\n\r\n")
        self._answered(keep=self._keep)

    def _answered(self, *, keep: bool) -> None:
        if not keep:
            self._close_after_answer()
            return
        self._state = _READING
        if self._unread:
            self.deadline = self._loop.time() + self._handler.send_seconds
        else:
            self._read_on()

    def _read_on(self) -> None:
        """Read the next request, or the end."""
        self.deadline = self._loop.time() + _IDLE
        if self._advancing:
            return
        if self._reader.buffered:
            self._transport.resume_reading()
            self._advance()
        if self._unread:
            return
        if self._eof and self._state is _READING:
            if self._reader.buffered or self._head is not None:
                self._break(HttpError(400, "a request that was cut"))
            else:
                self._close()

    def _close_after_answer(self) -> None:
        """Take what a client still sends, for a while: else it meets a reset, not our answer."""
        if self._eof or not self._transport.can_write_eof():
            self._close()
            return
        self._state = _LINGERING
        self.deadline = self._loop.time() + _LINGER
        self._transport.resume_reading()
        self._transport.write_eof()

    def _close(self) -> None:
        self._state = _CLOSED
        self._transport.close()


def answer_of_status(status: int, headers: Headers) -> bytes:
    """Return the beginning of an answer: all of its head but its length."""
    return begun(f"HTTP/1.1 {status} {_PHRASES.get(status, 'Answer')}", headers)


def _name_in(certificate: object) -> str | None:
    """Return the common name of a certificate that was verified."""
    if not isinstance(certificate, dict):
        return None
    for part in certificate.get("subject", ()):
        for key, value in part:
            if key == "commonName":
                return str(value)[:256]
    return None
