"""What a firewall does at this moment: rates of the last seconds, what it refused, recent alerts.

One value, `Moment`, for every view of it: the status page, its JSON, and `firewall top`.
"""

from __future__ import annotations

import json
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from modelwarden.core import InputError, encode
from modelwarden.core.decode import decode
from modelwarden.core.values import dataclass
from modelwarden.detectors.alerts import now
from modelwarden.firewall.alerts import Alert

if TYPE_CHECKING:
    from modelwarden.firewall.metrics import Metrics
    from modelwarden.firewall.policy import Policy

SCHEMA = "modelwarden/status/1"
_SECONDS = 60
_LATELY = 10
_ALERTS = 20
_LONGEST = 200


class MomentError(InputError):
    """What an address answered that is not the status of a firewall."""

    hint = "Name the address that [firewall] status has in the firewall's configuration."


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelMoment:
    """What was decided about one model's requests since the start; "" is what has no model."""

    name: str
    protocol: str
    allowed: int
    would_refuse: int
    refused: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An alert."""

    time: str
    kind: str
    severity: str
    rule: str
    client: str | None
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """What a firewall does at this moment.

    Attributes:
        uptime: seconds since the start.
        state: ready, or why not.
        mode: of rules that are not named.
        rate: requests a second over the last ten seconds.
        refused_rate: of these, refused, or what would have been.
        p50, p99: seconds from a request to its answer over the last minute, within the steps of
            the histogram; None without requests.
        models: by name.
        rules: how many requests each rule spoke against.
        upstream: answers of the server by status class, and failures.
        gauges: what is read when it is asked for.
        alerts: the latest first.
    """

    schema: str
    time: str
    uptime: float
    ready: bool
    state: str
    mode: str
    rate: float
    refused_rate: float
    p50: float | None
    p99: float | None
    models: tuple[ModelMoment, ...]
    rules: Mapping[str, int]
    upstream: Mapping[str, int]
    gauges: Mapping[str, float]
    alerts: tuple[Told, ...]


@dataclass(frozen=True, slots=True)
class _Sample:
    at: float
    requests: int
    refused: int
    times: tuple[int, ...]


class Live:
    """Looks at the counters once a second, and keeps a minute of them."""

    def __init__(self, metrics: Metrics, clock: Callable[[], float]) -> None:
        self._metrics = metrics
        self._clock = clock
        self._began = clock()
        self._samples = deque([self._sample()], maxlen=_SECONDS + 1)
        self._alerts: deque[Told] = deque(maxlen=_ALERTS)

    def tick(self) -> None:
        """Look, if a second has passed."""
        if self._clock() - self._samples[-1].at >= 1:
            self._samples.append(self._sample())

    def told(self, alert: Alert) -> None:
        """Keep an alert for a while."""
        self._alerts.appendleft(
            Told(
                time=now(),
                kind=alert.kind.value,
                severity=alert.severity.value,
                rule=alert.rule,
                client=None if alert.client is None else alert.client[:_LONGEST],
                detail=alert.detail[:_LONGEST],
            )
        )

    def _sample(self) -> _Sample:
        requests = self._metrics.requests
        refused = sum(count for (_, _, rule), count in requests.items() if rule)
        return _Sample(self._clock(), requests.total(), refused, self._metrics.times)

    def moment(self, policy: Policy, ready: tuple[bool, str]) -> Moment:
        """Return what is done now."""
        last, metrics = self._sample(), self._metrics
        lately = next((s for s in self._samples if last.at - s.at <= _LATELY), self._samples[-1])
        took = [b - a for a, b in zip(self._samples[0].times, last.times, strict=True)]
        seconds = max(last.at - lately.at, 1e-3)
        rules: Counter[str] = Counter()
        for (_, _, rule), count in metrics.requests.items():
            if rule:
                rules[rule] += count
        return Moment(
            schema=SCHEMA,
            time=now(),
            uptime=round(last.at - self._began, 1),
            ready=ready[0],
            state=ready[1],
            mode=policy.modes.default.value,
            rate=round((last.requests - lately.requests) / seconds, 2),
            refused_rate=round((last.refused - lately.refused) / seconds, 2),
            p50=quantile(metrics.edges, took, 0.5),
            p99=quantile(metrics.edges, took, 0.99),
            models=tuple(_models(policy, metrics)),
            rules=dict(rules.most_common()),
            upstream=dict(sorted(metrics.upstream.items())),
            gauges=metrics.gauges(),
            alerts=tuple(self._alerts),
        )


def _models(policy: Policy, metrics: Metrics) -> list[ModelMoment]:
    names = {profile.name: profile.protocol.value for profile in policy.profiles}
    done: dict[str, Counter[str]] = {name: Counter() for name in (*names, "")}
    for (model, decision, _), count in metrics.requests.items():
        done.setdefault(model, Counter())[decision] += count
    return [
        ModelMoment(
            name=name,
            protocol=names.get(name, ""),
            allowed=counts["allow"],
            would_refuse=counts["would-refuse"],
            refused=counts["refuse"],
        )
        for name, counts in done.items()
        if name or counts
    ]


def quantile(edges: Sequence[float], counts: Sequence[int], share: float) -> float | None:
    """Return a quantile of times that were counted between edges, even between two of them.

    Args:
        edges: upper ends, ascending; the last count is of what is beyond them all.
        counts: one more than edges.
        share: of the times that are below.
    """
    total = sum(counts)
    if not total:
        return None
    wanted, below, low = share * total, 0, 0.0
    for edge, count in zip(edges, counts, strict=False):
        if count and below + count >= wanted:
            return round(low + (edge - low) * (wanted - below) / count, 6)
        below, low = below + count, edge
    return low


def document(moment: Moment) -> bytes:
    """Return a moment as JSON."""
    return json.dumps(encode(moment)).encode() + b"\n"


def moment_in(body: bytes) -> Moment:
    """Read a moment.

    Raises:
        MomentError: it is something else.
    """
    try:
        found = json.loads(body)
        if not isinstance(found, dict) or found.get("schema") != SCHEMA:
            raise MomentError("what answers there is no status of a firewall")
        return decode(Moment, found)
    except MomentError:
        raise
    except (InputError, ValueError, RecursionError) as error:
        raise MomentError("what answers there is no status of a firewall") from error
