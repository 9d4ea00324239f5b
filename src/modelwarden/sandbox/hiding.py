"""Files that a worker may not read although they lie below a folder that it may.

Landlock only grants: so of such a folder its other entries are granted one by one, and of the
folder itself no more than the list of names. A symbolic link grants nothing, as it does elsewhere.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path


def apart(
    readable: Sequence[str], hidden: Sequence[str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return what may be read of `readable` but for `hidden`, and the folders that may be listed.

    Args:
        readable: files and folders.
        hidden: files and folders by their real paths; one that is itself readable is left out.
    """
    granted: dict[str, None] = {}
    listed: dict[str, None] = {}
    waiting = list(reversed(readable))
    while waiting:
        path = waiting.pop()
        real = os.path.realpath(path)
        if real in hidden:
            continue
        if not any(place.startswith(real.rstrip("/") + "/") for place in hidden):
            granted[path] = None
        elif path not in listed:
            listed[path] = None
            waiting += (str(entry) for entry in _entries(path))
    return tuple(granted), tuple(listed)


def _entries(folder: str) -> list[Path]:
    try:
        return [entry for entry in Path(folder).iterdir() if not entry.is_symlink()]
    except OSError:
        return []
