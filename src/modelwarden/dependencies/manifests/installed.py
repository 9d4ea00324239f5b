"""An installed package: the head of its core metadata (PEP 566 and its followers, PEP 639)."""

from __future__ import annotations

import posixpath

from modelwarden.dependencies.manifests.requirements import named
from modelwarden.dependencies.packages import Manifest

_ONCE = {"name", "version", "license", "license-expression"}
_CLASSIFIER = "License :: "
_LONGEST = 200  # what is longer is the text of a licence, not its name


def metadata(text: str, manifest: Manifest) -> None:
    """Read METADATA or PKG-INFO: name and version stand in the headers, before an empty line."""
    fields: dict[str, str] = {}
    classified: list[str] = []
    for line in text.partition("\n\n")[0].split("\n"):
        key, colon, value = line.partition(":")
        if colon and key.lower() in _ONCE:
            fields.setdefault(key.lower(), value.strip())
        elif key.lower() == "classifier" and value.strip().startswith(_CLASSIFIER):
            classified.append(value.rpartition(" :: ")[2].strip())
    if "name" not in fields:
        manifest.unreadable("no metadata of a package: it gives no name")
        return
    stated = _license(fields, classified)
    named(fields["name"], fields.get("version", ""), manifest, license=stated)


def folder(_: str, manifest: Manifest) -> None:
    """Read an installation that lost its metadata: by the name of its folder."""
    name = posixpath.basename(posixpath.dirname(manifest.path)).removesuffix(".dist-info")
    project, _, version = name.partition("-")
    named(project, version, manifest)


def _license(fields: dict[str, str], classified: list[str]) -> str:
    """Return what the package says of its licence: the expression, the short name, the class."""
    stated = (fields.get("license-expression", ""), fields.get("license", ""), *classified)
    named_ = (text for text in stated if text and text.upper() != "UNKNOWN")
    return next((t for t in named_ if len(t) <= _LONGEST and t.isprintable()), "")
