"""Alerts of the firewall: about a request, a client, the model server or itself."""

from __future__ import annotations

from modelwarden.core import Severity
from modelwarden.core.values import dataclass
from modelwarden.detectors.alerts import AlertFile, AlertKind, now


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """Something that somebody should look at."""

    kind: AlertKind
    severity: Severity
    rule: str
    detail: str
    client: str | None = None
    request_id: str | None = None


class Alerts(AlertFile):
    """A file of the firewall's alerts."""

    def emit(self, alert: Alert) -> None:
        """Write one alert, with the time."""
        self.write(
            {
                "time": now(),
                "kind": alert.kind.value,
                "severity": alert.severity.value,
                "client": alert.client,
                "request_id": alert.request_id,
                "rule": alert.rule,
                "detail": alert.detail,
            }
        )


__all__ = ["Alert", "AlertKind", "Alerts"]
