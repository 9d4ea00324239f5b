"""Samples of `xgboost-bad-tree`."""

from __future__ import annotations

from pathlib import Path

from xgboostmodels import booster, model, tree

EXPECT = {"fault": "reference", "severity": "high"}


def bad(folder: Path) -> str:
    (folder / "m.model").write_bytes(model(booster(tree(((-1, 9, 9, 0),)))))
    return "m.model"


def good(folder: Path) -> None:
    (folder / "m.model").write_bytes(model())
