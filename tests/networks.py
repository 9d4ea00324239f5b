"""Core ML, PaddlePaddle and TensorFlow checkpoint files, written byte by byte for tests."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping, Sequence

from tfgraphs import message, varint

# --- Core ML --------------------------------------------------------------------------------------


def coreml(*parts: tuple[int, bytes | str | int], version: int = 8, about: str = "made") -> bytes:
    """Return a model of the given kinds, with the description that coremltools writes."""
    entry = message((1, "com.github.apple.coremltools.version"), (2, "9.0"))
    metadata = message((1, about), (3, "nobody"), (100, entry))
    return message((1, version), (2, message((100, metadata))), *parts)


def layer(custom: str | None = None, **inner: tuple[int, bytes]) -> bytes:
    parts = [(500, message((10, custom)))] if custom is not None else [(140, b"")]
    return message((1, "layer"), *parts, *inner.values())


def network(*layers: bytes) -> bytes:
    return message(*((1, each) for each in layers))


def blob(path: str = "@model_path/weights/weight.bin", offset: int = 64) -> bytes:
    return message((5, message((1, path), (2, offset))))


def operation(kind: str = "const", value: bytes = b"", *blocks: bytes) -> bytes:
    attribute = message((1, "val"), (2, value))
    return message((1, kind), (5, attribute), *((4, each) for each in blocks))


def block(*operations: bytes) -> bytes:
    return message(*((3, each) for each in operations))


def program(*operations: bytes) -> bytes:
    special = message((1, "CoreML7"), (2, block(*operations)))
    function = message((1, "main"), (2, message((2, "CoreML7"), (3, special))))
    return message((1, 1), (2, function))


def weights(*blobs: bytes, kind: int = 2) -> bytes:
    """Return a file of weights as coremltools lays it out."""
    out = struct.pack("<II", len(blobs), 2).ljust(64, b"\0")
    for data in blobs:
        out += struct.pack("<IIQQ", 0xDEADBEEF, kind, len(data), len(out) + 64).ljust(64, b"\0")
        out += data + bytes(-len(data) % 64)
    return out


def manifest(*paths: str, root: str = "0") -> bytes:
    items = {
        str(n): {"author": "com.apple.CoreML", "name": path.rpartition("/")[2], "path": path}
        for n, path in enumerate(paths)
    }
    found = {"fileFormatVersion": "1.0.0", "itemInfoEntries": items, "rootModelIdentifier": root}
    return json.dumps(found, indent=4).encode()


# --- PaddlePaddle ---------------------------------------------------------------------------------


def paddle_operator(kind: str, **texts: str | int) -> bytes:
    """Return an operator; texts become attributes, a number a reference to a block."""
    attributes = [
        message((1, name), (2, 8), (12, value))
        if isinstance(value, int)
        else message((1, name), (2, 2), (5, value))
        for name, value in texts.items()
    ]
    return message((3, kind), *((4, each) for each in attributes))


def paddle_block(*operators: bytes, index: int = 0) -> bytes:
    return message((1, index), (2, 0), *((4, each) for each in operators))


def paddle(*blocks: bytes, version: int = 2_006_001) -> bytes:
    return message(*((1, each) for each in blocks), (4, message((1, version))))


def paddle_tensor(
    shape: Sequence[int] = (2, 3), kind: int = 5, data: bytes | None = None, levels: int = 0
) -> bytes:
    about = message((1, kind), *((2, size) for size in shape))
    head = struct.pack("<IQ", 0, levels) + struct.pack("<II", 0, len(about)) + about
    return head + (bytes(4 * shape[0] * shape[1]) if data is None else data)


# --- TensorFlow -----------------------------------------------------------------------------------


def table(entries: Mapping[str, bytes], *, packed: int = 0) -> bytes:
    """Return a sorted table of one block; `packed` is the mark of its compression."""
    content = b"".join(
        varint(0) + varint(len(key.encode())) + varint(len(value)) + key.encode() + value
        for key, value in entries.items()
    )
    out = _block(content, packed)
    sizes = len(out) - 5
    statistics = len(out)
    out += _block(b"")
    index = len(out)
    handle = varint(0) + varint(sizes)
    out += _block(varint(0) + varint(1) + varint(len(handle)) + b"z" + handle)
    ends = len(out) - index - 5
    footer = varint(statistics) + varint(8) + varint(index) + varint(ends)
    return out + footer.ljust(40, b"\0") + bytes.fromhex("57fb808b247547db")


def _block(content: bytes, packed: int = 0) -> bytes:
    return content + struct.pack("<II", 0, 1) + bytes([packed]) + bytes(4)


def bundle_header(shards: int = 1) -> bytes:
    return message((1, shards), (3, message((1, 1))))


def bundle_entry(
    kind: int = 1, shape: Sequence[int] = (2,), shard: int = 0, at: int = 0, size: int = 8
) -> bytes:
    dims = message(*((2, message((1, size))) for size in shape))
    return message((1, kind), (2, dims), (3, shard), (4, at), (5, size))


def strings(*values: bytes) -> bytes:
    """Return the bytes of a tensor of strings."""
    return b"".join(varint(len(v)) for v in values) + bytes(4) + b"".join(values)
