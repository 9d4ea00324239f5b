"""Connections to the server behind the firewall, used again while they are good."""

from __future__ import annotations

import asyncio
import ssl
from collections import deque

from modelwarden.firewall.config import Upstream
from modelwarden.firewall.http import HEAD, ClosedError, HttpError, Message, read_answer, written

_KEPT = 64
_LARGEST = 64 << 20

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Pool:
    """Asks the server; a connection that it closed meanwhile is replaced once."""

    def __init__(self, upstream: Upstream, seconds: float) -> None:
        self._upstream = upstream
        self._seconds = seconds
        self._idle: deque[Connection] = deque()
        self._context = ssl.create_default_context() if upstream.tls else None

    async def ask(
        self, method: str, path: str, headers: list[tuple[str, str]], body: bytes
    ) -> Message:
        """Return the server's answer.

        Raises:
            HttpError: 502 for no or a broken answer, 504 for none in time.
        """
        host = f"{self._upstream.host}:{self._upstream.port}"
        data = written(f"{method} {path} HTTP/1.1", [("host", host), *headers], body)
        try:
            async with asyncio.timeout(self._seconds):
                while self._idle:
                    connection = self._idle.pop()
                    if connection[0].at_eof() or connection[1].is_closing():
                        connection[1].close()
                        continue
                    try:
                        return await self._asked(connection, method, data)
                    except (ClosedError, ConnectionError):
                        break  # it was closed while it was idle: nothing of an answer came
                return await self._asked(await self._connected(), method, data)
        except TimeoutError as error:
            raise HttpError(504, "the upstream did not answer in time") from error
        except HttpError as error:
            raise HttpError(502, error.detail) from error
        except (OSError, ssl.SSLError) as error:
            raise HttpError(502, f"the upstream cannot be reached: {error}") from error

    async def _connected(self) -> Connection:
        return await asyncio.open_connection(
            self._upstream.host, self._upstream.port, ssl=self._context, limit=HEAD
        )

    async def _asked(self, connection: Connection, method: str, data: bytes) -> Message:
        reader, writer = connection
        good = False
        try:
            writer.write(data)
            await writer.drain()
            answer = await read_answer(reader, method, _LARGEST)
            good = answer.keep and len(self._idle) < _KEPT
            return answer
        finally:
            if good:
                self._idle.append(connection)
            else:
                writer.close()

    def close(self) -> None:
        """Close what is idle."""
        while self._idle:
            self._idle.pop()[1].close()
