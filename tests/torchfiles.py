"""Files as torch writes them, made without torch: opcodes, records and storages by hand."""

from __future__ import annotations

import pickle
import struct

from ziptricks import Piece, Zip

ORDERED_DICT = b"ccollections\nOrderedDict\n)R"
MAGIC = 0x1950A86A20F9469CFC6C


def text(value: str) -> bytes:
    data = value.encode()
    return b"X" + struct.pack("<I", len(data)) + data


def integer(value: int) -> bytes:
    return b"\x8a\x08" + value.to_bytes(8, "little")


def tensor(key: str, count: int, kind: str = "FloatStorage", tail: bytes = b"") -> bytes:
    """One tensor of `count` elements, as `_rebuild_tensor_v2` is called for it."""
    pid = b"(" + text("storage") + b"ctorch\n" + kind.encode() + b"\n" + text(key) + text("cpu")
    pid += integer(count) + tail + b"tQ"
    shape = integer(count) + b"\x85"
    one = integer(1) + b"\x85"
    body = pid + b"K\x00" + shape + one + b"\x89" + ORDERED_DICT
    return b"ctorch._utils\n_rebuild_tensor_v2\n(" + body + b"tR"


def state_dict(tensors: dict[str, tuple[str, int]], tail: bytes = b"") -> bytes:
    """A pickled state dict: name -> (key of the storage, elements of 4 bytes)."""
    items = b"".join(text(n) + tensor(k, c, tail=tail) for n, (k, c) in tensors.items())
    return b"\x80\x02" + ORDERED_DICT + b"(" + items + b"u."


def archive(
    records: dict[str, bytes], root: str = "archive/", pickled: bytes | None = None
) -> bytes:
    """A torch zip with `records` beside the usual ones."""
    names = {"data.pkl": pickled} if pickled is not None else {}
    names |= {"byteorder": b"little", **records, "version": b"3\n"}
    names |= {".data/serialization_id": b"1" * 40}
    pieces = [
        Piece((root + name).encode(), data, local_extra=b"FB\x04\x00ZZZZ", mode=0)
        for name, data in names.items()
        if data is not None
    ]
    return Zip(pieces).build()


def checkpoint(**more: bytes) -> bytes:
    pickled = state_dict({"w": ("0", 4), "b": ("1", 2)})
    return archive({"data/0": bytes(16), "data/1": bytes(8), **more}, pickled=pickled)


def legacy(
    tensors: dict[str, tuple[str, int]] | None = None,
    *,
    counts: dict[str, int] | None = None,
    body: bytes | None = None,
    protocol: int = 2,
) -> bytes:
    """A file in the layout before zip; `counts` are what stands before each storage."""
    tensors = {"w": ("94", 4), "b": ("12", 2)} if tensors is None else tensors
    told = dict(tensors.values()) | (counts or {})
    keys = sorted({key for key, _ in tensors.values()})
    out = b"".join(
        pickle.dumps(value, protocol) for value in (MAGIC, 1001, {"little_endian": True})
    )
    out += state_dict(tensors, tail=b"N") if body is None else body
    out += pickle.dumps(keys, protocol)
    for key in keys:
        out += struct.pack("<q", told[key]) + bytes(4 * dict(tensors.values())[key])
    return out


def package(modules: dict[str, bytes], pickled: bytes = b"\x80\x02N.") -> bytes:
    """A `torch.package` archive."""
    records = {
        ".data/extern_modules": b"torch\ncollections\n",
        ".data/python_version": b"3.11.4",
        "models/model.pkl": pickled,
        **modules,
    }
    return archive(records, root="package/")
