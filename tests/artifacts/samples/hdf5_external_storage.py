"""Samples of `hdf5-external-storage`."""

from __future__ import annotations

from pathlib import Path

import pytest

EXPECT = {"dataset": "/w", "severity": "high"}


def bad(folder: Path) -> str:
    h5py = pytest.importorskip("h5py")
    with h5py.File(folder / "m.h5", "w") as file:
        file.create_dataset("w", (8,), dtype="u1", external=[("/etc/hostname", 0, 8)])
    return "m.h5"


def good(folder: Path) -> None:
    h5py = pytest.importorskip("h5py")
    with h5py.File(folder / "m.h5", "w") as file:
        file.create_dataset("w", (8,), dtype="u1")
