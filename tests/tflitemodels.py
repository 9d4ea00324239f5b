"""TensorFlow Lite models, built for tests: a flatbuffer with each part behind its parent."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True)
class Number:
    """A number that lies in its table."""

    layout: str
    value: int


@dataclass(frozen=True)
class Packed:
    """A vector of numbers of one layout."""

    layout: str
    values: Sequence[float]


Value: TypeAlias = (
    "Number | Packed | str | bytes | Sequence[int] | Sequence[str] | Sequence[Table] | Table"
)
Table: TypeAlias = "Mapping[int, Value]"


def i8(value: int) -> Number:
    return Number("<b", value)


def i32(value: int) -> Number:
    return Number("<i", value)


def u64(value: int) -> Number:
    return Number("<Q", value)


def flatbuffer(root: Table, mark: bytes = b"TFL3") -> bytes:
    out = bytearray(4) + mark
    at = _table(out, root)
    out[:4] = struct.pack("<I", at)
    return bytes(out)


def _table(out: bytearray, table: Table) -> int:
    """Write the list of fields, the table, and behind it all that it points to."""
    slots = max(table, default=-1) + 1
    offsets, size = [0] * slots, 4
    for slot, value in table.items():
        offsets[slot] = size
        size += struct.calcsize(value.layout) if isinstance(value, Number) else 4
    out += bytes(-len(out) % 4)
    fields = len(out)
    out += struct.pack(f"<{2 + slots}H", 4 + 2 * slots, size, *offsets)
    out += bytes(-len(out) % 4)
    at = len(out)
    out += struct.pack("<i", at - fields) + bytes(size - 4)
    for slot, value in table.items():
        place = at + offsets[slot]
        if isinstance(value, Number):
            struct.pack_into(value.layout, out, place, value.value)
        else:
            struct.pack_into("<I", out, place, _written(out, value) - place)
    return at


def _written(out: bytearray, value: Value) -> int:
    if isinstance(value, Mapping):
        return _table(out, value)
    out += bytes(-len(out) % 4)
    at = len(out)
    if isinstance(value, str | bytes):
        data = value.encode() if isinstance(value, str) else value
        out += struct.pack("<I", len(data)) + data + b"\0"
        return at
    if isinstance(value, Packed):
        out += struct.pack("<I", len(value.values))
        out += b"".join(struct.pack(value.layout, one) for one in value.values)
        return at
    items = list(value)
    out += struct.pack("<I", len(items)) + bytes(4 * len(items))
    for index, item in enumerate(items):
        place = at + 4 + 4 * index
        if isinstance(item, Mapping):
            struct.pack_into("<I", out, place, _table(out, item) - place)
        elif isinstance(item, str):
            struct.pack_into("<I", out, place, _written(out, item) - place)
        else:
            struct.pack_into("<i", out, place, item)
    return at


def builtin(code: int = 0) -> dict[int, Value]:
    return {0: i8(min(code, 127)), 3: i32(code)}


def custom(name: str) -> dict[int, Value]:
    return {0: i8(32), 1: name, 3: i32(32)}


def tensor(
    shape: Sequence[int] = (2,), kind: int = 0, buffer: int = 0, name: str = "t"
) -> dict[int, Value]:
    return {0: list(shape), 1: i8(kind), 2: i32(buffer), 3: name}


def operator(code: int = 0, inputs: Sequence[int] = (0,), outputs: Sequence[int] = (1,)):
    return {0: i32(code), 1: list(inputs), 2: list(outputs)}


def subgraph(**changed: Value) -> dict[int, Value]:
    made: dict[str, Value] = {
        "tensors": [tensor(), tensor(buffer=1)],
        "inputs": [0],
        "outputs": [1],
        "operators": [operator()],
        "name": "main",
    }
    return dict(enumerate((made | changed).values()))


def model(**changed: Value) -> bytes:
    """Return a small sound model with some of its parts replaced."""
    made: dict[str, Value] = {
        "version": i32(3),
        "codes": [builtin()],
        "subgraphs": [subgraph()],
        "description": "made by hand",
        "buffers": [{}, {0: bytes(8)}],
        "metadata_buffer": [],
        "metadata": [{0: "min_runtime_version", 1: i32(1)}],
        "signatures": [{4: i32(0)}],
    }
    assert not set(changed) - set(made)
    return flatbuffer(dict(enumerate((made | changed).values())))
