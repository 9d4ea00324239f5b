"""osv-scanner's JSON: per source its packages, each with the OSV records that strike it.

Source: https://google.github.io/osv-scanner/output/, versions 1 and 2
"""

from __future__ import annotations

from collections.abc import Iterator

from modelwarden.dependencies.imports.result import Reading, Table
from modelwarden.dependencies.manifests.text import table, tables, texts
from modelwarden.dependencies.scores import scored


def take(document: Table, reading: Reading) -> None:
    """Read a document."""
    reading.by("osv-scanner")
    for result in tables(document.get("results")):
        target = table(result.get("source")).get("path")
        for entry in tables(result.get("packages")):
            _package(entry, target, reading)


def _package(entry: Table, target: object, reading: Reading) -> None:
    told = table(entry.get("package"))
    package = reading.package(
        told.get("name") or told.get("commit"),
        told.get("version"),
        kind=told.get("ecosystem"),
        target=target,
    )
    groups = list(tables(entry.get("groups")))
    met: set[str] = set()
    for record in tables(entry.get("vulnerabilities")):
        id_ = str(record.get("id", ""))
        group = next((g for g in groups if id_ in texts(g.get("ids"))), {})
        found = scored(record)
        reading.strike(
            package,
            id_,
            aliases=[*texts(record.get("aliases")), *_others(group, id_)],
            summary=record.get("summary") or record.get("details"),
            word=found.word if found else None,
            rated=[(found.score, found.vector) if found else (_score(group), None)],
            fixed=_fixed(record, told.get("name")),
        )
        met.add(id_)
    for group in groups:  # what is told without its record
        ids = [id_ for id_ in texts(group.get("ids")) if id_ not in met]
        if ids and met.isdisjoint(texts(group.get("ids"))):
            reading.strike(
                package, ids[0], aliases=_others(group, ids[0]), rated=[(_score(group), None)]
            )


def _others(group: Table, id_: str) -> list[str]:
    names = [*texts(group.get("ids")), *texts(group.get("aliases"))]
    return [name for name in names if name != id_]


def _score(group: Table) -> float | None:
    try:
        return float(str(group.get("max_severity") or ""))
    except ValueError:
        return None


def _fixed(record: Table, name: object) -> Iterator[str]:
    for affected in tables(record.get("affected")):
        if table(affected.get("package")).get("name") == name:
            for part in tables(affected.get("ranges")):
                if part.get("type") != "GIT":
                    yield from texts([event.get("fixed") for event in tables(part.get("events"))])
