"""Samples of `tflite-invalid`."""

from __future__ import annotations

from pathlib import Path

from tflitemodels import i32, model

EXPECT = {"fault": "size", "severity": "medium"}


def bad(folder: Path) -> str:
    (folder / "m.tflite").write_bytes(model(buffers=[{}, {0: bytes(4)}]))
    return "m.tflite"


def good(folder: Path) -> None:
    (folder / "m.tflite").write_bytes(model(version=i32(3)))
