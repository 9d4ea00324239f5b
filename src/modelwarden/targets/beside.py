"""Files that an ONNX model keeps its tensors in: they stand beside it, and are part of it.

A model above two gigabytes cannot be one file, and torch's exporter writes two from the start. What
is scanned, held to its digest and shown to the sandbox is what modelwarden.toml names; the model
names its other files itself, so that a stranger's could name the user's.
"""

from __future__ import annotations

from pathlib import Path

from modelwarden.formats.limits import Limits
from modelwarden.formats.onnx import reader
from modelwarden.formats.places import escapes
from modelwarden.formats.source import Source


def tensor_files(model: Path) -> tuple[str, ...]:
    """Return the files that an ONNX model reads tensors from, as paths from its folder.

    Only those that are there as plain files, as a scan takes them, and do not lead out of the
    folder; none of a file that is no model.
    """
    with Source.open(model) as source:
        if not reader.sniff(source):
            return ()
        places = reader.read(source, Limits()).places
    named = (place.location.removeprefix("./") for place in places if not escapes(place.location))
    return tuple(name for name in dict.fromkeys(named) if _plain(model.parent / name))


def _plain(place: Path) -> bool:
    return place.is_file() and not place.is_symlink()
