"""Samples of `yaml-alias-expansion`."""

from __future__ import annotations

from pathlib import Path

EXPECT = {"fault": "expansion", "severity": "medium"}


def bad(folder: Path) -> str:
    levels = [f"l{n + 1}: &l{n + 1} [{', '.join([f'*l{n}'] * 9)}]" for n in range(8)]
    (folder / "c.yaml").write_text("\n".join(["l0: &l0 [x, x]", *levels]) + "\n")
    return "c.yaml"


def good(folder: Path) -> None:
    (folder / "c.yaml").write_text("a: &a [1, 2]\nb: [*a, *a, *a, *a]\nc: !!str x\n")
