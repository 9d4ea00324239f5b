"""Samples of `tf-checkpoint-path`."""

from __future__ import annotations

from pathlib import Path

EXPECT = {"path": "/srv/ckpt-1", "severity": "low"}


def bad(folder: Path) -> str:
    (folder / "checkpoint").write_text('model_checkpoint_path: "/srv/ckpt-1"\n')
    return "checkpoint"


def good(folder: Path) -> None:
    (folder / "checkpoint").write_text('model_checkpoint_path: "ckpt-1"\n')
