"""Samples of `version-rot`."""

from __future__ import annotations

from pathlib import Path

EXPECT = {"package": "scikit-learn"}


def bad(folder: Path) -> str:
    name = b"csklearn.ensemble.gradient_boosting\nGradientBoostingClassifier\n."
    (folder / "m.pkl").write_bytes(name)
    return "m.pkl"


def good(folder: Path) -> None:
    (folder / "m.pkl").write_bytes(b"csklearn.ensemble._gb\nGradientBoostingClassifier\n.")
