"""One question to a model's server, over a connection of its own."""

from __future__ import annotations

import http.client
from urllib.parse import urlsplit

from modelwarden.core import ConfigError
from modelwarden.core.web import connected, ended_after

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
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise ConfigError(f"{url!r} is no address of a server") from error
    if parts.scheme not in {"http", "https"} or not host or parts.username:
        raise ConfigError(f"{url!r} is no address of a server", hint="Write http://host:port")
    connection, _ = connected(url, seconds)
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
