"""Samples of `skops-unknown-type`."""

from __future__ import annotations

from pathlib import Path

from skopsfiles import ESTIMATOR, archive, node, plain

EXPECT = {"global": "acme.run", "severity": "medium"}


def bad(folder: Path) -> str:
    (folder / "m.skops").write_bytes(
        archive(node("ConstructorFromReduceNode", "acme", "run", content=plain([])))
    )
    return "m.skops"


def good(folder: Path) -> None:
    (folder / "m.skops").write_bytes(archive(ESTIMATOR))
