"""Which elements the scripts of a page look for: more of them would change what it does."""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import lru_cache

from modelwarden.attacks.html.sheets import without_nested

# The getter, a quote, and what is looked for; without a quote it is known only when it runs.
_ASKED = re.compile(
    r"(getElementsByTagName(?:NS)?|querySelector(?:All)?|\.find|\.children|\$|jQuery)"
    r"\(\s*(?:([\"'`])([^\"'`]{0,2000})\2)?\s*(\)\s*\[\s*\d+\s*\])?"
)
_PLAIN = re.compile(r"[\w-]+")
_ALL = re.compile(
    r"(?<!if\()(?<!if \()document\.(?:links|images|scripts|anchors|embeds|all)\b"
    r"(?!\s*(?:\[\s*[\"'\d]|&&|\)?\s*\?))"
)
_UNKNOWN = frozenset(("getElementsByTagName", "getElementsByTagNameNS", "querySelectorAll"))


@lru_cache(maxsize=512)
def _asked(scripts: str) -> tuple[bool, frozenset[str]]:
    """Return whether scripts may look for anything, and the names that they look for."""
    names = set[str]()
    for getter, quote, selectors, nth in _ASKED.findall(scripts):
        if not quote:
            if getter in _UNKNOWN:
                return True, frozenset()
            continue
        if nth:  # counted from the start, and what is added stands at the end
            continue
        if selectors.lstrip().startswith("<"):  # an element to be made
            continue
        for one in without_nested(selectors).split(","):
            last = re.split(r"[\s>+~]+", one.strip())[-1]
            if "." in last or "#" in last:  # a class or an id, which nothing that is added has
                continue
            tag = _PLAIN.match(last)
            if tag is None:
                return True, frozenset()
            names.add(tag[0].lower())
    return _ALL.search(scripts) is not None, frozenset(names)


def may_find(scripts: str, names: Collection[str]) -> bool:
    """Tell whether scripts may look for elements of these names, wherever they stand."""
    if not names:
        return False
    anything, asked = _asked(scripts)
    return anything or not asked.isdisjoint(names)
