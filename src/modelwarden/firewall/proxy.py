"""The firewall as a reverse proxy: one asyncio process between clients and a model's server.

A request is read strictly, judged, recorded and written anew; the answer goes back with its body
as it came. What is refused is refused alike, so that nobody learns from it why.
"""

from __future__ import annotations

import asyncio
import hashlib
import math
import os
import ssl
import time
from collections.abc import Callable, Mapping

from modelwarden.core import Severity
from modelwarden.detectors.allowance import Allowance
from modelwarden.firewall.alerts import Alert, AlertKind, Alerts
from modelwarden.firewall.config import REDIS_PASSWORD, Upstream, Who
from modelwarden.firewall.connection import Connection
from modelwarden.firewall.decide import Decision
from modelwarden.firewall.exchange import Exchange
from modelwarden.firewall.http import Head, HttpError
from modelwarden.firewall.keeping import Keeper
from modelwarden.firewall.live import Live
from modelwarden.firewall.metrics import Metrics
from modelwarden.firewall.policy import Policy
from modelwarden.firewall.pool import Pool, Question
from modelwarden.firewall.records import AnswerRecorder, Recorder, Records
from modelwarden.firewall.routes import Route
from modelwarden.firewall.rules import Class
from modelwarden.firewall.shared_rates import SharedRates
from modelwarden.firewall.traces import Tracer
from modelwarden.firewall.turns import Turns
from modelwarden.firewall.watching import Watching

_CONNECTIONS = 4096
_LOOK = ("accept", "user-agent")
_STOPPED = 2.0
"""Seconds between two sweeps after which this process itself did not run."""
_LAST = 5.0
"""Seconds that a ledger has at the end."""


