"""Whether something in a text is for a browser to run: asked of every page and card."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from modelwarden.core.patterns import lazily
from modelwarden.formats.view import Child

if TYPE_CHECKING:
    from modelwarden.formats.source import Source

LONGEST: Final = 16 << 20
"""Bytes of a page that are looked through; a longer one is a gap."""
_PIECE: Final = 1 << 20
_OVERLAP: Final = 64
_WORDS: Final = lazily(
    rb"<(?:\w+:)?script|script:|script&|srcdoc|text/html|<(?:\w+:)?(?:iframe|object|embed|handler)\b"
    rb"|[\s\"'/]on(?:error|load|begin|end|repeat|focus|toggle|click|mouse|pointer|anim|key|page|show)",
    re.IGNORECASE,
)


def page_in(source: Source) -> tuple[Child, ...]:
    """Return a text once more, as a page, when a word in it tells of script."""
    for at in range(0, min(source.size, LONGEST), _PIECE):
        if _WORDS.search(source.read(at, _PIECE + _OVERLAP).replace(b"\0", b"")):
            break
    else:
        if source.size <= LONGEST:
            return ()
    return (Child("page", lambda: source.part(0, source.size, "page", expect="page")),)
