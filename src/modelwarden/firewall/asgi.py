"""The same firewall inside a Python server: middleware for any ASGI application.

HTTP is read by the server in front of the application, so its strictness is the server's; all that
is decided about a request that was read is the same as in the proxy.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from pathlib import Path
from typing import Any

from modelwarden.core import Severity
from modelwarden.firewall.alerts import Alert, AlertKind, Alerts
from modelwarden.firewall.answers import shown
from modelwarden.firewall.config import AnswersConfig, FirewallConfig, Who
from modelwarden.firewall.http import Head
from modelwarden.firewall.policy import Policy
from modelwarden.firewall.profile import load
from modelwarden.firewall.requests import Arrival
from modelwarden.firewall.routes import REFUSED, UNREACHED, Route, error_body
from modelwarden.firewall.rules import Class, Mode
from modelwarden.firewall.ruling import ruling

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]


class Firewall:
    """Judges every HTTP request before the application sees it.

    `app = Firewall(app, profiles=[Path("profile.json")], mode="enforce", alerts=Path("alerts"))`
    """

    def __init__(
        self,
        app: Application,
        *,
        profiles: Sequence[Path],
        mode: str = "observe",
        config: FirewallConfig | None = None,
        alerts: Path | None = None,
    ) -> None:
        """Make ready.

        Raises:
            ProfileError: a profile cannot be used.
            OutputError: the alerts cannot be written.
        """
        self._app = app
        self._config = config or FirewallConfig()
        self._alerts = Alerts(alerts, self._config.alerts)
        self._policy = Policy(
            [load(path) for path in profiles],
            self._config,
            Mode(mode),
            emit=self._alerts.emit,
            failed=self._failed,
        )

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one connection's scope; what is no HTTP is the application's own affair."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        head = _head(scope)
        body = await _body(receive, self._policy.most)
        if head is None or body is None:
            await self._refuse(send, 400 if head is None else 413, None)
            return
        client = self._who(scope, head)
        request_id = head.headers.get("x-request-id")
        ruled = ruling(
            self._policy, Arrival(body, client, request_id, head=head, at=time.monotonic())
        )
        decision = ruled.decision
        if ruled.alert and decision.rule is not None:
            self._tell(AlertKind.REQUEST, decision.rule, decision.detail, client, request_id)
        if not decision.allowed:
            await self._refuse(send, decision.status, ruled.route)
            return
        sent = bytes(decision.body)
        gone = (*_OF_BODIES, b"content-encoding") if ruled.unpacked else _OF_BODIES
        headers = [(k, v) for k, v in scope["headers"] if k.lower() not in gone]
        headers.append((b"content-length", str(len(sent)).encode()))
        answers = self._config.answers
        if answers is not None and ruled.route is not None and ruled.route.checks is not None:
            send = self._screened(send, answers, ruled.route, decision.rows)
        await self._app({**scope, "headers": headers}, _replayed(sent, receive), send)

    def _screened(self, send: Send, config: AnswersConfig, route: Route, rows: int) -> Send:
        """Return a channel that looks at a whole answer before it goes on; events go as they come.

        Args:
            send: to the client.
            config: what becomes of answers.
            route: of the request.
            rows: that it asked for.
        """
        begun: list[Message] = []
        parts: list[bytes] = []

        async def screened(message: Message) -> None:
            if message["type"] == "http.response.start" and _is_whole(message):
                begun.append(message)
                return
            if not begun or message["type"] != "http.response.body":
                await send(message)
                return
            parts.append(message.get("body", b""))
            if message.get("more_body"):
                return
            found = shown(config, route.protocol, b"".join(parts), rows)
            if found.rule is not None:
                self._tell(AlertKind.UPSTREAM, found.rule, found.detail, None, None)
            if found.body is None:
                await self._answer(send, 502, error_body(route.protocol, UNREACHED, 502))
                return
            headers = [(k, v) for k, v in begun[0]["headers"] if k.lower() != b"content-length"]
            headers.append((b"content-length", str(len(found.body)).encode()))
            await send({**begun[0], "headers": headers})
            await send({"type": "http.response.body", "body": found.body})

        return screened

    def _who(self, scope: Message, head: Head) -> str:
        address = str((scope.get("client") or ("local",))[0])
        if self._config.client is Who.HEADER:
            return self._config.named(head.headers, address)
        return address

    async def _refuse(self, send: Send, status: int, route: Any) -> None:
        protocol = self._policy.routes.protocol if route is None else route.protocol
        body = error_body(protocol, REFUSED, status)
        await self._answer(send, status, body, (b"x-modelwarden", b"refused"))

    async def _answer(
        self, send: Send, status: int, body: bytes, *more: tuple[bytes, bytes]
    ) -> None:
        headers = [
            (b"content-type", b"application/json"),
            *more,
            (b"content-length", str(len(body)).encode()),
        ]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def _failed(self, kind: Class, error: Exception, let_through: bool) -> None:
        done = "open" if let_through else "closed"
        detail = f"a check of the class {kind.value} failed ({done}): {type(error).__name__}"
        self._tell(AlertKind.SELF, "check-failed", detail, None, None)

    def _tell(
        self, kind: AlertKind, rule: str, detail: str, client: str | None, request_id: str | None
    ) -> None:
        self._alerts.emit(
            Alert(
                kind=kind,
                severity=Severity.MEDIUM,
                rule=rule,
                detail=detail,
                client=client,
                request_id=request_id,
            )
        )


_OF_BODIES = (b"content-length", b"transfer-encoding")


def _is_whole(start: Message) -> bool:
    """Tell whether an answer is one document without error."""
    kinds = (v for k, v in start["headers"] if k.lower() == b"content-type")
    return bool(start["status"] == 200) and not any(k.startswith(b"text/event-") for k in kinds)


def _head(scope: Message) -> Head | None:
    """Return the head of a request; None when a header that must stand alone does not."""
    headers: dict[str, str] = {}
    for key, value in scope["headers"]:
        name, text = key.decode("latin-1").lower(), value.decode("latin-1")
        if name in headers:
            if name in ("host", "content-length", "transfer-encoding"):
                return None
            text = f"{headers[name]}, {text}"
        headers[name] = text
    path = scope.get("raw_path", scope["path"].encode()).decode("latin-1").partition("?")[0]
    query = scope.get("query_string", b"").decode("latin-1")
    whole = f"{path}?{query}" if query else path
    return Head(scope["method"], whole, headers, keep=True, length=0, waits=False)


async def _body(receive: Receive, most: int) -> bytes | None:
    parts, size = [], 0
    while True:
        message = await receive()
        part = message.get("body", b"")
        size += len(part)
        if size > most:
            return None
        parts.append(part)
        if message["type"] != "http.request" or not message.get("more_body"):
            return b"".join(parts)


def _replayed(body: bytes, receive: Receive) -> Receive:
    """Return a channel that gives the body once, and then what the client still does."""
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again
