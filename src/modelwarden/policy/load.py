"""A policy from TOML: a modelwarden.toml with a table `[policy]`, or that table alone."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from modelwarden.core import (
    JUSTIFICATIONS,
    GapKind,
    Policy,
    PolicyError,
    Severity,
    Threshold,
    Waiver,
)
from modelwarden.core.fields import Fields

STAGES = (
    "artifacts",
    "dependencies",
    "data",
    "performance",
    "claims",
    "slices",
    "fairness",
    "abnormal",
    "robustness",
    "backdoor",
    "privacy",
    "checks",
    "cost",
)

if TYPE_CHECKING:
    from pathlib import Path

_LARGEST = 1 << 20
_KEYS = (
    "fail_on",
    "require",
    "allow_gaps",
    "measure",
    "waiver",
    "advisories_max_age_days",
    "unknown_severity",
)
_WAIVER_KEYS = (
    "fingerprint",
    "rule",
    "path",
    "digest",
    "reason",
    "owner",
    "expires",
    "justification",
)
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_FINGERPRINT = re.compile(r"[0-9a-f]{16,64}")


def load(path: Path) -> Policy:
    """Read a policy file.

    Raises:
        PolicyError: it cannot be read, is no TOML, or says something that a policy cannot say.
    """
    import tomllib

    shown = str(path)
    try:
        with path.open("rb") as stream:
            data = stream.read(_LARGEST + 1)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise PolicyError(
            f"cannot read the policy {shown}: {reason}", hint="Check the path given to --policy."
        ) from error
    if len(data) > _LARGEST:
        raise PolicyError(f"{shown}: larger than {_LARGEST} bytes, this is no policy")
    try:
        document = tomllib.loads(data.decode())
    except (ValueError, RecursionError) as error:
        raise PolicyError(f"{shown}: not valid TOML: {' '.join(str(error).split())}") from error
    if "policy" in document:
        return parse(document["policy"], shown, place="policy")
    return parse(document, shown)


def parse(table: object, source: str, place: str = "") -> Policy:
    """Return the policy that a table of `source` states.

    Raises:
        PolicyError: a key is unknown, a value is of the wrong type, or a waiver lacks something.
    """
    if not isinstance(table, Mapping):
        raise PolicyError(f"{source}: {place or 'the policy'} must be a table")
    fields = Fields(table, source, place)
    fields.only(_KEYS)
    severities = [s.value for s in Severity]
    fail_on = fields.one_of("fail_on", table.get("fail_on", "high"), "severity", severities)
    unknown = fields.one_of(
        "unknown_severity", table.get("unknown_severity", "high"), "severity", severities
    )
    age = fields.number("advisories_max_age_days")
    if age is not None and age <= 0:
        raise fields.error("advisories_max_age_days", "must be more than 0")
    require = fields.texts("require")
    for stage in require:
        fields.one_of("require", stage, "stage", STAGES)
    return Policy(
        fail_on=Severity(fail_on),
        require=require,
        allow_gaps=tuple(_gap_pattern(fields, text) for text in fields.texts("allow_gaps")),
        measures=_thresholds(fields),
        waivers=tuple(_waiver(waiver) for waiver in fields.tables("waiver")),
        advisories_max_age=age,
        unknown_severity=Severity(unknown),
        source=source,
    )


def _gap_pattern(fields: Fields, text: str) -> str:
    kind, colon, pattern = text.partition(":")
    fields.one_of("allow_gaps", kind, "gap kind", [k.value for k in GapKind])
    if colon and not pattern:
        raise fields.error("allow_gaps", f"has no path pattern after the colon of {text!r}")
    return text


def _thresholds(fields: Fields) -> tuple[Threshold, ...]:
    table = fields.inner("measure", fields.table.get("measure", {}))
    thresholds: list[Threshold] = []
    for name, value in table.table.items():
        if isinstance(value, list):
            thresholds += [_threshold(name, part) for part in table.tables(name)]
        else:
            thresholds.append(_threshold(name, table.inner(name, value)))
    return tuple(thresholds)


def _threshold(name: str, fields: Fields) -> Threshold:
    fields.only(("min", "max", "where"))
    low, high = fields.number("min"), fields.number("max")
    if low is None and high is None:
        raise PolicyError(f"{fields.source}: {fields.place} needs min or max")
    if low is not None and high is not None and low > high:
        raise PolicyError(f"{fields.source}: {fields.place} has a min above its max")
    where = fields.inner("where", fields.table.get("where", {})).table
    for key, value in where.items():
        if not isinstance(value, str | int | float):
            raise fields.error(f"where.{key}", "must be a string, a number or a boolean")
    return Threshold(
        name=name,
        min=low,
        max=high,
        where={k: v for k, v in where.items() if isinstance(v, str | int | float)},
    )


def _waiver(fields: Fields) -> Waiver:
    fields.only(_WAIVER_KEYS)
    reason, owner, expires = fields.text("reason"), fields.text("owner"), fields.date("expires")
    for key, value in (("reason", reason), ("owner", owner), ("expires", expires)):
        if value is None:
            raise fields.error(key, "is missing: a waiver is dated, owned and explained")
    if reason is None or owner is None or expires is None:
        raise AssertionError  # told above
    justification = fields.text("justification")
    if justification is not None:
        fields.one_of("justification", justification, "justification", JUSTIFICATIONS)
    waiver = Waiver(
        reason=reason,
        owner=owner,
        expires=expires,
        fingerprint=fields.text("fingerprint"),
        rule=fields.text("rule"),
        path=fields.text("path"),
        digest=fields.text("digest"),
        justification=justification,
    )
    _check_aim(fields, waiver)
    return waiver


def _check_aim(fields: Fields, waiver: Waiver) -> None:
    named = (waiver.rule, waiver.path, waiver.digest)
    if waiver.fingerprint is not None:
        if any(named):
            raise fields.error(
                "fingerprint", "stands alone: rule, path and digest say it otherwise"
            )
        if not _FINGERPRINT.fullmatch(waiver.fingerprint):
            raise fields.error("fingerprint", "is not a fingerprint as reports show it")
        return
    if not all(named):
        what = "needs fingerprint, or rule, path and digest together"
        raise PolicyError(f"{fields.source}: {fields.place} {what}")
    if waiver.digest and not _DIGEST.fullmatch(waiver.digest):
        raise fields.error("digest", "must be 'sha256:' and 64 lower-case hex digits")
