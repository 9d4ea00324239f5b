"""Samples of `skops-needs-code`."""

from __future__ import annotations

from pathlib import Path

from skopsfiles import ESTIMATOR, archive, plain

EXPECT = {"package": "scikit-learn", "severity": "low"}


def bad(folder: Path) -> str:
    (folder / "m.skops").write_bytes(archive(ESTIMATOR))
    return "m.skops"


def good(folder: Path) -> None:
    (folder / "m.skops").write_bytes(archive(plain([1, 2])))
