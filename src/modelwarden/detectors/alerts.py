"""Files of alerts, one line of JSON each, that other programs follow.

The firewall and the monitor write the same form, so one reader serves both.
"""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path

from modelwarden.core import Json, OutputError


class AlertKind(StrEnum):
    """What an alert is about."""

    REQUEST = "request"
    CLIENT = "client"
    DRIFT = "drift"
    TAMPER = "tamper"
    UPSTREAM = "upstream"
    SELF = "self"


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

    def write(self, line: Mapping[str, Json]) -> None:
        """Append one alert; whoever alarms goes on when the disk refuses."""
        if self._fd < 0:
            return
        try:
            os.write(self._fd, json.dumps(dict(line)).encode() + b"\n")
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
