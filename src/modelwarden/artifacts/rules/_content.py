"""Findings that hold for one content only: the code that is named stands elsewhere in the text."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING

from modelwarden.core import Evidence
from modelwarden.formats import DamagedError, LimitExceededError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from modelwarden.core import Json
    from modelwarden.formats.source import Source
    from modelwarden.formats.view import View

_CHUNK = 1 << 20


def bound_to(view: View) -> Callable[[Mapping[str, Json], int | None], Evidence]:
    """Return what makes evidence from facts and a line; its identity has the view's content in it.

    A waiver of code, or of a chain of attributes, must lapse when the code or the chain changes.
    """
    known: list[str] = []

    def evidence(facts: Mapping[str, Json], line: int | None) -> Evidence:
        if not known:
            known.append(digest_of(view.source))
        told = (f"{key}={value}" for key, value in facts.items())
        return Evidence(facts=dict(facts), line=line, identity=(*told, known[0]))

    return evidence


def digest_of(source: Source) -> str:
    """Return the hex SHA-256 of all bytes of a source."""
    total, at = hashlib.sha256(), 0
    while part := source.read(at, min(_CHUNK, source.size - at)):
        total.update(part)
        at += len(part)
    return total.hexdigest()


def digest_of_members(view: View, names: Collection[str], root: str = "") -> str:
    """Return one digest over the bytes of the children that are called so, in any order of theirs.

    The folder `root`, which torch names after the file, is left out of their names. A child that
    cannot be opened counts as such: it is a gap of the view.
    """
    told: list[str] = []
    for child in view.children:
        if child.name in names:
            name = child.name.removeprefix(root)
            try:
                with child.open() as member:
                    told.append(f"{name} {digest_of(member)}")
            except (DamagedError, LimitExceededError):
                told.append(f"{name} unreadable")
    return hashlib.sha256("\n".join(sorted(told)).encode(errors="surrogatepass")).hexdigest()
