"""Alerts of the firewall: about a request, a client, the model server or itself."""

from __future__ import annotations

from pathlib import Path

from modelwarden.core import Json, Severity
from modelwarden.core.values import dataclass
from modelwarden.detectors.alerts import AlertFile, AlertKind, now
from modelwarden.detectors.flood import Flood
from modelwarden.firewall.config import AlertsConfig
from modelwarden.firewall.desk import Desk

_WAITING = 10_000
_LAST = 2.0
_PATIENCE = 0.1
"""Seconds that everybody waits, once, for a file that does not take an alert at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """Something that somebody should look at."""

    kind: AlertKind
    severity: Severity
    rule: str
    detail: str
    client: str | None = None
    request_id: str | None = None


class Alerts:
    """A file of the firewall's alerts, written by a thread: its disk may hang.

    An alert is in the file before the answer to its request, as long as the file takes it at once.
    A file that does not is waited for once, and not again until it has taken everything. Of a
    flood of one rule a few are written, and a line with the count of the others.
    """

    def __init__(self, path: Path | None, config: AlertsConfig | None = None) -> None:
        """Open the file; None writes none.

        Args:
            path: of it.
            config: how many of one rule are written.

        Raises:
            OutputError: it cannot be written.
        """
        config = config or AlertsConfig()
        self._flood: Flood[tuple[AlertKind, Severity, str]] = Flood(config.rate, config.burst)
        self._file = AlertFile(path)
        self._desk: Desk[dict[str, Json] | None] = Desk("alerts", self._write, _PATIENCE)
        self._none = path is None
        self._unwritten = 0
        self._slow = False

    @property
    def lost(self) -> int:
        """Alerts that the disk, or the pipe, refused, or that there was no room for."""
        return self._file.lost + self._unwritten

    @property
    def waiting(self) -> int:
        """Alerts that are not written yet."""
        return self._desk.waiting

    @property
    def left_out(self) -> int:
        """Alerts that only a count tells of, for there were too many of their rule."""
        return self._flood.left_out

    def limit(self, config: AlertsConfig) -> None:
        """Go by another configuration from now on."""
        self._flood.limit(config.rate, config.burst)

    def emit(self, alert: Alert) -> None:
        """Have one alert written, with the time, unless there are too many of its rule."""
        if self._none:
            return
        if self._flood.take((alert.kind, alert.severity, alert.rule)):
            self._leave(alert)
        self.tick()

    def tick(self, *, last: bool = False) -> None:
        """Tell of a flood how many alerts were left out, when it is time, or the end."""
        for (kind, severity, rule), count in self._flood.due(all_of_them=last):
            detail = f"{count} more alerts of this rule were left out"
            self._leave(Alert(kind=kind, severity=severity, rule=rule, detail=detail), count)

    def _leave(self, alert: Alert, left_out: int = 0) -> None:
        if self._desk.waiting >= _WAITING:
            self._unwritten += 1
            return
        line: dict[str, Json] = {
            "time": now(),
            "kind": alert.kind.value,
            "severity": alert.severity.value,
            "client": alert.client,
            "request_id": alert.request_id,
            "rule": alert.rule,
            "detail": alert.detail,
        }
        if left_out:
            line["left_out"] = left_out
        wait = not self._slow or not self._desk.waiting
        self._slow = not self._desk.put(line, wait=wait)

    def follow(self) -> None:
        """Go on in a new file where the old one was moved away."""
        if not self._none and self._desk.waiting < _WAITING:
            self._desk.put(None)

    def close(self) -> None:
        """Write what waits, and close the file; one that hangs is left."""
        self.tick(last=True)
        if self._desk.close(_LAST):
            self._file.close()

    def _write(self, lines: list[dict[str, Json] | None]) -> None:
        for line in lines:
            if line is None:
                self._file.follow()
            else:
                self._file.write(line)


__all__ = ["Alert", "AlertKind", "Alerts"]
