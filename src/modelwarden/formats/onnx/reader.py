"""ONNX models: operators anywhere, where the bytes of every tensor lie, and the metadata.

The whole model is walked as protobuf, without the ONNX library: graphs in attributes, functions,
training information and sparse tensors among it. Numbers are not looked at, only counted.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from modelwarden.core import GapKind, InventoryItem, ItemKind
from modelwarden.core.values import dataclass
from modelwarden.formats.described import Described, Notes
from modelwarden.formats.identified.protobuf import ONNX, outer
from modelwarden.formats.limits import LimitExceededError
from modelwarden.formats.onnx.tensors import External
from modelwarden.formats.onnx.walk import Bytes, Operator, Walk
from modelwarden.formats.places import escapes
from modelwarden.formats.protobuf import LEN, Field
from modelwarden.formats.view import Child, DamagedError

if TYPE_CHECKING:
    from modelwarden.core import Producer
    from modelwarden.formats.limits import Limits
    from modelwarden.formats.source import Source

_GRAPH = 7
_FILES = 200
# Libraries that bring the operators of a domain.
_LIBRARIES = {"ai.onnx.contrib": "onnxruntime-extensions", "com.microsoft": "onnxruntime"}


@dataclass(frozen=True, slots=True, kw_only=True)
class OnnxModel(Described):
    """One model.

    Attributes:
        operators: each kind once, those of functions and nested graphs among them.
        functions: domain and name of each function that the model brings, with its offset.
        opsets: operator sets that it imports: domain and version.
        places: where tensors lie that are not in the file.
    """

    operators: tuple[Operator, ...] = ()
    functions: tuple[tuple[str, str, int], ...] = ()
    opsets: tuple[tuple[str, int], ...] = ()
    places: tuple[External, ...] = ()


def sniff(source: Source) -> bool:
    """Tell whether the outer messages are those of a model.

    A file that is called a model needs only a graph: a loader does not ask for more.
    """
    if ONNX.sniff(source):
        return True
    named = source.name.endswith(".onnx") and source.member is None
    return named and any(one.number == _GRAPH and one.wire == LEN for one in outer(source))


def read(source: Source, limits: Limits) -> OnnxModel:
    """Walk the whole model; what cannot be read is a gap, the rest is kept."""
    notes = Notes(source)
    walk = Walk(notes, limits)
    try:
        walk.model(Field(0, LEN, source.size, 0, source.size))
        _look_beside(source, walk.places, notes)
    except LimitExceededError as over:
        notes.note(str(over), GapKind.OVER_LIMIT)
    try:
        producer = ONNX.produced(source)
    except DamagedError:  # the walk has noted it
        producer = None
    return OnnxModel(
        source=source,
        format="onnx",
        producer=producer,
        gaps=tuple(notes.gaps),
        children=tuple(_children(source, walk.bytes)),
        inventory=tuple(_inventory(source, producer, walk)),
        metadata=tuple(notes.metadata),
        faults=tuple(notes.faults),
        operators=tuple(walk.operators.values()),
        functions=tuple((*key, at) for key, at in walk.functions.items()),
        opsets=tuple(walk.opsets.items()),
        places=tuple(walk.places),
    )


def _look_beside(source: Source, places: list[External], notes: Notes) -> None:
    """Hold the tensors that lie in files beside the model against those files."""
    sizes: dict[str, int | None] = {}
    for place in places:
        name = place.location.removeprefix("./")
        if escapes(place.location):
            continue
        if name not in sizes:
            if len(sizes) >= _FILES:
                notes.note("tensors in more files than are looked for", GapKind.OVER_LIMIT)
                return
            sizes[name] = _size(source, name)
            if sizes[name] is None:
                why = f"tensors lie in {name[:120]!r}, which is no file beside the model"
                notes.note(why, at=place.at)
        size = sizes[name]
        ends = (place.offset or 0) + (place.length or place.needed or 0)
        if size is not None and ends > size:
            why = f"{place.tensor[:120]}: ends at byte {ends} of {name[:80]!r}, which has {size}"
            notes.fault("external", place.tensor, why, place.at)


def _size(source: Source, name: str) -> int | None:
    beside = source.beside(name)
    if beside is None:
        return None
    with beside:
        return beside.size


def _children(source: Source, parts: list[Bytes]) -> Iterator[Child]:
    """Yield the strings and raw bytes that some format claims: numbers may begin like a pickle."""
    from modelwarden.formats.identify import identify  # what identifies imports readers

    for part in parts:
        inner = source.part(part.at, part.size, part.name)
        try:
            known = bool(identify(inner))
        except Exception:  # noqa: BLE001 -- whoever opens it says which reader failed
            known = True
        if known:
            yield Child(part.name, partial(source.part, part.at, part.size, part.name))


def _inventory(source: Source, producer: Producer | None, walk: Walk) -> Iterator[InventoryItem]:
    """Yield who wrote the model, and the libraries that bring its operators."""
    named: list[tuple[ItemKind, str, str | None]] = []
    if producer is not None:
        named.append((ItemKind.PRODUCER, producer.name, producer.version))
    domains = {domain for domain, _ in walk.operators} & _LIBRARIES.keys()
    named += [(ItemKind.PACKAGE, _LIBRARIES[domain], None) for domain in sorted(domains)]
    for kind, name, version in named:
        yield InventoryItem(
            kind=kind, name=name, version=version, path=source.name, member=source.member
        )
