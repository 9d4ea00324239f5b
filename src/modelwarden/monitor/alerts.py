"""Alerts of a monitor: a line of JSON each, in the form of the firewall's."""

from __future__ import annotations

import datetime as dt
import json
import os
from enum import StrEnum
from pathlib import Path

from modelwarden.core import Json, OutputError, Severity
from modelwarden.core.values import dataclass


class Kind(StrEnum):
    """What an alert is about."""

    DRIFT = "drift"
    TAMPER = "tamper"
    UPSTREAM = "upstream"
    SELF = "self"


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """Something that somebody should look at.

    Attributes:
        model: that it is about.
        key: tells this alert from others of its rule; it is not told again for a while.
    """

    kind: Kind
    severity: Severity
    rule: str
    detail: str
    model: str
    key: str = ""
    time: str = ""

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
            "client": None,
            "request_id": None,
            "rule": self.rule,
            "detail": self.detail,
            "model": self.model,
        }


def now() -> str:
    """Return the time, in UTC to the millisecond."""
    return dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class AlertFile:
    """A file of alerts; None writes none.

    Attributes:
        lost: alerts that the disk refused.
    """

    def __init__(self, path: Path | None) -> None:
        """Open the file.

        Raises:
            OutputError: it cannot be written.
        """
        self.lost = 0
        self._fd = -1
        if path is None:
            return
        try:
            self._fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            why = (error.strerror or str(error)).lower()
            raise OutputError(f"cannot write alerts to {path}: {why}") from error

    def write(self, alert: Alert) -> None:
        """Append one alert; the watch goes on when the disk refuses."""
        if self._fd < 0:
            return
        try:
            os.write(self._fd, json.dumps(alert.document()).encode() + b"\n")
        except OSError:
            self.lost += 1

    def close(self) -> None:
        """Close the file."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
