"""Formats written as protobuf, which has no magic: told by the shape of the outer messages.

A shape is the wire type of each field number met in the first fields of a message. Who reads such
files takes unknown fields in its stride, so the fields that make the format must be there, but
others may be, too.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from modelwarden.formats.identified.kind import Kind, producer
from modelwarden.formats.protobuf import FIXED32, LEN, VARINT, Field, fields, text
from modelwarden.formats.view import DamagedError

if TYPE_CHECKING:
    from modelwarden.core import Producer
    from modelwarden.formats.source import Source

_OUTER = 4096  # fields of the outermost message that are looked at
_INNER = 64
_MEMO = "protobuf.outer"
_COREML_TYPES = range(200, 3001)
_PRINTABLE = re.compile(rb"[\x20-\x7e]*")


def outer(source: Source) -> tuple[Field, ...]:
    """Return the first fields of the outermost message; none when the bytes are no message."""
    known = source.memo.get(_MEMO)
    if not isinstance(known, tuple):
        try:
            known = _first(source, 0, source.size, _OUTER)
        except DamagedError:
            known = ()
        source.memo[_MEMO] = known
    return known


def _first(source: Source, start: int, end: int, count: int) -> tuple[Field, ...]:
    walk = fields(source, start, end)
    return tuple(field for field, _ in zip(walk, range(count), strict=False))


def _within(source: Source, field: Field | None) -> tuple[Field, ...]:
    """Return the first fields inside a LEN field; none when there is no such field."""
    return () if field is None else _first(source, field.at, field.end, _INNER)


def _one(message: tuple[Field, ...], number: int, wire: int = LEN) -> Field | None:
    """Return the first field with that number and wire type."""
    return next((f for f in message if f.number == number and f.wire == wire), None)


def _shaped(message: tuple[Field, ...], needs: dict[int, int], may: dict[int, int]) -> bool:
    """Tell whether all of `needs` is there, and nothing of `needs` and `may` is of other wires."""
    known = needs | may
    met = {f.number: f.wire for f in message if f.number in known}
    return needs.keys() <= met.keys() and all(known[n] == wire for n, wire in met.items())


def _only(message: tuple[Field, ...], shape: dict[int, int]) -> bool:
    return bool(message) and all(shape.get(f.number) == f.wire for f in message)


def _named(source: Source, field: Field | None) -> bool:
    """Tell whether a LEN field is a short printable name."""
    if field is None or not 0 < field.value <= 4096:
        return False
    return _PRINTABLE.fullmatch(source.read(field.at, field.value)) is not None


def _varint(message: tuple[Field, ...], number: int) -> int | None:
    field = _one(message, number, VARINT)
    return None if field is None else field.value


# --- ONNX -----------------------------------------------------------------------------------------

_MODEL = {1: VARINT, 2: LEN, 3: LEN, 4: LEN, 5: VARINT, 6: LEN, 8: LEN, 14: LEN, 20: LEN, 25: LEN}
_GRAPH = {1: LEN, 2: LEN, 5: LEN, 10: LEN, 11: LEN, 12: LEN, 13: LEN, 14: LEN, 15: LEN, 16: LEN}


def _is_onnx(source: Source) -> bool:
    model = outer(source)
    if not _shaped(model, {7: LEN}, _MODEL):
        return False
    graph = _within(source, _one(model, 7))
    named = _one(model, 8) or _varint(model, 1) is not None
    return bool(named) and _only(graph, _GRAPH) and (_one(graph, 1) or _one(graph, 12)) is not None


def _onnx_producer(source: Source) -> Producer | None:
    model = outer(source)
    name, version = _one(model, 2), _one(model, 3)
    return producer(text(source, name) if name else "", text(source, version) if version else None)


# --- TensorFlow -----------------------------------------------------------------------------------

_SAVED_MODEL = {1: VARINT, 2: LEN}
_META_GRAPH = {1: LEN, 2: LEN, 3: LEN, 4: LEN, 5: LEN, 6: LEN, 7: LEN}
_META_INFO = {1: LEN, 2: LEN, 3: LEN, 4: LEN, 5: LEN, 6: LEN, 7: VARINT, 8: LEN}
_GRAPH_DEF = {1: LEN, 2: LEN, 3: VARINT, 4: LEN, 5: LEN}
_NODE_DEF = {1: LEN, 2: LEN, 3: LEN, 4: LEN, 5: LEN, 6: LEN, 7: LEN}


def _is_graph_def(source: Source, message: tuple[Field, ...]) -> bool:
    if not _only(message, _GRAPH_DEF):
        return False
    node = _within(source, _one(message, 1))
    if not _only(node, _NODE_DEF):
        return False
    return _named(source, _one(node, 1)) and _named(source, _one(node, 2))


def _is_meta_graph(source: Source, message: tuple[Field, ...]) -> bool:
    if not _only(message, _META_GRAPH):
        return False
    info = _within(source, _one(message, 1))
    graph = _within(source, _one(message, 2))
    if not info:
        return _is_graph_def(source, graph)
    return _only(info, _META_INFO) and (not graph or _only(graph, _GRAPH_DEF))


def _meta_graph(source: Source) -> tuple[Field, ...]:
    return _within(source, _one(outer(source), 2))


def _is_saved_model(source: Source) -> bool:
    model = outer(source)
    return _shaped(model, {2: LEN}, _SAVED_MODEL) and _is_meta_graph(source, _meta_graph(source))


def _tensorflow(source: Source, meta_graph: tuple[Field, ...]) -> Producer | None:
    version = _one(_within(source, _one(meta_graph, 1)), 5)
    return producer("tensorflow", text(source, version) if version else None)


def _is_keras_metadata(source: Source) -> bool:
    node = _within(source, _one(outer(source), 1))
    identifier, metadata = _one(node, 4), _one(node, 5)
    if identifier is None or metadata is None:
        return False
    return source.read(identifier.at, 9) == b"_tf_keras" and source.read(metadata.at, 1) == b"{"


def _is_fingerprint(source: Source) -> bool:
    shape = {1: VARINT, 2: VARINT, 3: VARINT, 4: VARINT, 5: VARINT, 6: LEN, 7: LEN}
    message = outer(source)
    return source.size < 256 and _only(message, shape) and {f.number for f in message} >= {1, 2, 3}


# --- others ---------------------------------------------------------------------------------------


def _is_coreml(source: Source) -> bool:
    model = outer(source)
    version = _varint(model, 1)
    if version is None or not 0 < version < 100 or _one(model, 2) is None:
        return False
    return any(f.number in _COREML_TYPES and f.wire == LEN for f in model)


def _coreml_producer(source: Source) -> Producer | None:
    """Read the user-defined metadata in which coremltools leaves its version."""
    description = _within(source, _one(outer(source), 2))
    entries = _within(source, _one(description, 100))
    for entry in (f for f in entries if f.number == 100 and f.wire == LEN):
        pair = _within(source, entry)
        key, value = _one(pair, 1), _one(pair, 2)
        if key and value and text(source, key) == "com.github.apple.coremltools.version":
            return producer("coremltools", text(source, value))
    return None


_PROGRAM = {1: LEN, 3: LEN, 4: LEN, 5: LEN}
_BLOCK = {1: VARINT, 2: VARINT, 3: LEN, 4: LEN, 5: VARINT}


def _is_paddle(source: Source) -> bool:
    program = outer(source)
    if not _only(program, _PROGRAM):
        return False
    block = _within(source, _one(program, 1))
    return _only(block, _BLOCK) and _varint(block, 1) == 0 and _varint(block, 2) is not None


def _paddle_producer(source: Source) -> Producer | None:
    """Read `Version.version`, which is 1,000,000 × major + 1,000 × minor + patch."""
    number = _varint(_within(source, _one(outer(source), 4)), 1)
    if not number:
        return producer("paddlepaddle")
    major, rest = divmod(number, 1_000_000)
    return producer("paddlepaddle", f"{major}.{rest // 1000}.{rest % 1000}")


def _is_sentencepiece(source: Source) -> bool:
    model = outer(source)
    if not _only(model, {1: LEN, 2: LEN, 3: LEN, 4: LEN, 5: LEN}):
        return False
    piece = _within(source, _one(model, 1))
    return _shaped(piece, {1: LEN, 2: FIXED32}, {3: VARINT}) and len(piece) <= 3


def _is_caffe(source: Source) -> bool:
    net = outer(source)
    layer = _within(source, _one(net, 100) or _one(net, 2))
    if _one(net, 100):
        return _named(source, _one(layer, 1)) and _named(source, _one(layer, 2))
    name = _one(layer, 4)
    return _named(source, _one(net, 1)) and _named(source, name) and _varint(layer, 5) is not None


def _is_cntk(source: Source) -> bool:
    dictionary = outer(source)
    if not _shaped(dictionary, {1: VARINT, 2: LEN}, {}):
        return False
    keys = {
        text(source, key)
        for field in dictionary
        if field.number == 2 and (key := _one(_within(source, field), 1))
    }
    return {"type", "version"} <= keys and bool(keys & {"root_uid", "root", "inputs", "uid"})


ONNX = Kind("onnx", "an ONNX model", _is_onnx, _onnx_producer)
SAVED_MODEL = Kind(
    "tensorflow-savedmodel",
    "a TensorFlow SavedModel",
    _is_saved_model,
    lambda source: _tensorflow(source, _meta_graph(source)),
)
META_GRAPH = Kind(
    "tensorflow-metagraph",
    "a TensorFlow MetaGraph",
    lambda source: (
        _is_meta_graph(source, outer(source))
        and _is_graph_def(source, _within(source, _one(outer(source), 2)))
    ),
    lambda source: _tensorflow(source, outer(source)),
)
GRAPH_DEF = Kind(
    "tensorflow-graphdef",
    "a TensorFlow GraphDef",
    lambda source: _is_graph_def(source, outer(source)),
    lambda _: producer("tensorflow"),
)
KERAS_METADATA = Kind("keras-metadata", "Keras metadata of a SavedModel", _is_keras_metadata)
FINGERPRINT = Kind("tensorflow-fingerprint", "a SavedModel fingerprint", _is_fingerprint)
COREML = Kind("coreml", "a Core ML model", _is_coreml, _coreml_producer)
PADDLE = Kind("paddle-program", "a PaddlePaddle program", _is_paddle, _paddle_producer)
SENTENCEPIECE = Kind("sentencepiece", "a SentencePiece model", _is_sentencepiece)
CAFFE = Kind("caffe", "a Caffe network", _is_caffe)
CNTK = Kind("cntk", "a CNTK model", _is_cntk)
