"""CycloneDX and SPDX documents in JSON, as lists of packages by their package address (purl).

Sources: CycloneDX 1.4 to 1.7, SPDX 2.2, 2.3 and 3.0; https://github.com/package-url/purl-spec
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from urllib.parse import unquote

from modelwarden.core import InputError
from modelwarden.dependencies.manifests.requirements import named
from modelwarden.dependencies.manifests.text import json_document, table, tables
from modelwarden.dependencies.packages import Manifest


def bom(text: str, manifest: Manifest) -> None:
    """Read a document; components of other ecosystems are counted and named as not audited."""
    document = table(json_document(text))
    if document.get("bomFormat") == "CycloneDX":
        found = _cyclonedx(document)
    elif "spdxVersion" in document:
        found = _spdx2(document)
    elif isinstance(document.get("@graph"), list):
        found = _spdx3(document)
    else:
        raise InputError("neither a CycloneDX nor an SPDX document")
    others: Counter[str] = Counter()
    for purl in found:
        kind, name, version = parts_of(purl)
        if kind == "pypi":
            named(name, version, manifest)
        else:
            others[kind or "no package address"] += 1
    if others:
        told = ", ".join(f"{kind[:40]} {count}" for kind, count in others.most_common(8))
        manifest.gap(f"components of other ecosystems are not audited: {told}")


def parts_of(purl: str) -> tuple[str, str, str]:
    """Return type, name and version of a package address.

    >>> parts_of("pkg:pypi/Scikit-Learn@1.0.2%2Blocal?arch=x86")
    ('pypi', 'Scikit-Learn', '1.0.2+local')
    """
    bare = purl.removeprefix("pkg:").partition("#")[0].partition("?")[0]
    path, _, version = bare.partition("@")
    kind, _, name = path.strip("/").partition("/")
    return kind.lower(), unquote(name.rpartition("/")[2]), unquote(version)


def _cyclonedx(document: Mapping[str, object]) -> Iterator[str]:
    waiting = [document]
    while waiting:
        for component in tables(waiting.pop().get("components")):
            if "components" in component:
                waiting.append(component)
            if isinstance(purl := component.get("purl"), str):
                yield purl
            elif component.get("type") in {"library", "framework", "operating-system"}:
                yield ""


def _spdx2(document: Mapping[str, object]) -> Iterator[str]:
    for package in tables(document.get("packages")):
        for reference in tables(package.get("externalRefs")):
            if reference.get("referenceType") == "purl":
                yield str(reference.get("referenceLocator", ""))


def _spdx3(document: Mapping[str, object]) -> Iterator[str]:
    for element in tables(document.get("@graph")):
        if isinstance(purl := element.get("software_packageUrl"), str):
            yield purl
