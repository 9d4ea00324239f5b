"""Samples of `model-hidden-data`."""

from __future__ import annotations

from pathlib import Path

from xgboostmodels import model

EXPECT = {"fault": "trailing", "severity": "medium"}


def bad(folder: Path) -> str:
    (folder / "m.model").write_bytes(model() + b"hidden" * 20)
    return "m.model"


def good(folder: Path) -> None:
    (folder / "m.model").write_bytes(model())
