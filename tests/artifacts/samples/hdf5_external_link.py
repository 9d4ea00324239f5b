"""Samples of `hdf5-external-link`."""

from __future__ import annotations

from pathlib import Path

import pytest

EXPECT = {"file": "../other.h5", "link": "/w"}


def bad(folder: Path) -> str:
    h5py = pytest.importorskip("h5py")
    with h5py.File(folder / "m.h5", "w") as file:
        file["w"] = h5py.ExternalLink("../other.h5", "/w")
    return "m.h5"


def good(folder: Path) -> None:
    h5py = pytest.importorskip("h5py")
    with h5py.File(folder / "m.h5", "w") as file:
        file["w"] = h5py.SoftLink("/v")
