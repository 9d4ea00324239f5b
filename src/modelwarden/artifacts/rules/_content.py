"""Findings that hold for one content only: the code that is named stands elsewhere in the text."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING

from modelwarden.core import Evidence

if TYPE_CHECKING:
    from modelwarden.formats.view import View

_CHUNK = 1 << 20


def bound_to(view: View) -> Callable[[dict[str, str], int | None], Evidence]:
    """Return what makes evidence from facts and a line; its identity has the view's content in it.

    A waiver of code, or of a chain of attributes, must lapse when the code or the chain changes.
    """
    known: list[str] = []

    def evidence(facts: dict[str, str], line: int | None) -> Evidence:
        if not known:
            known.append(_digest(view))
        told = (f"{key}={value}" for key, value in facts.items())
        return Evidence(facts=dict(facts), line=line, identity=(*told, known[0]))

    return evidence


def _digest(view: View) -> str:
    total, at = hashlib.sha256(), 0
    while part := view.source.read(at, min(_CHUNK, view.source.size - at)):
        total.update(part)
        at += len(part)
    return total.hexdigest()
