"""From the paths that a user names to the files that are examined, in a stable order.

Nothing is skipped in silence: what is met and is not a regular file becomes a gap, and so does
what cannot be listed. Symbolic links are not followed; one whose target lies below a named path
is met there, one that leads elsewhere is a gap. A path that the user names is followed, because
naming it is the user's own decision.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Sequence
from dataclasses import field

from modelwarden.core import Coverage, Gap, GapKind, InputError
from modelwarden.core.values import dataclass
from modelwarden.gate.git_store import GitStores

_SPECIAL = (
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a character device"),
    (stat.S_ISBLK, "a block device"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A regular file to be examined.

    Attributes:
        path: to open it with.
        name: as reports show it: relative to the scanned root, printable.
        named: the user named this very file.
    """

    path: str
    name: str
    named: bool = False


@dataclass(slots=True)
class Walked:
    """What the named paths hold.

    Attributes:
        files: sorted by name.
        roots: real paths that were named; policy and plugins must not come from below them.
        coverage: lines for what is counted as a whole.
    """

    files: list[Found] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    roots: list[str] = field(default_factory=list)
    coverage: list[Coverage] = field(default_factory=list)


def printable(name: str) -> str:
    r"""Return `name` without anything that a terminal acts on or that is not Unicode.

    >>> printable("a\udcff\x1b[2Jb")
    'a\\xff\\x1b[2Jb'
    """
    if name.isprintable():
        return name
    try:
        data = name.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # halves of a character that no file name brings
        data = name.encode("utf-8", "surrogatepass")
    text = data.decode("utf-8", "backslashreplace")
    return "".join(
        c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text
    )


def label_of(path: str) -> str:
    r"""Return the printable name of a path; two paths never share one.

    >>> label_of("a\udcff"), label_of("a\\xff")
    ('a\\xff', 'a\\\\xff')
    """
    return printable(path.replace("\\", "\\\\"))


def walk(paths: Sequence[str]) -> Walked:
    """Return every file below `paths`; a file that is reached twice is listed once.

    Raises:
        InputError: there is no path, or one does not exist or cannot be looked at.
    """
    if not paths:
        raise InputError("no path was given", hint="Name a file, a folder, or - for stdin.")
    walked = Walked()
    tops = [_Top(path) for path in paths]
    walked.roots = [top.real for top in tops]
    base = _common(tops)
    walk = _Walk(walked)
    for top in tops:
        walk.enter(top, top.label(base))
    walk.settle()
    walked.files.sort(key=lambda found: found.name)
    walked.gaps.sort(key=lambda gap: gap.what)
    return walked


class _Top:
    """One path that the user named, looked at once."""

    def __init__(self, path: str) -> None:
        self.given = path
        try:
            self.mode = os.stat(path).st_mode
        except (OSError, ValueError) as error:
            raise InputError(_cannot_look(path, error), hint=_LOOK_HINT) from error
        plain = stat.S_ISREG(self.mode) or stat.S_ISDIR(self.mode)
        # The real path of /dev/fd/63 is no path at all.
        self.real = os.path.realpath(path) if plain else os.path.abspath(path)

    @property
    def is_folder(self) -> bool:
        return stat.S_ISDIR(self.mode)

    def label(self, base: str | None) -> str:
        """Return what the names below start with: empty for the only folder that was named."""
        if base is None:
            if self.is_folder:
                return ""
            return os.path.basename(os.path.abspath(self.given))
        return os.path.relpath(self.real, base)


_LOOK_HINT = "Check the spelling, and that you may read the folder it is in."


def _cannot_look(path: str, error: Exception) -> str:
    shown = printable(path if len(path) <= 200 else f"{path[:100]}…{path[-60:]}")
    if isinstance(error, FileNotFoundError):
        return f"no such file or folder: {shown}"
    reason = error.strerror if isinstance(error, OSError) else str(error)
    return f"cannot look at {shown}: {(reason or type(error).__name__).lower()}"


def _common(tops: list[_Top]) -> str | None:
    if len({top.real for top in tops}) == 1:
        return None
    folders = [top.real if top.is_folder else os.path.dirname(top.real) for top in tops]
    return os.path.commonpath(folders)


