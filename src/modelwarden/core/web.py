"""Connections to servers that a user named: one request each, no longer than is allowed."""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Protocol
from urllib.parse import urlsplit


def connected(url: str, seconds: float) -> tuple[http.client.HTTPConnection, str]:
    """Return a connection to the server of an address, not open yet, and what is asked of it.

    Args:
        url: `http(s)://host[:port]/path?query`, checked by whoever names it.
        seconds: that each wait may take.

    Raises:
        ValueError: the port is none.
    """
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port
    target = parts.path or "/"
    target += f"?{parts.query}" if parts.query else ""
    if parts.scheme == "https":
        secure = ssl.create_default_context()
        return http.client.HTTPSConnection(host, port, timeout=seconds, context=secure), target
    return http.client.HTTPConnection(host, port, timeout=seconds), target


class Closed(Protocol):
    """A connection, open or not yet."""

    sock: Any

    def close(self) -> None:
        """Close it."""


@contextmanager
def ended_after(seconds: float, connection: Closed) -> Iterator[threading.Event]:
    """Close a connection with the block, or after so long; yield what is set when it was late.

    A timeout of a socket is one of each byte: who sends one now and then would never be late.
    """
    late = threading.Event()

    def end() -> None:
        late.set()
        with suppress(OSError, AttributeError):
            connection.sock.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
    try:
        yield late
    finally:
        timer.cancel()
        connection.close()
