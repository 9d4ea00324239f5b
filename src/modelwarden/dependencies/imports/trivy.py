"""Trivy's JSON: results by target, operating-system packages among them.

Source: https://trivy.dev/latest/docs/configuration/reporting/, schema version 2
"""

from __future__ import annotations

from collections.abc import Iterator

from modelwarden.dependencies.imports.result import Reading, Table
from modelwarden.dependencies.manifests.text import table, tables


def take(document: Table, reading: Reading) -> None:
    """Read a document."""
    reading.by("Trivy", table(document.get("Trivy")).get("Version"))
    system = table(table(document.get("Metadata")).get("OS"))
    if system.get("EOSL") is True:
        named = f"{system.get('Family')} {system.get('Name')}"
        reading.gap(f"{named} is past its end of life: nobody reports its weaknesses any more")
    for result in _results(document):
        target, kind = result.get("Target"), result.get("Type")
        for one in tables(result.get("Packages")):
            purl = table(one.get("Identifier")).get("PURL")
            reading.package(one.get("Name"), _version(one), kind=kind, purl=purl, target=target)
        for flaw in tables(result.get("Vulnerabilities")):
            _strike(flaw, kind, target, reading)
        reading.ignored += sum(
            1
            for one in tables(result.get("ExperimentalModifiedFindings"))
            if one.get("Type") == "vulnerability"
        )


def _results(document: Table) -> Iterator[Table]:
    yield from tables(document.get("Results"))
    for resource in tables(document.get("Resources")):  # of a cluster
        yield from tables(resource.get("Results"))


def _version(one: Table) -> object:
    """Return the version as a distribution writes it, with epoch and release."""
    version, release, epoch = one.get("Version"), one.get("Release"), one.get("Epoch")
    if isinstance(version, str) and isinstance(release, str) and release:
        version = f"{version}-{release}"
    return f"{epoch}:{version}" if isinstance(epoch, int) and epoch else version


def _strike(flaw: Table, kind: object, target: object, reading: Reading) -> None:
    package = reading.package(
        flaw.get("PkgName"),
        flaw.get("InstalledVersion"),
        kind=kind,
        purl=table(flaw.get("PkgIdentifier")).get("PURL"),
        target=flaw.get("PkgPath") or target,
    )
    rated: list[tuple[object, object]] = []
    for source in table(flaw.get("CVSS")).values():
        for version in ("V3", "V40"):
            score = table(source).get(f"{version}Score")
            rated.append((score, table(source).get(f"{version}Vector")))
    vendor = flaw.get("VendorIDs")
    reading.strike(
        package,
        flaw.get("VulnerabilityID"),
        aliases=vendor if isinstance(vendor, list) else (),
        summary=flaw.get("Title") or flaw.get("Description"),
        word=flaw.get("Severity"),
        rated=rated,
        fixed=str(flaw.get("FixedVersion") or "").split(","),
    )
