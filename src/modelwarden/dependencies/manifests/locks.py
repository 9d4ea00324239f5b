"""Lock files: every package with its exact version.

Sources: PEP 751 (pylock.toml); the formats of poetry 2, uv 0.9 and pdm 2.
"""

from __future__ import annotations

from collections.abc import Mapping

from modelwarden.core import InputError
from modelwarden.dependencies.manifests.requirements import named
from modelwarden.dependencies.manifests.text import json_document, table, tables, toml
from modelwarden.dependencies.packages import Manifest

_OWN = ("editable", "virtual", "directory")


def packages(text: str, manifest: Manifest) -> None:
    """Read poetry.lock, uv.lock and pdm.lock: an array of tables `package`."""
    _entries(toml(text), "package", manifest)


def pylock(text: str, manifest: Manifest) -> None:
    """Read pylock.toml: an array of tables `packages`, in which a version may be missing."""
    _entries(toml(text), "packages", manifest)


def _entries(document: Mapping[str, object], key: str, manifest: Manifest) -> None:
    for entry in tables(document.get(key)):
        source = table(entry.get("source"))
        own = source.get("type") == "directory" or any(word in source for word in _OWN)
        name = str(entry.get("name", ""))
        if own or "directory" in entry:
            continue  # the project itself, or one beside it, with a manifest of its own
        named(name, str(entry.get("version", "")), manifest)


def pipfile_lock(text: str, manifest: Manifest) -> None:
    """Read Pipfile.lock: a group of packages under every key but `_meta`."""
    document = json_document(text)
    if not isinstance(document, dict):
        raise InputError("no Pipfile.lock: no object")
    for group, entries in document.items():
        if group == "_meta":
            continue
        for name, entry in table(entries).items():
            version = str(table(entry).get("version", "")).removeprefix("==")
            named(name, version, manifest)
