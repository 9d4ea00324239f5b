"""Samples of `onnx-invalid`."""

from __future__ import annotations

from pathlib import Path

from onnxmodels import graph, model, tensor

EXPECT = {"fault": "size", "severity": "medium"}


def bad(folder: Path) -> str:
    (folder / "m.onnx").write_bytes(model(graph(tensors=(tensor((9, bytes(4))),))))
    return "m.onnx"


def good(folder: Path) -> None:
    (folder / "m.onnx").write_bytes(model(graph(tensors=(tensor((9, bytes(8))),))))
