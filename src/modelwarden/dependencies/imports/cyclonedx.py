"""CycloneDX with vulnerabilities, as Trivy, Grype and pip-audit also write their results.

Source: https://cyclonedx.org/docs/1.6/json/
"""

from __future__ import annotations

from modelwarden.dependencies.imports.result import Reading, Table
from modelwarden.dependencies.manifests.text import table, tables
from modelwarden.dependencies.packages import Package

# Tuples, not sets: what a document has in a place may be a list.
_SETTLED = ("not_affected", "false_positive", "resolved", "resolved_with_pedigree")


def take(document: Table, reading: Reading) -> None:
    """Read a document."""
    tools = table(document.get("metadata")).get("tools")
    named = next(tables(table(tools).get("components") or tools), {})
    reading.by(named.get("name") or "CycloneDX", named.get("version"))
    refs: dict[str, Package | None] = {}
    waiting = [document]
    while waiting:
        for one in tables(waiting.pop().get("components")):
            waiting.append(one)
            purl = one.get("purl")
            if isinstance(purl, str):
                made = reading.package(one.get("name"), one.get("version"), purl=purl)
                refs[str(one.get("bom-ref") or purl)] = made
    if "vulnerabilities" not in document:
        reading.gap("it has no list of vulnerabilities, so it tells of none")
    for flaw in tables(document.get("vulnerabilities")):
        if table(flaw.get("analysis")).get("state") in _SETTLED:
            reading.ignored += 1
        else:
            _strike(flaw, refs, reading)


def _strike(flaw: Table, refs: dict[str, Package | None], reading: Reading) -> None:
    ratings = list(tables(flaw.get("ratings")))
    words = [str(r.get("severity")) for r in ratings]
    order = ("critical", "high", "medium", "low")
    met = False
    for affected in tables(flaw.get("affects")):
        package = refs.get(str(affected.get("ref")))
        met = met or package is not None
        reading.strike(
            package,
            flaw.get("id"),
            aliases=[r.get("id") for r in tables(flaw.get("references"))],
            summary=flaw.get("description"),
            word=next((word for word in order if word in words), None),
            rated=[(r.get("score"), r.get("vector")) for r in ratings],
        )
    if not met:
        reading.unread["weaknesses"] += 1
