"""What a bill of materials says, whatever form it is written in.

    scan's Report ──┐
    model card ─────┼──▶ Bill ──▶ CycloneDX, SPDX, OpenVEX
    assessment ─────┘

Everything in it comes from files that strangers made: text is bounded and printable from here on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field

from modelwarden.core import (
    Confidence,
    Coverage,
    Finding,
    GapKind,
    InventoryItem,
    ItemKind,
    Measurement,
    Report,
    Severity,
)
from modelwarden.core.values import dataclass
from modelwarden.dependencies import purls
from modelwarden.dependencies.revealed import package_named, published
from modelwarden.gate.bom.licences import Licence, licence_of
from modelwarden.report.escape import shown

_LONG = 1_000
_OPEN = {GapKind.UNREADABLE, GapKind.OVER_LIMIT, GapKind.FAILED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A package that the model needs or names.

    Attributes:
        purl: its address; empty when it is not known whether a registry has it.
        version: None when no exact one is known.
        paths: of the files that name it.
        sure: its version is that of a manifest or an installation, not of what wrote the model.
    """

    name: str
    version: str | None
    purl: str
    paths: tuple[str, ...]
    licence: Licence | None = None
    sure: bool = True

    @property
    def ref(self) -> str:
        """Return what the document calls it by."""
        return self.purl or f"package:{self.name}" + (f"@{self.version}" if self.version else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Weakness:
    """A known vulnerability of some of the parts.

    Attributes:
        names: its ids, the one that stands for it first.
        affects: `ref` of the parts. certain: their very version is affected.
        fixed: versions with a fix. waiver: as the policy or a VEX statement has it.
    """

    names: tuple[str, ...]
    severity: Severity | None
    score: float | None
    vector: str | None
    message: str
    affects: tuple[str, ...]
    certain: bool
    fixed: tuple[str, ...]
    fingerprint: str
    waiver: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What a model card, a configuration and an assessment say of the model.

    Attributes:
        fairness: group at risk, harm, and what helps.
        claims: metric, value and data, as the card claims them. measurements: as they were taken.
        source: file name of the card.
    """

    name: str = ""
    licence: Licence | None = None
    task: str = ""
    family: str = ""
    architecture: str = ""
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    datasets: tuple[str, ...] = ()
    bases: tuple[str, ...] = ()
    use_cases: tuple[str, ...] = ()
    limitations: tuple[str, ...] = ()
    tradeoffs: tuple[str, ...] = ()
    ethics: tuple[str, ...] = ()
    fairness: tuple[tuple[str, str, str], ...] = ()
    claims: tuple[tuple[str, str, str], ...] = ()
    measurements: tuple[Measurement, ...] = ()
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """A bill of materials.

    Attributes:
        report: of the scan that it rests on.
        single: the subject is one file.
        audited: the vulnerabilities are known, as far as the gaps do not say otherwise.
    """

    report: Report
    name: str
    single: bool
    files: tuple[Coverage, ...]
    parts: tuple[Part, ...]
    weaknesses: tuple[Weakness, ...]
    card: Card = field(default_factory=Card)
    audited: bool = False

    @property
    def digest(self) -> str | None:
        """Return the digest of the subject."""
        return self.report.subject.digest

    @property
    def purl(self) -> str:
        """Return an address for the subject: its name, and its digest as the version."""
        return purls.purl_of("generic", self.name, self.digest)

    @property
    def all_files(self) -> bool:
        """Tell whether every file was met and read."""
        return not any(g.kind in _OPEN and g.stage == "artifacts" for g in self.report.gaps)

    @property
    def all_parts(self) -> bool:
        """Tell whether everything that was met and names packages could be read."""
        return not any(g.stage == "dependencies" for g in self.report.gaps)


def bill_of(report: Report, card: Card) -> Bill:
    """Return what a scan's report, and what else is known of the model, give."""
    parts = tuple(_parts(report.inventory))
    refs = {part.ref for part in parts}
    single = report.subject.kind == "artifact"
    return Bill(
        report=report,
        name=card.name or shown(report.subject.name, 200),
        single=single,
        files=report.coverage,
        parts=parts,
        weaknesses=tuple(_weaknesses(report.findings, refs)),
        card=card,
        audited="dependencies" in report.stages,
    )


def _parts(inventory: Sequence[InventoryItem]) -> Iterator[Part]:
    """Yield each package once, with every file that names it, in the order of their names."""
    found: dict[str, list[tuple[InventoryItem, Part]]] = {}
    pinned: set[str] = set()
    for item in inventory:
        part = _part(item)
        if part is not None:
            found.setdefault(part.ref, []).append((item, part))
            pinned |= {package_named(part.name)} if item.kind is ItemKind.PACKAGE else set()
    for ref in sorted(found):
        item, part = found[ref][0]
        # What a model imports adds nothing where something says which version there is.
        if item.kind is ItemKind.IMPORT and package_named(part.name) in pinned:
            continue
        paths = dict.fromkeys(p for _, other in found[ref] for p in other.paths)
        licences = (other.licence for _, other in found[ref] if other.licence)
        yield Part(
            name=part.name,
            version=part.version,
            purl=part.purl,
            paths=tuple(sorted(paths)),
            licence=next(licences, None),
            sure=any(other.sure for _, other in found[ref]),
        )


def _part(item: InventoryItem) -> Part | None:
    name, version = shown(item.name, 200), item.version
    paths = (item.path,) if item.path else ()
    if item.kind is ItemKind.PACKAGE:
        known = published(item.name)  # what a file asks for by name alone
        purl = item.purl or (purls.purl_of("pypi", known, version) if known else "")
        sure = item.confidence is Confidence.HIGH
        return Part(
            name=name,
            version=shown(version, 100) if version else None,
            purl=purl,
            paths=paths,
            licence=licence_of(item.license),
            sure=sure,
        )
    package = published(item.name if item.kind is ItemKind.PRODUCER else _top(item.name))
    if item.kind is ItemKind.PRODUCER:
        purl = purls.purl_of("pypi", package, version) if package else ""
        told = shown(version, 100) if version else None
        return Part(name=package or name, version=told, purl=purl, paths=paths, sure=False)
    if package is None:
        return None
    purl = purls.purl_of("pypi", package)
    return Part(name=package, version=None, purl=purl, paths=paths, sure=False)


def _top(module: str) -> str:
    return module.partition(".")[0]


def _weaknesses(findings: Sequence[Finding], refs: set[str]) -> Iterator[Weakness]:
    for finding in findings:
        if finding.stage != "dependencies":
            continue
        evidence = finding.evidence
        names = tuple(n for n in finding.references if not n.startswith("CWE-"))
        purls_ = [str(p) for p in _list(evidence.get("purls")) if str(p) in refs]
        certain = finding.rule.startswith("vulnerable-dependency-")
        rated = certain and not finding.rule.endswith("-unknown")
        score, vector, waiver = (evidence.get(key) for key in ("score", "vector", "waiver"))
        for some in (names,) if certain else ((name,) for name in names):
            yield Weakness(
                names=some,
                severity=finding.severity if rated else None,
                score=float(score) if isinstance(score, int | float) else None,
                vector=vector if isinstance(vector, str) else None,
                message=shown(finding.message, _LONG),
                affects=tuple(purls_),
                certain=certain,
                fixed=tuple(str(v) for v in _list(evidence.get("fixed_in"))),
                fingerprint=finding.fingerprint,
                waiver=_texts(waiver) if isinstance(waiver, Mapping) else None,
            )


def _list(value: object) -> Sequence[object]:
    return value if isinstance(value, list | tuple) else ()


def _texts(table: Mapping[str, object]) -> dict[str, str]:
    return {key: shown(str(value), _LONG) for key, value in table.items()}
