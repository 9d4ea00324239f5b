"""Samples of `git-command`."""

from __future__ import annotations

from pathlib import Path


def bad(folder: Path) -> str:
    (folder / ".git").mkdir()
    (folder / ".git/config").write_text('[core]\n\tbare = false\n\tfsmonitor = "touch marker"\n')
    return ".git/config"


def good(folder: Path) -> None:
    (folder / ".git").mkdir()
    lfs = '[filter "lfs"]\n\tclean = git-lfs clean -- %f\n\tprocess = git-lfs filter-process\n'
    (folder / ".git/config").write_text(lfs + "[core]\n\tfsmonitor = true\n")
    (folder / ".gitattributes").write_text("*.bin filter=lfs diff=lfs merge=lfs -text\n")
