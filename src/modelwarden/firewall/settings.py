"""`[firewall]` of modelwarden.toml or a file of its own, read into a `FirewallConfig`."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import fields as dataclass_fields
from pathlib import Path
from urllib.parse import urlsplit

from modelwarden.core.fields import Fields
from modelwarden.detectors.profile import opened
from modelwarden.firewall.config import (
    REDIS_PASSWORD,
    AlertsConfig,
    AnswersConfig,
    FirewallConfig,
    LedgerConfig,
    Limit,
    Redis,
    Tls,
    Traces,
    Upstream,
    Who,
)
from modelwarden.firewall.errors import FirewallConfigError
from modelwarden.firewall.rules import INJECTION, RULES, SIGNALS, Class, Mode, Scoring

_KEYS = (
    "client",
    "client_header",
    "client_hops",
    "repeating",
    "block_seconds",
    "watch_seconds",
    "request_seconds",
    "upstream_seconds",
    "upstream_connections",
    "queue",
    "heads",
    "head_key",
    "hash_key",
    "ledger",
    "ledger_full",
    "ledger_seconds",
    "status",
    "probe_seconds",
    "drift",
    "profile_key",
    "rules",
    "scoring",
    "fail",
    "limit",
    "alerts",
    "answers",
    "traces",
    "tls",
    "upstream_tls",
)
_DECIMALS = 12
_LEAST_SEGMENT = 4096
_MAY_BE_ZERO = ("block_seconds", "probe_seconds")
_TOKEN = re.compile(r"[A-Za-z0-9-]{1,64}")


def load_config(path: Path | None) -> FirewallConfig:
    """Read the section `[firewall]` of a file, paths in it relative to its folder.

    None gives the defaults.

    Raises:
        FirewallConfigError: it cannot be read or used.
    """
    if path is None:
        return FirewallConfig()
    try:
        with opened(path) as stream:
            document = tomllib.loads(stream.read().decode())
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise FirewallConfigError(f"cannot read {path}: {why}") from error
    except (ValueError, RecursionError) as error:
        raise FirewallConfigError(f"{path} is no TOML: {str(error)[:100]}") from error
    return _config(Fields(document, str(path), failure=FirewallConfigError).section("firewall"))


def _config(fields: Fields) -> FirewallConfig:
    fields.only(_KEYS)
    default = FirewallConfig()
    header = fields.text("client_header")
    if header is not None and not _TOKEN.fullmatch(header):
        raise fields.error("client_header", "is no name of a header")
    client = Who.ADDRESS if header is None else Who.HEADER
    given = fields.text("client")
    if given is not None:
        client = Who(fields.one_of("client", given, "way to tell clients", [w.value for w in Who]))
    if (client is Who.HEADER) != (header is not None):
        raise fields.error("client_header", "goes with client = 'header'")
    full = fields.text("ledger_full") or "serve"
    fields.one_of("ledger_full", full, "policy", ["serve", "refuse"])
    status = fields.text("status")
    return FirewallConfig(
        client=client,
        client_header=None if header is None else header.lower(),
        client_hops=_whole(fields, "client_hops", 1) or default.client_hops,
        repeating=frozenset(fields.texts("repeating")),
        block_seconds=_seconds(fields, "block_seconds", default.block_seconds),
        watch_seconds=_seconds(fields, "watch_seconds", default.watch_seconds),
        request_seconds=_seconds(fields, "request_seconds", default.request_seconds),
        upstream_seconds=_seconds(fields, "upstream_seconds", default.upstream_seconds),
        upstream_connections=_whole(fields, "upstream_connections", 1) or 64,
        queue=_whole(fields, "queue", 1) or 256,
        heads=_path(fields, "heads"),
        head_key=_path(fields, "head_key"),
        hash_key=_path(fields, "hash_key"),
        ledger=_ledger(fields),
        refuse_unrecorded=full == "refuse",
        ledger_seconds=_seconds(fields, "ledger_seconds", default.ledger_seconds),
        status=None if status is None else listen_of(status),
        probe_seconds=_seconds(fields, "probe_seconds", default.probe_seconds),
        drift=_flag(fields, "drift"),
        profile_key=_path(fields, "profile_key"),
        rules=_rules(fields.section("rules")),
        scoring=_scoring(fields.section("scoring")),
        closed=_closed(fields.section("fail")),
        limit=_limit(fields),
        alerts=_alerts(fields),
        answers=_answers(fields),
        traces=_traces(fields),
        tls=_tls(fields, "tls"),
        upstream_tls=_tls(fields, "upstream_tls"),
    )


def _rules(fields: Fields) -> Mapping[str, Mode]:
    fields.only(("all", *RULES))
    known = [mode.value for mode in Mode]
    given = {k: Mode(fields.one_of(k, v, "mode", known)) for k, v in fields.table.items()}
    default = given.pop("all", None)
    if default is None:
        return given
    hint = Mode.OFF if default is Mode.OFF else Mode.OBSERVE
    return dict.fromkeys(RULES, default) | {INJECTION: hint} | given


def _scoring(fields: Fields) -> Scoring:
    fields.only(("threshold", *SIGNALS))
    points = {key: fields.number(key) or 0.0 for key in fields.table}
    for key, value in points.items():
        if value < 0 or (key == "threshold" and value == 0):
            raise fields.error(
                key, "must be greater than 0" if key == "threshold" else "is negative"
            )
    threshold = points.pop("threshold", Scoring().threshold)
    return Scoring(threshold=threshold, points=points)


def _closed(fields: Fields) -> frozenset[Class]:
    fields.only([kind.value for kind in Class if kind is not Class.FORM])
    closed = {Class.FORM}
    for key, value in fields.table.items():
        if fields.one_of(key, value, "way to fail", ["open", "closed"]) == "closed":
            closed.add(Class(key))
    return frozenset(closed)


def _limit(fields: Fields) -> Limit | None:
    if "limit" not in fields.table:
        return None
    section = fields.section("limit")
    section.only(("rate", "burst", "redis"))
    rate = section.number("rate")
    if rate is None or rate <= 0:
        raise section.error("rate", "must be greater than 0")
    burst = _whole(section, "burst", 1) or max(1, int(rate))
    return Limit(rate=rate, burst=burst, redis=_redis(section))


def _redis(fields: Fields) -> Redis | None:
    url = fields.text("redis")
    if url is None:
        return None
    try:
        parts = urlsplit(url)
        port = parts.port or 6379
    except ValueError as error:
        raise fields.error("redis", "is no address, redis://host:6379/0") from error
    database = parts.path.strip("/") or "0"
    if parts.scheme not in {"redis", "rediss"} or not parts.hostname or parts.query:
        raise fields.error("redis", "is no address, redis://host:6379/0")
    if parts.username or parts.password:
        raise fields.error("redis", f"must not hold a password: set {REDIS_PASSWORD} for it")
    if not database.isdigit() or len(database) > 4:
        raise fields.error("redis", "names no number of a database")
    return Redis(
        host=parts.hostname, port=port, tls=parts.scheme == "rediss", database=int(database)
    )


def _ledger(fields: Fields) -> LedgerConfig:
    if "ledger" not in fields.table:
        return LedgerConfig()
    section = fields.section("ledger")
    section.only([part.name for part in dataclass_fields(LedgerConfig)])
    return LedgerConfig(
        segment_bytes=_whole(section, "segment_bytes", _LEAST_SEGMENT),
        segment_seconds=_positive(section, "segment_seconds"),
        head_seconds=_positive(section, "head_seconds"),
        retention_days=_positive(section, "retention_days"),
        retention_bytes=_whole(section, "retention_bytes", 1),
        answers=_path(section, "answers"),
        threshold=section.number("threshold"),
    )


def _positive(fields: Fields, key: str) -> float | None:
    value = fields.number(key)
    if value is not None and value <= 0:
        raise fields.error(key, "must be greater than 0")
    return value


def _alerts(fields: Fields) -> AlertsConfig:
    default = AlertsConfig()
    if "alerts" not in fields.table:
        return default
    section = fields.section("alerts")
    section.only(("rate", "burst"))
    rate = _positive(section, "rate")
    burst = _whole(section, "burst", 1)
    return AlertsConfig(rate=rate or default.rate, burst=burst or default.burst)


def _answers(fields: Fields) -> AnswersConfig | None:
    if "answers" not in fields.table:
        return None
    section = fields.section("answers")
    section.only(("check", "decimals", "top"))
    check = section.text("check") or "observe"
    section.one_of("check", check, "mode", ["off", "observe", "enforce"])
    decimals = _whole(section, "decimals", 0)
    if decimals is not None and decimals > _DECIMALS:
        raise section.error("decimals", f"must be {_DECIMALS} or less, not {decimals}")
    return AnswersConfig(check=Mode(check), decimals=decimals, top=_whole(section, "top", 1))


def _traces(fields: Fields) -> Traces | None:
    if "traces" not in fields.table:
        return None
    section = fields.section("traces")
    section.only(("url", "sample", "most"))
    url = section.text("url")
    parts = urlsplit(url or "")
    if url is None or parts.scheme not in {"http", "https"} or not parts.hostname:
        raise section.error("url", "must be the address of a collector, http://host:4318")
    sample, most = section.number("sample"), section.number("most")
    if sample is not None and not 0 <= sample <= 1:
        raise section.error("sample", "must be a share, from 0 to 1")
    if most is not None and most <= 0:
        raise section.error("most", "must be greater than 0")
    default = Traces(url=url)
    return Traces(
        url=url,
        sample=default.sample if sample is None else sample,
        most=default.most if most is None else most,
    )


def _tls(fields: Fields, key: str) -> Tls | None:
    if key not in fields.table:
        return None
    section = fields.section(key)
    section.only(("certificate", "key", "authorities"))
    made = Tls(
        certificate=_path(section, "certificate"),
        key=_path(section, "key"),
        authorities=_path(section, "authorities"),
    )
    if (made.certificate is None) != (made.key is None):
        raise section.error("certificate", "and key go together")
    if key == "tls" and made.certificate is None:
        raise section.error("certificate", "is not there")
    return made


def _flag(fields: Fields, key: str) -> bool:
    value = fields.table.get(key, True)
    if not isinstance(value, bool):
        raise fields.error(key, "must be true or false")
    return value


def _whole(fields: Fields, key: str, least: int) -> int | None:
    value = fields.table.get(key)
    if value is None:
        return None
    if type(value) is not int or value < least:
        raise fields.error(key, f"must be a whole number of at least {least}")
    return value


def _seconds(fields: Fields, key: str, default: float) -> float:
    value = fields.number(key)
    if value is None:
        return default
    if value < 0 or (value == 0 and key not in _MAY_BE_ZERO):
        raise fields.error(key, "must be greater than 0")
    return value


def _path(fields: Fields, key: str) -> Path | None:
    """Return a path, from the folder of the file that names it."""
    name = fields.text(key)
    return None if name is None else Path(fields.source).parent / name


def upstream_of(url: str) -> Upstream:
    """Return where a URL leads.

    Raises:
        FirewallConfigError: it is no http or https URL of a host alone.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise FirewallConfigError(
            f"{url!r} is no address of a server", hint="Write http://host:port"
        ) from error
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username:
        raise FirewallConfigError(
            f"{url!r} is no address of a server", hint="Write http://host:port"
        )
    if parts.path not in {"", "/"} or parts.query or parts.fragment:
        raise FirewallConfigError(
            f"{url!r} names more than a host and a port", hint="Write http://host:port"
        )
    tls = parts.scheme == "https"
    return Upstream(parts.hostname, port or (443 if tls else 80), tls)


def listen_of(text: str) -> tuple[str, int]:
    """Return host and port of `HOST:PORT`.

    Raises:
        FirewallConfigError: it is something else.
    """
    host, _, port = text.rpartition(":")
    if not host or not port.isascii() or not port.isdigit() or int(port) > 65_535:
        raise FirewallConfigError(
            f"{text!r} is no address to listen at", hint="Write 127.0.0.1:8080"
        )
    return host.strip("[]"), int(port)
