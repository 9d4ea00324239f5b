"""Samples of `script-remote-code`."""

from __future__ import annotations

from pathlib import Path


def bad(folder: Path) -> str:
    (folder / "start.sh").write_text(
        "#!/bin/sh\nvllm serve . --port 8000 \\\n  --trust-remote-code\n"
    )
    return "start.sh"


def good(folder: Path) -> None:
    (folder / "start.sh").write_text(
        "#!/bin/sh\n# never --trust-remote-code\nvllm serve . --no-trust-remote-code\n"
        "serve --trust_remote_code=false\n"
    )
