"""One question to a model's server, over a connection of its own."""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Protocol
from urllib.parse import urlsplit

from modelwarden.core import ConfigError

_LARGEST = 64 << 20


def post(
    url: str, path: str, body: bytes, *, seconds: float = 10.0, kind: str = "application/json"
) -> tuple[int, bytes]:
    """Return status and body of the answer; 0 where there is none.

    Args:
        url: of the server, `http://host:port`.
        path: that is asked.
        body: of the request.
        seconds: that the server has for the whole answer.
        kind: content type.

    Raises:
        ConfigError: the URL is none of a server.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise ConfigError(f"{url!r} is no address of a server") from error
    if parts.scheme not in {"http", "https"} or not host or parts.username:
        raise ConfigError(f"{url!r} is no address of a server", hint="Write http://host:port")
    connection = (
        http.client.HTTPSConnection(
            host, port, timeout=seconds, context=ssl.create_default_context()
        )
        if parts.scheme == "https"
        else http.client.HTTPConnection(host, port, timeout=seconds)
    )
    # A timeout of a socket is one of each byte: who sends one now and then would never be late.
    with ended_after(seconds, connection) as late:
        try:
            connection.request("POST", path, body, {"content-type": kind})
            answer = connection.getresponse()
            found = answer.read(_LARGEST)
        except (OSError, http.client.HTTPException):
            return 0, b""
        if late.is_set() or answer.length:  # it breaks off, or is too long
            return 0, b""
        return answer.status, found


class Connected(Protocol):
    """A connection."""

    sock: Any

    def close(self) -> None:
        """Close it."""


@contextmanager
def ended_after(seconds: float, connection: Connected) -> Iterator[threading.Event]:
    """Close a connection with the block, or after so long; yield what is set when it was late."""
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
