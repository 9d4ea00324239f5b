"""Samples of `onnx-python-operator`."""

from __future__ import annotations

from pathlib import Path

from onnxmodels import graph, model, node

EXPECT = {"operator": "ai.onnx.contrib::Mine", "severity": "high"}


def bad(folder: Path) -> str:
    (folder / "m.onnx").write_bytes(model(graph(node("Mine", "ai.onnx.contrib"))))
    return "m.onnx"


def good(folder: Path) -> None:
    (folder / "m.onnx").write_bytes(model(graph(node("Relu"))))
