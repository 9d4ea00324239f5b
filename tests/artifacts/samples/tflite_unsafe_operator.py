"""Samples of `tflite-unsafe-operator`."""

from __future__ import annotations

from pathlib import Path

from tflitemodels import custom, model

EXPECT = {"operator": "FlexReadFile", "severity": "high"}


def bad(folder: Path) -> str:
    (folder / "m.tflite").write_bytes(model(codes=[custom("FlexReadFile")]))
    return "m.tflite"


def good(folder: Path) -> None:
    (folder / "m.tflite").write_bytes(model(codes=[custom("FlexErf")]))
