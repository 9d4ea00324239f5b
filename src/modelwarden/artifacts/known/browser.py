"""What a browser would run of a notebook, and whether it reaches further than its own cell."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from modelwarden.formats.notebook import Shown

_ACTIVE = re.compile(
    r"<\s*(?:script|iframe|object|embed|base|meta\b[^>]*http-equiv)|<[^>]+[\s/\"']on[a-z]{3,20}\s*=|javascript\s*:"
    r"|<[^>]+\bsrcdoc\s*=|data:text/html",
    re.IGNORECASE,
)
_CODE = re.compile(r"javascript", re.IGNORECASE)
_REACHES = tuple(
    (re.compile(pattern, re.IGNORECASE), what)
    for pattern, what in (
        (
            r"(?:Jupyter|IPython)\.notebook\.(?:kernel|execute_|get_cell|insert_cell|cells)"
            r"|kernel\.execute\s*\(|\.kernel\.requestExecute|execute_cells?\s*\(",
            "runs code in the kernel",
        ),
        (
            r"/api/(?:terminals|contents|kernels|sessions)\b|_xsrf",
            "calls the server of Jupyter",
        ),
        (
            r"document\.cookie|localStorage|sessionStorage|jupyter-config-data",
            "reads cookies or tokens",
        ),
        (
            # Plotting libraries write `onload`, and pictures that are not there are put away.
            r"<\s*\w[^>]*[\s/\"']on(?:error|toggle|focus|loadstart|begin)\s*=(?!\s*[\"']?this\.)",
            "runs script as soon as it is shown",
        ),
        (
            r"\b(?:fetch|sendBeacon)\s*\(\s*[\"'`]https?://(?!(?:127\.0\.0\.1|localhost)\b)",
            "sends or fetches over the network",
        ),
        (r"\beval\s*\(\s*(?:atob|unescape|String\.fromCharCode)", "runs script that it decodes"),
    )
)


def is_active(shown: Shown) -> bool:
    """Tell whether a browser would run something of it."""
    return _CODE.search(shown.mime) is not None or _ACTIVE.search(shown.text) is not None


def reaches_out(shown: Shown) -> str | None:
    """Say how script reaches further than its cell; None for the rest."""
    if not is_active(shown):
        return None
    found = next((what for pattern, what in _REACHES if pattern.search(shown.text)), None)
    if (
        found == "reads cookies or tokens"
        and shown.where == "output"
        and "fetch(" not in shown.text
    ):
        # Plotting libraries look for their own settings there.
        return (
            found
            if re.search(r"new Image|XMLHttpRequest|sendBeacon|\.src\s*=", shown.text)
            else None
        )
    if found is None and shown.where in {"markdown", "attachment"}:
        return "holds script, where only text belongs"
    return found
