"""Samples of `onnx-custom-operator`."""

from __future__ import annotations

from pathlib import Path

from onnxmodels import function, graph, model, node

EXPECT = {"operator": "com.acme::Run", "severity": "medium"}


def bad(folder: Path) -> str:
    (folder / "m.onnx").write_bytes(model(graph(node("Run", "com.acme"))))
    return "m.onnx"


def good(folder: Path) -> None:
    (folder / "m.onnx").write_bytes(
        model(
            graph(node("f", "mine"), node("FusedMatMul", "com.microsoft")),
            (25, function("f", "mine")),
        )
    )
