"""Alerts sent elsewhere: webhook, Slack-style JSON, Alertmanager, e-mail.

Each channel has a thread and a short queue of its own: one that is down delays nobody, its alerts
are tried a few times and then counted as lost. Addresses and passwords that are secrets come from
the environment and stand in no message of ours.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import queue
import re
import smtplib
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import field
from email.message import EmailMessage
from urllib.parse import urlsplit

from modelwarden.core import ConfigError, Json
from modelwarden.core.values import dataclass
from modelwarden.core.web import connected, ended_after
from modelwarden.monitor.alerts import Alert

QUEUE = 1000
TRIES = 4
_SECONDS = 10.0
_MOST_SECONDS = 30.0
"""For one message, also where each byte of the answer comes in time."""
_WAIT = 0.5  # seconds before the second try; each later one waits twice as long
_AT_ONCE = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """Where alerts go.

    Attributes:
        name: for rules and for messages.
        kind: `webhook`, `slack`, `alertmanager` or `email`.
        url: of the first three; `smtp://host:port`, `smtps://…` or `smtp+starttls://…` of e-mail.
        token: sent as a bearer token. secret: signs the body of a webhook. user, password: of SMTP.
        sender, to: of e-mail.
    """

    name: str
    kind: str
    url: str = field(repr=False)  # of a chat it is a secret of its own
    token: str = field(default="", repr=False)
    secret: str = field(default="", repr=False)
    user: str = ""
    password: str = field(default="", repr=False)
    sender: str = ""
    to: tuple[str, ...] = ()


def from_environment(name: str, key: str) -> str:
    """Return a secret.

    Raises:
        ConfigError: the variable is not set.
    """
    value = os.environ.get(name, "").strip()  # files that it comes from end with a line break
    if not value:
        raise ConfigError(f"the environment has no {name}, which {key} names")
    return value


def check(channel: Channel) -> None:
    """Refuse a channel that cannot work.

    Raises:
        ConfigError: its address is none, or it lacks something.
    """
    schemes = ("smtp", "smtps", "smtp+starttls") if channel.kind == "email" else ("http", "https")
    try:
        parts = urlsplit(channel.url)
        good = parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
        good = good and re.fullmatch("[!-~]+", channel.url) is not None and not parts.username
    except ValueError:
        good = False
    if not good:
        raise ConfigError(
            f"the channel {channel.name!r} has no address that begins with "
            f"{' or '.join(f'{s}://' for s in schemes)}",
            hint="Secrets go into token_env, user and password_env, not into the address.",
        )
    if any(not re.fullmatch("[ -~]*", text) for text in (channel.token, channel.name)):
        raise ConfigError(f"the channel {channel.name!r} has a token that no header can hold")
    if channel.kind == "email" and not (channel.sender and channel.to):
        raise ConfigError(f"the channel {channel.name!r} lacks from or to")


class Sender:
    """One channel at work.

    Attributes:
        sent, lost: alerts.
        trouble: what went wrong last, without any secret; empty when nothing did.
    """

    def __init__(self, channel: Channel, wait: float = _WAIT) -> None:
        self.channel = channel
        self.sent = self.lost = 0
        self.trouble = ""
        self._wait = wait
        self._queue: queue.Queue[Alert | None] = queue.Queue(QUEUE)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, name=channel.name, daemon=True)
        self._thread.start()

    def send(self, alert: Alert) -> None:
        """Take an alert; one too many is lost and counted."""
        try:
            self._queue.put_nowait(alert)
        except queue.Full:
            self.lost += 1

    def close(self, seconds: float = 5.0) -> None:
        """Send what waits, for so long at most."""
        with suppress(queue.Full):
            self._queue.put_nowait(None)
        self._thread.join(seconds)
        self._stop.set()
        self._thread.join(1.0)

    def _work(self) -> None:
        while True:
            alerts = self._some()
            if alerts and not self._sent(alerts[:-1] if alerts[-1] is None else alerts):
                return
            if not alerts or alerts[-1] is None:
                return

    def _some(self) -> list[Alert | None]:
        alerts: list[Alert | None] = [self._queue.get()]
        while alerts[-1] is not None and len(alerts) < _AT_ONCE:
            try:
                alerts.append(self._queue.get_nowait())
            except queue.Empty:
                break
        return alerts

    def _sent(self, alerts: list[Alert | None]) -> bool:
        """Send alerts in one message; tell whether the work goes on."""
        whole = [alert for alert in alerts if alert is not None]
        wait = self._wait
        for tried in range(TRIES if whole else 0):
            try:
                _SENDERS[self.channel.kind](self.channel, whole)
            except Exception as error:  # noqa: BLE001 -- one channel: the others go on
                self.trouble = _without_secrets(error)
            else:
                self.sent += len(whole)
                self.trouble = ""
                return True
            if tried + 1 < TRIES and self._stop.wait(wait):
                break
            wait *= 2
        self.lost += len(whole)
        return not self._stop.is_set()


def _without_secrets(error: Exception) -> str:
    """Return what went wrong, in words of ours: those of libraries may quote an address."""
    if isinstance(error, _AnsweredError):
        return f"answered {error.status}"
    if isinstance(error, smtplib.SMTPResponseException):
        return f"answered {error.smtp_code}"
    return type(error).__name__


def _post(channel: Channel, document: Json, headers: dict[str, str] | None = None) -> None:
    body = json.dumps(document).encode()
    sent = {"content-type": "application/json", **(headers or {})}
    if channel.token:
        sent["authorization"] = f"Bearer {channel.token}"
    if channel.secret:
        digest = hmac.new(channel.secret.encode(), body, hashlib.sha256).hexdigest()
        sent["x-modelwarden-signature"] = f"sha256={digest}"
    connection, target = connected(channel.url, _SECONDS)
    with ended_after(_MOST_SECONDS, connection):
        connection.request("POST", target, body, sent)
        answer = connection.getresponse()
        # Nobody is followed elsewhere: a redirect would carry alerts and tokens to another host.
        if not 200 <= answer.status < 300:
            raise _AnsweredError(answer.status)
        answer.read(1 << 16)


class _AnsweredError(Exception):
    """Somebody else than hoped for answered, or somebody who takes no alerts."""

    def __init__(self, status: int) -> None:
        super().__init__(str(status))
        self.status = status


def _webhook(channel: Channel, alerts: list[Alert]) -> None:
    _post(channel, {"schema": "modelwarden/alerts/1", "alerts": [a.document() for a in alerts]})


def _slack(channel: Channel, alerts: list[Alert]) -> None:
    lines = [
        f"*{a.severity.value}* {a.kind.value}/{a.rule} · {a.about}: {a.detail}" for a in alerts
    ]
    text = "\n".join(line.replace("&", "&amp;").replace("<", "&lt;") for line in lines)
    _post(channel, {"text": text[:30_000]})


def _alertmanager(channel: Channel, alerts: list[Alert]) -> None:
    documents: list[Json] = [
        {
            "labels": {
                "alertname": f"modelwarden_{a.kind.value}",
                "rule": a.rule,
                "severity": a.severity.value,
                "model": a.model,
            }
            | ({} if a.client is None else {"client": a.client}),
            "annotations": {"summary": f"{a.rule} on {a.about}", "description": a.detail},
            "startsAt": a.time,
        }
        for a in alerts
    ]
    base = channel.url.rstrip("/")
    if not base.endswith("/api/v2/alerts"):
        base = f"{base}/api/v2/alerts"
    _post(Channel(name=channel.name, kind=channel.kind, url=base, token=channel.token), documents)


def _text(text: str) -> str:
    """Return a text that can be sent; half a pair of surrogates, from a client's id, cannot."""
    return text.encode("utf-8", "backslashreplace").decode()


