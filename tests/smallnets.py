"""ExecuTorch, MXNet and Flax files, written byte by byte for tests."""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence

from tfgraphs import message
from tflitemodels import Table, Value, flatbuffer, i8, i32, u64

# --- ExecuTorch -----------------------------------------------------------------------------------


def et_value(kind: int = 5, **tensor: Value) -> Table:
    return {0: i8(kind), 1: {5: tensor.get("buffer", i32(0))}}


def et_call(operator: int = 0, arguments: Sequence[int] = (0,), kind: int = 1) -> Table:
    return {0: i8(kind), 1: {0: i32(operator), 1: list(arguments)}}


def et_jump(condition: int, target: int) -> Table:
    return {0: i8(4), 1: {0: i32(condition), 1: i32(target)}}


def et_operator(name: str = "aten::add", overload: str = "out") -> Table:
    return {0: name, 1: overload}


def et_delegate(name: str, index: int = 0, *, segment: bool = False) -> Table:
    return {0: name, 1: {0: i8(1 if segment else 0), 1: i32(index)}}


def et_plan(**changed: Value) -> Table:
    made: dict[str, Value] = {
        "name": "forward",
        "meta": {},
        "values": [et_value(), et_value()],
        "inputs": [0],
        "outputs": [1],
        "chains": [{0: [0], 1: [1], 2: [et_call()]}],
        "operators": [et_operator()],
        "delegates": [],
    }
    return dict(enumerate((made | changed).values()))


def pte(plan: Table | None = None, **changed: Value) -> bytes:
    made: dict[str, Value] = {
        "version": i32(0),
        "plans": [et_plan() if plan is None else plan],
        "buffers": [{}],
        "inline": [],
        "segments": [],
    }
    return flatbuffer(dict(enumerate((made | changed).values())), b"ET12")


def segment(offset: int, size: int) -> Table:
    return {0: u64(offset), 1: u64(size)}


# --- MXNet ----------------------------------------------------------------------------------------


def mx_node(op: str, *inputs: int, **more: object) -> dict[str, object]:
    return {"op": op, "name": op.lower(), "inputs": [[one, 0, 0] for one in inputs], **more}


def mx_symbol(*nodes: object) -> bytes:
    network = {
        "nodes": [mx_node("null"), *nodes],
        "arg_nodes": [0],
        "node_row_ptr": [0],
        "heads": [[0, 0, 0]],
        "attrs": {"mxnet_version": ["int", 10900]},
    }
    return json.dumps(network).encode()


def mx_array(
    shape: Sequence[int] = (2, 2), kind: int = 0, data: bytes | None = None, magic: int = 0xF993FAC9
) -> bytes:
    head = struct.pack("<Ii", magic, 0) + struct.pack(f"<i{len(shape)}q", len(shape), *shape)
    numbers = bytes(4 * shape[0] * shape[1]) if data is None else data
    return head + struct.pack("<iii", 1, 0, kind) + numbers


def mx_sparse() -> bytes:
    """Return one row of a matrix of three, stored with its number."""
    shapes = struct.pack("<Iii2q", 0xF993FAC9, 1, 2, 1, 4) + struct.pack("<i2q", 2, 3, 4)
    return shapes + struct.pack("<iii", 1, 0, 0) + struct.pack("<iiq", 6, 1, 1) + bytes(16 + 8)


def mx_parameters(*arrays: bytes, names: Sequence[str] | None = None) -> bytes:
    told = [f"arg:w{n}" for n in range(len(arrays))] if names is None else names
    out = struct.pack("<QQQ", 0x112, 0, len(arrays)) + b"".join(arrays)
    out += struct.pack("<Q", len(told))
    return out + b"".join(struct.pack("<Q", len(name)) + name.encode() for name in told)


# --- Flax -----------------------------------------------------------------------------------------


def mp_text(text: str) -> bytes:
    return bytes([0xD9, len(text)]) + text.encode()


def mp_bytes(data: bytes) -> bytes:
    return b"\xc6" + struct.pack(">I", len(data)) + data


def mp_map(**entries: bytes) -> bytes:
    out = bytes([0x80 | len(entries)])
    return out + b"".join(mp_text(key) + value for key, value in entries.items())


def mp_extension(kind: int, data: bytes) -> bytes:
    return b"\xc9" + struct.pack(">IB", len(data), kind) + data


def mp_array(
    shape: Sequence[int] = (2, 3), kind: str = "float32", data: bytes | None = None
) -> bytes:
    sizes = bytes([0x90 | len(shape)]) + b"".join(b"\xd3" + struct.pack(">q", n) for n in shape)
    numbers = bytes(4 * shape[0] * shape[1]) if data is None else data
    return mp_extension(1, b"\x93" + sizes + mp_text(kind) + mp_bytes(numbers))


# --- Caffe ----------------------------------------------------------------------------------------


def caffe_layer(kind: str, name: str = "l", **python: str) -> bytes:
    parts = [(1, python.get("module", "")), (2, python.get("layer", ""))]
    return message((1, name), (2, kind), *([(130, message(*parts))] if python else []))


def caffe(*layers: bytes) -> bytes:
    return message((1, "net"), *((100, each) for each in (caffe_layer("Input"), *layers)))


def prototxt(*layers: str) -> bytes:
    start = 'name: "net"\nlayer {\n  name: "data"\n  type: "Input"\n  top: "data"\n}\n'
    return (start + "\n".join(layers)).encode()
