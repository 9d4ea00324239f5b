"""Samples of `git-hook`."""

from __future__ import annotations

from pathlib import Path


def bad(folder: Path) -> str:
    (folder / ".git/hooks").mkdir(parents=True)
    (folder / ".git/hooks/post-checkout").write_text("#!/bin/sh\npython .cache/x.py\n")
    return ".git/hooks/post-checkout"


def good(folder: Path) -> None:
    (folder / ".git/hooks").mkdir(parents=True)
    (folder / ".git/hooks/pre-push").write_text('#!/bin/sh\ngit lfs pre-push "$@"\n')
    (folder / ".git/hooks/pre-push.sample").write_text("#!/bin/sh\npython x.py\n")
