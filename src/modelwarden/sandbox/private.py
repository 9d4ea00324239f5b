"""The private folder of a worker: how much it uses of the disk, and how it is removed.

What a worker leaves there may be made to hurt who looks: folders nested deeper than any path is
long, a million empty files, names that are no text, files without a name that it holds open. Both
are done without recursion, by descriptors of folders, and never through a symbolic link.

Source: proc_pid_fdinfo(5), proc_pid_map_files(5).
"""

from __future__ import annotations

import os
import re
import stat
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_ENTRIES = 20_000
_WAITING = re.compile(r"^scm_fds:\s*(\d+)", re.MULTILINE)
# `start-end rw-s offset device inode path (deleted)`, but for memory that is shared without a file.
_DELETED = re.compile(
    rb"([0-9a-f]+)-([0-9a-f]+) \S+ \S+ \S+ (\d+) +(?!/memfd:|/dev/zero|/SYSV)(.*) \(deleted\)",
    re.DOTALL,
)
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


def nameless_bytes(pid: int, folder: str, channel: int, most: int) -> int:
    """Return the bytes of files that a process keeps although no folder has their name any more.

    Open ones and mapped ones count. More than `most` where descriptors wait in a socket, since what
    they stand for cannot be seen; `channel` is the inode of the socket where ours may wait.
    """
    device = os.stat(folder).st_dev
    sizes: dict[int, int] = {}
    for place in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(OSError):  # it was closed meanwhile
            found = place.stat()
            if stat.S_ISREG(found.st_mode) and not found.st_nlink and found.st_dev == device:
                sizes[found.st_ino] = found.st_blocks * 512
            elif (
                stat.S_ISSOCK(found.st_mode)
                and found.st_ino != channel
                and descriptors_waiting(pid, int(place.name))
            ):
                return most + 1
    maps = Path(f"/proc/{pid}/maps").read_bytes()
    below = os.fsencode(folder) + b"/"
    for start, end, inode, path in _deleted(maps):
        size = end - start
        try:
            size = _mapped(pid, start, end, device)
        except OSError:  # only a privileged process may look: a mapped page may stand for any file
            if inode not in sizes and path.startswith(below):
                return most + 1
        sizes[inode] = max(size, sizes.get(inode, 0))
    return sum(sizes.values())


def _deleted(maps: bytes) -> Iterator[tuple[int, int, int, bytes]]:
    """Yield start, end, inode and last path of each mapped file that has no name.

    A library such as SciPy leaves a thousand lines here, of which ours are two or three: only
    those that end as they should are looked at closely.
    """
    end = -1
    while (end := maps.find(b" (deleted)\n", end + 1)) >= 0:
        line = maps[maps.rfind(b"\n", 0, end) + 1 : end + len(b" (deleted)")]
        if found := _DELETED.fullmatch(line):
            yield int(found[1], 16), int(found[2], 16), int(found[3]), found[4]


def descriptors_waiting(pid: int, descriptor: int) -> int:
    """Return how many descriptors were sent to a socket and not yet received."""
    told = Path(f"/proc/{pid}/fdinfo/{descriptor}").read_text(encoding="ascii")
    waiting = _WAITING.search(told)
    return int(waiting[1]) if waiting else 0


def _mapped(pid: int, start: int, end: int, device: int) -> int:
    found = Path(f"/proc/{pid}/map_files/{start:x}-{end:x}").stat()
    return found.st_blocks * 512 if found.st_dev == device else 0


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
