"""Rulings that do not come from a list: what following the calls of a pickle has shown."""

from __future__ import annotations

from modelwarden.artifacts.known.judgement import CODE_REASON, Judgement, Ruling
from modelwarden.artifacts.known.libraries import library_of


def hidden(reason: str) -> Ruling:
    """Return that something cannot be told before the load."""
    return Ruling(Judgement.HIDDEN, reason, "", known=False)


def unknown(target: tuple[str, str]) -> Ruling:
    """Return that something is used as no library uses it."""
    package, known = library_of(target[0])
    return Ruling(Judgement.UNKNOWN, "called as no library calls it", package, known)


def harmless(reason: str) -> Ruling:
    """Return that something runs nothing of the choice of the file."""
    return Ruling(Judgement.HARMLESS, reason, "python", known=True)


def code() -> Ruling:
    """Return that something is made out of code in the file."""
    return Ruling(Judgement.CODE, CODE_REASON, "", known=True)
