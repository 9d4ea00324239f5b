"""Samples of `yaml-include-tag`."""

from __future__ import annotations

from pathlib import Path

EXPECT = {"path": "../../.ssh/id_rsa", "severity": "medium", "line": 2}


def bad(folder: Path) -> str:
    (folder / "hparams.yaml").write_text("a: 1\nb: !include ../../.ssh/id_rsa\n")
    return "hparams.yaml"


def good(folder: Path) -> None:
    (folder / "hparams.yaml").write_text("b: !include data/train.yaml\nc: !env HOME\n")
