"""Regular expressions that take exponential time, told by their structure; nothing is matched."""

from __future__ import annotations

import re
from typing import Final

_CLASS: Final = re.compile(r"\[\^?\]?(?:[^\]\\\[]|\\.|\[:\w+:\]|\[[^\]]*\])*\]")
_ESCAPE: Final = re.compile(r"\\(?:[pPx]\{[^}]*\}|u[0-9a-fA-F]{4}|.)", re.DOTALL)
_OPEN: Final = re.compile(r"\((?:\?(?:[:=!>|]|<[=!]|P?<\w+>|[a-zA-Z-]+:|[a-zA-Z-]+\)))?")
_REPEAT: Final = re.compile(r"([*+]|\{(\d*)(,?)(\d*)\})([?+]?)|\?[?+]?")
_MANY: Final = 10
_LONGEST: Final = 20_000


def is_slow(pattern: str) -> bool:
    r"""Tell whether an endless repeat holds only what may repeat, or end, anywhere.

    >>> is_slow("(a+)+$"), is_slow("(x|x)*y"), is_slow("(.*a){20}")
    (True, True, True)
    >>> is_slow(r"\\s*[\\r\\n]+|\\p{L}+|(?:[a-z]+-)*")
    False
    """
    stack: list[_Group] = [_Group()]
    at = 0
    pattern = pattern[:_LONGEST]
    while at < len(pattern):
        group, mark = stack[-1], pattern[at]
        if mark == "(" and (opened := _OPEN.match(pattern, at)):
            at = opened.end()
            if not opened[0].endswith(")"):
                stack.append(_Group(atomic=opened[0] == "(?>", start=at))
            continue
        if mark == "|":
            group.branch(pattern[group.start : at])
            group.start = at + 1
            at += 1
            continue
        if mark == ")" and len(stack) > 1:
            inner = stack.pop()
            inner.branch(pattern[inner.start : at])
            at += 1
            repeat, at = _repeat(pattern, at)
            if repeat == "endless" and not inner.atomic and inner.ambiguous():
                return True
            if repeat == "many" and not inner.atomic and inner.loose:
                return True
            stack[-1].add(repeats=repeat == "endless" or inner.wide(), fixed=False)
            continue
        atom = _CLASS.match(pattern, at) if mark == "[" else _ESCAPE.match(pattern, at)
        end = atom.end() if atom else at + 1
        repeat, after = _repeat(pattern, end)
        zero = mark in "^$" or pattern[at:end] in (r"\b", r"\B", r"\A", r"\z", r"\Z")
        if not zero:
            stack[-1].add(repeats=repeat == "endless", fixed=repeat == "", any_=mark == ".")
        at = after
    return False


class _Group:
    """What was met of a group.

    Attributes:
        loose: a part that repeats is of any letter.
    """

    def __init__(self, *, atomic: bool = False, start: int = 0) -> None:
        self.atomic, self.start = atomic, start
        self.loose = False
        self.texts: list[str] = []
        self.repeating = self.fixed = False
        self.branches: list[tuple[bool, bool]] = []

    def add(self, *, repeats: bool, fixed: bool, any_: bool = False) -> None:
        """Take one more part of the branch."""
        self.repeating |= repeats
        self.fixed |= fixed
        self.loose |= repeats and any_

    def branch(self, text: str) -> None:
        """End a branch."""
        self.texts.append(text)
        self.branches.append((self.repeating, self.fixed))
        self.repeating = self.fixed = False

    def wide(self) -> bool:
        """Tell whether some branch repeats."""
        return any(repeats for repeats, _ in self.branches)

    def ambiguous(self) -> bool:
        """Tell whether what the group takes can be cut into its rounds in several ways."""
        return any(repeats and not fixed for repeats, fixed in self.branches) or len(
            set(self.texts)
        ) < len(self.texts)


def _repeat(pattern: str, at: int) -> tuple[str, int]:
    """Return the kind of repeat that stands there (`endless`, `many`, `few`), and its end."""
    found = _REPEAT.match(pattern, at)
    if found is None:
        return "", at
    if found[1] is None:
        return "few", found.end()
    if found[5] == "+" and found[1] in "*+":
        return "few", found.end()  # possessive: it never gives back
    if found[1] in "*+" or (found[3] and not found[4]):
        return "endless", found.end()
    most = int(found[4] or found[2] or 0)
    return "many" if most >= _MANY else "few", found.end()
