"""Files of alerts, one line of JSON each, that other programs follow.

The firewall and the monitor write the same form, so one reader serves both.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import stat
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
    """A file of alerts, or a pipe; None writes none.

    Whoever reads a pipe may stop reading: writing never waits for that.

    Attributes:
        lost: alerts that the disk, or the pipe, refused.
    """

    def __init__(self, path: Path | None) -> None:
        """Open the file.

        Raises:
            OutputError: it cannot be written.
        """
        self.lost = 0
        self._fd = -1
        self._path = path
        self._torn = False  # the last line was written in part
        if path is None:
            return
        try:
            self._fd = _opened(path)
        except OSError as error:
            why = (error.strerror or str(error)).lower()
            raise OutputError(f"cannot write alerts to {path}: {why}") from error

    def write(self, line: Mapping[str, Json]) -> None:
        """Append one alert; whoever alarms goes on when the disk refuses."""
        if self._fd < 0:
            return
        data = json.dumps(dict(line)).encode() + b"\n"
        if self._torn:
            data = b"\n" + data
        try:
            done = os.write(self._fd, data)
        except OSError:
            self.lost += 1
            return
        self._torn = done < len(data)
        self.lost += self._torn

    def follow(self) -> None:
        """Go on in a new file where the old one was moved away, as rotation of logs does."""
        if self._path is None or self._fd < 0:
            return
        try:
            mine = os.fstat(self._fd)
            if not stat.S_ISREG(mine.st_mode) or _is_there(self._path, mine):
                return
            made = _opened(self._path)
        except OSError:
            return  # the old file still takes them; the next look tries again
        os.close(self._fd)
        self._fd, self._torn = made, False

    def close(self) -> None:
        """Close the file."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def _opened(path: Path) -> int:
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK
    return os.open(path, flags, 0o600)


def _is_there(path: Path, mine: os.stat_result) -> bool:
    try:
        return os.path.samestat(path.stat(), mine)
    except FileNotFoundError:
        return False


def now() -> str:
    """Return the time, in UTC to the millisecond."""
    return dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
