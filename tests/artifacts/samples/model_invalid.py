"""Samples of `model-invalid`."""

from __future__ import annotations

from pathlib import Path

from treemodels import nodes, text, tree, xgboost

EXPECT = {"fault": "invalid", "severity": "medium"}


def bad(folder: Path) -> str:
    (folder / "m.json").write_bytes(text(xgboost(tree(**nodes(4)))))
    return "m.json"


def good(folder: Path) -> None:
    (folder / "m.json").write_bytes(text(xgboost()))
