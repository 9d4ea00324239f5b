"""What the sheets of a page may do to something that is put into it.

No engine: rules are cut at their braces, and each is read so far that what it cannot mean is known.
What is not understood counts as meaning anything. All is linear in the length of a sheet.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from modelwarden.attacks.html.inert import HIDDEN

_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
_BRACE = re.compile(r"([{}])")
_NESTED = re.compile(r"\([^()]*\)")
_SHOWING = re.compile(r"\s*(?:display|all)\s*:\s*(?!none\b)", re.IGNORECASE)
_IMPORTANT = re.compile(r"!\s*important", re.IGNORECASE)
_TAG = re.compile(r"[\w-]+")
_NAMED = re.compile(r"(?<!\\)[.#]")
_ATTRIBUTES = re.compile(r"\[\s*([\w-]+)\s*([^\]]*)\]")
# Shown by no browser unless a sheet says so.
_UNSHOWN = frozenset("script noscript noframes style title head template meta link base".split())
# What such an element of ours may have.
_GIVEN = frozenset("type name content property rel href target".split())
_PLAIN_TYPE = re.compile(r"=\s*[\"']?\w+[\"']?\s*", re.IGNORECASE)

_LAST = re.compile(r":(?:last-|nth-last|only-|has\b)", re.IGNORECASE)
_SELECTED = re.compile(r"((?:[\w-]+[.#])*)([\w-]*)")  # the tag.class#id before it, read backwards


def _rules(css: str) -> Iterator[tuple[str, str]]:
    """Yield what stands before a brace, and within it up to the next."""
    parts = _BRACE.split(_COMMENT.sub(" ", css))
    for i in range(1, len(parts) - 1, 2):
        if parts[i] == "{":
            yield parts[i - 1], parts[i + 1]


@lru_cache(maxsize=512)
def shows_all(css: str) -> bool:
    """Tell whether rules may show what is hidden by a class, or what is never shown."""
    for selectors, declarations in _rules(css):
        showing = [one for one in declarations.split(";") if _SHOWING.match(one)]
        if not showing:
            continue
        if any(_IMPORTANT.search(one) for one in showing):
            return True
        if any(_may_be_unshown(one) for one in without_nested(selectors).split(",")):
            return True
    return False


def without_nested(selectors: str) -> str:
    """Return selectors without what stands in parentheses."""
    for _ in range(20):
        selectors, count = _NESTED.subn("", selectors)
        if not count:
            return selectors
    return "*"


def _may_be_unshown(selector: str) -> bool:
    """Tell whether a selector may mean an element of ours that is shown only by a sheet."""
    bare = _ATTRIBUTES.sub(_attribute, selector).strip()
    last = re.split(r"[\s>+~|]+", bare)[-1]
    if _NAMED.search(last):  # a class or an id: ours have none that the page knows
        return False
    tag = _TAG.match(last)
    return tag is None or tag[0].lower() in _UNSHOWN


def _attribute(match: re.Match[str]) -> str:
    """Return a class in place of an attribute that no element of ours has."""
    name, rest = match[1].lower(), match[2]
    plain = name == "type" and _PLAIN_TYPE.fullmatch(rest) is not None
    return ".x" if name not in _GIVEN or plain else ""


def same_declarations(before: str, after: str) -> bool:
    """Tell whether sheets say the same, whatever they select; rules that only hide left out."""
    return _declarations(before) == _declarations(after)


@lru_cache(maxsize=64)
def _declarations(css: str) -> tuple[str, ...]:
    parts = _BRACE.split(css)
    ends = [parts[i - 1] for i in range(1, len(parts), 2) if parts[i] == "}"]
    return tuple(one for one in ends if one != HIDDEN)


@lru_cache(maxsize=512)
def rules_for_the_last(css: str) -> list[tuple[str, frozenset[str]]]:
    """Return (tag, classes and ids), in lower case, of what rules look for as the last.

    Both are empty, which is anything, where they cannot be told: behind another `:first-child`, or
    an escape. Read backwards from each, as a sheet may hold one word of a million letters.
    """
    backwards, rules = css[::-1].lower(), list[tuple[str, frozenset[str]]]()
    for match in _LAST.finditer(css):
        before = _SELECTED.match(backwards, len(css) - match.start())
        if before is None or backwards[before.end() : before.end() + 1] in (":", "\\"):
            rules.append(("", frozenset()))
            continue
        rest, tag = before.groups()
        rules.append((tag[::-1], frozenset(re.findall(r"[.#][\w-]+", rest[::-1]))))
    return rules
