"""One OSV record, taken apart: what it says about which packages, in the form the index keeps.

Records come from outside, so every field is looked at before it is used: what has not the shape
that the OSV schema gives it is left out, and a record without an id is refused.

Source: OSV schema 1.7, https://ossf.github.io/osv-schema/
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping

from modelwarden.core import InputError
from modelwarden.core.values import dataclass
from modelwarden.dependencies.names import ecosystem_of, normal_name
from modelwarden.dependencies.scores import Scored, scored
from modelwarden.dependencies.versions import canonical

_SUMMARY = 200
_EVENTS = {"introduced": "i", "fixed": "f", "last_affected": "l", "limit": "m"}
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}")
_ID = re.compile(r"[!-~]{1,128}")

Event = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Affected:
    """What a record says about one package.

    Attributes:
        name: normalised as its ecosystem does.
        ranges: for each version range its events: (`i`ntroduced, `f`ixed, `l`ast affected or
            li`m`it, version), in the record's own order. Ranges of commits are not kept.
        listed: versions that are named one by one, in canonical form, between line feeds.
    """

    ecosystem: str
    name: str
    ranges: tuple[tuple[Event, ...], ...] = ()
    listed: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Advisory:
    """One record.

    Attributes:
        modified: UTC, ISO 8601 to the second.
        digest: first 16 bytes of the SHA-256 of the record with sorted keys.
        severity: of the strongest CVSS vector, else as the record words it; None when unknown.
    """

    id: str
    aliases: tuple[str, ...]
    summary: str
    modified: str
    withdrawn: bool
    digest: bytes
    severity: Scored | None
    affected: tuple[Affected, ...]


def parse(record: object) -> Advisory:
    """Return what the index keeps of a record.

    Raises:
        InputError: it is no OSV record.
    """
    if not isinstance(record, Mapping):
        raise InputError("not an OSV record: no object")
    name = record.get("id")
    if not isinstance(name, str) or not _ID.fullmatch(name):
        raise InputError("not an OSV record: no id")
    modified = str(record.get("modified", ""))
    if not _TIME.match(modified):
        raise InputError(f"{name}: not an OSV record: no time of modification")
    withdrawn = bool(record.get("withdrawn"))
    return Advisory(
        id=name,
        aliases=tuple(a for a in _texts(record.get("aliases")) if _ID.fullmatch(a)),
        summary=_summary(record),
        modified=modified[:19],
        withdrawn=withdrawn,
        digest=_digest(record),
        severity=None if withdrawn else scored(record),
        affected=tuple(_affected(record)),
    )


def _digest(record: Mapping[str, object]) -> bytes:
    text = json.dumps(record, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).digest()[:16]


def _affected(record: Mapping[str, object]) -> Iterator[Affected]:
    for entry in _tables(record.get("affected")):
        package = entry.get("package")
        if not isinstance(package, Mapping):
            continue
        ecosystem = ecosystem_of(str(package.get("ecosystem", "")))
        name = normal_name(str(package.get("name", "")), ecosystem)
        if not ecosystem or not name:
            continue
        versions = [canonical(v) for v in _texts(entry.get("versions"))]
        yield Affected(
            ecosystem=ecosystem,
            name=name,
            ranges=tuple(_ranges(entry)),
            listed="\n".join(("", *dict.fromkeys(versions), "")) if versions else "",
        )


def _ranges(entry: Mapping[str, object]) -> Iterator[tuple[Event, ...]]:
    for part in _tables(entry.get("ranges")):
        if part.get("type") == "GIT":
            continue
        yield tuple(
            (_EVENTS[kind], str(value))
            for event in _tables(part.get("events"))
            for kind, value in event.items()
            if kind in _EVENTS and isinstance(value, str)
        )


def _summary(record: Mapping[str, object]) -> str:
    text = record.get("summary") or record.get("details") or ""
    words = " ".join(str(text)[:2000].split())
    if not words.isprintable():
        words = "".join(c if c.isprintable() else "?" for c in words)
    return words if len(words) <= _SUMMARY else words[: _SUMMARY - 1].rstrip() + "…"


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, list):
        yield from (v for v in value if isinstance(v, str))


def _tables(value: object) -> Iterator[Mapping[str, object]]:
    if isinstance(value, list):
        yield from (v for v in value if isinstance(v, Mapping))
