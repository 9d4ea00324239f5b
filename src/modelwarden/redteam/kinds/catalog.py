"""The kinds of seeds that are built. A kind is registered by a line here."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from modelwarden.core import InputError, UnknownNameError

if TYPE_CHECKING:
    from modelwarden.redteam.kinds.kind import Kind

# Asked in this order which of them claims a path.
KINDS: dict[str, str] = {
    "pages": "modelwarden.redteam.phishing.kind:PAGES",
    "urls": "modelwarden.redteam.phishing.addresses_kind:URLS",
    "texts": "modelwarden.redteam.kinds.texts:TEXTS",
    "arrays": "modelwarden.redteam.kinds.arrays:ARRAYS",
    "tables": "modelwarden.redteam.kinds.tables:TABLES",
    "faces": "modelwarden.redteam.faces.kind:FACES",
}


def kind_named(name: str) -> Kind:
    """Return a kind.

    Raises:
        UnknownNameError: there is none of this name.
    """
    if name not in KINDS:
        raise UnknownNameError("kind of seeds", name, KINDS)
    module, _, attribute = KINDS[name].partition(":")
    found: Kind = getattr(import_module(module), attribute)
    return found


def kind_of(path: Path, shown: str, named: str | None) -> Kind:
    """Return the kind of what lies at a path.

    Raises:
        InputError: nothing lies there, or nobody claims it.
        UnknownNameError: `named` is no kind.
    """
    if not path.exists():
        raise InputError(
            f"seeds.path = {shown!r} does not exist",
            hint="Check the spelling; paths are relative to the campaign file.",
        )
    if path.is_dir() and not any(p.is_file() for p in path.rglob("*")):
        raise InputError(
            f"seeds.path = {shown!r} is an empty folder",
            hint="Put what is to be disguised there, a file each.",
        )
    if named is not None:
        return kind_named(named)
    for name in KINDS:
        kind = kind_named(name)
        if kind.claims(path):
            return kind
    raise InputError(
        f"nothing in seeds.path = {shown!r} is a seed of a known kind",
        hint=f"Say which with seeds.kind: {', '.join(KINDS)}.",
    )
