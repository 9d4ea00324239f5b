"""What script in a page does that no page about a model needs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from modelwarden.core.patterns import lazily

if TYPE_CHECKING:
    from modelwarden.formats.pages import Active

_SECRETS: Final = lazily(
    r"document\s*\.\s*cookie|document\s*\[\s*[\"']cookie|(?:local|session)Storage|jupyter-config-data|_xsrf"
    r"|indexedDB|navigator\s*\.\s*credentials|type\s*=\s*[\"']?password",
)
_SENDS: Final = lazily(
    r"(?:fetch|sendBeacon|importScripts|WebSocket|open)\s*\(\s*[\"'`](?:https?:|wss?:)?//"
    r"|(?:\.src|\.href|location)\s*=\s*[\"'`](?:https?:)?//|new\s+Image\b|sendBeacon"
)
_FOREIGN: Final = lazily(
    r"(?:fetch|sendBeacon|importScripts|WebSocket|\.open)\s*\(\s*(?:[\"'`](?:GET|POST|PUT)[\"'`]\s*,\s*)?"
    r"[\"'`](?:https?:|wss?:)?//(?!(?:127\.0\.0\.1|localhost)\b)",
)
_ALWAYS: Final = tuple(
    (re.compile(pattern, re.IGNORECASE), what)
    for pattern, what in (
        (
            r"(?:fetch|open|ajax|get|post|sendBeacon|WebSocket)\s*\(\s*[^)]{0,80}?[\"'`/]api/(?:terminals|contents|kernels|sessions)\b",
            "calls the server of Jupyter",
        ),
        (
            r"(?:Jupyter|IPython)\.notebook\.(?:kernel|execute_)|\.kernel\.requestExecute",
            "runs code in the kernel",
        ),
        (
            r"\beval\s*\(\s*(?:atob|unescape|String\.fromCharCode|decodeURIComponent)\b",
            "runs script that it decodes",
        ),
        (
            r"WScript\s*\.\s*Shell|ActiveXObject\s*\(|Scripting\.FileSystemObject",
            "starts programs of Windows",
        ),
        (
            r"\.download\s*=\s*[\"'`][^\"'`]{1,200}\.(?:exe|msi|scr|hta|js|jse|vbs|vbe|wsf|lnk|iso|img|bat|cmd|ps1|jar|dll|dmg|pkg|apk)[\"'`]",
            "hands over a program that it carries",
        ),
    )
)


def harm_of(one: Active, kind: str) -> str | None:
    """Say how something active reaches further than its page; None for the rest."""
    for pattern, what in _ALWAYS:
        if pattern.search(one.text):
            return what
    if _SECRETS.search(one.text) and _SENDS.search(one.text):
        return "sends what the browser keeps for its user"
    # Pages of documents fetch from their own makers; a drawing and a text have nothing to fetch.
    return (
        "sends or fetches over the network"
        if kind != "page" and _FOREIGN.search(one.text)
        else None
    )