class Proxy:
    """A firewall in front of one server.

    Attributes:
        asked_count: requests that were read, refused ones included.
        refused: of these.
        alerts: where they are written.
        connections: that are open.
        policy: by which requests are judged from now on.
        turns: has them judged.
        metrics: what is counted.
        recorder: writes decisions; None without a ledger.
        answer_recorder: writes answers; None where they are not recorded.
        host: of the server, as requests to it name it.
        looks: headers of the latest request that was in order, by model, of which none is a secret.
        watching: None when nothing looks on.
        live: what is done at this moment.
        tracer: None when no request is traced.
        shared_rates: None where each firewall limits by itself.
        unwritten: records that a ledger that hung had not taken at the end.
    """

    def __init__(
        self,
        upstream: Upstream,
        alerts: Alerts,
        records: Records | None = None,
    ) -> None:
        self.asked_count = self.refused = self.unwritten = 0
        self.connections: set[Connection] = set()
        self.metrics = Metrics()
        self.recorder: Recorder | None = None
        self.answer_recorder: AnswerRecorder | None = None
        self.watching: Watching | None = None
        self.host = f"{upstream.host}:{upstream.port}"
        self.policy: Policy
        self.turns: Turns
        self.looks: dict[str, tuple[tuple[str, str], ...]] = {}
        self.live = Live(self.metrics, time.monotonic)
        self.tracer: Tracer | None = None
        self.shared_rates: SharedRates | None = None
        self._upstream = upstream
        self.alerts = alerts
        self._records = records
        self._loop: asyncio.AbstractEventLoop
        self._pool: Pool
        self._draining = False
        self._swept = math.inf
        # Drift needs hundreds of rows, not thousands: of a flood, what one core can judge besides.
        self._rows_seen = Allowance(rate=500.0, burst=2000.0)
        self._answers_seen = Allowance(rate=100.0, burst=1000.0)
        self.most = 0
        self.request_seconds = self.send_seconds = 0.0

    def begin(self, policy: Policy, context: ssl.SSLContext | None) -> None:
        """Open what needs the running loop.

        Args:
            policy: to judge by.
            context: of connections to the server; None for plain ones.
        """
        self._loop = asyncio.get_running_loop()
        config = policy.config
        self._pool = Pool(
            self._upstream,
            self._loop,
            most=config.upstream_connections,
            queue=config.queue,
            context=context,
        )
        if self._records is not None:
            records, heard = self._records, self._of_ledger
            self.recorder = Recorder(records, self._loop, heard, lambda: self._pool.busy > 0)
            if records.answers is not None:
                self.answer_recorder = AnswerRecorder(records, records.answers, self._loop, heard)
        self.turns = Turns(self._loop)
        self.turns.recorder = self.recorder
        if config.limit is not None and config.limit.redis is not None:
            password = os.environ.get(REDIS_PASSWORD, "")
            self.shared_rates = SharedRates(config.limit.redis, self._loop, self._alone, password)
            self.shared_rates.begin()
        if config.traces is not None:
            self.tracer = tracer = Tracer(config.traces)
            tracer.begin()
            told = "Spans that no collector took."
            self.metrics.gauge("spans_lost_total", told, lambda: tracer.lost, "counter")
        self.take(policy)
        gauge = self.metrics.gauge
        gauge("connections", "Clients that are connected.", lambda: len(self.connections))
        gauge("upstream_busy", "Requests that the server works on.", lambda: self._pool.busy)
        gauge("queue", "Requests that wait for the server.", lambda: len(self._pool.waiting))
        gauge("alerts_lost_total", "Alerts not written.", lambda: self.alerts.lost, "counter")
        told = "Alerts that only a count tells of, for there were too many of their rule."
        gauge("alerts_left_out_total", told, lambda: self.alerts.left_out, "counter")
        gauge("alerts_waiting", "Alerts not written yet.", lambda: self.alerts.waiting)
        told = "Requests and answers that were not looked at for drift, for there were too many."
        gauge("unwatched_total", told, lambda: self._unwatched, "counter")
        self._ledger_gauges()

    def _ledger_gauges(self) -> None:
        gauge, keepers = self.metrics.gauge, self.keepers
        gauge("records_lost_total", "Decisions not recorded.", lambda: self.unrecorded, "counter")
        if not keepers:
            return
        told = "Records that were written later than anybody waits for."
        gauge("records_late_total", told, lambda: sum(k.late for k in keepers), "counter")
        told = "Signed heads that could not be kept elsewhere."
        gauge("head_failures_total", told, lambda: sum(k.head_failures for k in keepers), "counter")
        told = "Records that are not written yet."
        gauge("records_waiting", told, lambda: sum(k.waiting for k in keepers))
        told = "Seconds that the oldest record waits, to be written or for the disk."
        gauge("records_wait_seconds", told, lambda: max(k.age for k in keepers))
        told = "Whether all ledgers are written: 1, or 0 where one is stuck or full."
        gauge("ledger_writable", told, lambda: not any(k.trouble for k in keepers))

    def take(self, policy: Policy) -> None:
        """Judge by another policy from now on; what is under way ends by its own."""
        self.policy = policy
        self.most = policy.most
        self.request_seconds = policy.config.request_seconds
        self.send_seconds = policy.config.upstream_seconds
        self.alerts.limit(policy.config.alerts)
        for keeper in self.keepers:
            keeper.seconds = policy.config.ledger_seconds
        if self.recorder is not None:
            self.recorder.refuses = policy.config.refuse_unrecorded

    @property
    def keepers(self) -> list[Keeper]:
        """Return who keeps ledgers: of decisions, of answers."""
        recorders = (self.recorder, self.answer_recorder)
        return [recorder.keeper for recorder in recorders if recorder is not None]

    @property
    def unrecorded(self) -> int:
        """Decisions and answers that are not in a ledger; that was an alert."""
        return sum(keeper.lost for keeper in self.keepers)

    @property
    def _unwatched(self) -> int:
        return 0 if self.watching is None else self.watching.lost

    @property
    def busy(self) -> bool:
        """Whether any request is under way."""
        return any(not connection.reading for connection in self.connections)

    def now(self) -> float:
        """Return the loop's time."""
        return self._loop.time()

    # connections of clients -------------------------------------------------------------------

    def client(self) -> Connection:
        """Return a protocol for a client that connects."""
        return Connection(self, self._loop)

    def opened(self, connection: Connection) -> bool:
        """Make room for a client: where there is none, the one that is slowest to ask goes."""
        if self._draining:
            return False
        if len(self.connections) >= _CONNECTIONS:
            slow = [c for c in self.connections if c.reading]
            if not slow:
                return False
            min(slow, key=lambda c: c.deadline).end()
        self.connections.add(connection)
        return True

    def closed(self, connection: Connection) -> None:
        """Forget a client's connection."""
        self.connections.discard(connection)

    def asked(self, connection: Connection, head: Head, body: bytes | bytearray) -> None:
        """Serve one request."""
        self.asked_count += 1
        client = self.who(head.headers, connection.address, connection.name)
        exchange = Exchange(self, self.policy, connection, head, client)
        connection.exchange = exchange
        exchange.decide(body)

    def broken(self, connection: Connection, error: HttpError) -> None:
        """Refuse what cannot be read."""
        self.asked_count += 1
        head = Head("POST", "/", {}, keep=False, length=0, waits=False)
        exchange = Exchange(self, self.policy, connection, head, connection.address)
        connection.exchange = exchange
        exchange.refuse_broken(error.status, error.detail)

    def who(self, headers: Mapping[str, str], address: str, name: str | None) -> str:
        """Return what tells a client from others.

        Args:
            headers: of its request.
            address: that it asks from.
            name: of its certificate.
        """
        config = self.policy.config
        if config.client is Who.ADDRESS:
            return address
        if config.client is Who.HEADER:
            return config.named(headers, address)
        if config.client is Who.CERTIFICATE:
            return name or address
        token = headers.get("authorization")
        if not token:
            return address
        return f"token:{hashlib.blake2b(token.encode(), digest_size=12).hexdigest()}"

    def settle(
        self,
        policy: Policy,
        route: Route | None,
        decision: Decision,
        client: str,
        request_id: str | None,
        then: Callable[[bool], None],
    ) -> None:
        """Count a decision and record it.

        Args:
            policy: that it was made by.
            route: of the request.
            decision: about it.
            client: who asked.
            request_id: that is told.
            then: called when it is recorded, with True, or cannot be, with False.
        """
        model = None if route is None or route.checks is None else route.checks.profile.name
        self.metrics.requests[model or "", decision.done.value, decision.rule or ""] += 1
        if decision.rule is not None:
            self.was_refused(route, decision, client)
        if self.recorder is None:
            then(True)
            return
        mode = policy.modes.default.value
        self.recorder.add(decision, model, client, request_id, mode, then)

    # the server -------------------------------------------------------------------------------

    def ask(self, question: Question) -> None:
        """Ask the server."""
        self._pool.ask(question)

    def let_on(
        self,
        policy: Policy,
        route: Route | None,
        decision: Decision,
        client: str,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Take note of a request that goes on to the model, and of how those look."""
        if route is None or route.checks is None or decision.values is None:
            return
        if decision.rule is None:
            policy.allowed(route, decision.body)
            if headers is not None and self.watching is not None:
                look = tuple((name, headers[name]) for name in _LOOK if name in headers)
                self.looks[route.checks.profile.name] = look
        if self.watching is not None and self._rows_seen.take(decision.rows, self.now()):
            self.watching.seen(route.checks.profile, decision.values, client)

    def was_refused(self, route: Route | None, decision: Decision, client: str) -> None:
        """Take note of a request that a rule of form or place spoke against."""
        if self.watching is None or route is None or route.checks is None:
            return
        if decision.values is None and decision.rule is not None:
            self.watching.refused(route.checks.profile, decision.rule, client)

    def was_answered(self, route: Route | None, body: bytes) -> None:
        """Take note of an answer, unless there are too many."""
        if self.wants_answer(route):
            self.look_at(route, body)

    def record_answer(
        self, route: Route | None, body: bytes, client: str, request_id: str | None
    ) -> None:
        """Record an answer, where that is wanted and it has a name."""
        if self.answer_recorder is None or request_id is None:
            return
        if route is not None and route.checks is not None:
            self.answer_recorder.add(route.checks.profile, body, client, request_id)

    def wants_answer(self, route: Route | None) -> bool:
        """Tell whether the next answer is looked at, and count it as one that is."""
        if self.watching is None or route is None or route.checks is None:
            return False
        return self._answers_seen.take(1, self.now())

    def look_at(self, route: Route | None, body: bytes) -> None:
        """Take note of an answer that was wanted."""
        if self.watching is not None and route is not None and route.checks is not None:
            self.watching.answered(route.checks.profile, body)

    # what is told -----------------------------------------------------------------------------

    def emit(self, alert: Alert) -> None:
        """Tell what somebody should look at."""
        self.metrics.alerts[alert.kind.value] += 1
        if self.watching is not None and alert.kind is AlertKind.CLIENT and alert.client:
            for profile in self.policy.profiles:
                self.watching.alarmed(profile, alert.client)
        self.live.told(alert)
        self.alerts.emit(alert)

    def note(
        self,
        kind: AlertKind,
        severity: Severity,
        rule: str,
        detail: str,
        client: str | None = None,
        request_id: str | None = None,
    ) -> None:
        """Raise an alert."""
        self.emit(
            Alert(
                kind=kind,
                severity=severity,
                rule=rule,
                detail=detail,
                client=client,
                request_id=request_id,
            )
        )

    def check_failed(self, kind: Class, error: Exception, let_through: bool) -> None:
        """Take note of a check that failed itself."""
        done = "open" if let_through else "closed"
        self.metrics.failures[kind.value, done] += 1
        detail = f"a check of the class {kind.value} failed ({done}): {type(error).__name__}"
        self.note(AlertKind.SELF, Severity.HIGH, "check-failed", detail)

    def _alone(self, why: str) -> None:
        self.metrics.failures[Class.CLIENT.value, "alone"] += 1
        self.note(AlertKind.SELF, Severity.HIGH, "shared-rate", why)

    def _of_ledger(self, what: str, wrong: bool) -> None:
        severity = Severity.CRITICAL if wrong else Severity.INFO
        self.note(AlertKind.SELF, severity, "ledger", what)

    def ready(self) -> tuple[bool, str]:
        """Tell whether requests can be served, and if not, why."""
        if self._draining:
            return False, "ending"
        if self._pool.failing:
            return False, "the server cannot be reached"
        trouble = "" if self.recorder is None else self.recorder.keeper.trouble
        if trouble and self.policy.config.refuse_unrecorded:
            return False, trouble
        return True, f"ready, but {trouble}" if trouble else "ready"

    # time and the end -------------------------------------------------------------------------

    def sweep(self) -> None:
        """Let go what was too slow; called a few times a second.

        While this process was stopped, or its machine asleep, nobody could be served, and what
        came in is not read yet: that time counts for no client and no server.
        """
        now = self._loop.time()
        stopped, self._swept = now - self._swept, now
        if stopped > _STOPPED:
            for connection in self.connections:
                connection.deadline += stopped
            self._pool.extend(stopped)
        else:
            for keeper in self.keepers:
                keeper.look()
        for connection in [c for c in self.connections if c.deadline < now]:
            connection.expired()
        self._pool.sweep(now)
        self.live.tick()
        self.alerts.tick()

    def drain(self) -> None:
        """Take no new request; those that are under way are finished."""
        self._draining = True
        for connection in list(self.connections):
            connection.end()

    def close(self) -> None:
        """Close connections to the server, write the last records, and send the last spans."""
        self._pool.close()
        self.unwritten = sum(keeper.close(_LAST) for keeper in self.keepers)
        if self.shared_rates is not None:
            self.shared_rates.close()
        if self.tracer is not None:
            self.tracer.end()
