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
    """Read uv.lock and pdm.lock: an array of tables `package`."""
    _entries(toml(text), "package", manifest)


def poetry(text: str, manifest: Manifest) -> None:
    """Read poetry.lock: the same, and behind it what it is the lock of."""
    document = toml(text)
    _entries(document, "package", manifest)
    if "package" in document and "metadata" not in document:
        manifest.unreadable("it breaks off: the end of a poetry.lock is missing")


def pylock(text: str, manifest: Manifest) -> None:
    """Read pylock.toml: an array of tables `packages`, in which a version may be missing."""
    _entries(toml(text), "packages", manifest)


def _entries(document: Mapping[str, object], key: str, manifest: Manifest) -> None:
    for entry in tables(document.get(key)):
        place = _place(entry)
        version = str(entry.get("version", ""))
        if place in {".", ""} or (place and not version):
            continue  # the project itself, or one beside it, with a manifest of its own
        named(str(entry.get("name", "")), version, manifest)


def _place(entry: Mapping[str, object]) -> str | None:
    """Return the folder that a package is taken from; None for any other source."""
    source = table(entry.get("source"))
    if "directory" in entry:
        return str(table(entry["directory"]).get("path", ""))
    if source.get("type") == "directory":
        return str(source.get("url", ""))
    return next((str(source[word]) for word in _OWN if word in source), None)


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
