"""The data of an ONNX model: raw tensors in a file beside it, told by the model that names it.

Exporters call such a file after the model, so its name leads there; what the model says decides.
Every byte belongs to a tensor, or is zero between two of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelwarden.core import GapKind
from modelwarden.core.patterns import lazily
from modelwarden.formats.described import Checked, Notes
from modelwarden.formats.identified.kind import producer
from modelwarden.formats.limits import LimitExceededError, Limits
from modelwarden.formats.onnx.reader import sniff as is_model
from modelwarden.formats.onnx.walk import Walk
from modelwarden.formats.protobuf import LEN, Field
from modelwarden.formats.view import DamagedError

if TYPE_CHECKING:
    from modelwarden.formats.source import Source

# `m.onnx.data` and `m.onnx_data_1`, or another ending where `m.onnx` had its own.
_BEHIND = lazily(r"(.+\.onnx)[._-](?:data|weights?|bin|ext)(?:[._-]?\d+)?")
_INSTEAD = lazily(r"(.+)\.(?:data|weights?|bin|pb)")
_PIECE = 1 << 20
_MODELS = 8
_Range = tuple[int, int | None]
# What the models that were asked last take from where, by what tells that they have not changed:
# a model may have a file for each of its tensors, and each asks.
_KNOWN: dict[tuple[int, ...], dict[str, list[_Range]]] = {}


def sniff(source: Source) -> bool:
    """Tell whether a model beside this file takes tensors from it."""
    return bool(_ranges(source, Limits()))


def read(source: Source, limits: Limits) -> Checked:
    """Hold the ranges of the tensors against the file; what lies in none is looked into."""
    notes = Notes(source)
    at = 0
    try:
        for begin, end in _ranges(source, limits):
            _between(source, at, min(begin, source.size), notes, limits)
            at = max(at, end)
        _between(source, at, source.size, notes, limits)
    except LimitExceededError as over:
        notes.note(str(over), GapKind.OVER_LIMIT)
    return Checked(
        source=source,
        format="onnx-data",
        producer=producer("onnx"),
        gaps=tuple(notes.gaps),
        children=tuple(notes.children),
        faults=tuple(notes.faults),
    )


def _between(source: Source, at: int, end: int, notes: Notes, limits: Limits) -> None:
    for begin in range(at, end, _PIECE):
        limits.check_time()
        if source.read(begin, min(_PIECE, end - begin)).strip(b"\0"):
            return notes.behind(at, end, "that belong to no tensor")
    return None


def _ranges(source: Source, limits: Limits) -> list[tuple[int, int]]:
    """Return where the tensors lie that a model beside takes from this file, in order.

    Its name leads to the model; where it does not (a file for each tensor is called after the
    tensor), every model in the folder is asked.
    """
    name = source.name.rpartition("/")[2]
    found = _BEHIND.fullmatch(name)
    instead = _INSTEAD.fullmatch(name)
    led = found[1] if found else f"{instead[1]}.onnx" if instead else ""
    others = (one for one in source.neighbours(".onnx", _MODELS) if one not in (led, name))
    for one in (led, *others):
        mine = _taken(source, one, name, limits) if one else []
        if mine:
            return sorted((at, source.size if size is None else at + size) for at, size in mine)
    return []


def _taken(source: Source, one: str, name: str, limits: Limits) -> list[_Range]:
    """Return what the model `one` takes from the file `name`."""
    model = source.beside(one)
    if model is None:
        return []
    with model:
        key = model.stamp
        if key not in _KNOWN:
            while len(_KNOWN) >= _MODELS:
                _KNOWN.pop(next(iter(_KNOWN)))
            _KNOWN[key] = _outside(model, limits)
        return _KNOWN[key].get(name, [])


def _outside(model: Source, limits: Limits) -> dict[str, list[_Range]]:
    """Return the ranges that a model takes from files beside it, by their names."""
    found: dict[str, list[_Range]] = {}
    try:
        if not is_model(model):
            return {}
        walk = Walk(Notes(model), limits)
        walk.model(Field(0, LEN, model.size, 0, model.size))
    except (DamagedError, LimitExceededError):
        return {}
    for place in walk.places:
        ranges = found.setdefault(place.location.removeprefix("./"), [])
        ranges.append((place.offset or 0, place.length or place.needed))
    return found
