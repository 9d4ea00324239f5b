"""One request to one decision: what is wrong with it, what is known of its client, what is done."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable

from modelwarden.core import Severity
from modelwarden.core.values import dataclass
from modelwarden.firewall.alerts import Alert, AlertKind
from modelwarden.firewall.checks import Checks, Verdict
from modelwarden.firewall.clients import Client
from modelwarden.firewall.config import Mode
from modelwarden.firewall.errors import Reason, RefusedError

_CLIENTS = 512
"""Clients that are remembered at once, for each model; the one not heard of for longest goes."""
_BLOCKED = "blocked-client"
ABNORMAL_ROW = "abnormal-row"
"""The rule of a request that goes on although a row of it is above the alarm."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What is done with a request.

    Attributes:
        allowed: whether it goes on to the model.
        rule: that it broke; None when none.
        detail: for the ledger and the alerts, never for the client.
        status: of the refusal.
        body: that goes on; rewritten from what was judged, where it could be.
        rows: that it asks for; 0 when it could not be read.
        score: the largest of its rows; None where nothing is judged.
        id: the protocol's own name of the request.
    """

    allowed: bool
    rule: str | None
    detail: str
    status: int
    body: bytes
    rows: int = 0
    score: float | None = None
    id: str | None = None


class Judge:
    """Decides about the requests of one model, and remembers its clients.

    The same judge serves any form of firewall: it knows nothing of sockets.
    """

    def __init__(
        self,
        checks: Checks,
        mode: Mode,
        block_seconds: float,
        emit: Callable[[Alert], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.checks = checks
        self._mode = mode
        self._block = block_seconds
        self._emit = emit
        self._clock = clock
        self._clients: OrderedDict[str, Client] = OrderedDict()
        self._blocked: OrderedDict[str, float] = OrderedDict()

    def decide(self, body: bytes, client: str, request_id: str | None) -> Decision:
        """Judge one body; in observe mode everything goes on, and alerts tell what would not."""
        try:
            verdict = self.checks.verdict(body)
        except RefusedError as error:
            return self._refused(error, body, client, request_id)
        name = request_id or verdict.request.id
        self._count(verdict, client, name)
        allowed, rule, detail = True, None, ""
        if self._is_blocked(client):
            rule, detail = _BLOCKED, "its earlier requests showed a pattern of attack"
            allowed = self._mode is Mode.OBSERVE
        elif verdict.abnormal.any():
            rule, detail = ABNORMAL_ROW, f"{int(verdict.abnormal.sum())} rows above the alarm"
            self._alert(Severity.LOW, rule, detail, client, name)
        score = None if verdict.judged is None else float(verdict.judged.scores.max())
        return Decision(
            allowed=allowed,
            rule=rule,
            detail=detail,
            status=403,
            body=verdict.request.body,
            rows=verdict.request.rows,
            score=score,
            id=verdict.request.id,
        )

    def _refused(
        self, error: RefusedError, body: bytes, client: str, request_id: str | None
    ) -> Decision:
        severity = Severity.MEDIUM if error.reason is Reason.ABNORMAL else Severity.HIGH
        self._alert(severity, error.reason.value, error.detail, client, request_id)
        return Decision(
            allowed=self._mode is Mode.OBSERVE,
            rule=error.reason.value,
            detail=error.detail,
            status=413 if error.reason is Reason.SIZE else 400,
            body=body,
        )

    def _count(self, verdict: Verdict, client: str, request_id: str | None) -> None:
        normal = self.checks.profile.normal
        if verdict.judged is None or normal is None:
            return
        known = self._clients.pop(client, None) or Client(normal)
        self._clients[client] = known
        if len(self._clients) > _CLIENTS:
            self._clients.popitem(last=False)
        alarms = known.update(verdict.matrix, verdict.judged, verdict.abnormal)
        for alarm in alarms:
            detail = f"after {alarm.rows} rows"
            alert = Alert(
                kind=AlertKind.CLIENT,
                severity=Severity.HIGH,
                rule=alarm.pattern.value,
                detail=detail,
                client=client,
                request_id=request_id,
            )
            self._emit(alert)
        if alarms and self._block > 0:
            self._blocked[client] = self._clock() + self._block
            self._blocked.move_to_end(client)
            if len(self._blocked) > 8 * _CLIENTS:
                self._blocked.popitem(last=False)

    def _is_blocked(self, client: str) -> bool:
        until = self._blocked.get(client)
        if until is None:
            return False
        if self._clock() < until:
            return True
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
