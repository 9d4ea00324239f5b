"""Attacks on pages: sets of edits in an order that is learned from the pages before.

A page is asked one candidate at a time, so that its first win ends it. First come recipes, as the
guide ranks them; then sets that join what did most; with scores edit after edit is kept that
lowers the score, with labels alone the sets are drawn. All pages of a problem share one guide.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable
from typing import TypeAlias

import numpy as np

from modelwarden.attacks.engine import Candidates, Problem
from modelwarden.attacks.html.guide import HEAVY, RECIPES, Guide, Recipe, is_heavy, joined
from modelwarden.attacks.html.space import PageSpace
from modelwarden.attacks.scripts import Heard, Script, Scripts
from modelwarden.attacks.urls.space import UrlSpace
from modelwarden.core import InputError, seed_for
from modelwarden.core.values import dataclass
from modelwarden.targets.spec import Access

# Spaces whose candidates are made by edits with names.
EditSpace: TypeAlias = PageSpace | UrlSpace

# Recipes that are tried of one page before sets are joined.
_RECIPES = 8
_ROUNDS = 400


def edits_of(problem: Problem, name: str) -> EditSpace:
    """Return the space of a problem whose inputs are pages or addresses.

    Raises:
        InputError: they are something else.
    """
    if not isinstance(problem.space, PageSpace | UrlSpace):
        raise InputError(f"the attack {name} needs pages or addresses")
    return problem.space


def _one(html: str) -> Candidates:
    out = np.empty(1, object)
    out[0] = html
    return out


@dataclass(frozen=True, slots=True, kw_only=True)
class RandomPageEdits:
    """Random sets of edits, without any feedback.

    Source: our own baseline; any attack should beat it.
    """

    name: str = "random-page-edits"
    access: Access = Access.LABELS

    def search(self, problem: Problem, seed: int, queries: int) -> Scripts:
        """Begin."""
        space = edits_of(problem, self.name)

        def script(i: int) -> Script:
            rng = np.random.default_rng(seed_for(seed, self.name, int(problem.rows[i])))
            for _ in range(queries):
                yield _one(space.made(i, _drawn(space, rng)))

        return Scripts(problem, script)


def _drawn(space: EditSpace, rng: np.random.Generator, most: int = 6) -> Recipe:
    """Return a random set of edits within the budget."""
    if space.eps is not None:
        most = min(most, int(space.eps))
    count = 1 + int(rng.integers(max(1, most)))
    chosen = rng.permutation(len(space.edits))[:count]
    return tuple(space.edits[i] for i in chosen.tolist())


@dataclass(frozen=True, slots=True, kw_only=True)
class PageEdits:
    """Recipes as they won before, then sets that join what did most."""

    name: str = "page-edits"
    access: Access = Access.LABELS

    def search(self, problem: Problem, seed: int, queries: int) -> Scripts:
        """Begin."""
        return learning(problem, self.name, RECIPES, seed, queries, heavy=HEAVY)


def learning(
    problem: Problem,
    name: str,
    recipes: Iterable[Recipe],
    seed: int,
    queries: int,
    *,
    heavy: Iterable[Recipe] | None = None,
) -> Scripts:
    """Return the scripts of all inputs of a problem, with one guide for them.

    Pages that hold their pictures themselves have another, where there are recipes for `heavy`.
    """
    space = edits_of(problem, name)
    guide = Guide(space.edits, recipes)
    other = guide if heavy is None else Guide(space.edits, heavy)

    def script(i: int) -> Script:
        rng = np.random.default_rng(seed_for(seed, name, int(problem.rows[i])))
        chosen = other if heavy is not None and is_heavy(str(space.x[i])) else guide
        return _One(space, chosen, i, rng).script(queries)

    return Scripts(problem, script)


class _One:
    """One page or address under attack."""

    def __init__(self, space: EditSpace, guide: Guide, i: int, rng: np.random.Generator) -> None:
        self.space, self.guide, self.i, self.rng = space, guide, i, rng
        self.seen: dict[Recipe, float] = {}
        self.asked: set[str] = {str(space.x[i])}

    def script(self, queries: int) -> Script:
        """Ask recipes, then sets; an end without a win gives the page up."""
        thin = self.guide.thinner(self.i, self.rng)
        if thin is not None:
            yield from self._try(thin)
        for _ in range(_RECIPES):
            recipe = next((r for r in self.guide.order() if r not in self.seen), None)
            if recipe is None:
                break
            yield from self._try(recipe)
        yield from self._join()
        yield from self._climb(queries)

    def _try(self, names: Recipe) -> Generator[Candidates, Heard, float]:
        """Ask one set of edits; what cannot be made, proven or changed costs nothing."""
        if self.space.eps is not None:
            names = names[: int(self.space.eps)]
        html = self.space.made(self.i, names)
        self.seen[names] = np.inf
        if html in self.asked:
            return np.inf
        html, names = self._provable(html, names)
        if html in self.asked:
            return np.inf
        self.asked.add(html)
        heard = yield _one(html)
        margin = float(heard.margin[0]) if len(heard.margin) else np.inf
        if np.isfinite(margin):
            self.guide.told(names, won=bool(heard.reached[0]))
            self.seen[names] = margin
        return margin

    def _provable(self, html: str, names: Recipe) -> tuple[str, Recipe]:
        """Return the set without those edits that cannot be proven on this page."""
        at = np.array([self.i])
        if self.space.fit(at, _one(html), free=True)[1][0]:
            return html, names
        kept: Recipe = ()
        for name in sorted(names, key=self.space.rank):
            html = self.space.made(self.i, (*kept, name))
            if self.space.fit(at, _one(html), free=True)[1][0]:
                kept = (*kept, name)
        return self.space.made(self.i, kept), kept

    def _best(self) -> list[Recipe]:
        """Return the sets that were tried, what did most first; of equals what was tried first."""
        return sorted(self.seen, key=self.seen.__getitem__)

    def _join(self) -> Generator[Candidates, Heard, None]:
        """Ask what the best sets come to together, two, three, four and all."""
        best = self._best()
        for count in (2, 3, 4, len(best)):
            if count <= len(best):
                yield from self._try(joined(*best[:count]))

    def _climb(self, queries: int) -> Generator[Candidates, Heard, None]:
        """Change the best set by one edit or a few, and keep what is better."""
        best = self._best()[0] if self.seen else ()
        level = self.seen.get(best, np.inf)
        for _ in range(min(queries, _ROUNDS)):
            child = self._changed(best)
            margin = yield from self._try(child)
            if margin < level or (margin == level and self.rng.random() < 0.5):
                best, level = child, margin

    def _changed(self, best: Recipe) -> Recipe:
        """Return a set with some edits put in and some left out."""
        names = [name for name in best if self.rng.random() < 0.85]
        others = [name for name in self.space.edits if name not in best]
        count = 1 + int(self.rng.integers(4))
        added = [others[i] for i in self.rng.permutation(len(others))[:count].tolist()]
        return joined(tuple(added), tuple(names))


def shrunk(problem: Problem, i: int, win: Candidates) -> Generator[Candidates, Heard, Candidates]:
    """Leave out edits that are not needed, half of them at a time, then one by one."""
    space = edits_of(problem, "minimal")
    names = space.names(i, str(win))
    best = str(win)
    parts = 2
    while len(names) > 1 and parts <= len(names):
        size = -(-len(names) // parts)
        groups = [names[k : k + size] for k in range(0, len(names), size)]
        fewer = [tuple(n for n in names if n not in group) for group in groups]
        if parts == 2:
            fewer = [*groups]
        for rest in fewer:
            html = space.made(i, rest)
            heard = yield _one(html)
            if len(heard.won) and heard.won[0]:
                names, best = rest, html
                parts = 2
                break
        else:
            parts = len(names) if parts * 2 > len(names) > parts else parts * 2
    end: Candidates = _one(best)[0]
    return end
