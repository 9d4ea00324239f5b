"""Grype's JSON: matches of packages and weaknesses.

Source: https://github.com/anchore/grype, its JSON schema
"""

from __future__ import annotations

from modelwarden.dependencies.imports.result import Reading, Table
from modelwarden.dependencies.manifests.text import table, tables, texts


def take(document: Table, reading: Reading) -> None:
    """Read a document."""
    descriptor = table(document.get("descriptor"))
    reading.by("Grype", descriptor.get("version"))
    database = table(descriptor.get("db"))
    built = database.get("built") or table(database.get("status")).get("built")
    if isinstance(built, str):
        reading.notes.append(f"{reading.name}: the database of Grype was built {built[:19]!a}")
    for match in tables(document.get("matches")):
        _match(match, reading)
    reading.ignored += sum(1 for _ in tables(document.get("ignoredMatches")))


def _match(match: Table, reading: Reading) -> None:
    artifact, flaw = table(match.get("artifact")), table(match.get("vulnerability"))
    places = [place.get("path") for place in tables(artifact.get("locations"))]
    package = reading.package(
        artifact.get("name"),
        artifact.get("version"),
        kind=artifact.get("type"),
        purl=artifact.get("purl"),
        target=next(texts(places), None),
    )
    related = list(tables(match.get("relatedVulnerabilities")))
    rated = [
        (table(cvss.get("metrics")).get("baseScore"), cvss.get("vector"))
        for record in (flaw, *related)
        for cvss in tables(record.get("cvss"))
    ]
    reading.strike(
        package,
        flaw.get("id"),
        aliases=[one.get("id") for one in related],
        summary=flaw.get("description") or next((r.get("description") for r in related), ""),
        word=flaw.get("severity"),
        rated=rated,
        fixed=texts(table(flaw.get("fix")).get("versions")),
    )
