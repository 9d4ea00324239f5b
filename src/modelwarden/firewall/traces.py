"""OpenTelemetry traces of requests: a span for what the firewall did, one for the server's part.

Requests only leave finished spans in a buffer of fixed size. A thread posts them as OTLP over HTTP
in JSON, which every collector takes, without a library of its own; a collector that is down or slow
costs spans, which are counted, and never a request.

Source: opentelemetry-proto, `trace.proto` and the JSON mapping of OTLP/HTTP; W3C Trace Context.
"""

from __future__ import annotations

import json
import random
import re
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from modelwarden.core.values import dataclass
from modelwarden.detectors.allowance import Allowance
from modelwarden.detectors.asking import post
from modelwarden.firewall.config import Traces

if TYPE_CHECKING:
    from modelwarden.firewall.decide import Decision
    from modelwarden.firewall.routes import Route

_BUFFER = 4096  # spans
_BATCH = 512
_PAUSE = 1.0
_SECONDS = 5.0
_LONGEST_PAUSE = 30.0
_SERVER, _CLIENT, _ERROR = 2, 3, 2  # of `trace.proto`
_PARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")
Attributes = Mapping[str, str | int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Something that took time.

    Attributes:
        parent: span of the same trace; "" for none.
        began, ended: nanoseconds since 1970.
        failed: whether it is told as an error.
    """

    trace: str
    id: str
    parent: str
    name: str
    kind: int
    began: int
    ended: int
    attributes: Attributes
    failed: bool


class Trail:
    """One request that is traced."""

    __slots__ = ("_asked", "_began", "_id", "_inner", "_parent", "_since", "_tracer", "trace")

    def __init__(self, tracer: Tracer, trace: str, parent: str) -> None:
        self._tracer = tracer
        self.trace, self._parent = trace, parent
        self._id, self._inner = _hex(8), _hex(8)
        self._began = time.time_ns()
        self._since = time.monotonic_ns()
        self._asked = 0

    def asking(self) -> str:
        """Take note that the server is asked; return the `traceparent` that it is given."""
        self._asked = self._now()
        return f"00-{self.trace}-{self._inner}-01"

    def _now(self) -> int:
        """Return the time, on from the beginning: no span ends before it began."""
        return self._began + time.monotonic_ns() - self._since

    def end(self, name: str, attributes: Attributes, status: int) -> None:
        """Leave the spans in the buffer.

        Args:
            name: of the request.
            attributes: of it.
            status: of the answer.
        """
        common = {"http.response.status_code": status}
        if self._asked:
            self._span(self._inner, self._id, "ask the model", _CLIENT, self._asked, common)
        own = {**attributes, **common}
        self._span(self._id, self._parent, name, _SERVER, self._began, own)

    def _span(
        self, own: str, parent: str, name: str, kind: int, began: int, about: Attributes
    ) -> None:
        self._tracer.add(
            Span(
                trace=self.trace,
                id=own,
                parent=parent,
                name=name,
                kind=kind,
                began=began,
                ended=self._now(),
                attributes=about,
                failed=int(about["http.response.status_code"]) >= 500,
            )
        )


class Tracer:
    """Chooses requests to be traced, and sends their spans.

    Attributes:
        lost: spans that the buffer had no room for.
    """

    def __init__(self, traces: Traces) -> None:
        self.lost = 0
        self._traces = traces
        self._allowance = Allowance(rate=traces.most, burst=max(1.0, traces.most))
        self._spans: deque[Span] = deque()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="traces", daemon=True)

    def begin(self) -> None:
        """Send from now on."""
        self._thread.start()

    def trail(self, parent: str | None, now: float) -> Trail | None:
        """Return a trail for a request; None when it is not traced.

        Args:
            parent: header `traceparent` that the client gave.
            now: by a clock that never goes back.
        """
        found = None if parent is None else _PARENT.fullmatch(parent)
        sampled = (
            int(found[3], 16) & 1 == 1 if found else random.random() < self._traces.sample  # noqa: S311 -- no secret hangs on it
        )
        if not sampled or not self._allowance.take(1, now):
            return None
        if found and found[1].strip("0") and found[2].strip("0"):
            return Trail(self, found[1], found[2])
        return Trail(self, _hex(16), "")

    def add(self, span: Span) -> None:
        """Keep a span until it is sent; count it where there is no room."""
        if len(self._spans) >= _BUFFER:
            self.lost += 1
        else:
            self._spans.append(span)

    def end(self) -> None:
        """Send what is left, if the collector takes it at once."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout=_SECONDS)

    def _run(self) -> None:
        pause = _PAUSE
        while not self._stop.wait(pause):
            pause = _PAUSE if self._send_all() else min(2 * pause, _LONGEST_PAUSE)
        self._send_all()

    def _send_all(self) -> bool:
        """Send what is there; tell whether the collector took it. What it did not stays."""
        while self._spans:
            count = min(_BATCH, len(self._spans))
            batch = [self._spans.popleft() for _ in range(count)]
            if not _sent(self._traces.url, json.dumps(document(batch)).encode()):
                room = _BUFFER - len(self._spans)
                self._spans.extendleft(reversed(batch[:room]))
                self.lost += max(0, count - room)
                return False
        return True


def decided(
    route: Route | None, decision: Decision | None, request_id: str | None
) -> dict[str, str | int]:
    """Return the attributes of what was decided; who asked, and what, stays out of them."""
    about: dict[str, str | int] = {}
    if route is not None and route.checks is not None:
        about["modelwarden.model"] = route.checks.profile.name
    if decision is not None:
        about["modelwarden.decision"] = decision.done.value
        about["modelwarden.rows"] = decision.rows
        about |= {} if decision.rule is None else {"modelwarden.rule": decision.rule}
    if request_id is not None:
        about["modelwarden.request_id"] = request_id
    return about


def document(spans: Sequence[Span]) -> dict[str, Any]:
    """Return spans as an export request of OTLP in JSON."""
    scope = {"scope": {"name": "modelwarden.firewall"}, "spans": [_span(span) for span in spans]}
    resource = {"attributes": _attributes({"service.name": "modelwarden-firewall"})}
    return {"resourceSpans": [{"resource": resource, "scopeSpans": [scope]}]}


def _span(span: Span) -> dict[str, Any]:
    return {
        "traceId": span.trace,
        "spanId": span.id,
        "parentSpanId": span.parent,
        "name": span.name,
        "kind": span.kind,
        "startTimeUnixNano": str(span.began),
        "endTimeUnixNano": str(span.ended),
        "attributes": _attributes(span.attributes),
        "status": {"code": _ERROR} if span.failed else {},
    }


def _attributes(values: Attributes) -> list[dict[str, Any]]:
    return [
        {
            "key": key,
            "value": {"intValue": str(v)} if isinstance(v, int) else {"stringValue": v},
        }
        for key, v in values.items()
    ]


def _sent(url: str, body: bytes) -> bool:
    path = urlsplit(url).path.rstrip("/")
    target = path if path.endswith("/v1/traces") else f"{path}/v1/traces"
    status, _ = post(url, target, body, seconds=_SECONDS)
    # What a collector says is wrong would be wrong again.
    return 0 < status < 500 and status != 429


def _hex(size: int) -> str:
    return random.getrandbits(8 * size).to_bytes(size, "big").hex()