def _email(channel: Channel, alerts: list[Alert]) -> None:
    message = EmailMessage()
    first = alerts[0]
    more = f" and {len(alerts) - 1} more" if len(alerts) > 1 else ""
    subject = f"[modelwarden] {first.severity.value} {first.kind.value} on {first.about}{more}"
    message["Subject"] = _text(" ".join(subject.split())[:200])
    message["From"], message["To"] = channel.sender, ", ".join(channel.to)
    message.set_content(
        _text("\n".join(f"{a.time}  {a.severity.value}  {a.rule}\n  {a.detail}\n" for a in alerts))
    )
    parts = urlsplit(channel.url)
    host, secure = parts.hostname or "", ssl.create_default_context()
    if parts.scheme == "smtps":
        server: smtplib.SMTP = smtplib.SMTP_SSL(
            host, parts.port or 465, timeout=_SECONDS, context=secure
        )
    else:
        server = smtplib.SMTP(host, parts.port or 25, timeout=_SECONDS)
    with ended_after(_MOST_SECONDS, server), server:
        if parts.scheme == "smtp+starttls":
            server.starttls(context=secure)
        if channel.user:
            server.login(channel.user, channel.password)
        server.send_message(message)


_SENDERS: dict[str, Callable[[Channel, list[Alert]], None]] = {
    "webhook": _webhook,
    "slack": _slack,
    "alertmanager": _alertmanager,
    "email": _email,
}
KINDS = tuple(_SENDERS)
