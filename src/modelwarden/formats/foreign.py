"""Base64 with signs of other alphabets in it, which Python's decoder passes over in silence."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

_SAFE: Final = re.compile(r"[^A-Za-z0-9+/=_-]+")  # what is passed over where `-` and `_` are digits
_PLAIN: Final = re.compile(r"[^A-Za-z0-9+/=]+")
_ENDS: Final = re.compile(r"[\s\"',;:]")
_LONGEST: Final = 1 << 20


def readings(text: str) -> Iterator[str]:
    """Yield what a decoder may take a text for: as it is, and without what it passes over.

    >>> list(readings("gARj[cG9z"))
    ['gARj[cG9z', 'gARjcG9z']
    """
    yield text
    met = {text}
    for signs in (_SAFE, _PLAIN):
        plain = signs.sub("", text[:_LONGEST])
        if plain not in met:
            met.add(plain)
            yield plain


def squeezed(text: str) -> Iterator[str]:
    """Yield a text with each of its words read so, where that makes a difference."""
    words = [word for word in _ENDS.split(text[:_LONGEST]) if len(word) > 24]
    for signs in (_SAFE, _PLAIN):
        changed = [plain for word in words if (plain := signs.sub("", word)) != word]
        if changed:
            yield "\n".join(changed)
