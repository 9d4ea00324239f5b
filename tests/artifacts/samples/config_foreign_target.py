"""Samples of `config-foreign-target`."""

from __future__ import annotations

from pathlib import Path

EXPECT = {"target": "acme_models.build", "severity": "medium"}


def bad(folder: Path) -> str:
    (folder / "model.yaml").write_text("model:\n  _target_: acme_models.build\n  size: 3\n")
    return "model.yaml"


def good(folder: Path) -> None:
    text = (
        "optimizer:\n  _target_: torch.optim.Adam\n  lr: 0.1\nmodel:\n  _target_: nemo.core.Model\n"
    )
    (folder / "model.yaml").write_text(text)
