"""Where the advisory index is."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

VARIABLE = "MODELWARDEN_ADVISORIES"
MEND = "modelwarden advisories import FILE (OSV data, such as PyPI/all.zip of osv.dev)"


def named_place(given: Path | None) -> tuple[str, bool]:
    """Return the path of the index to use, and whether the user named it (option or variable).

    As text: a scan without an index has no other use for `pathlib`, which costs 3 ms to import.
    """
    named = os.fspath(given) if given else os.environ.get(VARIABLE)
    if named:
        return named, True
    home = os.path.expanduser("~")  # noqa: PTH111 -- see above
    data = os.environ.get("XDG_DATA_HOME") or f"{home}/.local/share"
    return f"{data}/modelwarden/advisories.sqlite", False


def place_of(given: Path | None) -> tuple[Path, bool]:
    """Return what `named_place` does, as a path."""
    from pathlib import Path

    place, named = named_place(given)
    return Path(place), named
