"""Samples of `hdf5-virtual-dataset`."""

from __future__ import annotations

from pathlib import Path

import pytest

EXPECT = {"dataset": "/w"}


def layout(h5py: object, file: str) -> object:
    made = h5py.VirtualLayout(shape=(1, 4), dtype="f4")
    made[0] = h5py.VirtualSource(file, "v", shape=(4,))
    return made


def bad(folder: Path) -> str:
    h5py = pytest.importorskip("h5py")
    with h5py.File(folder / "m.h5", "w", libver="v110") as file:
        file.create_virtual_dataset("w", layout(h5py, "/srv/other.h5"))
    return "m.h5"


def good(folder: Path) -> None:
    h5py = pytest.importorskip("h5py")
    with h5py.File(folder / "m.h5", "w", libver="v110") as file:
        file["v"] = [1.0, 2.0, 3.0, 4.0]
        file.create_virtual_dataset("w", layout(h5py, "."))
