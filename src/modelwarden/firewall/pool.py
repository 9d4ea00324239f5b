"""Connections to the server behind the firewall: bounded, used again while they are good."""

from __future__ import annotations

import asyncio
import math
import ssl
from collections import deque
from typing import Protocol

from modelwarden.firewall.config import Upstream
from modelwarden.firewall.http import (
    CHUNKED,
    UNTIL_CLOSED,
    Answer,
    HttpError,
    Reader,
    answer_of,
    known_answer,
)

_LONG = 16 << 10
LARGEST = 64 << 20
"""Bytes of an answer."""


class Question(Protocol):
    """What is asked of the server, and where the answer goes."""

    head: bytes
    body: bytes | bytearray
    method: str
    deadline: float
    server: Server | None

    def streams(self, answer: Answer) -> bool:
        """Tell whether the answer is wanted in parts."""

    def part(self, data: bytes) -> None:
        """Take a part."""

    def ended(self) -> None:
        """Take note that all parts have come."""

    def answered(self, answer: Answer, body: bytes) -> None:
        """Take a whole answer."""

    def failed(self, status: int, detail: str) -> None:
        """Take note that there will be no answer, or no whole one."""


class Server(asyncio.Protocol):
    """One connection to the server.

    Attributes:
        question: that is under way; None while it is idle.
    """

    __slots__ = (
        "_answer", "_length", "_parts", "_pool", "_reader", "_size", "_streams", "_transport",
        "question", "used",
    )  # fmt: skip

    def __init__(self, pool: Pool) -> None:
        self.question: Question | None = None
        self.used = False
        self._pool = pool
        self._transport: asyncio.Transport
        self._reader = Reader()
        self._answer: Answer | None = None
        self._length = 0
        self._streams = False
        self._parts: list[bytes] = []
        self._size = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = transport  # type: ignore[assignment]

    def ask(self, question: Question) -> None:
        """Send a question; the answer goes to it."""
        self.question = question
        question.server = self
        if len(question.body) < _LONG:
            self._transport.write(question.head + question.body)
        else:
            self._transport.writelines((question.head, question.body))

    def data_received(self, data: bytes) -> None:
        """Read on in the answer."""
        question = self.question
        if question is None:
            self.abort()  # it answers what nobody asked
            return
        if self._answer is None and not self._reader.buffered and self._is_whole(question, data):
            return
        self._reader.feed(data)
        try:
            while self._reader.buffered and self._read():
                pass
        except HttpError as error:
            self.fail(502, error.detail)

    def _is_whole(self, question: Question, data: bytes) -> bool:
        """Give on what is one whole answer with a head that was read before, as most are."""
        found = known_answer(data)
        if found is None or question.method == "HEAD":
            return False
        answer, body = found
        if answer.status < 200 or answer.headers.get("content-type", "").startswith("text/event"):
            return False
        self._done(answer, body)
        return True

    def _read(self) -> bool:
        question = self.question
        if question is None:
            return False
        answer = self._answer
        if answer is None:
            head = self._reader.head(status=502)
            if head is None:
                return False
            answer = answer_of(head)
            if answer.status < 200:
                if answer.status == 101:
                    raise HttpError(502, "an answer that changes the protocol")
                return True
            self._answer = answer
            self._length = 0 if question.method == "HEAD" else answer.length
            self._streams = question.streams(answer)
            if self._length > LARGEST and not self._streams:
                raise HttpError(502, "an answer that is too large")
        return self._body(question, answer)

    def _body(self, question: Question, answer: Answer) -> bool:
        ended = False
        if self._length >= 0 and not self._streams:
            body = self._reader.body(self._length)
            if body is not None:
                self._done(answer, body)
            return False
        if self._length == CHUNKED:
            parts, ended = self._reader.chunks()
            if self._reader.chunk > LARGEST:
                raise HttpError(502, "a chunk that is too large")
        else:
            open_end = self._length == UNTIL_CLOSED
            parts = [self._reader.some(LARGEST if open_end else self._length)]
            if not open_end:
                self._length -= len(parts[0])
                ended = self._length == 0
        for part in parts:
            self._take(question, part)
        if ended:
            self._done(answer, b"".join(self._parts))
        return False

    def _take(self, question: Question, part: bytes) -> None:
        if self._streams:
            question.part(part)
            return
        self._parts.append(part)
        self._size += len(part)
        if self._size + self._reader.chunk > LARGEST:
            raise HttpError(502, "an answer that is too large")

    def _done(self, answer: Answer, body: bytes) -> None:
        question, streams = self.question, self._streams
        self.question, self._answer, self._parts, self._size = None, None, [], 0
        if answer.keep and not self._reader.buffered:
            self.used = True
            self._pool.free(self)
        else:
            self._pool.gone(self)
            self._transport.close()
        if question is not None and streams:
            question.ended()
        elif question is not None:
            question.answered(answer, body)

    def stall(self, *, now: bool) -> None:
        """Read no further while the client does not."""
        if now:
            self._transport.pause_reading()
        else:
            self._transport.resume_reading()

    def fail(self, status: int, detail: str) -> None:
        """Give the question up, and the connection with it."""
        question, self.question = self.question, None
        self.abort()
        if question is not None:
            question.failed(status, detail)

    def drop(self) -> None:
        """Let the server stop: nobody wants the rest of its answer."""
        self.question = None
        self.abort()

    def abort(self) -> None:
        """Close without further ado."""
        self._pool.gone(self)
        self._transport.abort()

    def close(self) -> None:
        """Close."""
        self._transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        """End; a question that was sent on a connection that was idle is asked once more."""
        question, answer = self.question, self._answer
        self._pool.gone(self)
        if question is None:
            return
        self.question = None
        if answer is not None and self._length == UNTIL_CLOSED and error is None:
            if self._streams:
                question.ended()
            else:
                question.answered(answer, b"".join(self._parts))
        elif answer is None and self.used and not self._reader.buffered:
            self._pool.again(question)
        elif answer is None and not self._reader.buffered:
            question.failed(502, "the upstream closed the connection")
        else:
            question.failed(502, "an answer that was cut")


