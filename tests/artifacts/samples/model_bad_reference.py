"""Samples of `model-bad-reference`."""

from __future__ import annotations

from pathlib import Path

from treemodels import lightgbm

EXPECT = {"fault": "reference", "severity": "high"}


def bad(folder: Path) -> str:
    (folder / "m.txt").write_bytes(lightgbm({"left_child": "0 -1"}))
    return "m.txt"


def good(folder: Path) -> None:
    (folder / "m.txt").write_bytes(lightgbm())
