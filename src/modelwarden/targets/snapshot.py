"""The digest of a file or folder as a scan takes it, to see whether it is still the same."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from modelwarden.core import digest_of_tree


def digest_of_place(place: Path) -> str:
    """Return `sha256:` of a file, or of the sorted (path, digest) of the files below a folder.

    Symbolic links are followed as far as they stay below the folder, as a scan does.
    """
    if place.is_file():
        return f"sha256:{_digest(place)}"
    root = place.resolve()
    pairs: list[tuple[str, str]] = []
    for folder, names, files in os.walk(place):
        names.sort()
        for name in sorted(files):
            path = Path(folder, name)
            if path.resolve().is_relative_to(root) and path.is_file():
                pairs.append((f"{place.name}/{path.relative_to(place).as_posix()}", _digest(path)))
    return digest_of_tree(pairs)


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