class Pool:
    """Asks the server; what it has no connection for waits, up to a limit.

    Attributes:
        waiting: questions that wait for a connection.
        failing: whether the last try to connect failed.
    """

    def __init__(
        self,
        upstream: Upstream,
        loop: asyncio.AbstractEventLoop,
        *,
        most: int,
        queue: int,
        context: ssl.SSLContext | None,
    ) -> None:
        self.waiting: deque[Question] = deque()
        self.failing = False
        self._upstream = upstream
        self._loop = loop
        self._most = most
        self._queue = queue
        self._context = context
        self._idle: list[Server] = []
        self._open: set[Server] = set()
        self._connecting: dict[asyncio.Task[None], Question] = {}

    @property
    def busy(self) -> int:
        """Questions that are under way."""
        return len(self._open) - len(self._idle) + len(self._connecting)

    def ask(self, question: Question) -> None:
        """Ask now, or when there is a connection; with too many waiting it fails with 503."""
        if self._idle:
            self._idle.pop().ask(question)
        elif len(self._open) + len(self._connecting) < self._most:
            self._connect(question)
        elif len(self.waiting) < self._queue:
            self.waiting.append(question)
        else:
            question.failed(503, "too many requests wait for the upstream")

    def again(self, question: Question) -> None:
        """Ask over a new connection."""
        self._connect(question)

    def _connect(self, question: Question) -> None:
        task = self._loop.create_task(self._connected(question))
        self._connecting[task] = question
        task.add_done_callback(self._connects_no_more)

    def _connects_no_more(self, task: asyncio.Task[None]) -> None:
        """Give the place of a try that failed to what waits: nothing else would ask for it."""
        self._connecting.pop(task, None)
        self._ask_next()

    async def _connected(self, question: Question) -> None:
        try:
            _, server = await self._loop.create_connection(
                lambda: Server(self), self._upstream.host, self._upstream.port, ssl=self._context
            )
        except (OSError, ssl.SSLError) as error:
            self.failing = True
            if question.deadline < math.inf:
                question.failed(502, f"the upstream cannot be reached: {error}")
            return
        self.failing = False
        self._open.add(server)
        server.ask(question)

    def free(self, server: Server) -> None:
        """Use a connection again."""
        while self.waiting:
            question = self.waiting.popleft()
            if question.deadline < math.inf:
                server.ask(question)
                return
        self._idle.append(server)

    def gone(self, server: Server) -> None:
        """Forget a connection; another may take what waits."""
        self._open.discard(server)
        if server in self._idle:
            self._idle.remove(server)
        self._ask_next()

    def _ask_next(self) -> None:
        while self.waiting and len(self._open) + len(self._connecting) < self._most:
            question = self.waiting.popleft()
            if question.deadline < math.inf:
                self._connect(question)

    def extend(self, seconds: float) -> None:
        """Give all that is asked so much longer."""
        asked = [s.question for s in self._open if s.question is not None]
        for question in (*asked, *self.waiting, *self._connecting.values()):
            question.deadline += seconds

    def sweep(self, now: float) -> None:
        """Give up what has waited too long."""
        late = "the upstream did not answer in time"
        for server in [s for s in self._open if s.question and s.question.deadline < now]:
            server.fail(504, late)
        for question in [q for q in self.waiting if q.deadline < now]:
            self.waiting.remove(question)
            question.failed(504, late)
        for task, question in list(self._connecting.items()):
            if question.deadline < now:
                task.cancel()
                question.failed(504, late)

    def close(self) -> None:
        """Close everything; what waits is asked no more."""
        self.waiting.clear()
        for task in list(self._connecting):
            task.cancel()
        for server in list(self._open):
            server.close()
        self._idle.clear()
