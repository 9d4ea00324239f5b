"""Samples of `yaml-call-tag`."""

from __future__ import annotations

from pathlib import Path

EXPECT = {"path": "run"}


def bad(folder: Path) -> str:
    (folder / "hparams.yaml").write_text("run: !apply:os.system\n  - true\n")
    return "hparams.yaml"


def good(folder: Path) -> None:
    (folder / "hparams.yaml").write_text("net: !new:torch.nn.Linear\n  in_features: 2\n")
