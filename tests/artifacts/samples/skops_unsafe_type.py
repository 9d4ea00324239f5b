"""Samples of `skops-unsafe-type`."""

from __future__ import annotations

from pathlib import Path

from skopsfiles import ESTIMATOR, archive, node

EXPECT = {"global": "os.system", "severity": "critical"}


def bad(folder: Path) -> str:
    (folder / "m.skops").write_bytes(archive(node("FunctionNode", "os", "system")))
    return "m.skops"


def good(folder: Path) -> None:
    (folder / "m.skops").write_bytes(archive(ESTIMATOR))
