"""Bills of materials as lists of packages: CycloneDX and SPDX, in every form that is in use.

    JSON       CycloneDX 1.2 to 1.7, SPDX 2.2 and 2.3, SPDX 3.0 (JSON-LD)
    XML        CycloneDX
    tag-value  SPDX 2
    YAML       SPDX 2

Packages are told by their address (purl). Those of other ecosystems, and those that have none, are
counted and named as not audited.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from modelwarden.core import InputError
from modelwarden.dependencies import purls
from modelwarden.dependencies.manifests.boms import cyclonedx, spdx
from modelwarden.dependencies.manifests.conda import conda_package
from modelwarden.dependencies.manifests.requirements import named
from modelwarden.dependencies.manifests.text import json_document, table
from modelwarden.dependencies.packages import Manifest
from modelwarden.formats import yamltree

__all__ = ["addresses", "bom"]

_NONE = "no package address"


def bom(text: str, manifest: Manifest) -> None:
    """Read a document; components of other ecosystems are counted and named as not audited."""
    others: Counter[str] = Counter()
    seen: set[str] = set()
    for address in addresses(text):
        purl = purls.parse(address)
        if address and address in seen:
            continue
        seen.add(address)
        if purl.kind == "pypi":
            named(purl.name, purl.version, manifest)
        elif purl.kind == "conda":
            conda_package(purl.name, purl.version, manifest)
        else:
            others[purl.kind or _NONE] += 1
        if manifest.full:
            break
    if others:
        told = ", ".join(f"{kind[:40]} {count}" for kind, count in others.most_common(8))
        manifest.gap(f"components of other ecosystems are not audited: {told}")


def addresses(text: str) -> Iterable[str]:
    """Yield the package address of each component; an empty one for a component without.

    Raises:
        InputError: it is no bill of materials that we read.
    """
    head = text[:4_000].lstrip()
    if head.startswith("<"):
        return cyclonedx.from_xml(text)
    if head.startswith("{"):
        return _from_tree(json_document(text))
    if spdx.is_tag_value(head):
        return spdx.from_tag_value(text)
    tree = yamltree.parse(text)
    if isinstance(tree, dict) and "spdxVersion" in tree:
        return spdx.from_two(tree)
    raise InputError("neither a CycloneDX nor an SPDX document")


def _from_tree(found: object) -> Iterable[str]:
    document = table(found)
    wrapped = table(document.get("sbom"))  # as the dependency graph of GitHub hands it out
    if "spdxVersion" in wrapped:
        document = wrapped
    if document.get("bomFormat") == "CycloneDX":
        return cyclonedx.from_json(document)
    if "spdxVersion" in document:
        return spdx.from_two(document)
    if isinstance(document.get("@graph"), list):
        return spdx.from_three(document)
    raise InputError("neither a CycloneDX nor an SPDX document")
