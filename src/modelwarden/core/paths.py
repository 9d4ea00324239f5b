"""Where a path leads, whatever links stand on the way."""

from __future__ import annotations

import os
from pathlib import Path


def real(path: Path) -> Path:
    """Return a path without links; of a loop of links as far as it goes.

    `Path.resolve` raises `RuntimeError` there, before Python 3.13.
    """
    return Path(os.path.realpath(path))


def lies_in(path: Path, folder: Path) -> bool:
    """Tell whether a path leads into a folder, or is that folder."""
    return real(path).is_relative_to(real(folder))
