"""Samples of `container-host-access`."""

from __future__ import annotations

from pathlib import Path


def bad(folder: Path) -> str:
    (folder / "docker-compose.yml").write_text(
        'services:\n  x:\n    image: a\n    volumes: ["/:/host:rw"]\n'
    )
    return "docker-compose.yml"


def good(folder: Path) -> None:
    (folder / "docker-compose.yml").write_text(
        "services:\n  x:\n    image: a\n    volumes:\n    - ./models:/models:ro\n"
        "    - /etc/localtime:/etc/localtime\n"
    )
