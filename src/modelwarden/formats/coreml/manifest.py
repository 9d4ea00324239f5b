"""The manifest of a Core ML package: which file is the model, and where the others lie."""

from __future__ import annotations

from modelwarden.core import GapKind
from modelwarden.formats.jsontree import tree
from modelwarden.formats.limits import LimitExceededError, Limits
from modelwarden.formats.network import Network, NetworkNotes
from modelwarden.formats.source import Source
from modelwarden.formats.view import DamagedError

_WORDS = ("name", "author", "description")


def read(source: Source, limits: Limits) -> Network:
    """Collect the paths of all items; text that a package reader could not read is a gap."""
    notes = NetworkNotes(source)
    try:
        manifest = tree(source, limits, "a manifest")
        if isinstance(manifest, dict):
            _items(manifest, notes)
    except DamagedError as damage:
        notes.note(damage.why, at=damage.offset)
    except LimitExceededError as over:
        notes.note(str(over), GapKind.OVER_LIMIT)
    return Network(
        source=source,
        format="coreml-manifest",
        gaps=tuple(notes.gaps),
        metadata=tuple(notes.metadata),
        faults=tuple(notes.faults),
        places=tuple(notes.places),
    )


def _items(manifest: dict[str, object], notes: NetworkNotes) -> None:
    items = manifest.get("itemInfoEntries")
    if not isinstance(items, dict):
        notes.fault("items", "", "a manifest without a table of items")
        return
    root = manifest.get("rootModelIdentifier")
    if not isinstance(root, str) or root not in items:
        notes.fault("root", "", "the root model is none of the items")
    for name, item in items.items():
        path = item.get("path") if isinstance(item, dict) else None
        if not isinstance(item, dict) or not isinstance(path, str) or not path:
            notes.fault("item", str(name), f"the item {str(name)[:80]!r} has no path")
            continue
        notes.place(f"the item {str(item.get('name', name))[:80]!r}", path)
        for key in _WORDS:
            if isinstance(item.get(key), str):
                notes.describe(key, str(item[key]), 0)
