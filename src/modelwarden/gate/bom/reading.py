"""What a bill of materials tells, read for comparison: ours, and those of others in JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field

from modelwarden.core import InputError, Severity
from modelwarden.core.values import dataclass
from modelwarden.dependencies import purls
from modelwarden.dependencies.manifests.text import table, tables, texts
from modelwarden.dependencies.names import normal_name

Table = Mapping[str, object]

MODEL = "the model"
STATED = "licence as stated: "
_SETTLED = {"not_affected", "resolved", "resolved_with_pedigree", "false_positive"}
_DEPTH = 100
_LIBRARIES = {"library", "framework"}
_MEASUREMENT = "modelwarden:measurement"


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """A component by the address that it keeps through its versions."""

    key: str
    versions: frozenset[str] = frozenset()
    digests: frozenset[str] = frozenset()
    licences: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Flaw:
    """One weakness of one component.

    Attributes:
        severity: as it is worded; `unknown` when nobody rated it.
        settled: it was decided that it does no harm, or is fixed.
    """

    id: str
    names: frozenset[str]
    key: str
    severity: str = "unknown"
    settled: bool = False

    @property
    def counts_as(self) -> Severity:
        """Return the severity to judge by: high, when nobody rated it."""
        known = {severity.value for severity in Severity}
        return Severity(self.severity) if self.severity in known else Severity.HIGH


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One measure of the model, as text.

    Attributes:
        higher_is_better: None where the document does not tell.
    """

    name: str
    where: str
    value: str
    low: str = ""
    high: str = ""
    higher_is_better: bool | None = None


@dataclass(slots=True)
class Told:
    """What a document tells.

    Attributes:
        audited: it has a list of vulnerabilities, be it an empty one.
        incomplete: it says so itself.
    """

    components: dict[str, Component] = field(default_factory=dict)
    flaws: list[Flaw] = field(default_factory=list)
    measures: dict[str, Measure] = field(default_factory=dict)
    audited: bool = False
    incomplete: bool = False

    def add(self, key: str, version: str, digests: Sequence[str], licences: Sequence[str]) -> None:
        """Keep a component; several versions of one package are one component."""
        old = self.components.get(key, Component(key=key))
        self.components[key] = Component(
            key=key,
            versions=old.versions | ({version} if version else set()),
            digests=old.digests | set(digests),
            licences=old.licences | set(licences),
        )

    def measure(self, measure: Measure) -> None:
        """Keep a measure."""
        self.measures[f"{measure.name}\0{measure.where}"] = measure


def told(document: Table) -> Told:
    """Return what a document tells.

    Raises:
        InputError: it is neither CycloneDX nor SPDX.
    """
    if document.get("bomFormat") == "CycloneDX":
        return _cyclonedx(document)
    if isinstance(document.get("@graph"), list):
        return _spdx3(document)
    if "spdxVersion" in document:
        return _spdx2(document)
    raise InputError("neither a CycloneDX nor an SPDX document")


def _text(value: object) -> str:
    return value[:2_000] if isinstance(value, str) else ""


def _digest(algorithm: object, value: object) -> str:
    """Return a digest as it is compared, however a document spells its algorithm."""
    return f"{_text(algorithm).lower().replace('-', '')}:{_text(value).lower()}"


def key_of(address: str, kind: str, name: str) -> str:
    """Return what names a component through its versions."""
    purl = purls.parse(address)
    if not purl.kind:
        return f"{'package' if kind in _LIBRARIES else kind} {name}"
    plain = normal_name(purl.name) if purl.kind == "pypi" else purl.name
    return "/".join(part for part in (f"pkg:{purl.kind}", purl.namespace, plain) if part)


def _cyclonedx(document: Table) -> Told:
    result = Told(audited="vulnerabilities" in document)
    root = table(table(document.get("metadata")).get("component"))
    refs: dict[str, str] = {}
    _component(root, MODEL, result, refs)
    waiting = [(document, 0), (root, 0)]
    while waiting:
        holder, depth = waiting.pop()
        for one in tables(holder.get("components")) if depth < _DEPTH else ():
            key = key_of(_text(one.get("purl")), _text(one.get("type")), _text(one.get("name")))
            _component(one, key, result, refs)
            waiting.append((one, depth + 1))
    aggregates = [part.get("aggregate") for part in tables(document.get("compositions"))]
    result.incomplete = any(str(a).startswith("incomplete") for a in aggregates)
    _card(table(root.get("modelCard")), result)
    for entry in tables(document.get("vulnerabilities")):
        result.flaws += _flaws(entry, refs)
    return result


def _component(one: Table, key: str, result: Told, refs: dict[str, str]) -> None:
    if not one:
        return
    if isinstance(ref := one.get("bom-ref"), str):
        refs[ref] = key
    version = _text(one.get("version")) or purls.parse(_text(one.get("purl"))).version
    digests = [_digest(h.get("alg"), h.get("content")) for h in tables(one.get("hashes"))]
    digests += [
        _text(p.get("value"))
        for p in tables(one.get("properties"))
        if p.get("name") == "modelwarden:digest"
    ]
    licences = []
    for choice in tables(one.get("licenses")):
        inner = table(choice.get("license"))
        licences.append(_text(choice.get("expression") or inner.get("id") or inner.get("name")))
    result.add(key, "" if key == MODEL else version, digests, licences)


def _card(card: Table, result: Told) -> None:
    analysis = table(card.get("quantitativeAnalysis"))
    directions = dict(_directions(card))
    for metric in tables(analysis.get("performanceMetrics")):
        interval = table(metric.get("confidenceInterval"))
        name = _text(metric.get("type"))
        result.measure(
            Measure(
                name=name,
                where=_text(metric.get("slice")),
                value=_text(metric.get("value")),
                low=_text(interval.get("lowerBound")),
                high=_text(interval.get("upperBound")),
                higher_is_better=directions.get(name),
            )
        )


