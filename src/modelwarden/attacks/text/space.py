"""Texts that are a few edits away: words that differ are counted, whatever made them differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from operator import ne

import numpy as np

from modelwarden.attacks.engine import Candidates, Mask
from modelwarden.attacks.text.guide import TextGuide
from modelwarden.attacks.text.keep import NOTHING, Keep
from modelwarden.core import InputError, Json
from modelwarden.core.values import dataclass
from modelwarden.targets.frames import Floats, Inputs, Labels

# Without a budget: this share of a text's words, but at least so many.
SHARE, LEAST = 0.3, 5
_LONGEST = 4


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TextSpace:
    """The texts within a number of edits of the true ones.

    Attributes:
        x: (n,) texts.
        eps: words that may be edited, put in or left out; None: 30 % of each text's, at least 5.
        guide: which words tell the classes; None knows nothing.
        keep: pieces of the texts that must stay in them.
    """

    x: Candidates
    eps: float | None = None
    guide: TextGuide | None = None
    keep: Keep = NOTHING
    words: list[list[str]] = field(init=False)
    budget: Floats = field(init=False)

    def __post_init__(self) -> None:
        """Cut the texts into words."""
        if self.eps is not None and not self.eps >= 1:
            raise InputError(
                f"eps counts edited words of a text: it must be at least 1, not {self.eps:g}"
            )
        words = [cut(str(text)) for text in self.x]
        share = [max(LEAST, int(np.ceil(SHARE * len(w)))) for w in words]
        budget = np.array(share if self.eps is None else [self.eps] * len(words), np.float64)
        object.__setattr__(self, "words", words)
        object.__setattr__(self, "budget", budget)

    @property
    def origin(self) -> Candidates:
        """(n,) the texts as they are."""
        return self.x

    def take(self, at: Labels) -> TextSpace:
        """Return the space of some of the texts."""
        return replace(self, x=self.x[at])

    def fit(
        self, at: Labels, candidates: Candidates, *, free: bool = False
    ) -> tuple[Candidates, Mask]:
        """Return the candidates as they are, and which are within the budget.

        What loses a piece that must stay is not asked either, beyond the budget or not.
        """
        allowed = np.array(
            [
                isinstance(text, str)
                and len(text) <= _LONGEST * len(self.x[i]) + 1000
                and self.keeps(i, text)
                for i, text in zip(at.tolist(), candidates.tolist(), strict=True)
            ],
            np.bool_,
        )
        if not free and allowed.any():
            allowed[allowed] = self.inside(at[allowed], candidates[allowed])
        return candidates, allowed

    def inside(self, at: Labels, candidates: Candidates) -> Mask:
        """Tell which are within the budget."""
        pairs = zip(at.tolist(), candidates.tolist(), strict=True)
        return np.array(
            [self._is_inside(i, text) and self.keeps(i, text) for i, text in pairs], np.bool_
        )

    def keeps(self, i: int, text: str) -> bool:
        """Tell whether a text still has all that must stay of text i."""
        return not self.keep or not self.keep.lost(str(self.x[i]), text)

    def _is_inside(self, i: int, text: str) -> bool:
        own, other = self.words[i], cut(text)
        # Words that were only exchanged need no alignment to be counted.
        if len(own) == len(other) and sum(map(ne, own, other)) <= self.budget[i]:
            return True
        return bool(distance(own, other) <= self.budget[i])

    def cost(self, at: Labels, candidates: Candidates) -> Floats:
        """Return how many words are changed, put in or left out."""
        pairs = zip(at.tolist(), candidates.tolist(), strict=True)
        return np.array([distance(self.words[i], cut(text)) for i, text in pairs], np.float64)

    def characters(self, at: Labels, candidates: Candidates) -> Floats:
        """Return how many characters are changed, put in or left out."""
        pairs = zip(at.tolist(), candidates.tolist(), strict=True)
        return np.array([distance(self.x[i], text) for i, text in pairs], np.float64)

    def inputs(self, at: Labels, candidates: Candidates) -> Inputs:  # noqa: ARG002 -- all spaces
        """Return the texts: they are what the target takes."""
        return candidates

    def conditions(self) -> Mapping[str, Json]:
        """Return what is counted, and how much is allowed."""
        kept: dict[str, Json] = {"keep": list(self.keep.pieces)} if self.keep else {}
        if self.eps is not None:
            return {"norm": "edited words", "eps": self.eps, **kept}
        return {"norm": "edited words", "eps": None, "share": SHARE, "least": LEAST, **kept}


def cut(text: str) -> list[str]:
    """Return the words of a text."""
    return text.split()


def distance(first: Sequence[str], second: Sequence[str]) -> int:
    """Return the least number of items to change, put in or leave out.

    Source: Myers 1999, in the form of Hyyrö 2003, with Python's integers as bit vectors.
    """
    start = 0
    shorter = min(len(first), len(second))
    while start < shorter and first[start] == second[start]:
        start += 1
    end = 0
    while end < shorter - start and first[-1 - end] == second[-1 - end]:
        end += 1
    a, b = first[start : len(first) - end], second[start : len(second) - end]
    if not a or not b:
        return max(len(a), len(b))
    places: dict[str, int] = {}
    for i, item in enumerate(a):
        places[item] = places.get(item, 0) | 1 << i
    full, top = (1 << len(a)) - 1, 1 << len(a) - 1
    up, down, score = full, 0, len(a)
    for item in b:
        equal = places.get(item, 0)
        diagonal = (((equal & up) + up) ^ up) | equal | down
        right_up = down | ~(diagonal | up) & full
        right_down = up & diagonal
        score += bool(right_up & top) - bool(right_down & top)
        right_up = (right_up << 1 | 1) & full
        right_down = right_down << 1 & full
        up = right_down | ~(diagonal | right_up) & full
        down = right_up & diagonal
    return score
