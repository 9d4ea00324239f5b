"""The digest of a file or folder as a scan takes it, to see whether it is still the same."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from modelwarden.core import digest_of_tree, sha256_of


def digest_of_place(place: Path) -> str:
    """Return `sha256:` of a file, or of the sorted (path, digest) of the files below a folder."""
    return digest_of_files(place, files_of(place))


def digest_of_places(root: Path, names: Iterable[str]) -> str:
    """Return the digest of all that a model is made of; of one place it is that place's own."""
    return together({name: digest_of_place(root / name) for name in names})


def together(digests: Mapping[str, str]) -> str:
    """Return one digest of places by their names; of one place it is that place's own."""
    if len(digests) == 1:
        return next(iter(digests.values()))
    return digest_of_tree((name, digest) for name, digest in digests.items())


def digest_of_files(place: Path, files: Mapping[str, str]) -> str:
    """Return the digest of a place from those of its files, as `files_of` gives them."""
    return f"sha256:{files[place.name]}" if place.is_file() else digest_of_tree(files.items())


def files_of(place: Path) -> dict[str, str]:
    """Return the digest of a file, or of each file below a folder by its path below it.

    Symbolic links are followed as far as they stay below the folder, as a scan does.
    """
    if place.is_file():
        return {place.name: _digest(place)}
    root = place.resolve()
    found: dict[str, str] = {}
    for folder, names, files in os.walk(place):
        names.sort()
        for name in sorted(files):
            path = Path(folder, name)
            if path.is_file() and path.resolve().is_relative_to(root):  # a loop is no file
                found[path.relative_to(place).as_posix()] = _digest(path)
    return found


def with_copies(hidden: Iterable[Path], places: Iterable[Path], *, besides: Path) -> list[Path]:
    """Return files and folders, and files below `places` that hold the same bytes as one of them.

    Of a folder every file counts that holds anything. `besides` is not among them: a model that is
    itself what would be hidden could not be opened.
    """
    wanted = [path.resolve() for path in hidden]
    folders = [path for path in wanted if path.is_dir()]
    files = [path for path in wanted if path.is_file()]
    files += [path for folder in folders for path in folder.rglob("*") if _holds_anything(path)]
    sizes = {path: path.stat().st_size for path in files}
    known = set(sizes.values())
    alike = [
        path.resolve()
        for place in places
        for path in ([place] if place.is_file() else place.rglob("*"))
        if path.is_file() and path.stat().st_size in known
    ]
    beside = [p for p in alike if not any(p.is_relative_to(folder) for folder in folders)]
    met = {path.stat().st_size for path in beside}
    digests = {_digest(path) for path, size in sizes.items() if size in met}
    found = [*wanted, *(path for path in beside if _digest(path) in digests)]
    return [path for path in dict.fromkeys(found) if path != besides.resolve()]


def _holds_anything(path: Path) -> bool:
    return path.is_file() and path.stat().st_size > 0


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return sha256_of(stream)
