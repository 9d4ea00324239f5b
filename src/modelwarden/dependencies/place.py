"""Where the advisory index is."""

from __future__ import annotations

import os
from pathlib import Path

VARIABLE = "MODELWARDEN_ADVISORIES"
MEND = "modelwarden advisories import FILE"


def default_place() -> Path:
    """Return where the index is when nobody says otherwise."""
    data = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(data) / "modelwarden" / "advisories.sqlite"


def place_of(given: Path | None) -> tuple[Path, bool]:
    """Return the index to use, and whether the user named it (by option or variable)."""
    named = given or (Path(os.environ[VARIABLE]) if os.environ.get(VARIABLE) else None)
    return (named, True) if named else (default_place(), False)
