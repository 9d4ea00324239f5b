"""The model cards that a project names, read within bounds."""

from __future__ import annotations

from pathlib import Path

from modelwarden.core import InputError
from modelwarden.gate.project import Project
from modelwarden.gate.walk import printable

_LARGEST_CARD = 16 << 20


def cards_of(project: Project) -> dict[str, bytes]:
    """Return the model card that is named, or all of a folder of them, within bounds.

    Raises:
        InputError: one cannot be read, or is too large.
    """
    name = project.model.card
    if name is None:
        return {}
    places = [project.at(name)]
    if project.model.path is not None:
        places.append(project.at(project.model.path) / name)
    place = next((p for p in places if p.exists()), places[0])
    files = [place]
    if place.is_dir():
        files = sorted(p for p in place.iterdir() if p.suffix in {".yaml", ".yml", ".json"})
    shown = {f: name if f == place else f"{name.rstrip('/')}/{f.name}" for f in files}
    return {shown[file]: _read(file, shown[file]) for file in files}


def _read(place: Path, name: str) -> bytes:
    try:
        with place.open("rb") as stream:
            data = stream.read(_LARGEST_CARD + 1)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise InputError(f"cannot read the card {printable(name)}: {reason}") from error
    if len(data) > _LARGEST_CARD:
        raise InputError(f"the card {printable(name)} is larger than {_LARGEST_CARD} bytes")
    return data
