"""Samples of `tf-custom-op`."""

from __future__ import annotations

from pathlib import Path

from tfgraphs import function, graph, node, saved_model

EXPECT = {"operation": "MyPackage>Run", "severity": "medium"}


def bad(folder: Path) -> str:
    (folder / "saved_model.pb").write_bytes(saved_model(graph(node("MyPackage>Run"))))
    return "saved_model.pb"


def good(folder: Path) -> None:
    made = graph(node("MatMul"), node("mine"), functions=(function("mine", node("Const")),))
    (folder / "saved_model.pb").write_bytes(saved_model(made))
