"""Samples of `container-remote-file`."""

from __future__ import annotations

from pathlib import Path

EXPECT = {"line": 2}


def bad(folder: Path) -> str:
    (folder / "Dockerfile").write_text(
        "FROM python:3.12\nADD http://example.invalid/model.bin /srv/\n"
    )
    return "Dockerfile"


def good(folder: Path) -> None:
    (folder / "Dockerfile").write_text(
        "FROM python:3.12\n"
        "ADD --checksum=sha256:0 http://example.invalid/model.bin /srv/\n"
        "ADD model.bin /srv/\n"
    )
