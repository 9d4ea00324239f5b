"""Which words tell the classes: counted in training texts, as an attacker may have collected."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping

from modelwarden.core.values import dataclass

_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)?")
_GOOD, _OFTEN = 60, 3


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TextGuide:
    """What training texts tell.

    Attributes:
        odds: for each class, the logarithm of how much more often a word stands in its texts.
        good: for each class, the words that speak for it most, the strongest first.
    """

    odds: Mapping[int, Mapping[str, float]]
    good: Mapping[int, tuple[str, ...]]

    def speaks(self, word: str, one: int) -> float:
        """Return how much a word speaks for a class; 0 when it was never met."""
        known = self.odds.get(one, {})
        return max((known.get(part, 0.0) for part in parts(word)), default=0.0)

    def helps(self, y: int, goal: int | None) -> tuple[str, ...]:
        """Return words that speak for another class, or for the goal."""
        if goal is not None:
            return self.good.get(goal, ())
        lists = [words for one, words in sorted(self.good.items()) if one != y]
        mixed = [word for turn in zip(*lists, strict=False) for word in turn]
        return tuple(dict.fromkeys(mixed))


def parts(word: str) -> list[str]:
    """Return the plain words in a word with its punctuation."""
    return _WORD.findall(word.lower())


def guide_of(texts: Iterable[str], y: Iterable[int]) -> TextGuide:
    """Count the words of texts; a class of −1 is unknown, and left out."""
    met: dict[int, Counter[str]] = {}
    sizes: Counter[int] = Counter()
    for text, one in zip(texts, y, strict=True):
        if one >= 0:
            met.setdefault(int(one), Counter()).update(set(parts(text)))
            sizes[int(one)] += 1
    total: Counter[str] = Counter()
    for counts in met.values():
        total.update(counts)
    n = sum(sizes.values())
    odds: dict[int, dict[str, float]] = {}
    good: dict[int, tuple[str, ...]] = {}
    for one in sorted(met):
        mine, size = met[one], sizes[one]
        rest = max(n - size, 1)
        odds[one] = {
            word: math.log((mine[word] + 0.5) / (size + 1))
            - math.log((count - mine[word] + 0.5) / (rest + 1))
            for word, count in total.items()
        }
        often = [word for word, count in mine.items() if count >= _OFTEN and len(word) > 1]
        ranked = sorted((-odds[one][word], word) for word in often)
        good[one] = tuple(word for _, word in ranked[:_GOOD])
    return TextGuide(odds=odds, good=good)
