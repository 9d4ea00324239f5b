"""An installed package: the head of its core metadata (PEP 566 and its followers)."""

from __future__ import annotations

from modelwarden.dependencies.manifests.requirements import named
from modelwarden.dependencies.packages import Manifest


def metadata(text: str, manifest: Manifest) -> None:
    """Read METADATA or PKG-INFO: name and version stand in the headers, before an empty line."""
    fields: dict[str, str] = {}
    for line in text.partition("\n\n")[0].split("\n"):
        key, colon, value = line.partition(":")
        if colon and key.lower() in {"name", "version"}:
            fields.setdefault(key.lower(), value.strip())
    if "name" not in fields:
        manifest.unreadable("no metadata of a package: it gives no name")
        return
    named(fields["name"], fields.get("version", ""), manifest)
