"""The private folder of a worker: how much lies in it, and how it is removed.

What a worker leaves there may be made to hurt who looks: folders nested deeper than any path is
long, a million empty files, names that are no text. Both are done without recursion, by descriptors
of folders, and never through a symbolic link.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress

MOST_ENTRIES = 20_000
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def bytes_used(folder: str, most: int) -> int:
    """Return the bytes that lie below a folder; more than `most` where it cannot be told.

    Counting stops at `MOST_ENTRIES` files and folders, and where a folder cannot be opened: no
    honest model comes near.
    """
    used = entries = 0
    waiting = [folder]
    try:
        while waiting:
            with suppress(FileNotFoundError), os.scandir(waiting.pop()) as found:
                for entry in found:
                    entries += 1
                    if entries > MOST_ENTRIES or used > most:
                        return most + 1
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
                    with suppress(FileNotFoundError):  # it was removed meanwhile
                        used += entry.stat(follow_symlinks=False).st_blocks * 512
    except OSError:
        return most + 1
    return used


def remove(folder: str) -> None:
    """Remove a folder and all below it, as far as it can be removed.

    A folder is emptied into the topmost one before it is removed, so that depth does not matter.
    """
    try:
        top = os.open(folder, _FOLDER)
    except OSError:
        return
    try:
        fresh = 0
        while names := os.listdir(top):
            left = len(names)
            for name in names:
                fresh, gone = _remove_entry(top, name, fresh)
                left -= gone
            if left == len(names):
                break  # nothing of it can be removed
    finally:
        os.close(top)
    with suppress(OSError):
        os.rmdir(folder)


def _remove_entry(top: int, name: str, fresh: int) -> tuple[int, bool]:
    """Remove one entry of the topmost folder, whose own entries move up to it with fresh names."""
    try:
        if not stat.S_ISDIR(os.stat(name, dir_fd=top, follow_symlinks=False).st_mode):
            os.unlink(name, dir_fd=top)
            return fresh, True
        with suppress(OSError):
            os.chmod(name, 0o700, dir_fd=top)
        inner = os.open(name, _FOLDER, dir_fd=top)
        try:
            for each in os.listdir(inner):
                fresh += 1
                os.rename(each, f".{os.getpid()}.{fresh}", src_dir_fd=inner, dst_dir_fd=top)
        finally:
            os.close(inner)
        os.rmdir(name, dir_fd=top)
    except OSError:
        return fresh, False
    return fresh, True
