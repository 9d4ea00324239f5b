"""Samples of `page-active-content`."""

from __future__ import annotations

from pathlib import Path

EXPECT = {"severity": "medium", "line": 3}


def bad(folder: Path) -> str:
    (folder / "README.md").write_text("# A model\n\n[weights](javascript:alert(1))\n")
    return "README.md"


def good(folder: Path) -> None:
    example = "```html\n<script>alert(1)</script>\n```\n"
    (folder / "README.md").write_text(f"# A model\n\n{example}\n`<img onerror=x>`\n")
