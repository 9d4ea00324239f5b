"""Samples of `tf-python-op`."""

from __future__ import annotations

from pathlib import Path

from tfgraphs import function, graph, node, saved_model

EXPECT = {"operation": "PyFunc", "function": "inner", "node": "bad"}


def bad(folder: Path) -> str:
    hidden = function("inner", node("PyFunc", "bad"))
    (folder / "saved_model.pb").write_bytes(saved_model(graph(node("Const"), functions=(hidden,))))
    return "saved_model.pb"


def good(folder: Path) -> None:
    data = saved_model(graph(node("Const", "PyFunc"), node("PartitionedCall")))
    (folder / "saved_model.pb").write_bytes(data)
