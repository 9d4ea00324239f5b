r"""Hostile text made fit to show: bounded, and nothing in it that a terminal or a page obeys.

Escapes are visible (`\x1b`, `\u202e`), so a reader sees that something was there.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from modelwarden.core import encode

if TYPE_CHECKING:
    from modelwarden.core import Json

# Control characters of both sets, lone surrogates and non-characters, and every mark that is
# invisible or that reorders what stands around it: joiners, soft hyphen, bidirectional controls,
# line and paragraph separators, variation selectors, tags, interlinear annotation.
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    "\u2028-\u202e\u2060-\u206f\u3164\ud800-\udfff\ufdd0-\ufdef\ufe00-\ufe0f\ufeff\uffa0"
    "\ufff0-\ufffc\ufffe\uffff\U000e0000-\U000e0fff]"
)
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
MESSAGE = 500
VALUE = 300
_DIGITS = 6  # of a number that people read; JSON has them all


def shown(text: str, limit: int = MESSAGE) -> str:
    r"""Return `text` on one line, at most about `limit` characters, unsafe characters escaped.

    >>> shown("a\x1b[31m\u202eb")
    'a\\x1b[31m\\u202eb'
    >>> shown("abcdef", 3)
    'abc… (3 more characters)'
    """
    cut = text[:limit]
    safe = _UNSAFE.sub(_escaped, cut)
    more = len(text) - len(cut)
    return f"{safe}… ({more} more character{'s' * (more != 1)})" if more else safe


def value_text(value: Json, limit: int = VALUE) -> str:
    """Return a piece of evidence as text: strings bare, all else as JSON with short numbers."""
    if isinstance(value, str):
        return shown(value, limit)
    return shown(json.dumps(_short(encode(value)), ensure_ascii=False), limit)


def _short(value: Json) -> Json:
    if isinstance(value, float):
        return float(f"{value:.{_DIGITS}g}")
    if isinstance(value, dict):
        return {key: _short(part) for key, part in value.items()}
    return [_short(part) for part in value] if isinstance(value, list) else value


def json_text(value: Json, indent: int | None = 1) -> str:
    """Return JSON text that decodes to `value` and holds no character that a terminal obeys."""
    text = json.dumps(value, ensure_ascii=False, indent=indent, allow_nan=False)
    return _UNSAFE.sub(
        lambda m: m.group() if m.group() == "\n" else json.dumps(m.group())[1:-1], text
    )


def _escaped(match: re.Match[str]) -> str:
    char = match.group()
    code = ord(char)
    if char in _SHORT:
        return _SHORT[char]
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
