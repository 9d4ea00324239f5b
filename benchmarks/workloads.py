"""What the cost benchmark scans: built once under `build/benchmarks/work/`, from one seed.

| workload | what |
|---|---|
| `tiny.pkl` | a dictionary of two numbers |
| `checkpoint.pt` | 1 GiB: a torch state dict of 64 tensors of 16 MiB, stored, 64-byte aligned |
| `dense.pkl` | 21 MB: 426,000 small tuples and dictionaries, 9.2 million opcodes |
| `small/` | 2,000 files of a few kilobytes: pickles, arrays, checkpoints, JSON and text |
"""

from __future__ import annotations

import json
import pickle
import random
import shutil
import struct
import zipfile
from collections import OrderedDict
from pathlib import Path

SEED = 20
_TENSORS, _FLOATS = 64, 4 << 20
_PAIRS, _KEYS = 213_000, 10


def tiny(path: Path) -> None:
    """Write a dictionary of two numbers."""
    path.write_bytes(pickle.dumps({"epoch": 3, "loss": 0.5}))


def _global(module: str, name: str) -> bytes:
    return f"c{module}\n{name}\n".encode()


def _push(thing: object) -> bytes:
    return pickle.dumps(thing, 2)[2:-1].replace(b"q\x00", b"")


def state_dict(names: list[str], floats: int) -> bytes:
    """Return `data.pkl` of a torch checkpoint: float tensor i lies in storage i."""
    out = [b"\x80\x02", _global("collections", "OrderedDict"), b")R("]
    for index, name in enumerate(names):
        storage = b"(" + _push("storage") + _global("torch", "FloatStorage")
        storage += _push(str(index)) + _push("cpu") + _push(floats) + b"tQ"
        out += [_push(name), _global("torch._utils", "_rebuild_tensor_v2"), b"(", storage]
        out += [b"K\x00", _push(floats), b"\x85K\x01\x85\x89"]
        out += [_global("collections", "OrderedDict"), b")RtR"]
    return b"".join([*out, b"u."])


def checkpoint(path: Path, tensors: int = _TENSORS, floats: int = _FLOATS) -> None:
    """Write a torch checkpoint as `torch.save` lays it out."""
    block = random.Random(SEED).randbytes(1 << 20)
    names = [f"layers.{i}.weight" for i in range(tensors)]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as target:
        target.writestr(_aligned(target, "archive/data.pkl"), state_dict(names, floats))
        target.writestr(_aligned(target, "archive/byteorder"), b"little")
        for index in range(tensors):
            with target.open(_aligned(target, f"archive/data/{index}"), "w") as member:
                for at in range(0, floats * 4, len(block)):
                    member.write(block[: floats * 4 - at])
        target.writestr(_aligned(target, "archive/version"), b"3\n")


def _aligned(target: zipfile.ZipFile, name: str) -> zipfile.ZipInfo:
    """Return a member whose bytes begin at a multiple of 64, by an extra field named FB."""
    info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
    begin = target.fp.tell() + 30 + len(name) + 4 if target.fp else 0
    room = -begin % 64
    info.extra = struct.pack("<2sH", b"FB", room) + b"Z" * room
    return info


def dense(path: Path, pairs: int = _PAIRS) -> None:
    """Write many small tuples and dictionaries: opcodes, and nothing to skip over."""
    rng = random.Random(SEED)
    keys = [f"k{i}" for i in range(_KEYS)]
    things: list[object] = []
    for _ in range(pairs):
        things.append(tuple(rng.choices(range(75_000), k=16)))
        things.append(dict(zip(keys, rng.randbytes(_KEYS), strict=True)))
    path.write_bytes(pickle.dumps(things, 4))


def small(folder: Path, count: int = 2000) -> None:
    """Write small files of five kinds, in folders of a hundred."""
    rng = random.Random(SEED)
    for index in range(count):
        place = folder / f"{index // 100:02}"
        place.mkdir(parents=True, exist_ok=True)
        kind = index % 5
        if kind == 0:
            numbers = OrderedDict((f"w{i}", rng.random()) for i in range(50))
            (place / f"{index}.pkl").write_bytes(pickle.dumps(numbers, 2 + index % 4))
        elif kind == 1:
            head = "{'descr': '<f8', 'fortran_order': False, 'shape': (64,), }"
            head += " " * (118 - len(head) - 1) + "\n"
            data = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head.encode()
            (place / f"{index}.npy").write_bytes(data + rng.randbytes(512))
        elif kind == 2:
            checkpoint(place / f"{index}.pt", tensors=2, floats=64)
        elif kind == 3:
            told = {"hidden_size": index, "layers": [rng.random() for _ in range(20)]}
            (place / f"{index}.json").write_text(json.dumps(told))
        else:
            words = " ".join(rng.choices(["weights", "of", "a", "model", "are"], k=200))
            (place / f"{index}.txt").write_text(words + "\n")


def build(folder: Path) -> dict[str, Path]:
    """Return the workloads by name, building those that are missing."""
    folder.mkdir(parents=True, exist_ok=True)
    makers = {"tiny.pkl": tiny, "checkpoint.pt": checkpoint, "dense.pkl": dense, "small": small}
    for name, make in makers.items():
        if not (folder / name).exists():
            unfinished = folder / f"unfinished-{name}"
            shutil.rmtree(unfinished, ignore_errors=True)
            make(unfinished)
            unfinished.rename(folder / name)
    return {name: folder / name for name in makers}