class _Walk:
    """The walk over all named paths."""

    def __init__(self, walked: Walked) -> None:
        self.walked = walked
        self.seen: set[str] = set()
        self.links: list[tuple[str, str]] = []
        self.git = GitStores()

    def enter(self, top: _Top, label: str) -> None:
        if top.real in self.seen:
            return
        if top.is_folder:
            self.folder(top.real, "" if label == "." else label)
        elif stat.S_ISREG(top.mode):
            self.seen.add(top.real)
            found = Found(path=top.real, name=label_of(label), named=True)
            self.walked.files.append(found)
        else:
            why = f"{_special(top.mode)} is not examined; give it on stdin and name it -"
            self.gap(label, why, GapKind.UNSUPPORTED)

    def folder(self, root: str, label: str) -> None:
        """List a folder and everything below it, without recursion."""
        before = self.met
        waiting = [(root, label)]
        while waiting:
            path, name = waiting.pop()
            if path in self.seen:
                continue
            self.seen.add(path)
            try:
                with os.scandir(path) as listing:
                    for entry in listing:
                        child = f"{name}/{entry.name}" if name else entry.name
                        if entry.is_dir(follow_symlinks=False):
                            waiting.append((entry.path, child))
                        else:
                            self.entry(entry, child)
            except OSError as error:
                self.gap(name or ".", f"the folder cannot be listed: {_strerror(error)}")
        if before == self.met:
            self.gap(label or os.path.basename(root) or "/", _EMPTY, GapKind.NOT_ASSESSABLE)

    @property
    def met(self) -> int:
        """How many things that are no folders were met so far."""
        return len(self.walked.files) + len(self.walked.gaps) + len(self.links) + self.git.files

    def entry(self, entry: os.DirEntry[str], name: str) -> None:
        """Take in one thing that is not a folder."""
        if entry.is_symlink():
            self.links.append((entry.path, name))
        elif not entry.is_file(follow_symlinks=False):
            self.special(entry, name)
        elif entry.path not in self.seen:
            self.seen.add(entry.path)
            if not self.git.takes(entry.path, name):
                self.walked.files.append(Found(path=entry.path, name=label_of(name)))

    def special(self, entry: os.DirEntry[str], name: str) -> None:
        try:
            mode = entry.stat(follow_symlinks=False).st_mode
        except OSError as error:
            self.gap(name, f"cannot be looked at: {_strerror(error)}")
        else:
            self.gap(name, f"{_special(mode)} is not examined", GapKind.UNSUPPORTED)

    def settle(self) -> None:
        """Say of each link where its target is met, or that it is not, and sum up git's stores."""
        inside = 0
        for path, name in self.links:
            try:
                target = os.path.realpath(path)
            except OSError as error:  # taken away meanwhile, or the kernel tells nobody
                self.gap(name, f"the symbolic link cannot be read: {_strerror(error)}")
                continue
            if below(target, self.walked.roots):
                inside += 1
                continue
            why = "a symbolic link out of the scanned folder is not followed"
            self.gap(name, f"{why}: it leads to {_shown(target)}")
        if inside:
            what = "symbolic link leads" if inside == 1 else "symbolic links lead"
            self.walked.notes.append(f"{inside} {what} inside; targets are examined once")
        self.walked.coverage += self.git.coverage()
        self.walked.notes += self.git.notes()

    def gap(self, name: str, why: str, kind: GapKind = GapKind.UNREADABLE) -> None:
        self.walked.gaps.append(Gap(what=label_of(name), why=printable(why), kind=kind))


_EMPTY = "the folder holds no file, so nothing was examined"


def _special(mode: int) -> str:
    return next((name for test, name in _SPECIAL if test(mode)), "a special file")


def _strerror(error: OSError) -> str:
    if error.errno == errno.ENAMETOOLONG:
        return "its path is longer than the system allows"
    return (error.strerror or str(error)).lower()


def _shown(path: str) -> str:
    return path if len(path) <= 200 else f"{path[:120]}…{path[-60:]}"


def below(path: str, roots: Sequence[str]) -> bool:
    """Tell whether a real path is one of the real paths `roots`, or lies below one."""
    return any(path == root or path.startswith(root.rstrip("/") + "/") for root in roots)
