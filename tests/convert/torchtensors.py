"""Torch files with given tensors, made without torch: real bytes, any strides, any storage."""

from __future__ import annotations

import pickle
import struct

from torchfiles import MAGIC, ORDERED_DICT, archive, integer, text


def sizes(values):
    return b"(" + b"".join(map(integer, values)) + b"t"


def storage(key, count, kind="FloatStorage", tail=b""):
    pid = b"(" + text("storage") + b"ctorch\n" + kind.encode() + b"\n" + text(str(key))
    return pid + text("cpu") + integer(count) + tail + b"tQ"


def tensor(
    key, count, shape, strides, offset=0, kind="FloatStorage", *, tail=b"", metadata=b"", wrap=b""
):
    """A call of `_rebuild_tensor_v2`; `metadata` is one more argument."""
    body = storage(key, count, kind, tail) + integer(offset) + sizes(shape) + sizes(strides)
    return (
        b"ctorch._utils\n_rebuild_tensor_v2\n(" + body + b"\x89" + ORDERED_DICT + metadata + b"tR"
    )


def call(name, *arguments):
    return (
        b"c"
        + name.replace(".", " ").rpartition(" ")[0].replace(" ", ".").encode()
        + b"\n"
        + (name.rpartition(".")[2].encode() + b"\n(" + b"".join(arguments) + b"tR")
    )


def glob(name):
    module, _, last = name.rpartition(".")
    return f"c{module}\n{last}\n".encode()


def state(entries):
    """A pickled OrderedDict of name -> code that makes the value."""
    items = b"".join(text(name) + code for name, code in entries.items())
    return b"\x80\x02" + ORDERED_DICT + b"(" + items + b"u."


def zipped(entries, storages, **more):
    """A torch zip: name -> code, key -> bytes."""
    records = {f"data/{key}": data for key, data in storages.items()}
    return archive({**records, **more}, pickled=state(entries))


def legacy(entries, storages, width=4, *, little=True, protocol=2):
    """The layout before zip; the tensors are made with `tail=b"N"`."""
    out = b"".join(
        pickle.dumps(value, protocol) for value in (MAGIC, 1001, {"little_endian": little})
    )
    out += state(entries) + pickle.dumps(sorted(storages), protocol)
    for key in sorted(storages):
        out += struct.pack("<q", len(storages[key]) // width) + storages[key]
    return out
