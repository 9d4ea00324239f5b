"""Samples of `onnx-external-path`."""

from __future__ import annotations

from pathlib import Path

from onnxmodels import graph, model, outside

EXPECT = {"location": "../../etc/passwd", "severity": "high"}


def bad(folder: Path) -> str:
    (folder / "m.onnx").write_bytes(model(graph(tensors=(outside("../../etc/passwd"),))))
    return "m.onnx"


def good(folder: Path) -> None:
    (folder / "m.onnx").write_bytes(model(graph(tensors=(outside("m.data"),))))
