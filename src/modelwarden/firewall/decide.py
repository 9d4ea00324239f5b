"""One request to one decision: what is wrong with it, what is known of its client, what is done."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from enum import StrEnum

from modelwarden.core import Severity
from modelwarden.core.values import dataclass
from modelwarden.firewall.alerts import Alert, AlertKind
from modelwarden.firewall.checks import Checks, Measured, Verdict
from modelwarden.firewall.errors import Reason, RefusedError
from modelwarden.firewall.features import features_of
from modelwarden.firewall.requests import Arrival
from modelwarden.firewall.rules import (
    ABNORMAL_ROW,
    ANOMALY,
    BLOCKED,
    FAILED,
    INJECTION,
    RULES,
    TRIGGER,
    Class,
    Mode,
    Modes,
    Scoring,
)
from modelwarden.firewall.searches.clients import Alarm, Clients
from modelwarden.protocols.tensors import Array

_BLOCKED_MOST = 10_000
_SEVERITIES = {INJECTION: Severity.LOW, TRIGGER: Severity.HIGH}


class Done(StrEnum):
    """What is done with a request."""

    ALLOW = "allow"
    WOULD_REFUSE = "would-refuse"
    REFUSE = "refuse"


@dataclass(slots=True, eq=False)  # not frozen: made for each request, which takes a quarter as long
class Decision:
    """What is done with a request.

    Attributes:
        done: whether it goes on to the model.
        rule: that it broke; None when none.
        detail: for the ledger and the alerts, never for the client.
        status: of the refusal.
        body: that goes on; rewritten from what was judged, where it could be.
        rows: that it asks for; 0 when it could not be read.
        score: the largest of its rows; None where nothing is judged.
        id: the protocol's own name of the request.
        values: by the names of the inputs; None when it could not be read.
    """

    done: Done
    rule: str | None
    detail: str
    status: int
    body: bytes | bytearray
    rows: int = 0
    score: float | None = None
    id: str | None = None
    values: Mapping[str, Array] | None = None

    @property
    def allowed(self) -> bool:
        """Whether the request goes on to the model."""
        return self.done is not Done.REFUSE


def done_by(mode: Mode) -> Done:
    """Return what a rule of this mode does with a request that it speaks against."""
    return Done.REFUSE if mode is Mode.ENFORCE else Done.WOULD_REFUSE


class Judge:
    """Decides about the requests of one model, and remembers its clients.

    The same judge serves any form of firewall: it knows nothing of sockets.

    Attributes:
        checks: of the model.
    """

    def __init__(
        self,
        checks: Checks,
        modes: Modes,
        block_seconds: float,
        emit: Callable[[Alert], None],
        *,
        closed: frozenset[Class] = frozenset({Class.FORM}),
        repeating: frozenset[str] = frozenset(),
        scoring: Scoring | None = None,
        failed: Callable[[Class, Exception, bool], None] = lambda *_: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Make ready.

        Args:
            checks: of the model.
            modes: of the rules.
            block_seconds: that a client is refused after an alarm.
            emit: takes alerts.
            closed: classes of rules that refuse when they fail themselves.
            repeating: clients whose rows are alike by nature.
            scoring: what rules weigh together; None weighs each alike.
            failed: is told of such a failure, and whether the request is let through.
            clock: never goes back.
        """
        self.checks = checks
        self._modes = modes
        self._reads = modes.reads
        self._block = block_seconds
        self._emit = emit
        self._closed = closed
        self._repeating = repeating
        self._scoring = scoring or Scoring()
        self._failed = failed
        self._clock = clock
        normal = checks.profile.normal
        features = features_of(checks.profile.inputs)
        self._clients = None if normal is None else Clients(normal, features=features)
        self._told_repeating()
        self._blocked: OrderedDict[str, float] = OrderedDict()

    def inherit(self, other: Judge) -> None:
        """Go on with what another judge of the same model remembers."""
        self._blocked = other._blocked
        if self.checks.profile.normal == other.checks.profile.normal:
            self._clients = other._clients
            self._told_repeating()

    def _told_repeating(self) -> None:
        if self._clients is not None:
            self._clients.repeating = self._repeating

    def decide(
        self, body: bytes | bytearray, client: str, request_id: str | None, *, text: bool = False
    ) -> Decision:
        """Judge one body; what no rule enforces goes on, and alerts tell what would not.

        Args:
            body: in JSON, or one text.
            client: who asks.
            request_id: that the client gave.
            text: whether it is one text.
        """
        return self.decide_all([Arrival(body, client, request_id, text)])[0]

    def decide_all(self, asked: Sequence[Arrival]) -> list[Decision]:
        """Judge requests, one after another: an alarm over one counts for the next."""
        if not self._reads:
            return [Decision(Done.ALLOW, None, "", 200, one.body) for one in asked]
        try:
            found, measured = self.checks.verdicts(asked)
        except Exception as error:  # noqa: BLE001 - a check that fails is counted and told
            return [self._broke(Class.FORM, error, one.body) for one in asked]
        return [
            self._decided(*one)
            for one in zip(asked, found, self._counted(asked, measured), strict=True)
        ]

    def _counted(
        self, asked: Sequence[Arrival], measured: Sequence[Measured]
    ) -> list[Sequence[Alarm] | Exception]:
        """Count the rows of requests; return the alarms of each, or why it could not be counted."""
        found: list[Sequence[Alarm] | Exception] = [()] * len(asked)
        if self._clients is None:
            return found
        for part in measured:
            told: Sequence[Sequence[Alarm] | Exception]
            try:
                clients = [asked[number].client for number in part.numbers]
                told = self._clients.update_all(clients, part.ends, part.matrix, part.judged)
            except Exception as error:  # noqa: BLE001 - told with each request
                told = [error] * len(part.numbers)
            for number, alarms in zip(part.numbers, told, strict=True):
                found[number] = alarms
        return found

    def _decided(
        self, asked: Arrival, verdict: Verdict | Exception, counted: Sequence[Alarm] | Exception
    ) -> Decision:
        """Decide about one request, after those before it."""
        body, client, request_id = asked.body, asked.client, asked.request_id
        if isinstance(verdict, RefusedError):
            with suppress(Exception):  # it is refused all the same
                self._tell_all(counted, client, request_id)
            return self._refused(verdict, body, client, request_id)
        if isinstance(verdict, Exception):
            return self._broke(Class.FORM, verdict, body)
        name = request_id or verdict.request.id
        if counted:
            try:
                self._tell_all(counted, client, name)
            except Exception as error:  # noqa: BLE001 - a check that fails is counted and told
                if Class.CLIENT in self._closed:
                    return self._broke(Class.CLIENT, error, body)
                self._failed(Class.CLIENT, error, True)
        done, rule, detail = Done.ALLOW, None, ""
        if self._blocked and self._is_blocked(client):
            rule, detail = BLOCKED, "its earlier requests showed a pattern of attack"
            done = done_by(self._modes.of(rule))
        elif verdict.abnormal and self._modes.of(ABNORMAL_ROW) is not Mode.OFF:
            rule, detail = ABNORMAL_ROW, f"{verdict.abnormal} rows above the alarm"
            self._alert(Severity.LOW, rule, detail, client, name)
        decision = Decision(
            done=done,
            rule=rule,
            detail=detail,
            status=403,
            body=verdict.request.body,
            rows=verdict.request.rows,
            score=verdict.score,
            id=verdict.request.id,
            values=verdict.request.values,
        )
        if rule is None and not verdict.signs:
            return decision
        decision = self._signed(decision, verdict, client, name)
        return self._weighed(decision, rule, verdict, (client, name))

    def _signed(
        self, decision: Decision, verdict: Verdict, client: str, name: str | None
    ) -> Decision:
        """Add what its texts and triggers say; what is refused for something else stays so."""
        for sign in verdict.signs:
            mode = self._modes.of(sign.rule)
            if mode is Mode.OFF:
                continue
            severity = _SEVERITIES.get(sign.rule, Severity.MEDIUM)
            self._alert(severity, sign.rule, sign.detail, client, name)
            done = done_by(mode)
            if decision.done is Done.ALLOW or (decision.allowed and done is Done.REFUSE):
                decision = replace(
                    decision, done=done, rule=sign.rule, detail=sign.detail, status=400
                )
        return decision

    def _refused(
        self, error: RefusedError, body: bytes | bytearray, client: str, request_id: str | None
    ) -> Decision:
        rule = error.reason.value
        mode = self._modes.of(rule)
        if mode is Mode.OFF:
            return Decision(Done.ALLOW, None, "", 200, body)
        severity = Severity.MEDIUM if error.reason is Reason.ABNORMAL else Severity.HIGH
        self._alert(severity, rule, error.detail, client, request_id)
        status = 413 if error.reason is Reason.SIZE else 400
        known = error.verdict
        if known is None:
            return Decision(done_by(mode), rule, error.detail, status, body)
        decision = Decision(
            done=done_by(mode),
            rule=rule,
            detail=error.detail,
            status=status,
            body=known.request.body,
            rows=known.request.rows,
            score=known.score,
            id=known.request.id,
            values=known.request.values,
        )
        decision = self._signed(decision, known, client, request_id)
        return self._weighed(decision, rule, known, (client, request_id))

    def _weighed(
        self, decision: Decision, first: str | None, verdict: Verdict, asked: tuple[str, str | None]
    ) -> Decision:
        """Add up what speaks against a request and does not refuse it alone.

        Args:
            decision: so far.
            first: the rule that spoke before signs were looked at.
            verdict: of the checks.
            asked: the client, and the name of the request.
        """
        mode = self._modes.of(ANOMALY)
        if mode is Mode.OFF or not decision.allowed:
            return decision
        spoke = [first] if first is not None else []
        if first == BLOCKED and verdict.abnormal:
            spoke.append(ABNORMAL_ROW)
        spoke += dict.fromkeys(sign.rule for sign in verdict.signs)
        spoke = [rule for rule in spoke if self._modes.of(rule) is not Mode.OFF]
        points = self._scoring.sum(spoke)
        if len(spoke) < 2 or points < self._scoring.threshold:
            return decision
        detail = f"{' and '.join(spoke)} make {points:g} of {self._scoring.threshold:g} points"
        self._alert(Severity.MEDIUM, ANOMALY, detail, *asked)
        done = done_by(mode)
        if decision.done is Done.ALLOW or done is Done.REFUSE:
            return replace(decision, done=done, rule=ANOMALY, detail=detail, status=400)
        return decision

    def _broke(self, kind: Class, error: Exception, body: bytes | bytearray) -> Decision:
        """Decide where a check failed itself: refuse, unless nothing is enforced."""
        enforced = any(self._modes.of(n) is Mode.ENFORCE for n, k in RULES.items() if k is kind)
        self._failed(kind, error, not enforced)
        done = Done.REFUSE if enforced else Done.WOULD_REFUSE
        return Decision(done, FAILED, f"a check of the class {kind.value} failed", 400, body)

    def _tell_all(
        self, counted: Sequence[Alarm] | Exception, client: str, request_id: str | None
    ) -> None:
        if isinstance(counted, Exception):
            raise counted
        for alarm in counted:
            self._alarmed(alarm, client, request_id)

    def _alarmed(self, alarm: Alarm, client: str, request_id: str | None) -> None:
        mode = self._modes.of(alarm.pattern.value)
        if mode is Mode.OFF:
            return
        many = len(alarm.clients) > 1
        for took in alarm.clients:
            self._emit(
                Alert(
                    kind=AlertKind.CLIENT,
                    severity=Severity.HIGH,
                    rule=alarm.pattern.value,
                    detail=f"after {alarm.rows} rows"
                    + (f", with {len(alarm.clients) - 1} other clients" if many else ""),
                    client=took,
                    request_id=request_id if took == client else None,
                )
            )
            if self._block > 0 and mode is not Mode.OBSERVE:
                self._blocked[took] = self._clock() + self._block
                self._blocked.move_to_end(took)
        while len(self._blocked) > _BLOCKED_MOST:
            self._blocked.popitem(last=False)

    def _is_blocked(self, client: str) -> bool:
        until = self._blocked.get(client)
        if until is None:
            return False
        if self._clock() < until:
            return self._modes.of(BLOCKED) is not Mode.OFF
        del self._blocked[client]
        return False

    def _alert(
        self, severity: Severity, rule: str, detail: str, client: str, request_id: str | None
    ) -> None:
        self._emit(
            Alert(
                kind=AlertKind.REQUEST,
                severity=severity,
                rule=rule,
                detail=detail,
                client=client,
                request_id=request_id,
            )
        )
