"""pip-audit's JSON: dependencies with their weaknesses, and those that it skipped.

Source: https://github.com/pypa/pip-audit, its formatter; before 1.1 a list alone
"""

from __future__ import annotations

from modelwarden.dependencies.imports.result import Reading, Table
from modelwarden.dependencies.manifests.text import tables, texts


def take(document: Table, reading: Reading) -> None:
    """Read a document; what pip-audit skipped is named, whatever its own exit code was."""
    reading.by("pip-audit")
    count = 0
    for entry in tables(document.get("dependencies")):
        count += 1
        if "skip_reason" in entry:
            reading.gap(f"pip-audit skipped {entry.get('name')}: {entry.get('skip_reason')}")
            continue
        package = reading.package(entry.get("name"), entry.get("version"), kind="pypi")
        for flaw in tables(entry.get("vulns")):
            reading.strike(
                package,
                flaw.get("id"),
                aliases=texts(flaw.get("aliases")),
                summary=flaw.get("description"),
                fixed=texts(flaw.get("fix_versions")),
            )
    if count == 0:
        reading.gap("it names no package, so nothing was audited")
