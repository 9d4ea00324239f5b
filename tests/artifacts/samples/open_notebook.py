"""Samples of `open-notebook`."""

from __future__ import annotations

from pathlib import Path

EXPECT = {"severity": "medium", "line": 2}


def bad(folder: Path) -> str:
    (folder / "Dockerfile").write_text(
        "FROM jupyter/base-notebook\nCMD jupyter lab --ip=0.0.0.0 --NotebookApp.token=''\n"
    )
    return "Dockerfile"


def good(folder: Path) -> None:
    (folder / "Dockerfile").write_text(
        "FROM jupyter/base-notebook\nCMD jupyter lab --ip=0.0.0.0 --NotebookApp.token=$TOKEN\n"
    )
