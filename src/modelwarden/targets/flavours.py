"""What an MLflow folder says of itself: its flavours, from `MLmodel`, by the event parser alone."""

from __future__ import annotations

from pathlib import Path

from modelwarden.core import InputError
from modelwarden.formats.yamltree import parse

_LARGEST = 1 << 20
_HINT = "Name the folder that mlflow saved the model to."


def flavours_of(folder: Path) -> dict[str, dict[str, str]]:
    """Return the plain text entries of each flavour of an MLflow model folder.

    Raises:
        InputError: there is no `MLmodel`, or it is not the YAML that MLflow writes.
    """
    place = folder / "MLmodel"
    try:
        with place.open("rb") as stream:
            text = stream.read(_LARGEST).decode("utf-8", "replace")
    except OSError as error:
        raise InputError(f"{folder.name} holds no MLmodel file", hint=_HINT) from error
    try:
        tree = parse(text)
    except InputError as error:
        raise InputError(f"{folder.name}/MLmodel: {error.message}", hint=_HINT) from error
    found = tree.get("flavors") if isinstance(tree, dict) else None
    if not isinstance(found, dict):
        raise InputError(f"{folder.name}/MLmodel names no flavors", hint=_HINT)
    return {
        name: {k: v for k, v in entries.items() if isinstance(v, str)}
        for name, entries in found.items()
        if isinstance(entries, dict)
    }
