"""Samples of `onnx-shadowed-operator`."""

from __future__ import annotations

from pathlib import Path

from onnxmodels import function, graph, model, node

EXPECT = {"operator": "ai.onnx::Relu", "severity": "medium"}


def bad(folder: Path) -> str:
    (folder / "m.onnx").write_bytes(model(graph(node("Relu")), (25, function("Relu", ""))))
    return "m.onnx"


def good(folder: Path) -> None:
    (folder / "m.onnx").write_bytes(model(graph(node("Relu")), (25, function("Relu", "mine"))))
