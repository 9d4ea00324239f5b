"""Samples of `script-schedule`."""

from __future__ import annotations

from pathlib import Path


def bad(folder: Path) -> str:
    (folder / "setup.sh").write_text(
        '#!/bin/sh\n(crontab -l; echo "0 3 * * * $PWD/retrain.sh") | crontab -\n'
    )
    return "setup.sh"


def good(folder: Path) -> None:
    (folder / "setup.sh").write_text("#!/bin/sh\ncrontab -l\necho 'add it with crontab -e'\n")
