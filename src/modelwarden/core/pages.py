"""The page of a rule, taken apart: what it flags, why, how to fix it, and what it cannot see.

The text is the docstring of the rule's check; its parts open with `Why:`, `Fix:` and `Blind spot:`
at the start of a line.
"""

from __future__ import annotations

import re

from modelwarden.core.values import dataclass

_HEADING = re.compile(r"(?m)^(Why|Fix|Blind spot):[ \t]*")


@dataclass(frozen=True, slots=True)
class Page:
    """The parts of a rule's page; a part that is not there is empty.

    Attributes:
        what: what the rule flags, before the first heading.
        why: why it matters. fix: what to do about it. blind_spot: what the rule cannot see.
    """

    what: str
    why: str = ""
    fix: str = ""
    blind_spot: str = ""


def page_of(text: str) -> Page:
    r"""Take a page's text apart; lines of a paragraph are joined, paragraphs keep an empty line.

    A part opens with a capital, but where it opens with a name that is code.

    >>> page_of("Flag it.\n\nWhy: it is\nbad.\n\nFix: do not.").why
    'It is bad.'
    """
    what, *rest = _HEADING.split(text)
    parts = {"Why": "", "Fix": "", "Blind spot": ""}
    for heading, body in zip(rest[::2], rest[1::2], strict=True):
        parts[heading] = "\n\n".join(p for p in (parts[heading], _joined(body)) if p)
    return Page(_joined(what), *(_opened(part) for part in parts.values()))


def _opened(text: str) -> str:
    first = text.partition(" ")[0]
    return text[:1].upper() + text[1:] if first.isalpha() else text


def _joined(text: str) -> str:
    paragraphs = re.split(r"\n[ \t]*\n", text.strip())
    return "\n\n".join(" ".join(p.split()) for p in paragraphs if p.strip())
