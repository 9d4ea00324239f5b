"""Packages held against the index: findings, gaps and notes of a report.

A manifest of which nothing could be audited is a gap for each of its packages.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from modelwarden.core import (
    AdvisoryData,
    Confidence,
    Finding,
    Gap,
    Hit,
    InventoryItem,
    ItemKind,
    Location,
    Rule,
    Severity,
    fingerprint,
)
from modelwarden.dependencies.collect import Collected, File, collect, manifest_gap
from modelwarden.dependencies.index import Index
from modelwarden.dependencies.match import Matched, match
from modelwarden.dependencies.packages import How, Package
from modelwarden.dependencies.revealed import importers, revealed
from modelwarden.dependencies.rules import POSSIBLY, VULNERABLE, all_rules
from modelwarden.dependencies.stage import Audited
from modelwarden.dependencies.versions import version_of

_NAMED = 100


def held_against(
    index: Index,
    files: Sequence[File],
    roots: Sequence[str],
    inventory: Sequence[InventoryItem],
    unknown: Severity,
) -> Audited:
    """Return what an open index says; see `stage.audit`.

    Raises:
        AdvisoryIndexError: the index is damaged.
    """
    collected = collect(files, roots)
    pinned = {(p.key, p.version) for p in collected.packages}
    hints = (p for p in revealed(inventory) if (p.key, p.version) not in pinned)
    matched = match((*collected.packages, *hints), index)
    return Audited(
        findings=tuple(_findings(matched, importers(inventory), unknown)),
        gaps=(*collected.gaps, *_undecided(matched), *_nothing_known(collected, matched)),
        inventory=listed(collected),
        notes=tuple(_notes(collected, matched, index.data)),
        rules=all_rules(),
        advisories=index.data,
        ran=True,
    )


def listed(collected: Collected) -> tuple[InventoryItem, ...]:
    """Return every package as a line of the inventory."""
    return tuple(_item(package) for package in collected.packages)


def _item(package: Package) -> InventoryItem:
    return InventoryItem(
        kind=ItemKind.PACKAGE,
        name=package.name,
        version=package.version,
        path=package.path,
        confidence=Confidence.HIGH if package.how is How.EXACT else Confidence.LOW,
        purl=package.purl,
        license=package.license or None,
    )


def _findings(matched: Matched, users: dict[str, str], unknown: Severity) -> Iterator[Finding]:
    for found in matched.matches:
        rule = VULNERABLE.get(found.worst.severity, VULNERABLE[None])
        severity = rule.severity if found.worst.severity else unknown
        first = found.struck[0].package
        for hit in rule.check(found):
            names = sorted(found.names, key=lambda n: (n != found.primary, n))
            user = next(
                (users[s.package.key] for s in found.struck if s.package.key in users), None
            )
            made = _finding(rule, hit, first, tuple(names), "vulnerable-dependency")
            extra = {"imported_by": user} if user else {}
            yield replace(made, severity=severity, evidence={**made.evidence, **extra})
    for allowed in matched.allowed:
        references = dict.fromkeys(name for row in allowed.rows for name in row.names)
        for hit in POSSIBLY.check(allowed):
            yield _finding(POSSIBLY, hit, allowed.package, tuple(references), POSSIBLY.id)


def _finding(
    rule: Rule[Any], hit: Hit, package: Package, references: tuple[str, ...], identity: str
) -> Finding:
    path, member = package.path, package.member
    return Finding(
        rule=rule.id,
        severity=rule.severity,
        confidence=hit.confidence or rule.confidence,
        message=hit.message,
        location=Location(path=path, member=member, line=hit.evidence.line),
        evidence=hit.evidence.facts,
        references=(*references, *rule.references),
        # Without the severity, so that a new rating does not make it another finding.
        fingerprint=fingerprint(identity, path, member, hit.evidence.identity or ()),
        stage="dependencies",
    )


def _undecided(matched: Matched) -> Iterator[Gap]:
    for package, rows in matched.undecided:
        if package.how is not How.REVEALED:
            names = ", ".join(row.id for row in rows[:10])
            more = f" and {len(rows) - 10} more" if len(rows) > 10 else ""
            why = f"{package.shown} could not be held against {names}{more}"
            why += "" if version_of(package.version or "") else ": it is no PEP 440 version"
            yield manifest_gap(package.path, why)


def _nothing_known(collected: Collected, matched: Matched) -> Iterator[Gap]:
    """Name every package of a manifest when the index has a record about none of them."""
    unrecorded = {(p.path, p.key) for p in matched.unrecorded}
    groups: dict[str, list[Package]] = {}
    for package in collected.packages:
        path = package.path
        if posixpath.basename(path) in {"METADATA", "PKG-INFO"}:
            path = posixpath.dirname(posixpath.dirname(path))
        groups.setdefault(path, []).append(package)
    for packages in groups.values():
        if all((p.path, p.key) in unrecorded for p in packages):
            for p in packages:
                why = f"{p.shown} was not audited: no advisory is about it or anything beside it"
                yield manifest_gap(p.path, why)


def _notes(collected: Collected, matched: Matched, data: AdvisoryData) -> Iterator[str]:
    if not collected.manifests:
        return
    count = len({p.key for p in collected.packages})
    where = f"{len(collected.manifests)} manifest{'s' if len(collected.manifests) != 1 else ''}"
    yield (
        f"{count} packages of {where} were held against {data.records:,} advisories,"
        f" the newest of {data.date[:10]}"
    )
    names = sorted({p.key for p in matched.unrecorded if p.how is not How.REVEALED})
    if names:
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        told = ", ".join(names[:_NAMED])
        what = f"no advisory is about {len(names)} of them, which is no proof of safety"
        yield f"{what}: {told}{more}"
