"""SPDX 2 as JSON, YAML and tag-value, and SPDX 3 as JSON-LD: the addresses of its packages.

Sources: SPDX 2.2 and 2.3, SPDX 3.0.1, https://spdx.github.io/spdx-spec/
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from modelwarden.dependencies.manifests.text import table, tables, texts

_TAG_VALUE = re.compile(r"(?m)^\s*SPDXVersion:\s*SPDX-2")
# What stands for the whole, and what is no package that somebody installs. Tuples, not sets: what
# a document has in such a place may be a list.
_ADDRESS = ("packageUrl", "packageURL", "purl")
_NO_PACKAGES = ("FILE", "CONTAINER", "ARCHIVE", "SOURCE", "DEVICE", "FIRMWARE", "OTHER")


def from_two(document: Mapping[str, object]) -> Iterator[str]:
    """Yield the addresses of the packages of an SPDX 2 document."""
    described = set(texts(document.get("documentDescribes")))
    for relation in tables(document.get("relationships")):
        if relation.get("relationshipType") == "DESCRIBES":
            described.add(str(relation.get("relatedSpdxElement")))
    for package in tables(document.get("packages")):
        purls = [
            str(reference.get("referenceLocator", ""))
            for reference in tables(package.get("externalRefs"))
            if reference.get("referenceType") == "purl"
        ]
        yield from purls
        whole = str(package.get("SPDXID")) in described
        if not purls and not whole and package.get("primaryPackagePurpose") not in _NO_PACKAGES:
            yield ""


def is_tag_value(head: str) -> bool:
    """Tell whether a text begins as a tag-value document does."""
    return _TAG_VALUE.search(head) is not None


def from_tag_value(text: str) -> Iterator[str]:
    """Yield the addresses of the packages of a tag-value document.

    What stands between `<text>` and `</text>` is prose, whatever its lines look like.
    """
    described = set(re.findall(r"(?m)^Relationship:\s*SPDXRef-DOCUMENT\s+DESCRIBES\s+(\S+)", text))
    open_: tuple[str, bool] | None = None  # the id of the package, and whether it has an address
    prose = False
    for line in [*text.split("\n"), "PackageName: end"]:
        if prose:
            prose = "</text>" not in line
            continue
        tag, colon, value = line.partition(":")
        tag, value = tag.strip(), value.strip()
        if not colon or line.lstrip().startswith("#"):
            continue
        prose = "<text>" in value and "</text>" not in value
        if tag in {"PackageName", "FileName", "SnippetSPDXID"}:
            if open_ and not open_[1] and open_[0] not in described:
                yield ""
            open_ = ("", False) if tag == "PackageName" else None
        elif open_ and tag == "SPDXID":
            open_ = (value, open_[1])
        elif open_ and tag == "PrimaryPackagePurpose" and value in _NO_PACKAGES:
            open_ = (open_[0], True)
        elif open_ and tag == "ExternalRef":
            words = value.split()
            if len(words) == 3 and words[1] == "purl":
                open_ = (open_[0], True)
                yield words[2]


def from_three(document: Mapping[str, object]) -> Iterator[str]:
    """Yield the addresses of the packages of an SPDX 3 document."""
    elements = list(tables(document.get("@graph")))
    roots = {root for element in elements for root in texts(element.get("rootElement"))}
    for element in elements:
        if isinstance(purl := element.get("software_packageUrl"), str):
            yield purl
            continue
        named = [
            str(one.get("identifier", ""))
            for one in tables(element.get("externalIdentifier"))
            if one.get("externalIdentifierType") in _ADDRESS
        ]
        yield from named
        package = element.get("type", element.get("@type")) == "software_Package"
        if package and not named and str(element.get("spdxId", element.get("@id"))) not in roots:
            purpose = str(table(element).get("software_primaryPurpose", "")).upper()
            if purpose not in _NO_PACKAGES:
                yield ""
