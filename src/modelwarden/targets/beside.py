"""Files that an ONNX model keeps its tensors in: they stand beside it, and are part of it.

A model above two gigabytes cannot be one file, and torch's exporter writes two from the start. What
is scanned, held to its digest and shown to the sandbox is what modelwarden.toml names; the model
names its other files itself, so that a stranger's could name the user's.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from modelwarden.formats.limits import Limits
from modelwarden.formats.onnx import reader
from modelwarden.formats.places import escapes
from modelwarden.formats.source import Source
from modelwarden.targets.errors import TargetError

if TYPE_CHECKING:
    from modelwarden.targets.config import ModelConfig

_SHOWN = 5


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


def check_tensor_files(root: Path, model: ModelConfig, place: Path, hidden: Sequence[Path]) -> None:
    """Refuse a model whose tensors stand in files that were not scanned with it.

    Args:
        root: of the project.
        model: as configured.
        place: of the model's file.
        hidden: files that the model may not see.

    Raises:
        TargetError: naming them, and what to write if they belong to it.
    """
    if model.adapter != "onnx" or not place.is_file():
        return
    known = [(root / name).resolve() for name in model.places]
    missing = [
        name
        for name in tensor_files(place)
        if not any((place.parent / name).resolve().is_relative_to(one) for one in known)
    ]
    kept = {path.resolve() for path in hidden}
    yours = [name for name in missing if (place.parent / name).resolve() in kept]
    if yours:
        raise TargetError(
            f"{model.path} says that its tensors stand in {', '.join(yours[:_SHOWN])}, the "
            "rows to measure on",
            hint="Find out why it names your data before you use it.",
        )
    if missing:
        shown = [(PurePosixPath(model.path or "").parent / name).as_posix() for name in missing]
        told = ", ".join(f'"{name}"' for name in shown[:_SHOWN])
        raise TargetError(
            f"{model.path} keeps tensors in {', '.join(missing[:_SHOWN])} beside it, which "
            "was neither scanned nor shown to it",
            hint=f"If they belong to the model, write files = [{told}] in [model].",
        )
