"""One limit for several firewalls: times of clients are kept in Redis, by its own clock.

A client of our own for the four replies that are needed: requests are written as they come and
answered in order, so many of them share a round trip, and none is a task. Redis that is slow or
away is told once, and each firewall limits by itself meanwhile: no request waits longer than
`_SECONDS`. A time that the limit cannot have led to is that of a clock that was set back since, or
of another limit: such a client begins anew, or it would be held up for as long as the clock jumped.

Source: Redis serialization protocol (RESP 2); ITU-T I.371 (GCRA) for the limit.
"""

from __future__ import annotations

import asyncio
import hashlib
import ssl
from collections import deque
from collections.abc import Callable

from modelwarden.firewall.config import Limit, Redis

Then = Callable[[float | None], None]

_SECONDS = 0.1
_RETRY = 1.0
_WAITING = 10_000
_LONGEST = 1 << 16  # bytes of replies that are not whole
_SCRIPT = b"""
local t = redis.call('TIME')
local now = t[1] + t[2] / 1000000
local due = math.max(tonumber(redis.call('GET', KEYS[1]) or now), now)
local room, step = tonumber(ARGV[2]), tonumber(ARGV[1])
if due > now + room + step + 0.001 then due = now end
local early = due - now - room
if early > 0.000001 then return string.format('%.6f', early) end
due = due + step
redis.call('SET', KEYS[1], string.format('%.6f', due), 'PX', math.ceil((due - now) * 1000) + 1)
return '0'
"""
_DIGEST = hashlib.sha1(_SCRIPT, usedforsecurity=False).hexdigest().encode()


class ReplyError(Exception):
    """What is no reply of Redis, or one that says that something is wrong."""


