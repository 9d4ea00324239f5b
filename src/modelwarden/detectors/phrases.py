"""How many other texts are expected to equal a given one by chance, and how many to be as near.

Texts that are put together of a few phrases – remarks of a form, messages of a machine – stand
there again by themselves, as long as they may be. Each word is as likely as it follows the word
or the two before it in other texts, or at the same place; a word that follows nowhere else is as
likely as it is frequent. The product is the chance of the text. All of it is counted on texts that
differ, and the words of the text and of a few that are near are taken away, so that neither copies
nor the text itself make it likely: what somebody wrote holds somewhere a pair of words of its own,
and its chance is next to nothing.

Source: Witten and Bell 1991, "The zero-frequency problem", for what was not seen.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher

_PART = re.compile(r"\w+|[^\w\s]")
_MOST, _ALL, _LONGEST = 20_000, 600_000, 4000  # texts; characters of all that are counted, of one
_PLACES = 40  # words from the start of a text that are known by their place
_START, _END = "", "\n"

Words = tuple[str, ...]
Key = tuple[object, ...]
Step = tuple[Key, str]
"""What is known of a place in a text, and the word that stands there."""


class Phrases:
    """Which words follow which, in texts that differ.

    Args:
        texts: to count in; of very many, some evenly spaced.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts = len(texts)
        distinct = list(dict.fromkeys(text[:_LONGEST] for text in texts))
        most = min(_MOST, max(1, _ALL * len(distinct) // max(1, sum(map(len, distinct)))))
        self._counted = set(distinct[:: -(-len(distinct) // most) or 1])
        self._seen: Counter[Step] = Counter()
        for text in self._counted:
            self._seen.update(_steps(_words_of(text)))
        self._times: Counter[Key] = Counter()
        self._kinds: Counter[Key] = Counter()
        for (key, _), times in self._seen.items():
            self._times[key] += times
            self._kinds[key] += 1

    def expected(self, text: str, besides: Sequence[str] = ()) -> float:
        """Return how many of the texts are expected to equal this one by chance.

        Args:
            text: one of them.
            besides: others that are not counted, as they may be copies of it.
        """
        words = _words_of(text[:_LONGEST])
        return self._as_many((text, *besides), words, [True] * len(words))

    def expected_near(self, text: str, other: str, besides: Sequence[str] = ()) -> float:
        """Return how many texts are expected to say what these two have in common."""
        words, others = _words_of(text[:_LONGEST]), _words_of(other[:_LONGEST])
        shared = [False] * len(words)
        blocks = SequenceMatcher(None, words, others, autojunk=False).get_matching_blocks()
        for block in blocks:
            shared[block.a : block.a + block.size] = [True] * block.size
        return self._as_many((text, other, *besides), words, shared)

    def _as_many(self, copies: Sequence[str], words: Words, shared: Sequence[bool]) -> float:
        own: Counter[Step] = Counter()
        for text in {text[:_LONGEST] for text in copies} & self._counted:
            own.update(_steps(_words_of(text)))
        times: Counter[Key] = Counter()
        alone: Counter[Key] = Counter()  # kinds that no other text has there
        for (key, word), many in own.items():
            times[key] += many
            alone[key] += self._seen[key, word] == many
        anywhere = anyplace = 0.0
        for at in range(1, len(words)):
            if not shared[at]:
                continue
            word = words[at]
            chance = (self._seen[(), word] - own[(), word] + 0.5) / (
                self._times[()] - times[()] + 0.5 * self._kinds[()] + 1
            )
            known = [chance, chance]
            for side, keys in enumerate(_keys(words, at, alone=not shared[at - 1])):
                for key in keys:
                    kinds = max(self._kinds[key] - alone[key], 1)
                    seen = self._seen[key, word] - own[key, word]
                    total = self._times[key] - times[key]
                    known[side] = (seen + kinds * known[side]) / (total + kinds)
            anywhere, anyplace = anywhere + math.log(known[0]), anyplace + math.log(known[1])
        return self._texts * math.exp(max(anywhere, anyplace))


def _words_of(text: str) -> Words:
    return (_START, *_PART.findall(text), _END)


def _keys(words: Words, at: int, *, alone: bool = False) -> tuple[list[Key], list[Key]]:
    """Return what tells the word at a place: those before it, or where it stands as well."""
    before: list[Key] = [] if alone else [(words[at - 1],)]
    placed: list[Key] = [] if at > _PLACES else [(at,)] if alone else [(at, words[at - 1])]
    two: list[Key] = [] if alone or at < 2 else [(words[at - 2], words[at - 1])]
    return before + two, before + placed


def _steps(words: Words) -> Iterable[Step]:
    for at in range(1, len(words)):
        word = words[at]
        yield (), word
        yield (words[at - 1],), word
        if at > 1:
            yield (words[at - 2], words[at - 1]), word
        if at <= _PLACES:
            yield (at,), word
            yield (at, words[at - 1]), word
