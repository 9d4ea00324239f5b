"""One row as scripts see it: what each column may become, and known rows it could come near to."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from modelwarden.attacks.balls import Norm
from modelwarden.attacks.margins import Margins
from modelwarden.attacks.problem import Mask, Problem
from modelwarden.attacks.scripts import Script, Scripts
from modelwarden.attacks.spaces.guide import Guide
from modelwarden.attacks.spaces.table import TableSpace
from modelwarden.core import InputError, seed_for
from modelwarden.targets.frames import Floats, Labels

# Candidates that are asked together: few first, as the first ones are the likeliest.
_FIRST = (1, 2, 4, 8, 16)
TOGETHER = 16


def table_of(problem: Problem, name: str) -> tuple[TableSpace, Guide]:
    """Return space and guide of a problem whose inputs are rows of a table.

    Raises:
        InputError: they are something else, or there is no guide.
    """
    space = problem.space
    if not isinstance(space, TableSpace) or space.guide is None:
        raise InputError(
            f"the attack {name} needs rows of a table, and training data to learn from"
        )
    return space, space.guide


class Table:
    """One input of a problem, as scripts see it."""

    def __init__(self, problem: Problem, i: int, seed: int, name: str) -> None:
        self.space, self.guide = table_of(problem, name)
        self.i, self.x = i, self.space.x[i]
        self.y = int(problem.y[i])
        self.goal = None if problem.goal is None else int(problem.goal[i])
        self.rng = np.random.default_rng(seed_for(seed, name, int(problem.rows[i])))
        self.free = np.flatnonzero(self.space.least[i] < self.space.most[i])
        self._values: dict[int, Floats] = {}
        self._table: tuple[Floats, Labels] | None = None
        self._near: dict[int, Floats] = {}
        clean = problem.clean
        at = np.array([i])
        self.clean = np.inf if clean is None else float(Margins.of(problem)(at, clean[at])[0])
        weight = self.guide.weighted(self.y)
        # Ties are broken by the order of the columns.
        self.order = self.free[np.argsort(-weight[self.free], kind="stable")]

    def values(self, j: int) -> Floats:
        """Return what a column may become, this row's own value left out."""
        if j not in self._values:
            self._values[j] = self._worked(j)
        return self._values[j]

    def _worked(self, j: int) -> Floats:
        low, high = self.space.least[self.i, j], self.space.most[self.i, j]
        values = self.guide.values[j]
        inside = values[(values >= low) & (values <= high)]
        if not self.space.rules.category[j]:
            inside = np.concatenate((inside, [low, high]))
            inside = inside[np.isfinite(inside)]
        values = np.unique(inside)
        return np.asarray(values[values != self.x[j]], np.float64)

    def mutated(self, rows: Floats, where: Mask, *, close: bool = False) -> Floats:
        """Put random values that occur into these cells of the columns that are free, in place."""
        if self._table is None:
            lists = [self.values(j) for j in self.free.tolist()]
            counts = np.array([len(one) for one in lists], np.int64)
            padded = np.zeros((len(lists), max(counts.max(initial=0), 1)))
            for place, one in enumerate(lists):
                padded[place, : len(one)] = one
            self._table = padded, counts
        padded, counts = self._table
        pick = (self.rng.random(where.shape) * counts).astype(np.int64)
        values = padded[np.arange(len(self.free)), pick]
        if close and len(self.guide.rows):
            # Values that trees tell apart lie between the few that are listed.
            seen = self.guide.rows[self.rng.integers(len(self.guide.rows), size=len(rows))]
            seen = seen[:, self.free]
            unit = 0.1 * self.space.rules.unit[self.free]
            near = rows[:, self.free] + self.rng.normal(size=where.shape) * unit
            near = np.where(self.space.rules.category[self.free], seen, near)
            which = self.rng.random(where.shape)
            values = np.where(which < 0.4, seen, np.where(which < 0.6, near, values))
            values = np.where(np.isfinite(values), values, rows[:, self.free])
        rows[:, self.free] = np.where(where & (counts > 0), values, rows[:, self.free])
        return rows

    def thinned(self, rows: Floats) -> Floats:
        """Take back changes at random where more features changed than may; else as they are.

        The space would keep the largest, and a small one that matters would never last.
        """
        if self.space.norm is not Norm.L0:
            return rows
        places = self.space.places
        changed = np.zeros((len(rows), int(places.max(initial=-1)) + 1), np.bool_)
        np.logical_or.at(changed.T, places, (rows != self.x).T)
        luck = np.where(changed, self.rng.random(changed.shape), -1.0)
        rank = (-luck).argsort(axis=1).argsort(axis=1)
        return np.where((rank < int(self.space.eps))[:, places], rows, self.x)

    def singles(self, base: Floats, columns: Iterator[int]) -> Iterator[Floats]:
        """Yield `base` with one column changed, column by column."""
        for j in columns:
            for value in self.values(j).tolist():
                if value != base[j]:
                    row = base.copy()
                    row[j] = value
                    yield row

    def near(self, count: int) -> Floats:
        """Return rows of other classes, as near as the rules let this row come."""
        if count not in self._near:
            self._near[count] = self._nearest(count)
        return self._near[count]

    def _nearest(self, count: int) -> Floats:
        rows = self.guide.others(self.y, self.goal, self.x, 4 * count)
        if not len(rows):
            return rows
        at = np.full(len(rows), self.i)
        found, allowed = self.space.fit(at, rows)
        fitted = np.asarray(found, np.float64)
        unit = self.space.rules.unit
        weight = self.guide.weighted(self.y)
        missed = (np.minimum(np.abs(fitted - rows) / unit, 1.0) * (0.05 + weight)).sum(axis=1)
        _, first = np.unique(fitted, axis=0, return_index=True)
        keep = np.zeros(len(rows), np.bool_)
        keep[first] = True
        keep &= allowed & (fitted != self.x).any(axis=1)
        order = np.argsort(missed, kind="stable")
        order = order[keep[order]]
        return np.asarray(fitted[order[:count]], np.float64)


class Rows:
    """An attack that is a script for each row; what it has in common with the others."""

    __slots__ = ()

    name: str

    def search(self, problem: Problem, seed: int, queries: int) -> Scripts:
        """Begin.

        Raises:
            InputError: the inputs are no rows of a table, or there is nothing to learn from.
        """
        table_of(problem, self.name)
        return Scripts(problem, lambda i: self.script(Table(problem, i, seed, self.name), queries))

    def script(self, table: Table, queries: int) -> Script:
        """Return what it asks about one row."""
        raise NotImplementedError


def random_rows(table: Table, count: int) -> Floats:
    """Return rows in which a random share of the columns has random values that occur."""
    rows = np.repeat(table.x[None, :], count, axis=0)
    share = table.rng.random((count, 1))
    return table.mutated(rows, table.rng.random((count, len(table.free))) < share)


def batches(rows: Floats) -> Iterator[Floats]:
    """Yield few rows first, then more at once."""
    start = 0
    for size in (*_FIRST, *(32 for _ in range(len(rows)))):
        if start >= len(rows):
            return
        yield rows[start : start + size]
        start += size


def turned(lists: list[list[Floats]]) -> Iterator[Floats]:
    """Yield the last and the first of each list, then the next ones inward."""
    for turn in range(max((len(one) for one in lists), default=0)):
        for one in lists:
            if turn < len(one):
                yield one[-1 - turn // 2] if turn % 2 == 0 else one[turn // 2]
