"""Waiting for messages that clients are slow to send."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Protocol, TypeVar

Message = TypeVar("Message", covariant=True)


class Speaks(Protocol[Message]):
    """Who messages come from."""

    def read(self) -> Awaitable[Message]:
        """Return the next message."""


class Patience:
    """Waits for messages that have not come; where too many wait, the one that is slowest goes."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._waiting: dict[asyncio.Timeout, None] = {}

    async def message(self, speaker: Speaks[Message], seconds: float) -> Message:
        """Return the next message of a call, which its client has so long for.

        Raises:
            TimeoutError: it does not come.
        """
        if len(self._waiting) >= self._most:
            self._let_go(next(iter(self._waiting)))
        limit = asyncio.timeout(seconds)
        try:
            async with limit:
                self._waiting[limit] = None
                return await speaker.read()
        finally:
            self._waiting.pop(limit, None)

    def end(self) -> None:
        """Let all go."""
        for limit in list(self._waiting):
            self._let_go(limit)

    def _let_go(self, limit: asyncio.Timeout) -> None:
        del self._waiting[limit]
        if not limit.expired():
            limit.reschedule(0.0)
