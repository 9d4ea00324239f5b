"""Alerts that a firewall wrote, on their way to the channels of a monitor.

The firewall itself only writes a file: it waits for nobody. Many lines of one rule within a look
become one alert that says how many there were, so that a flood of requests is no flood of messages.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from modelwarden.core import Json, Severity
from modelwarden.detectors.alerts import AlertKind
from modelwarden.monitor.alerts import Alert

_LONGEST = 1 << 16
_MOST = 20_000  # lines of one look; what is more waits for the next
_SHOWN = 500


class Relay:
    """Follows a firewall's file of alerts, also when it is rotated.

    Attributes:
        path: may come into being later.
    """

    def __init__(self, path: Path, position: Mapping[str, Json] | None = None) -> None:
        """Go on where an earlier watch ended; without one, behind what is written already.

        Args:
            path: of the file.
            position: as `position` was then.
        """
        self.path = path
        known = dict(position or {})
        self._offset, self._inode = known.get("offset"), known.get("inode")
        if self._offset is None and path.is_file():
            self._offset, self._inode = path.stat().st_size, path.stat().st_ino

    @property
    def position(self) -> dict[str, Json]:
        """How far the file was read; plain JSON."""
        return {"offset": self._offset, "inode": self._inode}

    def new(self) -> list[Alert]:
        """Return what came since the last look, one alert for each rule."""
        first: dict[tuple[AlertKind, str], Alert] = {}
        count: dict[tuple[AlertKind, str], int] = {}
        for alert, more in self._lines():
            key = (alert.kind, alert.rule)
            known = first.get(key)
            if known is None or alert.severity.rank < known.severity.rank:
                first[key] = alert
            count[key] = count.get(key, 0) + 1 + more
        return [_with_more(alert, count[key] - 1) for key, alert in first.items()]

    def _lines(self) -> Iterator[tuple[Alert, int]]:
        """Yield alerts, and how many more a line of a flood stands for."""
        try:
            stream = self.path.open("rb")
        except OSError:
            return
        with stream:
            about = self.path.stat()
            offset = self._offset if type(self._offset) is int else 0
            if about.st_ino != self._inode or about.st_size < offset:
                offset = 0  # another file took its place
            stream.seek(offset)
            for _ in range(_MOST):
                line = stream.readline(_LONGEST)
                if not line.endswith(b"\n") and len(line) < _LONGEST:
                    break
                offset += len(line)
                if (alert := _alert(line)) is not None:
                    yield alert, max(0, _left_out(line) - 1)
            self._offset, self._inode = offset, about.st_ino


def _with_more(alert: Alert, more: int) -> Alert:
    if not more:
        return alert
    return replace(alert, detail=f"{alert.detail} (and {more} more of this rule)")


def _left_out(line: bytes) -> int:
    found = json.loads(line).get("left_out", 0)
    return found if type(found) is int else 0


def _alert(line: bytes) -> Alert | None:
    """Return the alert of a line; None where it is none, as one of which a full disk took half."""
    try:
        found = json.loads(line)
        kind, severity = AlertKind(found["kind"]), Severity(found["severity"])
        rule, detail, time = (str(found[key])[:_SHOWN] for key in ("rule", "detail", "time"))
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    named, request = (
        value[:_SHOWN] if isinstance(value := found.get(key), str) else None
        for key in ("client", "request_id")
    )
    # A request is one of many alike; a client that searches is somebody.
    keys = {AlertKind.CLIENT: named or "-", AlertKind.REQUEST: "-"}
    return Alert(
        kind=kind,
        severity=severity,
        rule=rule,
        detail=detail,
        model="",
        key=keys.get(kind, ""),
        time=time,
        client=named,
        request_id=request,
    )
