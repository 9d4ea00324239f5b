"""Attacks on addresses: sets of edits in an order that is learned from the addresses before."""

from __future__ import annotations

from modelwarden.attacks.engine import Problem
from modelwarden.attacks.html.guide import Recipe
from modelwarden.attacks.html.search import RandomPageEdits, learning
from modelwarden.attacks.scripts import Scripts
from modelwarden.core.values import dataclass
from modelwarden.targets.spec import Access

RECIPES: tuple[Recipe, ...] = (
    ("https", "www", "short-path", "no-query", "no-port", "no-user"),
    ("https", "www", "calm-path", "no-query"),
    ("https", "bare-host", "short-path", "no-query"),
    ("https", "calm-host", "long-path", "no-query"),
    ("https", "no-digits", "no-ending", "query-as-fragment", "percent-path"),
    ("https", "twin-host", "percent-path", "no-ending"),
    ("short-path", "no-query"),
    ("calm-path", "no-query"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RandomUrlEdits:
    """Random sets of edits, without any feedback.

    Source: our own baseline; any attack should beat it.
    """

    name: str = "random-url-edits"
    access: Access = Access.LABELS

    def search(self, problem: Problem, seed: int, queries: int) -> Scripts:
        """Begin."""
        return RandomPageEdits(name=self.name).search(problem, seed, queries)


@dataclass(frozen=True, slots=True, kw_only=True)
class UrlEdits:
    """Recipes as they won before, then sets that join what did most."""

    name: str = "url-edits"
    access: Access = Access.LABELS

    def search(self, problem: Problem, seed: int, queries: int) -> Scripts:
        """Begin."""
        return learning(problem, self.name, RECIPES, seed, queries)
