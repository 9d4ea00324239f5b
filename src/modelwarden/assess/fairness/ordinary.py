"""Ordinary words of the data, put where an identity term stood: is the term answered otherwise?

A classifier that knows a few words of a sentence may answer by any one of them. Then a term that
the data hold as one word among others is no more than these, and nothing is said about a group.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from modelwarden.assess.fairness.sentences import NAMES, PRONOUNS, TERMS

WORDS = 24  # that are put in the place of a term
_LOOKED_AT = 20_000
_WORD = re.compile(r"[a-z]{3,}")
_OF_PEOPLE = {
    word
    for axes in (TERMS, NAMES, PRONOUNS)
    for terms in axes.values()
    for term in terms
    for word in _WORD.findall(term.lower())
}


def words_as_common(texts: Iterable[object], term: str) -> list[str]:
    """Return words that about as many texts hold as hold `term`; none where no text holds it."""
    held: Counter[str] = Counter()
    for text, _ in zip(texts, range(_LOOKED_AT), strict=False):
        held.update(set(_WORD.findall(str(text or "").lower())))
    common = held[term.lower()]
    if not common:
        return []
    others = [word for word in held if word not in _OF_PEOPLE and held[word] * 2 >= common]
    others = [word for word in others if held[word] <= 2 * common]
    return sorted(others, key=lambda word: (abs(held[word] - common), word))[:WORDS]


def with_word(sentence: str, term: str, word: str) -> str:
    """Return a sentence with another word where the term stands."""
    found = re.compile(rf"\b{re.escape(term)}\b", re.IGNORECASE)
    return found.sub(word, sentence, count=1)
