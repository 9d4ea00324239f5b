"""Gather `changes/*.md` into `CHANGELOG.md` under the present version, and remove them."""

from __future__ import annotations

import datetime as dt
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
KINDS = ("security", "added", "changed", "fixed", "removed")
TITLE = "# Changelog\n\nOne section a release; entries are sentences for users.\n"


def read_changes(folder: Path) -> dict[str, list[str]]:
    """Return the entries by kind, in the order of their file names."""
    entries: dict[str, list[str]] = {kind: [] for kind in KINDS}
    for path in sorted(folder.glob("*.md")):
        if path.name == "README.md":
            continue
        kind, _, text = path.read_text(encoding="utf-8").strip().partition(":")
        if kind not in KINDS or not text.strip():
            sys.exit(f"{path}: begins with {kind[:30]!r}, not with one of {', '.join(KINDS)}")
        entries[kind].append(" ".join(text.split()))
    return entries


def version() -> str:
    """Return the version in the package, without importing it."""
    text = (ROOT / "src/modelwarden/__init__.py").read_text(encoding="utf-8")
    found = re.search(r'__version__ = "([^"]+)"', text)
    if found is None:
        sys.exit("src/modelwarden/__init__.py states no __version__")
    return found[1]


def main() -> None:
    """Write the section of the present version above the earlier ones."""
    entries = read_changes(ROOT / "changes")
    today = dt.datetime.now(tz=dt.UTC).date()
    lines = [f"\n## {version()} ({today})\n"]
    for kind in KINDS:
        if entries[kind]:
            lines += [f"\n### {kind.capitalize()}\n", *(f"- {text}" for text in entries[kind]), ""]
    path = ROOT / "CHANGELOG.md"
    earlier = path.read_text(encoding="utf-8").removeprefix(TITLE) if path.exists() else ""
    path.write_text(TITLE + "\n".join(lines).rstrip() + "\n" + earlier, encoding="utf-8")
    for done in (ROOT / "changes").glob("*.md"):
        if done.name != "README.md":
            done.unlink()


if __name__ == "__main__":
    main()
