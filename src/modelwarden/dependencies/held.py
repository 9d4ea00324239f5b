"""Packages held against the index: findings, gaps and notes of a report.

A manifest of which nothing could be audited is a gap for each of its packages.
"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from modelwarden.core import (
    AdvisoryData,
    Confidence,
    Coverage,
    Finding,
    Gap,
    GapKind,
    Hit,
    InventoryItem,
    ItemKind,
    Location,
    Producer,
    Rule,
    Severity,
    Status,
    fingerprint,
)
from modelwarden.core.values import dataclass
from modelwarden.dependencies.collect import Collected, collect, manifest_gap
from modelwarden.dependencies.index import Index
from modelwarden.dependencies.match import VERSIONS, Matched, Struck, grouped, match
from modelwarden.dependencies.packages import How, Package, Resolved
from modelwarden.dependencies.revealed import importers, revealed
from modelwarden.dependencies.rules import POSSIBLY, VULNERABLE, all_rules
from modelwarden.dependencies.stage import Asked, Audited, Given
from modelwarden.dependencies.versions import version_of

if TYPE_CHECKING:
    from modelwarden.dependencies.imports import Imported

_NAMED = 100
_INSTALLED = {"METADATA", "PKG-INFO", "RECORD"}


def held_against(index: Index, asked: Asked) -> Audited:
    """Return what an open index says; see `stage.audit`.

    Raises:
        AdvisoryIndexError: the index is damaged.
    """
    collected = collect(asked.met, asked.roots)
    named, more = _resolved(collected, asked.given)
    known = {(p.path, p.key, p.version) for p in named}
    pinned = {(p.key, p.version) for p in named}
    others = _others(asked)
    hints = (p for p in revealed(asked.inventory) if (p.key, p.version) not in pinned)
    foreign = [p for p in others.packages if (p.path, p.key, p.version) not in known]
    ours = [p for p in foreign if p.kind == "pypi" and p.version is not None]
    matched = match((*named, *ours, *hints), index, others.struck)
    return Audited(
        findings=tuple(_findings(matched, _users(matched, asked), asked.unknown)),
        gaps=(
            *collected.gaps,
            *more.gaps,
            *_undecided(matched),
            *_crowded(matched),
            *_nothing_known(collected, matched),
            *others.gaps,
        ),
        inventory=tuple(_item(package) for package in (*named, *foreign)),
        notes=(*_notes(collected, matched, index.data), *more.notes, *others.notes(matched)),
        coverage=others.coverage,
        rules=all_rules(),
        advisories=index.data,
        ran=True,
    )


def told_without_index(asked: Asked, why: str, not_run: str) -> Audited:
    """Return what is to be said without an index: gaps, and what other tools report."""
    collected = collect(asked.met, asked.roots)
    others = _others(asked)
    matched = Matched(matches=grouped(others.struck))
    unaudited = [manifest_gap(manifest.path, why) for manifest in collected.manifests]
    return Audited(
        findings=tuple(_findings(matched, _users(matched, asked), asked.unknown)),
        gaps=(*collected.gaps, *unaudited, *others.gaps),
        inventory=tuple(_item(p) for p in (*collected.packages, *others.packages)),
        notes=(*(() if collected.manifests else (not_run,)), *others.notes(matched)),
        coverage=others.coverage,
        rules=all_rules() if matched.matches else (),
    )


def _resolved(collected: Collected, given: Given) -> tuple[tuple[Package, ...], Resolved]:
    """Return the packages, with versions for ranges when the user asked for that."""
    packages = collected.packages
    if not given.resolve:
        return packages, Resolved((), (), ())
    from modelwarden.dependencies.resolve import resolve

    more = resolve(packages)
    return more.packages, more


@dataclass(frozen=True, slots=True, kw_only=True)
class _Others:
    """All imports together."""

    imported: tuple[Imported, ...]
    packages: tuple[Package, ...]
    struck: tuple[Struck, ...]

    @property
    def gaps(self) -> tuple[Gap, ...]:
        return tuple(gap for one in self.imported for gap in one.gaps)

    @property
    def coverage(self) -> tuple[Coverage, ...]:
        return tuple(
            Coverage(
                path=one.name,
                format=f"{one.form}-results",
                producer=Producer(name=one.tool),
                status=Status.PARTIAL if one.gaps else Status.EXAMINED,
                size=one.size,
                sha256=one.sha256,
            )
            for one in self.imported
        )

    def notes(self, matched: Matched) -> Iterator[str]:
        """Say of each import what it brought."""
        for one in self.imported:
            own = {id(s.row) for s in one.struck}
            new = sum(
                all(s.tool for s in m.struck) and any(id(s.row) in own for s in m.struck)
                for m in matched.matches
            )
            yield (
                f"{one.name}: {one.tool} names {len(one.packages)} packages and"
                f" {len(one.struck)} weaknesses of them; {new} findings rest on other tools alone"
            )
            yield from one.notes


def _others(asked: Asked) -> _Others:
    """Return what was imported, with places below the scanned folders named as we name them."""
    imported = asked.given.imported
    placed = partial(_placed, asked.roots)
    return _Others(
        imported=imported,
        packages=tuple(placed(p) for one in imported for p in one.packages),
        struck=tuple(replace(s, package=placed(s.package)) for one in imported for s in one.struck),
    )


def _placed(roots: Sequence[str], package: Package) -> Package:
    path = package.path
    if not path.startswith("/") or posixpath.normpath(path) != path:
        return package
    for root in roots:
        base = root.rstrip("/")
        if path.startswith(f"{base}/"):
            return replace(package, path=path[len(base) + 1 :])
        if path == root:
            return replace(package, path=posixpath.basename(root))
        if os.path.isfile(base + path):  # noqa: PTH113 -- Grype writes / for the folder it looked at
            return replace(package, path=path[1:])
    return package


def _users(matched: Matched, asked: Asked) -> dict[str, str]:
    """Return for each package what imports it: a model file first, else code beside it."""
    if not matched.matches:
        return {}
    from modelwarden.dependencies.reach import code_importers

    return {**code_importers(asked.files), **importers(asked.inventory)}


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


def _crowded(matched: Matched) -> Iterator[Gap]:
    for path, key in dict.fromkeys((p.path, p.key) for p in matched.crowded):
        why = f"more than {VERSIONS} versions of {key} are named; the others were not audited"
        yield replace(manifest_gap(path, why), kind=GapKind.OVER_LIMIT)


def _nothing_known(collected: Collected, matched: Matched) -> Iterator[Gap]:
    """Name every package of a manifest when the index has a record about none of them."""
    unrecorded = {(p.path, p.key) for p in matched.unrecorded}
    groups: dict[str, list[Package]] = {}
    for package in collected.packages:
        path = package.path
        if posixpath.basename(path) in _INSTALLED:
            path = posixpath.dirname(posixpath.dirname(path))
        elif path.endswith(".egg-info"):
            path = posixpath.dirname(path)
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
    named = "1 package" if count == 1 else f"{count} packages"
    where = f"{len(collected.manifests)} manifest{'s' if len(collected.manifests) != 1 else ''}"
    yield (
        f"{named} of {where} {'was' if count == 1 else 'were'} held against"
        f" {data.records:,} advisories, the newest of {data.date[:10]}"
    )
    met = (p for p in matched.unrecorded if p.how is not How.REVEALED and not p.source)
    names = sorted({p.key for p in met})
    if names:
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        told = ", ".join(names[:_NAMED])
        what = f"no advisory is about {len(names)} of them, which is no proof of safety"
        yield f"{what}: {told}{more}"
