"""Alerts of a monitor: a line of JSON each, in the form of the firewall's."""

from __future__ import annotations

from modelwarden.core import Json, Severity
from modelwarden.core.values import dataclass
from modelwarden.detectors.alerts import AlertKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """Something that somebody should look at.

    Attributes:
        model: that it is about.
        key: tells this alert from others of its rule; it is not told again for a while.
        client, request_id: that it is about, where a firewall told it.
    """

    kind: AlertKind
    severity: Severity
    rule: str
    detail: str
    model: str
    key: str = ""
    time: str = ""
    client: str | None = None
    request_id: str | None = None

    @property
    def about(self) -> str:
        """Return the model or the client that it is about, for people."""
        return self.model or self.client or "the firewall"

    @property
    def identity(self) -> str:
        """Equal for alerts that tell the same."""
        return "\0".join((self.kind.value, self.rule, self.model, self.key or self.detail))

    def document(self) -> dict[str, Json]:
        """Return the alert as it is written and sent."""
        return {
            "time": self.time,
            "kind": self.kind.value,
            "severity": self.severity.value,
            "client": self.client,
            "request_id": self.request_id,
            "rule": self.rule,
            "detail": self.detail,
            "model": self.model,
        }
