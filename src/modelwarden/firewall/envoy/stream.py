"""One HTTP request and its answer, as an Envoy shows them: judged, recorded, let on or answered.

Envoy asks at each stage and does what it is told, so everything ends with an answer of ours: where
the stream were ended instead, Envoy would go on without us.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NoReturn

from modelwarden.core import Severity
from modelwarden.firewall.alerts import AlertKind
from modelwarden.firewall.answers import shown
from modelwarden.firewall.decide import Decision, Done
from modelwarden.firewall.envoy.facts import (
    ADDRESS,
    DETAILS,
    From,
    address_in,
    answered_by,
    failure,
    name_in,
)
from modelwarden.firewall.envoy.messages import (
    BUFFERED,
    DENIED,
    NONE,
    Lines,
    Seen,
    Stage,
    body_on,
    headers_on,
    in_place,
    seen,
    trailers_on,
)
from modelwarden.firewall.exchange import (
    FORWARDED,
    JSON_HEADER,
    LONGEST_PATH,
    OF_BODIES,
    REFUSAL,
    REQUEST_ID,
    RETURNED,
)
from modelwarden.firewall.http import Head, HttpError, head_in
from modelwarden.firewall.profile import Protocol
from modelwarden.firewall.requests import Arrival
from modelwarden.firewall.routes import REFUSED, UNREACHED, Route, error_body
from modelwarden.firewall.ruling import Ruling
from modelwarden.firewall.settling import settled, shared_wait
from modelwarden.firewall.traces import decided
from modelwarden.firewall.wire import MessageError

if TYPE_CHECKING:
    from modelwarden.firewall.envoy.channel import Talk
    from modelwarden.firewall.envoy.front import EnvoyFront
    from modelwarden.firewall.policy import Policy

# Envoy's own, which it has set or made sure of.
_KEPT = {*FORWARDED, *OF_BODIES, "host", "content-length", "x-forwarded-for", "x-forwarded-proto"}
_SHOWN = {*RETURNED, "content-length", "x-envoy-upstream-service-time"}
_OWN = {b":authority", b":method", b":path", b":scheme"}
_EVENTS = b"text/event-stream"


class _InPlaceError(Exception):
    """What the client is answered in the place of all else."""

    def __init__(
        self, status: int, lines: Lines, body: bytes, details: str, also: bytes = b""
    ) -> None:
        super().__init__(details)
        self.status = status
        self.message = also + in_place(status, lines, body, f"modelwarden_{details}")


class Stream:
    """A request and its answer, and what becomes of them.

    Attributes:
        policy: by which they are judged.
    """

    def __init__(self, front: EnvoyFront, talk: Talk) -> None:
        proxy = self._proxy = front.proxy
        self._front = front
        self._talk = talk
        self.policy: Policy = proxy.policy
        self._started = proxy.now()
        self._client = "local"
        self._request_id: str | None = None
        self._method, self._path = "", ""
        self._route: Route | None = None
        self._decision: Decision | None = None
        self._trail: Any = None
        self._status = 0
        self._ruling: asyncio.Future[Ruling]

    async def serve(self) -> None:
        """Answer every stage, until Envoy ends the stream."""
        try:
            await self._through()
        except _InPlaceError as ended:
            self._status = ended.status
            await self._talk.write(ended.message)
            await self._until_its_end()
        except asyncio.CancelledError:  # the client has left, or Envoy
            self._status = self._status or 408
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, nothing goes on
            detail = f"a request failed: {type(error).__name__}: {str(error)[:200]}"
            self._note(AlertKind.SELF, Severity.HIGH, "check-failed", detail)
            self._status = 500
            await self._talk.write(self._error(500).message)
            await self._until_its_end()
        finally:
            self._over()

    async def turn_away(self) -> None:
        """Answer that there are too many; ending the stream would let it on."""
        self._status = 503
        self._note(AlertKind.SELF, Severity.HIGH, "envoy", "too many requests at once")
        await self._talk.write(self._error(503).message)
        await self._until_its_end()

    async def _through(self) -> None:
        first = await self._next(self.policy.config.request_seconds)
        if first is None:
            return
        self._settings(first)
        if first.stage is Stage.RESPONSE_HEADERS:  # of a filter before this one
            await self._undecided(first)
            return
        if first.stage is not Stage.REQUEST_HEADERS:
            self._unclear(f"{first.stage} where a request begins")
        answer = await self._request(first)
        if answer is not None:
            await self._answer(answer)

    # what Envoy shows -------------------------------------------------------------------------

    async def _next(self, seconds: float | None = None) -> Seen | None:
        """Return the next stage; None where Envoy has ended the stream.

        Args:
            seconds: that the client has for it; None where it waits for the server.
        """
        try:
            if seconds is None:
                message = await self._talk.read()
            else:
                message = await self._front.patience.message(self._talk, seconds)
            return None if message is None else seen(message)
        except TimeoutError:
            await self._broken(408, "too slow")
        except MessageError as error:
            self._note(AlertKind.SELF, Severity.HIGH, "envoy", str(error))
            raise self._error(503, also=DENIED) from error

    async def _until_its_end(self) -> None:
        """Wait until Envoy has heard what it was told: ending first may be heard before it."""
        with suppress(MessageError):
            while await self._talk.read() is not None:
                pass

    def _settings(self, first: Seen) -> None:
        """End a request that not all is seen of: what is not judged does not go on, in any mode."""
        if first.only_shown:
            self._unclear("observability_mode, in which no answer is heeded")
        if first.modes is None:
            self._unclear("an Envoy that does not say how it sends bodies (1.35 and later do)")
        asked, answered = first.modes
        if asked != BUFFERED:
            self._unclear("a request_body_mode other than BUFFERED")
        wanted = self.policy.config.answers is not None or self._proxy.answer_recorder is not None
        if answered != BUFFERED and (answered != NONE or wanted):
            self._unclear("a response_body_mode other than BUFFERED")

    def _unclear(self, what: str) -> NoReturn:
        self._note(AlertKind.SELF, Severity.HIGH, "envoy", what)
        raise self._error(503)

    # the request ------------------------------------------------------------------------------

    async def _request(self, first: Seen) -> Seen | None:
        """Judge the request and let it on; return what Envoy shows next."""
        head = await self._head(first)
        gone = tuple(sorted({n for n in head.headers if n not in _KEPT}))
        if first.last:
            await self._decide(head, b"")
            lines = () if self._trail is None else (("traceparent", self._trail.asking()),)
            await self._talk.write(headers_on(Stage.REQUEST_HEADERS, gone, lines))
            return await self._next()
        if head.length > self.policy.most:
            await self._broken(413, f"a body of {head.length} bytes")
        # Where no model has the path, nothing of the body counts, and Envoy need not hold it.
        elsewhere = self.policy.routes.of(head.method, head.path) is None
        if elsewhere:
            await self._decide(head, b"")
        # Of a request that has trailers and no body Envoy would else show its head alone.
        await self._talk.write(headers_on(Stage.REQUEST_HEADERS, gone, modes=first.modes))
        behind = await self._next(self.policy.config.request_seconds)
        if behind is None:
            return None
        if behind.stage is Stage.RESPONSE_HEADERS:
            await self._undecided(behind)
            return None
        if behind.stage is Stage.REQUEST_TRAILERS or not behind.last:
            await self._broken(400, "trailers, or a body in parts")
        if behind.stage is not Stage.REQUEST_BODY:
            self._unclear(f"{behind.stage} where the body is to come")
        if len(behind.body) > self.policy.most:
            await self._broken(413, f"a body of {len(behind.body)} bytes")
        if elsewhere:
            lines = (("content-length", str(len(behind.body))),)
            await self._talk.write(body_on(Stage.REQUEST_BODY, None, lines))
        else:
            await self._let_on(head, behind.body)
        return await self._next()

    async def _head(self, first: Seen) -> Head:
        """Read the head as strictly as the proxy's own reader does."""
        own = {name: value for name, value in first.fields if name[:1] == b":"}
        fields = [field for field in first.fields if field[0][:1] != b":"]
        if ADDRESS not in first.attributes:
            self._front.once(f"{ADDRESS} is not among the request_attributes: all are one client")
        address = self._client = address_in(first.attributes)
        try:
            if len(own) + len(fields) != len(first.fields) or not own.keys() <= _OWN:
                raise HttpError(400, "headers of Envoy's own that are twice, or others")
            if b":authority" in own:
                fields.append((b"host", own[b":authority"]))
            head = head_in(own.get(b":method", b""), own.get(b":path", b""), fields)
        except HttpError as error:
            await self._broken(error.status, error.detail)
        self._client = self._proxy.who(head.headers, address, name_in(first.attributes))
        given = head.headers.get("x-request-id", "")
        self._request_id = given if REQUEST_ID.fullmatch(given) else None
        self._method, self._path = head.method, head.path
        tracer, parent = self._proxy.tracer, head.headers.get("traceparent")
        self._trail = None if tracer is None else tracer.trail(parent, self._started)
        return head

    async def _let_on(self, head: Head, body: bytes) -> None:
        """Judge the request by its body, and say what goes on."""
        decision, as_it_came, unpacked = await self._decide(head, body)
        onward = decision.body
        lines = [("content-length", str(len(onward)))]
        gone: list[str] = []
        if not as_it_came and onward:
            lines.append(JSON_HEADER)
            gone = [name for name in OF_BODIES[1:] if name in head.headers]
        elif unpacked:
            gone = ["content-encoding"]
        if self._trail is not None:
            lines.append(("traceparent", self._trail.asking()))
        changed = None if onward == body else onward
        await self._talk.write(body_on(Stage.REQUEST_BODY, changed, tuple(lines), tuple(gone)))

    async def _decide(self, head: Head, body: bytes) -> tuple[Decision, bool, bool]:
        """Judge and record; return what may go on, whether that is what came, and unpacked."""
        proxy, policy = self._proxy, self.policy
        wait = await shared_wait(proxy, policy, self._client)
        came = Arrival(body, self._client, self._request_id, head=head, at=self._started, wait=wait)
        ruled = await self._judged(came)
        self._route, decision = ruled.route, ruled.decision
        if ruled.alert:
            self._note(AlertKind.REQUEST, Severity.MEDIUM, decision.rule or "", decision.detail)
        self._request_id = self._request_id or decision.id
        if ruled.asks:
            await self._settle(decision)
            proxy.let_on(policy, ruled.route, decision, self._client)
        return decision, ruled.as_it_came, ruled.unpacked

    async def _judged(self, came: Arrival) -> Ruling:
        """Have the request judged with those that come at the same time."""
        self._ruling = asyncio.get_running_loop().create_future()
        self._proxy.turns.add(self, came)
        return await self._ruling

    def ruled(self, ruled: Ruling) -> None:
        """Take what becomes of the request."""
        if not self._ruling.done():  # the client may have left
            self._ruling.set_result(ruled)

    def broke(self, error: Exception) -> None:
        """Take that judging it failed."""
        if not self._ruling.done():
            self._ruling.set_exception(error)

    async def _settle(self, decision: Decision) -> None:
        """Record a decision, and answer where that says so."""
        self._decision = decision
        written = await settled(
            self._proxy, self.policy, self._route, decision, self._client, self._request_id
        )
        if not decision.allowed:
            self._proxy.refused += 1
            body = error_body(self._protocol, REFUSED, decision.status)
            raise _InPlaceError(decision.status, REFUSAL, body, "refused")
        if not written and self.policy.config.refuse_unrecorded:
            raise self._failed(503, "a decision that cannot be recorded")

    async def _broken(self, status: int, detail: str) -> NoReturn:
        """Refuse what cannot be passed on; in any mode."""
        self._note(AlertKind.REQUEST, Severity.HIGH, "http", detail)
        await self._settle(Decision(Done.REFUSE, "http", detail, status, b""))
        raise RuntimeError("a refusal that lets on")

    # the answer -------------------------------------------------------------------------------

    async def _undecided(self, head: Seen) -> None:
        """Take what is answered to a request that was not judged: only by Envoy, or not at all."""
        match answered_by(head.attributes):
            case From.LARGE:
                await self._broken(413, "a body that is too large for Envoy")
            case From.SLOW:
                await self._broken(408, "too slow")
            case From.UNSAID:
                self._unclear(f"an answer without {DETAILS} to a request that was not shown")
            case From.SERVER | From.NOBODY:
                self._unclear("an answer of the server to a request that was not shown")
            case From.ENVOY:
                await self._as_it_is()

    async def _answer(self, head: Seen) -> None:
        """Look at an answer, as far as it is to be looked at."""
        if head.stage is not Stage.RESPONSE_HEADERS:
            self._unclear(f"{head.stage} where an answer begins")
        fields = dict(head.fields)
        self._status = _number(fields.get(b":status", b""))
        by = answered_by(head.attributes)
        if by is From.NOBODY:
            detail = f"Envoy says {head.attributes[DETAILS][:200]}"
            raise self._failed(failure(self._status, head.attributes), detail)
        if by in (From.LARGE, From.SLOW, From.ENVOY):  # of a filter behind this one, or a route
            await self._as_it_is()
            return
        self._proxy.metrics.upstream[f"{self._status // 100}xx"] += 1
        gone = tuple(sorted(_names(head) - _SHOWN))
        if not self._is_read(fields):
            await self._as_it_is(gone)
            return
        if head.last:
            self._look_at(b"")
            await self._as_it_is(gone)
            return
        await self._talk.write(headers_on(Stage.RESPONSE_HEADERS, gone))
        body = await self._next()
        if body is None:
            return
        if body.stage is not Stage.RESPONSE_BODY:
            self._unclear(f"{body.stage} where the body of an answer is to come")
        if not body.last:
            raise self._failed(502, "an answer with trailers, or in parts")
        given = self._look_at(body.body)
        lines = (("content-length", str(len(given))),)
        changed = None if given == body.body else given
        await self._talk.write(body_on(Stage.RESPONSE_BODY, changed, lines))
        await self._until_its_end()

    def _is_read(self, fields: dict[bytes, bytes]) -> bool:
        """Tell whether the body of an answer is looked at; events are not, as they come."""
        if self._status != 200 or fields.get(b"content-type", b"").startswith(_EVENTS):
            return False
        if self._is_screened() or self._is_recorded():
            return True
        return self._proxy.wants_answer(self._route)

    def _is_screened(self) -> bool:
        """Tell whether `[firewall.answers]` is for this answer."""
        config, route = self.policy.config.answers, self._route
        return config is not None and route is not None and route.checks is not None

    def _is_recorded(self) -> bool:
        """Tell whether this answer goes into the ledger of answers."""
        if self._proxy.answer_recorder is None or self._request_id is None:
            return False
        return self._route is not None and self._route.checks is not None

    def _look_at(self, body: bytes) -> bytes:
        """Return what the client is shown of an answer's body, and record what the model said."""
        config, decision, proxy = self.policy.config.answers, self._decision, self._proxy
        if not self._is_screened() or config is None or decision is None:
            if not self._is_recorded():  # then it is read because it was wanted
                proxy.look_at(self._route, body)
                return body
            proxy.was_answered(self._route, body)
            proxy.record_answer(self._route, body, self._client, self._request_id)
            return body
        found = shown(config, self._protocol, body, decision.rows)
        if found.rule is not None:
            self._note(AlertKind.UPSTREAM, Severity.HIGH, found.rule, found.detail)
        if found.body is None:
            proxy.metrics.upstream["kept"] += 1
            raise self._error(502)
        proxy.was_answered(self._route, body)
        proxy.record_answer(self._route, body, self._client, self._request_id)
        return found.body

    async def _as_it_is(self, gone: tuple[str, ...] = ()) -> None:
        """Let an answer go on whose body is not looked at."""
        await self._talk.write(headers_on(Stage.RESPONSE_HEADERS, gone, modes=(BUFFERED, NONE)))
        while (after := await self._next()) is not None:
            if after.stage is Stage.RESPONSE_BODY:
                self._front.once("allow_mode_override is not set: streamed answers are held up")
                await self._talk.write(body_on(Stage.RESPONSE_BODY, None))
            elif after.stage is Stage.RESPONSE_TRAILERS:
                await self._talk.write(trailers_on(tuple(sorted(_names(after)))))
            else:
                self._unclear(f"{after.stage} in the middle of an answer")

    # the end ----------------------------------------------------------------------------------

    @property
    def _protocol(self) -> Protocol:
        return self.policy.routes.protocol if self._route is None else self._route.protocol

    def _failed(self, status: int, detail: str) -> _InPlaceError:
        """Return that there is no answer; a refusal of ours looks otherwise."""
        self._proxy.metrics.upstream["failed"] += 1
        self._note(AlertKind.UPSTREAM, Severity.HIGH, "upstream", detail)
        return self._error(status)

    def _error(self, status: int, also: bytes = b"") -> _InPlaceError:
        lines: Lines = (JSON_HEADER, ("retry-after", "1")) if status == 503 else (JSON_HEADER,)
        body = error_body(self._protocol, UNREACHED, status)
        return _InPlaceError(status, lines, body, "no_answer", also)

    def _over(self) -> None:
        self._proxy.metrics.took(self._proxy.now() - self._started)
        if self._trail is None:
            return
        path = self._path.partition("?")[0][:LONGEST_PATH]
        about: dict[str, str | int] = {"http.request.method": self._method, "url.path": path}
        about |= decided(self._route, self._decision, self._request_id)
        place = "elsewhere" if self._route is None else self._route.protocol.value
        self._trail.end(f"{self._method} {place}", about, self._status)

    def _note(self, kind: AlertKind, severity: Severity, rule: str, detail: str) -> None:
        self._proxy.note(kind, severity, rule, detail, self._client, self._request_id)


def _names(shown_: Seen) -> set[str]:
    return {name.decode("latin-1") for name, _ in shown_.fields if name[:1] != b":"}


def _number(status: bytes) -> int:
    return int(status) if len(status) == 3 and status.isdigit() else 502
