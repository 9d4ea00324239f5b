"""Results of other scanners, read into the words of our own: packages, and what strikes them.

    osv-scanner, Trivy, Grype, pip-audit: JSON, SARIF 2.1.0 or CycloneDX ──read──▶ Imported

An import only ever adds. It is joined with ours by the ids of weaknesses, the worse rating counts,
and packages of PyPI that it names are held against our index too. What a tool says that it left
out, or could not do, is told as loudly as what it found.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

from modelwarden.core import InputError
from modelwarden.dependencies.imports.result import Imported, Reading
from modelwarden.dependencies.manifests.text import json_document, table, tables

if TYPE_CHECKING:
    from modelwarden.dependencies.imports.result import Table

__all__ = ["Imported", "read"]

LARGEST = 64 << 20  # bytes of one file
_HINT = "Give the JSON, SARIF or CycloneDX result of osv-scanner, Trivy, Grype or pip-audit."


class _Module(Protocol):
    def take(self, document: Table, reading: Reading) -> None:
        """Read a document of one tool."""


def read(path: Path) -> Imported:
    """Return what the file at `path` tells.

    Raises:
        InputError: it cannot be read, or is no result of a tool that we know.
    """
    shown = str(path)
    try:
        with path.open("rb") as stream:
            data = stream.read(LARGEST + 1)
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise InputError(f"cannot read {shown}: {why}", hint="Check --import.") from error
    if len(data) > LARGEST:
        raise InputError(f"{shown}: larger than {LARGEST} bytes", hint="Split it by target.")
    try:
        found = json_document(data.decode("utf-8-sig"))
    except (InputError, UnicodeDecodeError) as error:
        raise InputError(f"{shown}: {str(error)[:200]}", hint=_HINT) from error
    kind = _kind(found)
    if kind is None:
        raise InputError(f"{shown} is no result of a scanner that is known", hint=_HINT)
    document = found if isinstance(found, Mapping) else {"dependencies": found}
    reading = Reading(path.name, kind.replace("_", "-"))
    cast("_Module", import_module(f"{__name__}.{kind}")).take(document, reading)
    return reading.done(size=len(data), sha256=hashlib.sha256(data).hexdigest())


def _kind(found: object) -> str | None:
    """Return the module that reads a document, told by what only that tool writes."""
    document = table(found)
    results = document.get("results")
    marks = {
        "sarif": isinstance(document.get("runs"), list) and "version" in document,
        "cyclonedx": document.get("bomFormat") == "CycloneDX",
        "grype": isinstance(document.get("matches"), list) and "descriptor" in document,
        "trivy": "SchemaVersion" in document or "ClusterName" in document,
        "osv_scanner": isinstance(results, list)
        and all(isinstance(table(r).get("packages"), list) for r in results),
        "pip_audit": _is_audit(document.get("dependencies") if document else found),
    }
    return next((kind for kind, fits in marks.items() if fits), None)


def _is_audit(found: object) -> bool:
    return (
        isinstance(found, list)
        and all("name" in one and ("vulns" in one or "skip_reason" in one) for one in tables(found))
        and len(found) == sum(1 for _ in tables(found))
    )
