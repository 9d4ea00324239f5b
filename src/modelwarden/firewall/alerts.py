"""Alerts: one line of JSON each, in a file that other programs follow."""

from __future__ import annotations

import datetime as dt
import json
import os
from enum import StrEnum
from pathlib import Path

from modelwarden.core import OutputError, Severity
from modelwarden.core.values import dataclass


class AlertKind(StrEnum):
    """What an alert is about."""

    REQUEST = "request"
    CLIENT = "client"
    DRIFT = "drift"
    TAMPER = "tamper"
    UPSTREAM = "upstream"
    SELF = "self"


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
        if path is not None:
            try:
                self._fd = os.open(
                    path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600
                )
            except OSError as error:
                why = (error.strerror or str(error)).lower()
                raise OutputError(f"cannot write alerts to {path}: {why}") from error

    def emit(self, alert: Alert) -> None:
        """Write one alert; traffic goes on when the disk refuses."""
        if self._fd < 0:
            return
        line = {
            "time": now(),
            "kind": alert.kind.value,
            "severity": alert.severity.value,
            "client": alert.client,
            "request_id": alert.request_id,
            "rule": alert.rule,
            "detail": alert.detail,
        }
        try:
            os.write(self._fd, json.dumps(line).encode() + b"\n")
        except OSError:
            self.lost += 1

    def close(self) -> None:
        """Close the file."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def now() -> str:
    """Return the time, in UTC to the millisecond."""
    return dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
