"""One call over gRPC on its way: read, judged, recorded, asked of the server, answered.

The decisions are those of REST: the message is turned into the request that REST would have, and
that goes the way of `ruling`. What goes on is the message written anew.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import unquote

from modelwarden.core import Severity
from modelwarden.firewall.addresses import host_in
from modelwarden.firewall.alerts import AlertKind
from modelwarden.firewall.answers import FORM, shown
from modelwarden.firewall.decide import Decision, Done
from modelwarden.firewall.grpc.messages import INFER, METHODS, Asked, answered, asked, readable
from modelwarden.firewall.http import Head
from modelwarden.firewall.profile import Protocol
from modelwarden.firewall.requests import Arrival
from modelwarden.firewall.routes import REFUSED, UNREACHED, Route
from modelwarden.firewall.ruling import ruling
from modelwarden.firewall.settling import settled, shared_wait
from modelwarden.firewall.traces import decided
from modelwarden.firewall.wire import MessageError

if TYPE_CHECKING:
    from modelwarden.firewall.grpc.front import Front
    from modelwarden.firewall.policy import Policy

_FORWARDED = ("authorization", "x-request-id", "tracestate")
_ID = re.compile(r"[!-~]{1,128}")
_JSON = {"content-type": "application/json"}
_LONGEST_DETAIL = 1024
_NO_METHOD = 501
# The status of a refusal in REST to that of gRPC, and what a server fails with to REST's.
CODES = {
    400: "INVALID_ARGUMENT",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    408: "DEADLINE_EXCEEDED",
    413: "RESOURCE_EXHAUSTED",
    415: "INVALID_ARGUMENT",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    _NO_METHOD: "UNIMPLEMENTED",
    502: "INTERNAL",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
_TELLING = frozenset(
    "INVALID_ARGUMENT NOT_FOUND ALREADY_EXISTS PERMISSION_DENIED FAILED_PRECONDITION ABORTED "
    "OUT_OF_RANGE UNIMPLEMENTED UNAUTHENTICATED".split()
)
"""Codes that only the server itself gives, about the request: its client is told them."""
_FAILING = {"UNAVAILABLE": 503, "DEADLINE_EXCEEDED": 504}


class _EndedError(Exception):
    """A call that has no answer but a status."""

    def __init__(self, code: str, detail: str, status: int, *, refused: bool) -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail
        self.status = status
        self.refused = refused


class Call:
    """A call and what becomes of it."""

    def __init__(self, front: Front, method: str, context: Any) -> None:
        proxy = self._proxy = front.proxy
        self._front = front
        self._method = method
        self._context = context
        self._policy: Policy = proxy.policy
        self._started = proxy.now()
        self._headers = headers_in(context.invocation_metadata() or ())
        self._client = proxy.who(self._headers, address_in(context.peer()), _name_in(context))
        given = self._headers.get("x-request-id", "")
        self._request_id = given if _ID.fullmatch(given) else None
        self._route: Route | None = None
        self._decision: Decision | None = None
        tracer, parent = proxy.tracer, self._headers.get("traceparent")
        self._trail = None if tracer is None else tracer.trail(parent, self._started)

    async def serve(self) -> bytes:
        """Return the answer; where there is none, its status is set."""
        status = 500
        try:
            answer = await self._answer()
            status = 200
        except _EndedError as ended:
            status = ended.status
            self._end(ended)
            return b""
        except asyncio.CancelledError:  # the client has left
            status = 408
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, the client is not told
            detail = f"a call failed: {type(error).__name__}: {str(error)[:200]}"
            self._note(AlertKind.SELF, Severity.HIGH, "check-failed", detail)
            self._end(_EndedError("INTERNAL", UNREACHED, status, refused=False))
            return b""
        else:
            return answer
        finally:
            self._over(status)

    async def _answer(self) -> bytes:
        if self._method not in METHODS:
            await self._broken(_NO_METHOD, "a method that the protocol does not have")
        request = await self._request(await self._message())
        decision = await self._ruled(request)
        if decision is not None:
            await self._settle(decision)
        return await self._asked(request.onward)

    # the request ------------------------------------------------------------------------------

    async def _message(self) -> bytes:
        """Return the one message of a request, which its client has so long for."""
        seconds = self._policy.config.request_seconds
        try:
            message = await self._front.patience.message(self._context, seconds)
        except TimeoutError:
            await self._broken(408, "a message that does not come")
        if not isinstance(message, bytes):
            await self._broken(400, "no message")
        return message

    async def _request(self, message: bytes) -> Asked:
        try:
            return asked(self._method, message, self._policy.most, self._policy.numbers)
        except MessageError as error:
            await self._broken(400, str(error))

    async def _ruled(self, request: Asked) -> Decision | None:
        """Judge the request as REST's; None of what asks nothing of a model."""
        head = Head(request.method, request.path, _JSON, keep=True, length=0, waits=False)
        # What is too large to be judged is refused for its size alone.
        body = bytes(self._policy.most + 1) if request.body is None else request.body
        policy, who = self._policy, self._client
        wait = await shared_wait(self._proxy, policy, who)
        came = Arrival(body, who, self._request_id, head=head, at=self._started, wait=wait)
        ruled = ruling(policy, came)
        self._route, decision = ruled.route, ruled.decision
        if ruled.alert:
            rule = decision.rule or ""
            self._note(AlertKind.REQUEST, Severity.MEDIUM, rule, decision.detail)
        self._request_id = self._request_id or decision.id
        return decision if ruled.asks else None

    async def _settle(self, decision: Decision) -> None:
        """Record a decision, and end the call where that says so."""
        self._decision = decision
        written = await settled(
            self._proxy, self._policy, self._route, decision, self._client, self._request_id
        )
        if not decision.allowed:
            self._proxy.refused += 1
            raise _EndedError(CODES[decision.status], REFUSED, decision.status, refused=True)
        if not written and self._policy.config.refuse_unrecorded:
            raise self._failed(503, "a decision that cannot be recorded")
        self._proxy.let_on(self._policy, self._route, decision, self._client)

    async def _broken(self, status: int, detail: str) -> NoReturn:
        """Refuse what cannot be passed on; in any mode."""
        rule = "route" if status == _NO_METHOD else "grpc"
        severity = Severity.MEDIUM if status == _NO_METHOD else Severity.HIGH
        self._note(AlertKind.REQUEST, severity, rule, detail)
        await self._settle(Decision(Done.REFUSE, rule, detail, status, b""))
        raise RuntimeError("a refusal that lets on")

    # the server -------------------------------------------------------------------------------

    async def _asked(self, onward: bytes) -> bytes:
        metadata = [(name, self._headers[name]) for name in _FORWARDED if name in self._headers]
        parent = self._headers.get("traceparent")
        if self._trail is not None:
            parent = self._trail.asking()
        if parent is not None:
            metadata.append(("traceparent", parent))
        code, detail, answer = await self._front.ask(
            self._method, onward, self._seconds(), tuple(metadata)
        )
        if code == "OK":
            return self._checked(answer)
        if code in _TELLING:
            self._proxy.metrics.upstream["4xx"] += 1
            raise _EndedError(code, detail[:_LONGEST_DETAIL], 400, refused=False)
        raise self._failed(_FAILING.get(code, 502), f"the gRPC server failed with {code}")

    def _seconds(self) -> float:
        most = self._policy.config.upstream_seconds
        left = self._context.time_remaining()
        return most if left is None else max(0.0, min(most, float(left)))

    def _checked(self, answer: bytes) -> bytes:
        """Return an answer that is one; a server that sends anything else has failed."""
        try:
            if self._method == INFER:
                body = answered(answer)
            else:
                body = b""
                readable(answer)
        except MessageError as error:
            raise self._failed(502, f"the gRPC server answered {error}") from error
        self._proxy.metrics.upstream["2xx"] += 1
        if body:
            self._look_at(body)
            self._proxy.was_answered(self._route, body)
            self._proxy.record_answer(self._route, body, self._client, self._request_id)
        return answer

    def _look_at(self, body: bytes) -> None:
        """Hold an answer, as JSON, against the rules of answers; one that is kept back fails."""
        config, decision = self._policy.config.answers, self._decision
        if config is None or decision is None:
            return
        found = shown(config, Protocol.OIP, body, decision.rows)
        if found.rule is not None:
            self._note(AlertKind.UPSTREAM, Severity.HIGH, found.rule, found.detail)
        if found.body is not None and config.changes:
            # A reload asked for it after the start, where it is refused.
            detail = "numbers of an answer over gRPC cannot be rounded: it is kept back"
            self._note(AlertKind.UPSTREAM, Severity.HIGH, FORM, detail)
        if found.body is None or config.changes:
            self._proxy.metrics.upstream["kept"] += 1
            raise _EndedError(CODES[502], UNREACHED, 502, refused=False)

    def _failed(self, status: int, detail: str) -> _EndedError:
        self._proxy.metrics.upstream["failed"] += 1
        self._note(AlertKind.UPSTREAM, Severity.HIGH, "upstream", detail)
        return _EndedError(CODES[status], UNREACHED, status, refused=False)

    # the end ----------------------------------------------------------------------------------

    def _end(self, ended: _EndedError) -> None:
        self._context.set_code(self._front.code(ended.code))
        self._context.set_details(ended.detail)
        if ended.refused:
            self._context.set_trailing_metadata((("x-modelwarden", "refused"),))

    def _over(self, status: int) -> None:
        self._proxy.metrics.took(self._proxy.now() - self._started)
        if self._trail is None:
            return
        about: dict[str, str | int] = {"rpc.system": "grpc"}
        if self._method in METHODS:
            about["rpc.method"] = self._method
        about |= decided(self._route, self._decision, self._request_id)
        self._trail.end("gRPC oip-v2", about, status)

    def _note(self, kind: AlertKind, severity: Severity, rule: str, detail: str) -> None:
        self._proxy.note(kind, severity, rule, detail, self._client, self._request_id)


def headers_in(metadata: Iterable[tuple[str, str | bytes]]) -> Mapping[str, str]:
    """Return the metadata that are texts by their keys, as headers of HTTP are joined."""
    found: dict[str, str] = {}
    for key, value in metadata:
        if isinstance(value, str):
            found[key] = f"{found[key]}, {value}" if key in found else value
    return found


def address_in(peer: str) -> str:
    """Return the address of a peer as gRPC names it, without the port, as sockets have it."""
    kind, _, rest = peer.partition(":")
    if kind not in {"ipv4", "ipv6"}:
        return "local"
    return host_in(unquote(rest))


def _name_in(context: Any) -> str | None:
    """Return the common name of a certificate that was verified."""
    names = context.auth_context().get("x509_common_name", ())
    for name in names:
        return str(name.decode("utf-8", "replace"))[:256]
    return None
