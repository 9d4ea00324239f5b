"""Where operators and their tools look: metrics, health, readiness, at an address of their own."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from modelwarden.firewall.connection import Connection
from modelwarden.firewall.http import Head, HttpError
from modelwarden.firewall.live import Moment, document
from modelwarden.firewall.metrics import TYPE

if TYPE_CHECKING:
    from jinja2 import Template

    from modelwarden.firewall.proxy import Proxy

_PLAIN = "text/plain; charset=utf-8"
_PAGE = "text/html; charset=utf-8"
_JSON = "application/json"
_STRICT = (
    ("cache-control", "no-store"),
    ("content-security-policy", "default-src 'none'; style-src 'unsafe-inline'"),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
)


class StatusPage:
    """Answers `/`, `/status.json`, `/metrics`, `/healthz` and `/readyz`.

    Requests are read as strictly as the firewall's.
    """

    most = 0
    request_seconds = send_seconds = 5.0

    def __init__(self, proxy: Proxy, loop: asyncio.AbstractEventLoop) -> None:
        self._proxy = proxy
        self._loop = loop
        self._template = _template()

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
        headers = [("content-type", kind), *_STRICT]
        connection.answer(status, headers, text.encode(), bare=head.method == "HEAD")

    def _page(self, path: str) -> tuple[int, str, str]:
        if path == "/":
            moment = self._moment()
            return 200, _PAGE, self._template.render(moment=moment, figures=figures(moment))
        if path == "/status.json":
            return 200, _JSON, document(self._moment()).decode()
        if path == "/metrics":
            return 200, TYPE, self._proxy.metrics.text()
        if path == "/healthz":
            return 200, _PLAIN, "alive\n"
        if path == "/readyz":
            ready, why = self._proxy.ready()
            return (200 if ready else 503), _PLAIN, f"{why}\n"
        return 404, _PLAIN, "/, status.json, metrics, healthz and readyz are here\n"

    def _moment(self) -> Moment:
        return self._proxy.live.moment(self._proxy.policy, self._proxy.ready())


def figures(moment: Moment) -> list[tuple[str, str]]:
    """Return the few numbers that are looked at first, as people read them."""
    return [
        ("requests a second", f"{moment.rate:g}"),
        ("of these refused, or would be", f"{moment.refused_rate:g}"),
        ("half are answered within", _shown(moment.p50)),
        ("99 of 100 within", _shown(moment.p99)),
        ("mode", moment.mode),
        ("running for", _span(moment.uptime)),
    ]


def _shown(seconds: float | None) -> str:
    return "–" if seconds is None else f"{seconds * 1000:.3g} ms"


def _span(seconds: float) -> str:
    whole = int(seconds)
    hours, minutes = whole // 3600, whole // 60 % 60
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {whole % 60} s"


def _template() -> Template:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    folder = FileSystemLoader(Path(__file__).with_name("templates"))
    made = Environment(loader=folder, autoescape=True, undefined=StrictUndefined)
    return made.get_template("status.html")
