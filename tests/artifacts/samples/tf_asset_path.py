"""Samples of `tf-asset-path`."""

from __future__ import annotations

from pathlib import Path

from tfgraphs import graph, message, node, saved_model

EXPECT = {"asset": "../../secret.txt"}


def model(asset: str) -> bytes:
    return saved_model(graph(node("Const")), (6, message((2, asset))))


def bad(folder: Path) -> str:
    (folder / "saved_model.pb").write_bytes(model("../../secret.txt"))
    return "saved_model.pb"


def good(folder: Path) -> None:
    (folder / "saved_model.pb").write_bytes(model("vocabulary.txt"))
