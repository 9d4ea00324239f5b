"""What lies in chunks is looked into, and where it could not be, that is a gap."""

from __future__ import annotations

import base64
import struct
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from modelwarden.artifacts import examine
from modelwarden.core import GapKind
from modelwarden.formats import Limits, Source

PICKLE = b"\x80\x04\x8c\x05posix\x8c\x06system\x93\x8c\x04true\x85R."
_BYTES = np.frombuffer(PICKLE.ljust(400, b"\0"), np.uint8)
_WIDE = np.dtype([("name", "S64"), ("value", "<f4")])


def _examined(path: Path, build: Callable[[h5py.File], None], libver: str = "earliest"):
    with h5py.File(path, "w", libver=libver) as file:
        build(file)
    with Source.open(path) as source:
        return examine(source, Limits())


def _large(file: h5py.File) -> None:
    data = np.zeros(5 << 20, np.uint8)
    data[: len(_BYTES)] = _BYTES
    file.create_dataset("w", data=data, chunks=(5 << 20,))


def _large_packed(file: h5py.File) -> None:
    rest = np.random.default_rng(0).integers(0, 256, 5 << 20, np.uint8)
    data = np.concatenate([_BYTES, rest])
    file.create_dataset("w", data=data, chunks=data.shape, compression="gzip", fletcher32=True)


def _compound(file: h5py.File) -> None:
    rows = np.zeros(40, _WIDE)
    rows["name"][0] = PICKLE
    file.create_dataset("w", data=rows)


def _compound_in_chunks(file: h5py.File) -> None:
    rows = np.zeros(40, _WIDE)
    rows["name"][0] = PICKLE
    file.create_dataset("w", data=rows, chunks=(8,), compression="gzip")


def _arrays(file: h5py.File) -> None:
    kind = np.dtype((np.uint8, (400,)))
    made = file.create_dataset("w", (1,), kind)
    made[0] = _BYTES


def _truths(file: h5py.File) -> None:
    kind = h5py.enum_dtype({"no": 0, "yes": 1}, basetype="u1")
    file.create_dataset("w", data=_BYTES, dtype=kind, chunks=(200,))


def _texts(file: h5py.File) -> None:
    text = base64.b64encode(PICKLE.ljust(60, b"\0")).decode()
    made = file.create_dataset("w", (2,), h5py.string_dtype(), maxshape=(None,), compression="gzip")
    made[0], made[1] = "plain", text


FOUND = [_large, _large_packed, _compound, _compound_in_chunks, _arrays, _truths, _texts]


@pytest.mark.parametrize("libver", ["earliest", "latest"])
@pytest.mark.parametrize("build", FOUND)
def test_a_pickle_in_a_dataset_is_found(build, libver, tmp_path):
    result = _examined(tmp_path / "m.h5", build, libver)

    assert "pickle-unsafe-global" in {hit.rule for hit in result.findings}


def _two_ways(file: h5py.File) -> None:
    file.create_dataset("w", data=_BYTES.reshape(20, 20), chunks=(20, 20), maxshape=(None, None))


def _scaled(file: h5py.File) -> None:
    file.create_dataset("w", data=_BYTES, chunks=(400,), scaleoffset=0)


def _blocks(file: h5py.File) -> None:
    """A large chunk whose bytes are put together from all of it."""
    data = np.random.default_rng(0).integers(0, 256, (3 << 20, 2), np.uint8)
    kind = np.dtype([("a", "u1"), ("b", "u1")])
    rows = data.view(kind).reshape(-1)
    file.create_dataset("w", data=rows, chunks=rows.shape, compression="gzip", shuffle=True)


@pytest.mark.parametrize(
    ("build", "libver", "why"),
    [
        (_two_ways, "latest", "it may grow in several directions"),
        (_scaled, "earliest", "its chunks stand behind the filter scale-offset"),
        (_blocks, "earliest", "cannot be unpacked"),
    ],
)
def test_what_is_not_looked_into_is_a_gap(build, libver, why, tmp_path):
    result = _examined(tmp_path / "m.h5", build, libver)

    assert [gap.kind for gap in result.gaps] == [GapKind.UNSUPPORTED]
    assert "/w was not looked into: " in result.gaps[0].why
    assert why in result.gaps[0].why


def test_a_filter_that_nobody_knows_is_named_by_its_number(tmp_path):
    path = tmp_path / "m.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("w", data=_BYTES, chunks=(400,), compression="gzip")
    data = path.read_bytes()
    at = data.index(struct.pack("<BB6xHHHH", 1, 1, 1, 8, 1, 1))
    path.write_bytes(data[: at + 8] + struct.pack("<H", 305) + data[at + 10 :])

    with Source.open(path) as source:
        (gap,) = examine(source, Limits()).gaps

    assert "its chunks stand behind the filter 305" in gap.why


def _numbers(file: h5py.File) -> None:
    rng = np.random.default_rng(0)
    file.create_dataset("two ways", data=rng.random((20, 20)), maxshape=(None, None), chunks=(5, 5))
    scaled = rng.integers(0, 9, 400, np.int32)
    file.create_dataset("scaled", data=scaled, chunks=(400,), scaleoffset=0)
    index = np.arange(1152, 1192).astype([("index", "<i8")])  # its first bytes are b"\x80\x04"
    file.create_dataset("table", data=index, chunks=(8,))
    file.create_dataset("contiguous table", data=index)
    file.create_dataset("flags", data=[True, False] * 20, chunks=(10,))
    file.create_dataset("names", data=["a", "b"], dtype=h5py.string_dtype(), maxshape=(None,))
    file.create_dataset("empty", (0,), np.uint8, maxshape=(None,), compression="gzip")
    file.create_dataset("never written", (100,), np.uint8, chunks=(10,))


@pytest.mark.parametrize("libver", ["earliest", "latest"])
def test_honest_numbers_and_names_leave_nothing(libver, tmp_path):
    result = _examined(tmp_path / "m.h5", _numbers, libver)

    assert not result.findings
    assert not result.gaps