def _directions(card: Table) -> Iterator[tuple[str, bool]]:
    for one in tables(card.get("properties")):
        if one.get("name") == _MEASUREMENT:
            try:
                whole = table(json.loads(_text(one.get("value"))))
            except (ValueError, RecursionError):
                continue
            if isinstance(better := whole.get("higher_is_better"), bool):
                yield _text(whole.get("name")), better


def _flaws(entry: Table, refs: Mapping[str, str]) -> Iterator[Flaw]:
    name = _text(entry.get("id"))
    names = {name, *(_text(r.get("id")) for r in tables(entry.get("references")))}
    words = {_text(r.get("severity")) for r in tables(entry.get("ratings"))}
    state = table(entry.get("analysis")).get("state")
    targets = [_text(a.get("ref")) for a in tables(entry.get("affects"))]
    for key in dict.fromkeys(_target(ref, refs) for ref in targets or [""]):
        yield Flaw(
            id=name,
            names=frozenset(names - {""}),
            key=key,
            severity=_worst(words),
            settled=state in _SETTLED,
        )


def _target(ref: str, refs: Mapping[str, str]) -> str:
    """Return the key of what a reference names; `urn:cdx:…#ref` names it in another document."""
    bare = ref.partition("#")[2] if ref.startswith("urn:cdx:") else ref
    return refs.get(bare) or key_of(bare, "component", bare) if bare else MODEL


def _worst(words: set[str]) -> str:
    order = ("critical", "high", "medium", "low", "info", "none")
    return next((word for word in order if word in words), "unknown")


def _spdx2(document: Table) -> Told:
    result = Told()
    for package in tables(document.get("packages")):
        purl = next(
            (
                _text(r.get("referenceLocator"))
                for r in tables(package.get("externalRefs"))
                if r.get("referenceType") == "purl"
            ),
            "",
        )
        digests = [
            _digest(c.get("algorithm"), c.get("checksumValue"))
            for c in tables(package.get("checksums"))
        ]
        stated = _text(package.get("licenseDeclared"))
        licences = [stated] if stated not in {"", "NOASSERTION"} else []
        key = key_of(purl, "package", _text(package.get("name")))
        version = _text(package.get("versionInfo")) or purls.parse(purl).version
        result.add(key, version, digests, licences)
    return result


_KINDS = {
    "software_Package": "package",
    "software_File": "file",
    "ai_AIPackage": "model",
    "dataset_DatasetPackage": "data",
}


def _spdx3(document: Table) -> Told:
    result = Told()
    elements = {_text(e.get("spdxId")): e for e in tables(document.get("@graph"))}
    sboms = [e for e in elements.values() if e.get("type") == "software_Sbom"]
    roots = {root for one in sboms for root in texts(one.get("rootElement"))}
    keys: dict[str, str] = {}
    for id_, one in elements.items():
        if kind := _KINDS.get(_text(one.get("type"))):
            purl, name = _text(one.get("software_packageUrl")), _text(one.get("name"))
            keys[id_] = MODEL if id_ in roots else key_of(purl, kind, name)
            digests = [
                _digest(h.get("algorithm"), h.get("hashValue"))
                for h in tables(one.get("verifiedUsing"))
            ]
            version = _text(one.get("software_packageVersion"))
            if id_ in roots:  # of a model the version is its digest
                digests, version = [*digests, *([version] if version else [])], ""
            stated = _text(one.get("comment"))
            licences = [stated.removeprefix(STATED)] if stated.startswith(STATED) else []
            result.add(keys[id_], version, digests, licences)
            for metric in tables(one.get("ai_metric")):
                name, _, where = _text(metric.get("key")).partition(" @ ")
                result.measure(Measure(name=name, where=where, value=_text(metric.get("value"))))
    _relations(elements, keys, result)
    return result


def _relations(elements: Mapping[str, Table], keys: Mapping[str, str], result: Told) -> None:
    words: dict[tuple[str, str], str] = {}
    states: dict[tuple[str, str], bool] = {}
    for one in elements.values():
        kind, source = _text(one.get("type")), _text(one.get("from"))
        result.incomplete |= one.get("completeness") == "incomplete"
        for target in texts(one.get("to")):
            key = keys.get(target, target)
            if kind.startswith("security_Cvss"):
                words[source, key] = _text(one.get("security_severity"))
            elif kind.startswith("security_Vex"):
                states[source, key] = "NotAffected" in kind or "Fixed" in kind
            elif kind == "Relationship" and one.get("relationshipType") == "hasDeclaredLicense":
                stated = table(elements.get(target)).get("simplelicensing_licenseExpression")
                if source in keys and isinstance(stated, str):
                    result.add(keys[source], "", [], [stated])
    # A document says in its comment when it was not audited; only ours has this comment.
    told_not = "not held against known vulnerabilities"
    spoken = any(told_not in _text(e.get("comment")) for e in elements.values())
    result.audited = bool(states) or not spoken
    for (source, key), settled in states.items():
        flaw = table(elements.get(source))
        inner = tables(flaw.get("externalIdentifier"))
        names = {_text(flaw.get("name")), *(_text(i.get("identifier")) for i in inner)}
        result.flaws.append(
            Flaw(
                id=_text(flaw.get("name")),
                names=frozenset(names - {""}),
                key=key,
                severity=words.get((source, key)) or "unknown",
                settled=settled,
            )
        )
