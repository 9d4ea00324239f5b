"""Samples of `tflite-custom-operator`."""

from __future__ import annotations

from pathlib import Path

from tflitemodels import custom, model

EXPECT = {"operator": "Acme", "severity": "medium"}


def bad(folder: Path) -> str:
    (folder / "m.tflite").write_bytes(model(codes=[custom("Acme")]))
    return "m.tflite"


def good(folder: Path) -> None:
    (folder / "m.tflite").write_bytes(model(codes=[custom("TFLite_Detection_PostProcess")]))
