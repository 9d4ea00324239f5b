"""A question of our own to the server, over the same connections as everybody's."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from modelwarden.firewall.http import Answer, head_of_length

if TYPE_CHECKING:
    from modelwarden.firewall.pool import Server

_SECONDS = 30.0


class Inquiry:
    """A question whose answer is waited for.

    Attributes:
        done: status and body of the answer; status 0 when there is none.
    """

    def __init__(
        self,
        host: str,
        path: str,
        body: bytes,
        now: float,
        like: Sequence[tuple[str, str]] = (),
    ) -> None:
        """Take a question.

        Args:
            host: of the server.
            path: that is asked.
            body: of the request.
            now: by the loop's clock.
            like: headers that others send, so that it looks as theirs do.
        """
        lines = [("host", host), *like, ("content-type", "application/json")]
        self.head = head_of_length(f"POST {path} HTTP/1.1", lines, len(body))
        self.body: bytes | bytearray = body
        self.method = "POST"
        self.deadline = now + _SECONDS
        self.server: Server | None = None
        self.done: asyncio.Future[tuple[int, bytes]] = asyncio.get_running_loop().create_future()

    def streams(self, answer: Answer) -> bool:
        """Take it whole."""
        del answer
        return False

    def part(self, data: bytes) -> None:
        """Take nothing: answers come whole."""

    def ended(self) -> None:
        """Likewise."""

    def answered(self, answer: Answer, body: bytes) -> None:
        """Take the answer."""
        self._end(answer.status, body)

    def failed(self, status: int, detail: str) -> None:
        """Take note that there is none."""
        del status, detail
        self._end(0, b"")

    def _end(self, status: int, body: bytes) -> None:
        self.deadline = math.inf
        if not self.done.done():
            self.done.set_result((status, body))
