"""Samples of `network-file-operator`."""

from __future__ import annotations

from pathlib import Path

from networks import paddle, paddle_block, paddle_operator

EXPECT = {"operator": "save", "severity": "high"}


def bad(folder: Path) -> str:
    data = paddle(paddle_block(paddle_operator("relu"), paddle_operator("save")))
    (folder / "m.pdmodel").write_bytes(data)
    return "m.pdmodel"


def good(folder: Path) -> None:
    (folder / "m.pdmodel").write_bytes(paddle(paddle_block(paddle_operator("relu"))))
