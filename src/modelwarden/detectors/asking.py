"""One question to a model's server, over a connection of its own."""

from __future__ import annotations

import http.client
import ssl
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
        seconds: that the server has.
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
    try:
        connection.request("POST", path, body, {"content-type": kind})
        answer = connection.getresponse()
        return answer.status, answer.read(_LARGEST)
    except (OSError, http.client.HTTPException):
        return 0, b""
    finally:
        connection.close()
