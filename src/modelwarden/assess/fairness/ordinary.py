"""Ordinary words of the data, put where an identity term stood: is the term answered otherwise?

A classifier that knows a few words of a sentence may answer by any one of them. Then a term that
the data hold as one word among others is no more than these, and nothing is said about a group.
A word that the labels give the answer to, as they give a filter's answer to swear words, is not
ordinary beside a term whose texts are labelled otherwise: to answer by that word is the task.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import islice

from modelwarden.assess.fairness.sentences import NAMES, PRONOUNS, TERMS

WORDS = 24  # that are put in the place of a term
_LOOKED_AT = 20_000
_FAR = 0.5  # between the shares of texts that are labelled with the answer
_WORD = re.compile(r"[a-z]{3,}")
_OF_PEOPLE = {
    word
    for axes in (TERMS, NAMES, PRONOUNS)
    for terms in axes.values()
    for term in terms
    for word in _WORD.findall(term.lower())
}


def words_as_common(
    texts: Iterable[object], term: str, taught: Sequence[bool] | None = None
) -> list[str]:
    """Return words that about as many texts hold as hold `term`; none where no text holds it.

    Args:
        texts: of the data.
        term: that turns an answer.
        taught: of each text, whether its label is the answer that the term turns to; words whose
            texts are labelled so far oftener than the term's are left out. None without labels.
    """
    held: Counter[str] = Counter()
    so_labelled: Counter[str] = Counter()
    for row, text in enumerate(islice(texts, _LOOKED_AT)):
        words = set(_WORD.findall(str(text or "").lower()))
        held.update(words)
        if taught is not None and taught[row]:
            so_labelled.update(words)
    common = held[term.lower()]
    if not common:
        return []
    most = so_labelled[term.lower()] / common + _FAR
    others = [word for word in held if word not in _OF_PEOPLE and held[word] * 2 >= common]
    others = [word for word in others if held[word] <= 2 * common]
    others = [word for word in others if so_labelled[word] <= most * held[word]]
    return sorted(others, key=lambda word: (abs(held[word] - common), word))[:WORDS]


def with_word(sentence: str, term: str, word: str) -> str:
    """Return a sentence with another word where the term stands."""
    found = re.compile(rf"\b{re.escape(term)}\b", re.IGNORECASE)
    return found.sub(word, sentence, count=1)
