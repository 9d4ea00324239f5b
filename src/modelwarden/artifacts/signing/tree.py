"""The files of a model as a signature sees them: their digests, and what no signature can hold."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import field
from typing import TYPE_CHECKING

from modelwarden.artifacts.signing.statement import SINGLE, How, Part
from modelwarden.core import InputError
from modelwarden.core.values import dataclass

if TYPE_CHECKING:
    from modelwarden.artifacts.signing.hashing import Unit

MOST = 1_000_000
GIT = (".git", ".gitattributes", ".github", ".gitignore")


@dataclass(slots=True)
class Tree:
    """What was met below a model's path.

    Attributes:
        files: (path below the model, path to open, size), without what is left out.
        odd: (path below the model, why) of what is neither a file nor a folder to be signed.
        ignored: files that are left out.
    """

    files: list[tuple[str, str, int]] = field(default_factory=list)
    odd: list[tuple[str, str]] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)


def walk(root: str, how: How, signature: str) -> Tree:
    """Find the files of the model at `root`; the file at `signature` is not one of them.

    Raises:
        InputError: `root` is not there, or has more files than a signature could list.
    """
    tree = Tree()
    try:
        status = os.stat(root)  # noqa: PTH116 -- names of files may hold any bytes
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise InputError(f"cannot read {root}: {why}") from error
    if stat.S_ISREG(status.st_mode):
        tree.files.append((SINGLE, os.path.realpath(root), status.st_size))
        return tree
    if not stat.S_ISDIR(status.st_mode):
        raise InputError(f"{root} is neither a file nor a folder")
    left_out = {path.rstrip("/") for path in how.ignored}
    own, mine = os.path.realpath(signature), os.path.basename(signature)  # noqa: PTH119
    for name, entry in _entries(root):
        if len(tree.files) + len(tree.ignored) > MOST:
            raise InputError(f"{root} holds more than {MOST} files")
        if entry.path == own or (entry.name == mine and os.path.realpath(entry.path) == own):
            continue
        if _is_left_out(name, left_out):
            tree.ignored.append(name)
        else:
            _take(tree, name, entry, follow=how.follow)
    return tree


def _take(tree: Tree, name: str, entry: os.DirEntry[str], *, follow: bool) -> None:
    try:
        if entry.is_symlink() and not follow:
            tree.odd.append((name, "a symbolic link"))
        elif entry.is_symlink() and entry.is_dir():
            tree.odd.append((name, "a symbolic link to a folder"))
        elif entry.is_file():
            path = os.path.realpath(entry.path) if entry.is_symlink() else entry.path
            tree.files.append((name, path, entry.stat().st_size))
        else:
            tree.odd.append((name, "a link to nothing" if entry.is_symlink() else "no plain file"))
    except OSError as error:
        tree.odd.append((name, (error.strerror or str(error)).lower()))


def _entries(root: str) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """Yield everything below `root` but folders, with its path below it."""
    todo = [("", root)]
    while todo:
        prefix, folder = todo.pop()
        try:
            with os.scandir(folder) as found:
                entries = sorted(found, key=lambda entry: entry.name)
        except OSError as error:
            why = (error.strerror or str(error)).lower()
            raise InputError(f"cannot read {folder}: {why}") from error
        for entry in entries:
            name = prefix + entry.name
            if entry.is_dir(follow_symlinks=False):
                todo.append((f"{name}/", entry.path))
            else:
                yield name, entry


def _is_left_out(name: str, left_out: set[str]) -> bool:
    """Tell whether a path or a folder above it is left out.

    >>> _is_left_out(".git/config", {".git"}), _is_left_out(".gitx", {".git"})
    (True, False)
    """
    at = len(name)
    while at > 0:
        if name[:at] in left_out:
            return True
        at = name.rfind("/", 0, at)
    return False


def units(tree: Tree, how: How) -> list[Unit]:
    """Return what is to be hashed. An empty file has no shard: `empties` names those.

    Raises:
        InputError: there would be more shards than a signature could list.
    """
    from modelwarden.artifacts.signing.hashing import Unit

    found: list[Unit] = []
    for name, path, size in tree.files:
        if how.shard is None:
            found.append(Unit(Part(name), path, 0, None, size))
            continue
        if len(found) + size // how.shard > MOST:
            raise InputError(f"{path} has more than {MOST} shards of {how.shard} bytes")
        for start in range(0, size, how.shard):
            end = min(start + how.shard, size)
            found.append(Unit(Part(name, start, end), path, start, end, size))
    return found


def empties(tree: Tree, how: How) -> list[str]:
    """Return the empty files, which a signature by shards does not cover."""
    return [] if how.shard is None else [name for name, _, size in tree.files if not size]
