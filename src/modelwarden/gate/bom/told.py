"""The difference of two bills of materials, as text for people and as JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

from modelwarden.core import Json
from modelwarden.gate.bom.difference import Changes, Difference
from modelwarden.gate.bom.reading import Component, Flaw, Measure
from modelwarden.report.escape import json_text, shown

SCHEMA = "modelwarden/bom-diff/1"

T = TypeVar("T")


def as_json(found: Difference) -> str:
    """Return the difference as JSON."""
    parts: dict[str, Json] = {
        "components": _listed(found.components, _component),
        "vulnerabilities": _listed(found.weaknesses, _flaw),
        "measures": _listed(found.measures, _measure),
    }
    return json_text({"schema": SCHEMA, **parts, "unsure": found.unsure or None}) + "\n"


def _listed(changes: Changes[T], make: Callable[[T], dict[str, Json]]) -> Json:
    return {
        "added": [make(one) for one in changes.added],
        "removed": [make(one) for one in changes.removed],
        "changed": [{"from": make(a), "to": make(b)} for a, b in changes.changed],
    }


def _component(one: Component) -> dict[str, Json]:
    return {
        "component": one.key,
        "versions": sorted(one.versions),
        "digests": sorted(one.digests),
        "licences": sorted(one.licences),
    }


def _flaw(one: Flaw) -> dict[str, Json]:
    return {
        "id": one.id,
        "aliases": sorted(one.names - {one.id}),
        "component": one.key,
        "severity": one.severity,
        "settled": one.settled,
    }


def _measure(one: Measure) -> dict[str, Json]:
    interval: list[Json] = [one.low, one.high]
    return {
        "name": one.name,
        "slice": one.where or None,
        "value": one.value,
        "interval": interval if one.low or one.high else None,
    }


def as_text(found: Difference) -> str:
    """Return the difference as lines: `+` is only in B, `-` only in A, `~` in both."""
    lines = [
        *_section("components", found.components, _component_line, _component_change),
        *_section("vulnerabilities", found.weaknesses, _flaw_line, _flaw_change),
        *_section("measures", found.measures, _measure_line, _measure_change),
    ]
    if not lines:
        lines.append("no component, vulnerability or measure changed")
    if found.unsure:
        lines.append(f"{found.unsure}: what it does not tell cannot be compared")
    return "".join(f"{line}\n" for line in lines)


def _section(
    title: str, changes: Changes[T], line: Callable[[T], str], change: Callable[[T, T], str]
) -> Iterator[str]:
    if not changes.any:
        return
    counts = (len(changes.added), len(changes.removed), len(changes.changed))
    yield "{}: {} added, {} removed, {} changed".format(title, *counts)
    for one in changes.added:
        yield f"  + {line(one)}"
    for one in changes.removed:
        yield f"  - {line(one)}"
    for a, b in changes.changed:
        yield f"  ~ {change(a, b)}"


def _many(words: frozenset[str]) -> str:
    return shown(", ".join(sorted(words)) or "none", 300)


def _component_line(one: Component) -> str:
    return f"{shown(one.key)} {_many(one.versions)}" if one.versions else shown(one.key)


def _component_change(a: Component, b: Component) -> str:
    parts = [shown(a.key)]
    if a.versions != b.versions:
        parts.append(f"{_many(a.versions)} → {_many(b.versions)}")
    if a.digests != b.digests:
        parts.append("other bytes" if a.digests and b.digests else "digest in one of them only")
    if a.licences != b.licences:
        parts.append(f"licence {_many(a.licences)} → {_many(b.licences)}")
    return " · ".join(parts)


def _flaw_line(one: Flaw) -> str:
    settled = " · settled" if one.settled else ""
    return f"{shown(one.id, 100)} {shown(one.severity, 20)} in {shown(one.key)}{settled}"


def _flaw_change(a: Flaw, b: Flaw) -> str:
    parts = [f"{shown(b.id, 100)} in {shown(b.key)}"]
    if a.severity != b.severity:
        parts.append(f"{shown(a.severity, 20)} → {shown(b.severity, 20)}")
    if a.settled != b.settled:
        parts.append("now settled" if b.settled else "no longer settled")
    return " · ".join(parts)


def _measure_line(one: Measure) -> str:
    where = f" @ {shown(one.where, 200)}" if one.where else ""
    return f"{shown(one.name, 100)}{where} {_valued(one)}"


def _valued(one: Measure) -> str:
    interval = f" [{shown(one.low, 40)}, {shown(one.high, 40)}]" if one.low or one.high else ""
    return f"{shown(one.value, 200)}{interval}"


def _measure_change(a: Measure, b: Measure) -> str:
    return f"{_measure_line(a)} → {_valued(b)}{_meaning(a, b)}"


def _meaning(a: Measure, b: Measure) -> str:
    """Say what the change means, where the document tells which way is better."""
    better = a.higher_is_better if a.higher_is_better == b.higher_is_better else None
    try:
        old, new = float(a.value), float(b.value)
        low, high = (float(a.low or a.value), float(a.high or a.value))
    except ValueError:
        return ""
    if better is None or old == new:
        return ""
    word = "better" if (new > old) == better else "worse"
    return f" · {word}" + (", within the old interval" if low <= new <= high else "")
