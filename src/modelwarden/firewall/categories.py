"""Which words a category may be: those of the reference, or others like them where more will come.

A reference that has many of its words only once has not seen all that there are: of countries,
jobs and makes some come once in a thousand rows. To refuse them would be to refuse whoever is rare.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Sequence
from functools import lru_cache

from modelwarden.protocols.tensors import Array
from modelwarden.targets.counting import times_of

_UNSEEN = 0.002  # of rows whose word the reference does not have, by what it says itself
_LONGER = 2  # times the longest one


def more_will_come(column: Array) -> bool:
    """Tell whether more than a few rows in a thousand will have a word that a reference lacks.

    The share of such rows is that of rows whose word is there only once.

    Source: Good, 1953.
    """
    counted = times_of(column)
    counted.pop(None, None)
    once = sum(times == 1 for times in counted.values())
    return once > 1 and once > _UNSEEN * sum(counted.values())


def alike(word: str, categories: Sequence[str]) -> bool:
    """Tell whether a word could be one of a list that is not whole.

    It is made of the same sorts of characters – letters of ASCII or of the same alphabets, digits,
    the same punctuation marks – is no more than twice as long, and is none of the list in another
    spelling.
    """
    folded, sorts, longest = _known(tuple(categories))
    return (
        len(word) <= _LONGER * longest
        and word == word.strip() != ""
        and _folded(word) not in folded
        and sorts.issuperset(_sorts(word))
    )


@lru_cache(maxsize=256)
def _known(categories: tuple[str, ...]) -> tuple[frozenset[str], frozenset[str], int]:
    """Return categories without case and punctuation, their sorts of characters, the longest."""
    folded = frozenset(map(_folded, categories))
    return folded, _sorts("".join(categories)), max(map(len, categories), default=0)


def _folded(word: str) -> str:
    known = unicodedata.normalize("NFKC", word).casefold()
    return "".join(c for c in known if c.isalnum()) or word


def _sorts(words: Collection[str]) -> frozenset[str]:
    return frozenset(map(_sort, words))


def _sort(character: str) -> str:
    """Return the class of a letter or digit, with its alphabet; other characters as they are."""
    kind = unicodedata.category(character)
    if kind[0] not in "LN":
        return character
    return kind if character.isascii() else f"{kind} {unicodedata.name(character, '').split()[:1]}"


__all__ = ["alike", "more_will_come"]
