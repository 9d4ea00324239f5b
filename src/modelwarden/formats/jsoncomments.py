"""JSON with comments, as editors read it, and nothing else in it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from modelwarden.core.patterns import lazily
from modelwarden.formats.view import Child

if TYPE_CHECKING:
    from modelwarden.formats.source import Source

_COMMENTED = (".json", ".jsonc", ".json5", ".code-workspace")
_COMMENT = lazily(
    r"(\"(?:[^\"\\\n]|\\.)*+\"?)|//[^\n]*+|/\*(?:[^*]|\*(?!/))*+(?:\*/|\Z)", re.DOTALL
)
_LAST_COMMA = lazily(r"(\"(?:[^\"\\\n]|\\.)*+\"?)|,(?=\s*+[}\]])", re.DOTALL)


def without(source: Source, text: str) -> tuple[Child, ...]:
    """Return JSON with comments, which editors read, once more without them, line for line."""
    if not source.label.lower().endswith(_COMMENTED):
        return ()
    plain = _COMMENT.sub(lambda found: found[1] or "\n" * found[0].count("\n"), text)
    plain = _LAST_COMMA.sub(lambda found: found[1] or "", plain)
    if not plain.lstrip("\ufeff \t\r\n").startswith(("{", "[")):
        return ()
    data = plain.encode("utf-8", "replace")
    return (Child("plain", lambda: source.nested(data, "plain")),)
