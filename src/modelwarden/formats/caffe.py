"""Caffe networks, as protobuf and as its text: layers, and what Python layers import.

Field numbers are those of `caffe.proto` of Caffe 1.0; layers of version 1 have a number for their
type, and none of those is Python's. Blobs are stepped over.
"""

from __future__ import annotations

import re

from modelwarden.core import GapKind
from modelwarden.core.values import dataclass
from modelwarden.formats.config.text import Shape, decoded, shape_of
from modelwarden.formats.identified.kind import producer
from modelwarden.formats.identified.protobuf import CAFFE
from modelwarden.formats.limits import LimitExceededError, Limits
from modelwarden.formats.network import Network, NetworkNotes
from modelwarden.formats.protowalk import Message, Schema, messages
from modelwarden.formats.source import Source
from modelwarden.formats.view import DamagedError

# Parameters of layers that read or write a file; its name is their first field.
_SOURCES = dict.fromkeys((107, 112, 113, 115, 116, 129), "File")
_OLD_SOURCES = dict.fromkeys((12, 13, 14, 15, 16, 20), "File")
_SCHEMA: Schema = {
    "Net": {1: "", 2: "OldLayer", 100: "Layer"},
    "Layer": {1: "", 2: "", 130: "Python", **_SOURCES},
    "OldLayer": {4: "", 5: "", **_OLD_SOURCES},
    "Python": {1: "", 2: "", 3: ""},
    "File": {1: ""},
}
_PYTHON = "Python"
_LAYER = re.compile(rb"(?:^|[\s{};,>])layers?\s*:?\s*[{<]")
_FIELD = re.compile(
    rb"(?:^|[\s{};,<])(?:top|bottom|type|python_param|blobs|input_dim)\s*:?\s*[\"'{<\d]"
)
_HEAD = 1 << 16
_SIZE = 64 << 20


@dataclass(frozen=True, slots=True)
class _BinaryReader:
    """Reader of `.caffemodel` files."""

    def sniff(self, source: Source) -> bool:
        """Tell whether the outermost message is a network."""
        return CAFFE.sniff(source)

    def read(self, source: Source, limits: Limits) -> Network:
        """Walk the layers; what cannot be read is a gap."""
        notes = NetworkNotes(source)
        layer = ""
        try:
            for one in messages(source, limits, _SCHEMA, "Net", notes):
                layer = _look(source, one, layer, notes)
        except LimitExceededError as over:
            notes.note(str(over), GapKind.OVER_LIMIT)
        return _view(source, "caffe", notes)


def _look(source: Source, one: Message, layer: str, notes: NetworkNotes) -> str:
    """Write down what one message says; return the name of the layer that it is in."""
    if one.kind == "Layer":
        kind = one.text(source, 2)
        if kind != _PYTHON:
            notes.operator(kind, one.text(source, 1), one.at)
        elif not any(one.all(130)):
            notes.operator(kind, "a layer without a module", one.at)
        return one.text(source, 1)
    if one.kind == "Python":
        named = f"{one.text(source, 1)}.{one.text(source, 2)}"
        notes.operator(_PYTHON, named, one.at)
    elif one.kind == "File" and one.text(source, 1):
        notes.describe(f"file of {layer[:100]}", one.text(source, 1), one.at)
    return layer


@dataclass(frozen=True, slots=True)
class _TextReader:
    """Reader of `.prototxt` files."""

    def sniff(self, source: Source) -> bool:
        """Tell whether the text has layers with inputs or outputs."""
        if shape_of(source) is Shape.NONE:
            return False
        head = source.read(0, _HEAD)
        if _LAYER.search(head) is None:
            return False
        return source.name.endswith(".prototxt") or _FIELD.search(head) is not None

    def read(self, source: Source, limits: Limits) -> Network:
        """Collect the layers; text that breaks off is a gap."""
        notes = NetworkNotes(source)
        try:
            _collect(decoded(source, min(_SIZE, limits.memory)), limits, notes)
        except DamagedError as damage:
            notes.note(damage.why, at=damage.offset)
        except LimitExceededError as over:
            notes.note(str(over), GapKind.OVER_LIMIT)
        return _view(source, "caffe-prototxt", notes)


def _collect(text: str, limits: Limits, notes: NetworkNotes) -> None:
    from modelwarden.formats.tensorflow.text import values

    module = ""
    for value in values(text, limits):
        field, around = value.fields[-1], value.fields[-2:-1]
        if around in {("layer",), ("layers",)} and field == "type":
            notes.operator(value.text, "", value.at)
        elif around == ("python_param",) and field == "module":
            module = value.text
        elif around == ("python_param",) and field == "layer":
            notes.operator(_PYTHON, f"{module}.{value.text}", value.at)
        elif field in {"source", "file_name"}:
            notes.describe("file", value.text, value.at)


def _view(source: Source, form: str, notes: NetworkNotes) -> Network:
    return Network(
        source=source,
        format=form,
        producer=producer("caffe"),
        gaps=tuple(notes.gaps),
        metadata=tuple(notes.metadata),
        faults=tuple(notes.faults),
        operators=tuple(notes.kinds.values()),
    )


BINARY = _BinaryReader()
TEXT = _TextReader()
