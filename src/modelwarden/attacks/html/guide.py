"""Which edits to try first: learned from the pages before, as a bandit over sets of edits."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

import numpy as np

from modelwarden.attacks.html.scan import held

Recipe: TypeAlias = tuple[str, ...]

_SITE = (
    "hidden-site",
    "hidden-links",
    "hidden-words",
    "descriptions",
    "own-icon",
    "hidden-copyright",
)
_LATE = (
    "late-action",
    "late-links",
    "late-password",
    "late-names",
    "late-handlers",
    "late-alt",
    "late-title",
    "written-icon",
    "written-metas",
)
_SWALLOWED = ("swallowed-page", "swallowed-first", "descriptions", "own-icon")
_MANY = ("many-links", "many-words")
# Sets that work together, what is expected to do most first; then each edit alone.
RECIPES: tuple[Recipe, ...] = (
    ("written-forms", "written-frameset", "late-title", *_SITE),
    ("written-body", "written-frameset", "late-title", *_SWALLOWED),
    ("image-for-text", "written-forms", "late-title", *_SITE),
    ("written-body", "late-title", *_SITE, *_MANY),
    (*_LATE, "written-texts", "written-images", *_SITE, *_MANY),
    ("written-body", "late-title", "written-icon", "written-metas", "data-scripts"),
    ("written-forms", "written-texts", "late-title", "late-links", *_MANY, "classed-words"),
    (*_LATE, "zero-width", "written-texts", "written-forms"),
    ("late-title", "descriptions", *_MANY),
    ("template", "noscript", "comments", "structured-data", "head-links", "descriptions"),
    ("text-references", "url-references", "attribute-case", "repeated-attributes", "quotes"),
    ("percent-body", "late-title", *_SITE),
    ("swallowed-head", "swallowed-first", "swallowed-article"),
    ("many-words",),
    ("many-links",),
    ("written-forms",),
    ("late-title",),
)
# The same for pages most of whose source is `data:`: what is added must outweigh it.
HEAVY: tuple[Recipe, ...] = (
    ("written-forms", "late-title", "swallowed-index", "swallowed-ahead", *_SITE),
    RECIPES[0],
    ("swallowed-volume", "swallowed-ahead", "written-body", "late-title"),
    ("swallowed-index", "late-title"),
    *RECIPES,
)
_MOST_HELD = 0.3
# Edits that take one another's place: the first hides what the others would change.
_INSTEAD = (
    ("written-body", "percent-body"),
    ("written-scripts", "data-scripts"),
    ("late-action", "action-at-load"),
    ("written-icon", "own-icon"),
    ("calm-path", "long-path", "short-path"),
    ("calm-host", "www", "bare-host"),
    ("no-query", "query-as-fragment"),
)
# What a recipe is worth before it was tried: as if so many tries had been won.
_PRIOR, _WORTH = 2.0, 0.7
# One page in so many asks a part of the best recipe first: fewer edits may do.
_THIN = 4
_SURE, _ENOUGH = 0.85, 4


def is_heavy(html: str) -> bool:
    """Tell whether much of a page is what it holds itself: pictures, sheets, fonts."""
    return held(html) > _MOST_HELD * len(html)


def joined(*recipes: Recipe) -> Recipe:
    """Return a set with all edits of some, of those that exclude each other the first."""
    names = list(dict.fromkeys(name for recipe in recipes for name in recipe))
    for group in _INSTEAD:
        there = [name for name in names if name in group]
        names = [name for name in names if name not in there[1:]]
    return tuple(names)


class Guide:
    """What was learned so far; the same pages in the same order teach the same.

    Attributes:
        tries, wins: of each recipe.
    """

    def __init__(self, edits: Iterable[str], recipes: Iterable[Recipe] = RECIPES) -> None:
        """Know recipes of these edits alone, and each edit by itself."""
        known = tuple(edits)
        cut = [joined(tuple(n for n in recipe if n in known)) for recipe in recipes]
        singles = [(name,) for name in known]
        self.recipes: list[Recipe] = [r for r in dict.fromkeys([*cut, *singles]) if r]
        self.tries: dict[Recipe, int] = {}
        self.wins: dict[Recipe, int] = {}

    def told(self, recipe: Recipe, *, won: bool) -> None:
        """Take in what came of a recipe."""
        if recipe not in self.recipes:
            self.recipes.append(recipe)
        self.tries[recipe] = self.tries.get(recipe, 0) + 1
        self.wins[recipe] = self.wins.get(recipe, 0) + won

    def rate(self, recipe: Recipe) -> float:
        """Return how often a recipe is expected to win."""
        tries, wins = self.tries.get(recipe, 0), self.wins.get(recipe, 0)
        place = self.recipes.index(recipe)
        worth = _WORTH * 0.9**place
        return (wins + _PRIOR * worth) / (tries + _PRIOR)

    def order(self) -> list[Recipe]:
        """Return recipes, the best first; of those that are sure the smallest first."""
        rates = {recipe: self.rate(recipe) for recipe in self.recipes}
        sure = [r for r in self.recipes if rates[r] >= _SURE and self.tries.get(r, 0) >= _ENOUGH]
        sure.sort(key=lambda r: (len(r), -rates[r]))
        rest = [r for r in self.recipes if r not in sure]
        rest.sort(key=lambda r: -rates[r])
        return sure + rest

    def thinner(self, number: int, rng: np.random.Generator) -> Recipe | None:
        """Return a part of the best recipe for one page in a few, where it has parts."""
        best = self.order()[0]
        if number % _THIN or len(best) < 2 or self.tries.get(best, 0) < _ENOUGH:
            return None
        keep = rng.permutation(len(best))[: max(1, (len(best) + 1) // 2)]
        return tuple(best[i] for i in sorted(keep.tolist()))
