"""Samples of `tf-file-op`."""

from __future__ import annotations

from pathlib import Path

from tfgraphs import graph, node, saved_model

EXPECT = {"operation": "WriteFile", "count": 1}


def bad(folder: Path) -> str:
    data = saved_model(graph(node("Const"), node("WriteFile")))
    (folder / "saved_model.pb").write_bytes(data)
    return "saved_model.pb"


def good(folder: Path) -> None:
    names = ("SaveV2", "RestoreV2", "ShardedFilename", "MergeV2Checkpoints")
    (folder / "saved_model.pb").write_bytes(saved_model(graph(*(node(n) for n in names))))