class SharedRates:
    """Asks Redis how long a client has to wait.

    Attributes:
        failures: requests that it could not be asked about.
    """

    def __init__(
        self,
        redis: Redis,
        loop: asyncio.AbstractEventLoop,
        failed: Callable[[str], None],
        password: str = "",
    ) -> None:
        """Make ready.

        Args:
            redis: where it is.
            loop: that runs.
            failed: is told when it can no longer be asked, once until it can.
            password: "" for none.
        """
        self.failures = 0
        self._redis = redis
        self._loop = loop
        self._failed = failed
        self._password = password
        self._wire: _Wire | None = None
        self._connecting: asyncio.Task[None] | None = None
        self._next_try = 0.0
        self._told = False

    def begin(self) -> None:
        """Connect."""
        self._connect()

    def ask(self, client: str, limit: Limit, then: Then) -> None:
        """Count one request of a client.

        Args:
            client: who asks.
            limit: that holds.
            then: is given 0, or the seconds after which a request would be in order; None when
                Redis does not tell.
        """
        wire = self._wire
        if wire is None or not wire.takes:
            self._connect()
            self._count(then)
            return
        key = hashlib.blake2b(client.encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()
        step = 1 / limit.rate
        arguments = (f"{step:.9f}", f"{(limit.burst - 1) * step:.9f}")
        parts = (b"EVALSHA", _DIGEST, b"1", f"modelwarden:rate:{key}".encode())
        wire.send((*parts, *(a.encode() for a in arguments)), lambda reply: self._take(reply, then))

    def _take(self, reply: bytes | None, then: Then) -> None:
        try:
            wait = None if reply is None else float(reply)
        except ValueError:
            wait = None
        if wait is None:
            self._count(then)
        else:
            self._told = False
            then(wait)

    def _count(self, then: Then) -> None:
        self.failures += 1
        then(None)

    def _connect(self) -> None:
        if self._connecting is None and self._loop.time() >= self._next_try:
            self._connecting = self._loop.create_task(self._connected())

    async def _connected(self) -> None:
        redis = self._redis
        context = ssl.create_default_context() if redis.tls else None
        try:
            async with asyncio.timeout(1.0):
                _, self._wire = await self._loop.create_connection(
                    lambda: _Wire(self._loop, self._lost), redis.host, redis.port, ssl=context
                )
            if self._password:
                self._wire.send((b"AUTH", self._password.encode()), _nothing)
            if redis.database:
                self._wire.send((b"SELECT", str(redis.database).encode()), _nothing)
            self._wire.send((b"SCRIPT", b"LOAD", _SCRIPT), _nothing)
        except (OSError, TimeoutError) as error:
            self._lost(f"cannot be reached: {type(error).__name__}")
        finally:
            self._connecting = None

    def _lost(self, why: str) -> None:
        self._wire = None
        self._next_try = self._loop.time() + _RETRY
        if not self._told:
            self._told = True
            self._failed(f"Redis {why}; each firewall limits by itself")

    def close(self) -> None:
        """Close the connection."""
        if self._connecting is not None:
            self._connecting.cancel()
        if self._wire is not None:
            self._wire.close()


def _nothing(_: bytes | None) -> None:
    """Wait for nothing: what goes wrong ends the connection."""


class _Wire(asyncio.Protocol):
    """One connection: replies come in the order of the requests."""

    def __init__(self, loop: asyncio.AbstractEventLoop, lost: Callable[[str], None]) -> None:
        self._loop = loop
        self._lost: Callable[[str], None] | None = lost
        self._waiting: deque[tuple[float, Callable[[bytes | None], None]]] = deque()
        self._data = b""
        self._timer: asyncio.TimerHandle | None = None
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = transport  # type: ignore[assignment]

    @property
    def takes(self) -> bool:
        """Whether there is room for a request."""
        return self._lost is not None and len(self._waiting) < _WAITING

    def send(self, parts: tuple[bytes, ...], then: Callable[[bytes | None], None]) -> None:
        """Send a request; its reply, or None, goes to `then`."""
        self._waiting.append((self._loop.time() + _SECONDS, then))
        lines = [b"*%d\r\n" % len(parts), *(b"$%d\r\n%s\r\n" % (len(p), p) for p in parts)]
        self._transport.write(b"".join(lines))
        if self._timer is None:
            self._timer = self._loop.call_later(_SECONDS, self._look)

    def _look(self) -> None:
        """Give up when the oldest request has waited too long."""
        self._timer = None
        if not self._waiting:
            return
        left = self._waiting[0][0] - self._loop.time()
        if left <= 0:
            self._end("is too slow")
        else:
            self._timer = self._loop.call_later(left, self._look)

    def data_received(self, data: bytes) -> None:
        """Hand replies to those who wait for them."""
        self._data += data
        try:
            while self._data and (found := reply_in(self._data)) is not None:
                reply, end = found
                self._data = self._data[end:]
                if not self._waiting:
                    raise ReplyError("says what nobody asked")
                self._waiting.popleft()[1](reply)
            if len(self._data) > _LONGEST:
                raise ReplyError("says too much")
        except ReplyError as error:
            self._end(str(error))

    def connection_lost(self, error: Exception | None) -> None:
        """End."""
        del error
        self._end("closed the connection")

    def close(self) -> None:
        """Close without telling anybody."""
        self._lost = None
        self._transport.close()

    def _end(self, why: str) -> None:
        lost, self._lost = self._lost, None
        self._transport.abort()
        if lost is not None:
            lost(why)
        while self._waiting:
            self._waiting.popleft()[1](None)


def reply_in(data: bytes) -> tuple[bytes, int] | None:
    """Return the first reply of bytes, and where it ends; None while it is not whole.

    Raises:
        ReplyError: it is none that is expected, or tells an error.
    """
    line_end = data.find(b"\r\n")
    if line_end < 0:
        return None
    kind, line = data[:1], data[1:line_end]
    if kind in (b"+", b":"):
        return line, line_end + 2
    if kind == b"-":
        word = line.split(b" ", 1)[0][:20].decode("ascii", "replace")
        raise ReplyError(f"answers {word if word.isalpha() else 'an error'}")
    if kind != b"$" or not line.isdigit() or len(line) > 5:
        raise ReplyError("answers something else than Redis does")
    end = line_end + 2 + int(line)
    if len(data) < end + 2:
        return None
    if data[end : end + 2] != b"\r\n":
        raise ReplyError("answers something else than Redis does")
    return data[line_end + 2 : end], end + 2
