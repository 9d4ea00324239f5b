"""TensorFlow messages, written byte by byte for tests."""

from __future__ import annotations


def varint(number: int) -> bytes:
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes((*out, number))


def message(*parts: tuple[int, bytes | str | int]) -> bytes:
    """Join fields; integers become varints, the rest is length-delimited."""
    out = b""
    for number, value in parts:
        if isinstance(value, int):
            out += varint(number << 3) + varint(value)
        else:
            data = value.encode() if isinstance(value, str) else value
            out += varint(number << 3 | 2) + varint(len(data)) + data
    return out


def node(op: str, name: str = "node") -> bytes:
    return message((1, name), (2, op))


def function(name: str, *nodes: bytes) -> bytes:
    return message((1, message((1, name))), *((3, each) for each in nodes))


def graph(*nodes: bytes, functions: tuple[bytes, ...] = ()) -> bytes:
    library = message(*((1, each) for each in functions))
    return message(*((1, each) for each in nodes), (2, library))


def meta_graph(graph_def: bytes, *more: tuple[int, bytes]) -> bytes:
    info = message((4, "serve"), (5, "2.16.1"))
    return message((1, info), (2, graph_def), *more)


def saved_model(graph_def: bytes, *more: tuple[int, bytes]) -> bytes:
    return message((1, 1), (2, meta_graph(graph_def, *more)))


def keras_object(metadata: str) -> bytes:
    """Return the object graph of a SavedModel with one Keras layer."""
    user = message((1, "_tf_keras_layer"), (3, metadata))
    return message((1, message((4, user))))
