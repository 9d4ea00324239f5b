"""OSV records for tests, built field by field."""

from __future__ import annotations

import json
from pathlib import Path

from modelwarden.dependencies.build import build
from modelwarden.dependencies.index import Index


def record(name="PYSEC-1", package="torch", events=(), versions=(), **fields) -> dict:
    """Return one record; `events` are (kind, version) of one range."""
    entry: dict = {"package": {"ecosystem": fields.pop("ecosystem", "PyPI"), "name": package}}
    if events:
        told = [{kind: version} for kind, version in events]
        entry["ranges"] = [{"type": "ECOSYSTEM", "events": told}]
    if versions:
        entry["versions"] = list(versions)
    return {
        "id": name,
        "modified": "2026-01-01T00:00:00Z",
        "aliases": [],
        "details": "something is wrong",
        "affected": [entry],
        **fields,
    }


def index_of(folder: Path, *records: dict) -> Path:
    """Return an index of the records."""
    path = folder / "advisories.sqlite"
    build(records, path, replace=True)
    return path


def names(path: Path, package: str, ecosystem: str = "PyPI") -> list[str]:
    with Index(path) as index:
        return [row.id for row in index.rows(package, ecosystem)]


def lines(*records: dict) -> bytes:
    return b"".join(json.dumps(r).encode() + b"\n" for r in records)
