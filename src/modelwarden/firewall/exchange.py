"""One request on its way: decided, recorded, asked of the server, answered."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from modelwarden.core import Severity
from modelwarden.firewall.alerts import AlertKind
from modelwarden.firewall.answers import shown
from modelwarden.firewall.connection import Connection, answer_of_status
from modelwarden.firewall.decide import Decision, Done
from modelwarden.firewall.http import Answer, Head, begun
from modelwarden.firewall.profile import Protocol
from modelwarden.firewall.requests import Arrival
from modelwarden.firewall.routes import REFUSED, UNREACHED, Route, error_body
from modelwarden.firewall.ruling import Ruling, plain_head
from modelwarden.firewall.traces import decided

if TYPE_CHECKING:
    from modelwarden.firewall.config import AnswersConfig
    from modelwarden.firewall.policy import Policy
    from modelwarden.firewall.pool import Server
    from modelwarden.firewall.proxy import Proxy
    from modelwarden.firewall.traces import Trail

FORWARDED = ("authorization", "accept", "user-agent", "x-request-id", "traceparent", "tracestate")
OF_BODIES = ("content-type", "content-encoding", "inference-header-content-length")
RETURNED = ("content-type", "content-encoding", "x-request-id", "retry-after")
LONGEST_PATH = 200
REQUEST_ID = re.compile(r"[!-~]{1,128}")
JSON_HEADER = ("content-type", "application/json")
_REFUSE = Done.REFUSE
REFUSAL = (JSON_HEADER, ("x-modelwarden", "refused"))


class Exchange:
    """A request and what becomes of it.

    Attributes:
        head: that is sent to the server.
        body: likewise.
        method: of the request.
        policy: that it is judged by.
        deadline: by the loop's clock; infinite once it is answered.
        server: the connection that it is asked over.
    """

    __slots__ = (
        "_as_it_came", "_asked", "_client", "_connection", "_decision", "_gone", "_proxy",
        "_request_id", "_route", "_sent_parts", "_started", "_trail", "body", "deadline", "head",
        "method", "policy", "server",
    )  # fmt: skip

    def __init__(
        self, proxy: Proxy, policy: Policy, connection: Connection, head: Head, client: str
    ) -> None:
        self._proxy = proxy
        self.policy = policy
        self._connection = connection
        self._asked = head
        self._client = client
        self._started = proxy.now()
        self._decision: Decision | None = None
        self._gone = self._sent_parts = False
        self._as_it_came = True
        self.method = head.method
        self.head = b""
        self.body: bytes | bytearray = b""
        self.deadline = math.inf
        self.server: Server | None = None
        given = head.headers.get("x-request-id", "")
        self._request_id = given if given and REQUEST_ID.fullmatch(given) else None
        self._route: Route | None = None
        self._trail = (
            None
            if proxy.tracer is None
            else proxy.tracer.trail(head.headers.get("traceparent"), self._started)
        )

    # deciding ---------------------------------------------------------------------------------

    def decide(self, body: bytes | bytearray) -> None:
        """Judge the request, and go on when that is recorded."""
        asked = Arrival(body, self._client, self._request_id, False, self._asked, self._started)
        shared, limit = self._proxy.shared_rates, self.policy.config.limit
        if shared is None or limit is None or limit.redis is None:
            self._proxy.turns.add(self, asked)
        else:
            shared.ask(self._client, limit, lambda wait: self._decide(asked, wait))

    def _decide(self, asked: Arrival, wait: float | None) -> None:
        asked.wait = wait
        self._proxy.turns.add(self, asked)

    def ruled(self, ruled: Ruling) -> None:
        """Do what was decided."""
        self._route = ruled.route
        if ruled.unpacked:
            self._asked = plain_head(self._asked)
        if ruled.alert:
            decision = ruled.decision
            self.note(AlertKind.REQUEST, Severity.MEDIUM, decision.rule or "", decision.detail)
        self._request_id = self._request_id or ruled.decision.id
        if ruled.asks:
            self._as_it_came = ruled.as_it_came
            self._settle(ruled.decision)
        else:
            self._send(b"", as_it_came=True)

    def broke(self, error: Exception) -> None:
        """End without an answer: what could not be decided must not pass."""
        self.deadline = math.inf
        detail = f"a request could not be judged: {type(error).__name__}"
        self.note(AlertKind.SELF, Severity.HIGH, "check-failed", detail)
        self._connection.abort()

    def _settle(self, decision: Decision) -> None:
        self._decision = decision
        self._proxy.settle(
            self.policy, self._route, decision, self._client, self._request_id, self._go
        )

    def _go(self, written: bool) -> None:
        decision = self._decision
        if decision is None:
            raise RuntimeError("nothing was decided")
        if decision.done is _REFUSE:
            self._refuse(decision.status)
        elif not written and self.policy.config.refuse_unrecorded:
            self.failed(503, "a decision that cannot be recorded")
        else:
            headers = self._asked.headers
            self._proxy.let_on(self.policy, self._route, decision, self._client, headers)
            self._send(decision.body, as_it_came=self._as_it_came)

    def refuse_broken(self, status: int, detail: str) -> None:
        """Refuse what is no HTTP that every server reads alike; in any mode."""
        self.note(AlertKind.REQUEST, Severity.HIGH, "http", detail)
        self._settle(Decision(Done.REFUSE, "http", detail, status, b""))

    def _refuse(self, status: int) -> None:
        self._proxy.refused += 1
        self._answer(status, REFUSAL, error_body(self._protocol, REFUSED, status))

    @property
    def _protocol(self) -> Protocol:
        return self.policy.routes.protocol if self._route is None else self._route.protocol

    # asking -----------------------------------------------------------------------------------

    def _send(self, body: bytes | bytearray, *, as_it_came: bool) -> None:
        head, place = self._asked, (self._proxy.host, as_it_came or not body)
        first = None if self._trail is not None else head.onward.get(place)
        if first is None:
            lines = self._lines(head.headers, place)
            first = begun(f"{self.method} {head.path} HTTP/1.1", lines)
            if self._trail is None:
                head.onward[place] = first
        self.body = body
        self.head = b"%scontent-length: %d\r\n\r\n" % (first, len(body))
        self.deadline = self._started + self.policy.config.upstream_seconds
        self._proxy.ask(self)

    def _lines(self, given: Mapping[str, str], place: tuple[str, bool]) -> list[tuple[str, str]]:
        """Return the headers that go on, for a body as it came or one that was written anew."""
        host, as_it_came = place
        lines = [("host", host)]
        lines += [(name, given[name]) for name in FORWARDED if name in given]
        if self._trail is not None:
            lines = [line for line in lines if line[0] != "traceparent"]
            lines.append(("traceparent", self._trail.asking()))
        if as_it_came:
            lines += [(name, given[name]) for name in OF_BODIES if name in given]
        else:
            lines.append(JSON_HEADER)
        return lines

    def streams(self, answer: Answer) -> bool:
        """Tell whether the answer is wanted in parts: events are, as they come."""
        if not answer.headers.get("content-type", "").startswith("text/event-stream"):
            return False
        self._begin(answer)
        return True

    def _begin(self, answer: Answer) -> None:
        self._sent_parts = True
        self._proxy.metrics.upstream[answer.kind] += 1
        if not self._gone:
            self._connection.begin(answer.status, _returned(answer))

    def part(self, data: bytes) -> None:
        """Pass a part on."""
        self.deadline = self._proxy.now() + self.policy.config.upstream_seconds
        if not self._gone:
            self._connection.part(data)

    def ended(self) -> None:
        """End an answer in parts."""
        self._over(200)
        if not self._gone:
            self._connection.finish()

    def answered(self, answer: Answer, body: bytes) -> None:
        """Give the server's answer to the client."""
        self._proxy.metrics.upstream[answer.kind] += 1
        seen = body
        if answer.status == 200 and self.policy.config.answers is not None:
            shown = self._shown(self.policy.config.answers, body)
            if shown is None:
                return
            body = shown
        if not answer.onward:
            answer.onward.append(answer_of_status(answer.status, _returned(answer)))
        self._over(answer.status)
        if not self._gone:
            bare = self.method == "HEAD"
            self._connection.answer_begun(answer.onward[0], body, bare=bare)
        if answer.status == 200:
            self._proxy.was_answered(self._route, seen)
            if self._proxy.answer_recorder is not None:
                self._proxy.record_answer(self._route, seen, self._client, self._request_id)

    def _shown(self, config: AnswersConfig, body: bytes) -> bytes | None:
        """Return what the client is shown; None when the answer is kept back, and that is told."""
        if self._route is None or self._route.checks is None or self._decision is None:
            return body
        found = shown(config, self._route.protocol, body, self._decision.rows)
        if found.rule is not None:
            self.note(AlertKind.UPSTREAM, Severity.HIGH, found.rule, found.detail)
        if found.body is None:
            self._proxy.metrics.upstream["kept"] += 1
            self._answer(502, [JSON_HEADER], error_body(self._protocol, UNREACHED, 502))
        return found.body

    def failed(self, status: int, detail: str) -> None:
        """Tell the client that there is no answer; a refusal of ours looks otherwise."""
        self._proxy.metrics.upstream["failed"] += 1
        if self._gone:
            self.deadline = math.inf
            return
        self.note(AlertKind.UPSTREAM, Severity.HIGH, "upstream", detail)
        if self._sent_parts:
            self._over(status)
            self._connection.finish(whole=False)
            return
        lines = [JSON_HEADER, ("retry-after", "1")] if status == 503 else [JSON_HEADER]
        self._answer(status, lines, error_body(self._protocol, UNREACHED, status))

    def _answer(self, status: int, lines: Sequence[tuple[str, str]], body: bytes) -> None:
        self._over(status)
        if not self._gone:
            self._connection.answer(status, lines, body, bare=self.method == "HEAD")

    def _over(self, status: int) -> None:
        """Take note that the request has its answer."""
        self.deadline = math.inf
        self._proxy.metrics.took(self._proxy.now() - self._started)
        if self._trail is not None:
            self._end_trail(self._trail, status)
            self._trail = None

    def _end_trail(self, trail: Trail, status: int) -> None:
        """Tell what was done; who asked, and what, stays out of it."""
        about: dict[str, str | int] = {
            "http.request.method": self.method,
            "url.path": self._asked.path.partition("?")[0][:LONGEST_PATH],
        }
        about |= decided(self._route, self._decision, self._request_id)
        place = "elsewhere" if self._route is None else self._route.protocol.value
        trail.end(f"{self.method} {place}", about, status)

    # what the client's connection tells -------------------------------------------------------

    def stalled(self, *, now: bool) -> None:
        """Read no further from the server while the client does not."""
        if self.server is not None:
            self.server.stall(now=now)

    def abandoned(self) -> None:
        """Let nobody wait for the answer any more; one in parts may have no end of its own."""
        self._gone = True
        if self._sent_parts and self.server is not None and self.server.question is self:
            self.deadline = math.inf
            self.server.drop()

    def note(self, kind: AlertKind, severity: Severity, rule: str, detail: str) -> None:
        """Raise an alert about this request."""
        self._proxy.note(kind, severity, rule, detail, self._client, self._request_id)


def _returned(answer: Answer) -> list[tuple[str, str]]:
    """Return the headers of an answer that come back to the client."""
    return [(name, answer.headers[name]) for name in RETURNED if name in answer.headers]
