"""`[monitor]`: what is watched, and who is told."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path

from modelwarden.core import ConfigError, Severity
from modelwarden.core.fields import Fields
from modelwarden.core.values import dataclass
from modelwarden.detectors.alerts import AlertKind
from modelwarden.monitor.notify import KINDS, Channel, check, from_environment

_KEYS = (
    "profiles",
    "profile_key",
    "upstream",
    "log",
    "labels",
    "firewall_alerts",
    "id",
    "label",
    "prediction",
    "score",
    "drop",
    "accuracy",
    "state",
    "alerts",
    "look_seconds",
    "probe_seconds",
    "repeat_seconds",
    "alerts_a_minute",
    "channel",
    "rule",
)
_CHANNEL = (
    "name",
    "kind",
    "url",
    "url_env",
    "token_env",
    "secret_env",
    "user",
    "password_env",
    "from",
    "to",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Which alerts go to which channels.

    Attributes:
        kinds: empty takes all. severity: the least. to: names of channels.
    """

    kinds: frozenset[AlertKind] = frozenset()
    severity: Severity = Severity.MEDIUM
    to: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitorConfig:
    """What is watched.

    Attributes:
        profiles: of the models; with their probes beside them.
        profile_key: public key that must have signed them.
        upstream: the models' server, for probes.
        log: a ledger, a growing file of JSON lines, or a folder of files.
        labels: where labels come in later, likewise.
        firewall_alerts: a firewall's file of alerts, which the channels are told of as well.
        id, label, prediction, score: columns; score is how sure the model is of its answer.
        drop: columns that are not followed.
        accuracy: that the model must have; None takes that of the first labelled rows.
        state: file in which the watch is kept.
        alerts: file to which alerts are appended.
        look_seconds: between two looks at log and labels.
        probe_seconds: in which every probe is asked about once; 0 asks none.
        repeat_seconds: before the same alert is sent again.
        alerts_a_minute: of one rule that are told; of the others a count is.
        channels, routes: who is told what.
    """

    profiles: tuple[Path, ...] = ()
    profile_key: Path | None = None
    upstream: str | None = None
    log: Path | None = None
    labels: Path | None = None
    firewall_alerts: Path | None = None
    id: str = "request_id"
    label: str = "label"
    prediction: str = "prediction"
    score: str = "score"
    drop: tuple[str, ...] = ()
    accuracy: float | None = None
    state: Path | None = None
    alerts: Path | None = None
    look_seconds: float = 5.0
    probe_seconds: float = 15.0
    repeat_seconds: float = 3600.0
    alerts_a_minute: float = 30.0
    channels: tuple[Channel, ...] = ()
    routes: tuple[Route, ...] = ()


def load(path: Path) -> MonitorConfig:
    """Read the section `[monitor]` of a file; paths in it are relative to its folder.

    Raises:
        ConfigError: it cannot be read or used, or a secret is not in the environment.
    """
    try:
        document = tomllib.loads(path.read_bytes().decode())
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise ConfigError(f"cannot read {path}: {why}") from error
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{path} is no TOML: {str(error)[:100]}") from error
    fields = Fields(document, str(path), failure=ConfigError).section("monitor")
    fields.only(_KEYS)
    found = _config(fields, path.parent)
    names = [channel.name for channel in found.channels]
    for route in found.routes:
        for name in route.to:
            fields.one_of("rule.to", name, "channel", names)
    return found


def _config(fields: Fields, folder: Path) -> MonitorConfig:
    plain = MonitorConfig()

    def place(key: str) -> Path | None:
        name = fields.text(key)
        return None if name is None else folder / name

    accuracy = fields.number("accuracy")
    if accuracy is not None and not 0 < accuracy <= 1:
        raise fields.error("accuracy", "must be above 0 and at most 1")
    return replace(
        plain,
        profiles=tuple(folder / name for name in fields.texts("profiles")),
        profile_key=place("profile_key"),
        upstream=fields.text("upstream"),
        log=place("log"),
        labels=place("labels"),
        firewall_alerts=place("firewall_alerts"),
        id=fields.text("id") or plain.id,
        label=fields.text("label") or plain.label,
        prediction=fields.text("prediction") or plain.prediction,
        score=fields.text("score") or plain.score,
        drop=fields.texts("drop"),
        accuracy=accuracy,
        state=place("state"),
        alerts=place("alerts"),
        look_seconds=_seconds(fields, "look_seconds", plain.look_seconds),
        probe_seconds=_seconds(fields, "probe_seconds", plain.probe_seconds, zero=True),
        repeat_seconds=_seconds(fields, "repeat_seconds", plain.repeat_seconds, zero=True),
        alerts_a_minute=_at_least_one(fields, "alerts_a_minute", plain.alerts_a_minute),
        channels=tuple(map(_channel, fields.tables("channel"))),
        routes=tuple(map(_route, fields.tables("rule"))),
    )


def _seconds(fields: Fields, key: str, default: float, *, zero: bool = False) -> float:
    value = fields.number(key)
    if value is None:
        return default
    if value < 0 or (value == 0 and not zero):
        raise fields.error(key, "must be greater than 0")
    return value


def _at_least_one(fields: Fields, key: str, default: float) -> float:
    value = fields.number(key)
    if value is not None and value < 1:
        raise fields.error(key, "must be 1 or more")
    return default if value is None else value


def _channel(fields: Fields) -> Channel:
    fields.only(_CHANNEL)
    name = fields.text("name")
    if name is None:
        raise fields.error("name", "is not there: rules name channels")
    url, variable = fields.text("url"), fields.text("url_env")
    if (url is None) == (variable is None):
        raise fields.error("url", "is given once: as url, or as url_env, a variable that holds it")
    made = Channel(
        name=name,
        kind=fields.one_of("kind", fields.table.get("kind"), "kind of channel", KINDS),
        url=url or from_environment(variable or "", fields.at("url_env")),
        token=_secret(fields, "token_env"),
        secret=_secret(fields, "secret_env"),
        user=fields.text("user") or "",
        password=_secret(fields, "password_env"),
        sender=fields.text("from") or "",
        to=fields.texts("to"),
    )
    check(made)
    return made


def _secret(fields: Fields, key: str) -> str:
    name = fields.text(key)
    return "" if name is None else from_environment(name, fields.at(key))


def _route(fields: Fields) -> Route:
    fields.only(("kinds", "severity", "to"))
    kinds = [
        AlertKind(fields.one_of("kinds", name, "kind of alert", [k.value for k in AlertKind]))
        for name in fields.texts("kinds")
    ]
    severity = fields.one_of(
        "severity", fields.table.get("severity", "medium"), "severity", [s.value for s in Severity]
    )
    to = fields.texts("to")
    if not to:
        raise fields.error("to", "names no channel")
    return Route(kinds=frozenset(kinds), severity=Severity(severity), to=to)
