"""Samples of `skops-disguised-node`."""

from __future__ import annotations

from pathlib import Path

from skopsfiles import ESTIMATOR, archive, operator

EXPECT = {"loader": "OperatorFuncNode", "severity": "critical"}


def bad(folder: Path) -> str:
    (folder / "m.skops").write_bytes(archive(operator("call", module="sklearn.svm")))
    return "m.skops"


def good(folder: Path) -> None:
    (folder / "m.skops").write_bytes(archive(ESTIMATOR))
