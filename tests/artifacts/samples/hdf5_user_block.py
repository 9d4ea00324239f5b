"""Samples of `hdf5-user-block`."""

from __future__ import annotations

from pathlib import Path

import pytest

EXPECT = {"size": 512, "severity": "low"}


def bad(folder: Path) -> str:
    h5py = pytest.importorskip("h5py")
    with h5py.File(folder / "m.h5", "w", userblock_size=512) as file:
        file["v"] = [1.0]
    return "m.h5"


def good(folder: Path) -> None:
    h5py = pytest.importorskip("h5py")
    with h5py.File(folder / "m.h5", "w") as file:
        file["v"] = [1.0]
