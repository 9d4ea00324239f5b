"""Where operators and their tools look: metrics, health, readiness, at an address of their own."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from modelwarden.firewall.connection import Connection
from modelwarden.firewall.http import Head, HttpError
from modelwarden.firewall.metrics import TYPE

if TYPE_CHECKING:
    from modelwarden.firewall.proxy import Proxy

_PLAIN = "text/plain; charset=utf-8"


class StatusPage:
    """Answers `/metrics`, `/healthz` and `/readyz`; reads requests as strictly as the firewall."""

    most = 0
    request_seconds = send_seconds = 5.0

    def __init__(self, proxy: Proxy, loop: asyncio.AbstractEventLoop) -> None:
        self._proxy = proxy
        self._loop = loop

    def client(self) -> Connection:
        """Return a protocol for somebody who connects."""
        return Connection(self, self._loop)

    def opened(self, connection: Connection) -> bool:
        """Let the proxy's sweep end it when it is slow."""
        return self._proxy.opened(connection)

    def closed(self, connection: Connection) -> None:
        """Forget it."""
        self._proxy.closed(connection)

    def broken(self, connection: Connection, error: HttpError) -> None:
        """Answer what is no request."""
        connection.answer(error.status, [("content-type", _PLAIN)], b"bad request\n")

    def asked(self, connection: Connection, head: Head, body: bytes | bytearray) -> None:
        """Answer."""
        del body
        status, kind, text = self._page(head.path if head.method in ("GET", "HEAD") else "")
        headers = [("content-type", kind), ("cache-control", "no-store")]
        connection.answer(status, headers, text.encode(), bare=head.method == "HEAD")

    def _page(self, path: str) -> tuple[int, str, str]:
        if path == "/metrics":
            return 200, TYPE, self._proxy.metrics.text()
        if path == "/healthz":
            return 200, _PLAIN, "alive\n"
        if path == "/readyz":
            ready, why = self._proxy.ready()
            return (200 if ready else 503), _PLAIN, f"{why}\n"
        return 404, _PLAIN, "metrics, healthz and readyz are here\n"
