"""Counters in the text form that Prometheus reads, with labels from closed sets only.

Our own, not `prometheus-client`: a counter there takes a lock and looks its labels up each time,
which is dearer than reading a head, and nothing of its registry, gateways or multiprocess files is
needed for one process.

Source: Prometheus documentation, "Exposition formats", text format 0.0.4.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable

_BUCKETS = (
    *(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25),
    *(0.5, 1.0, 2.5, 5.0, 10.0, 30.0),
)
TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """What a firewall counts.

    Attributes:
        requests: by model, decision and rule ("" for none).
        failures: of rules themselves, by class and what was done.
        alerts: by kind.
        upstream: answers of the server by status class, and failures.
        reloads: by outcome.
    """

    def __init__(self) -> None:
        self.requests: Counter[tuple[str, str, str]] = Counter()
        self.failures: Counter[tuple[str, str]] = Counter()
        self.alerts: Counter[str] = Counter()
        self.upstream: Counter[str] = Counter()
        self.reloads: Counter[str] = Counter()
        self._times = [0] * (len(_BUCKETS) + 1)
        self._total = 0.0
        self._gauges: list[tuple[str, str, str, Callable[[], float]]] = []

    def took(self, seconds: float) -> None:
        """Count the time of one request, from its last byte to the last of its answer."""
        self._times[bisect_left(_BUCKETS, seconds)] += 1
        self._total += seconds

    @property
    def times(self) -> tuple[int, ...]:
        """How many requests took how long: one count more than `edges`."""
        return tuple(self._times)

    @property
    def edges(self) -> tuple[float, ...]:
        """Upper ends of these counts, in seconds."""
        return _BUCKETS

    def gauges(self) -> dict[str, float]:
        """Return the values that are read when they are asked for."""
        return {name: float(read()) for name, _, _, read in self._gauges}

    def gauge(self, name: str, text: str, read: Callable[[], float], kind: str = "gauge") -> None:
        """Tell a value that is read when it is asked for."""
        self._gauges.append((name, text, kind, read))

    def text(self) -> str:
        """Return everything in the text form."""
        lines: list[str] = []
        _family(lines, "requests_total", "counter", "Requests that were read.")
        for (model, decision, rule), count in sorted(self.requests.items()):
            labels = f'model="{_shown(model)}",decision="{decision}",rule="{rule}"'
            lines.append(f"modelwarden_requests_total{{{labels}}} {count}")
        _family(lines, "check_failures_total", "counter", "Checks that failed themselves.")
        for (kind, done), count in sorted(self.failures.items()):
            lines.append(
                f'modelwarden_check_failures_total{{class="{kind}",done="{done}"}} {count}'
            )
        for name, label, text, counts in (
            ("alerts_total", "kind", "Alerts that were raised.", self.alerts),
            ("upstream_answers_total", "outcome", "What the server answered.", self.upstream),
            ("reloads_total", "outcome", "Profiles and configuration read anew.", self.reloads),
        ):
            _family(lines, name, "counter", text)
            lines += [f'modelwarden_{name}{{{label}="{k}"}} {v}' for k, v in sorted(counts.items())]
        self._histogram(lines)
        for name, text, kind, read in self._gauges:
            _family(lines, name, kind, text)
            lines.append(f"modelwarden_{name} {read():g}")
        return "\n".join(lines) + "\n"

    def _histogram(self, lines: list[str]) -> None:
        name = "request_seconds"
        _family(lines, name, "histogram", "From the last byte of a request to its answer.")
        below = 0
        for edge, count in zip(_BUCKETS, self._times, strict=False):
            below += count
            lines.append(f'modelwarden_{name}_bucket{{le="{edge:g}"}} {below}')
        below += self._times[-1]
        lines.append(f'modelwarden_{name}_bucket{{le="+Inf"}} {below}')
        lines.append(f"modelwarden_{name}_sum {self._total:.6f}")
        lines.append(f"modelwarden_{name}_count {below}")


def _family(lines: list[str], name: str, kind: str, text: str) -> None:
    lines.append(f"# HELP modelwarden_{name} {text}")
    lines.append(f"# TYPE modelwarden_{name} {kind}")


def _shown(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
