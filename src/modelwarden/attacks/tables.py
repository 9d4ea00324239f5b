"""Attacks on rows of a table, under its rules, from scores or labels.

They ask for values that occur in the training data, of the types that the columns have; the space
makes every candidate feasible before it is asked. Values on both sides of every threshold that a
tree can have learnt are among them, so no gradient and no step width is needed.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator

import numpy as np

from modelwarden.attacks.balls import Norm
from modelwarden.attacks.engine import Candidates, Mask, Problem
from modelwarden.attacks.margins import Margins
from modelwarden.attacks.scripts import Heard, Script, Scripts
from modelwarden.attacks.spaces.guide import Guide
from modelwarden.attacks.spaces.table import TableSpace
from modelwarden.core import InputError, seed_for
from modelwarden.core.values import dataclass
from modelwarden.targets.frames import Floats, Labels
from modelwarden.targets.spec import Access

# Candidates that are asked together: few first, as the first ones are the likeliest.
_FIRST = (1, 2, 4, 8, 16)
_TOGETHER = 16
_POPULATION = 24
# Rows that one climb may take.
_CLIMB = 240
# Generations without a better row.
_BORED = 12


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


@dataclass(frozen=True, slots=True, kw_only=True)
class RandomRows:
    """Random allowed changes, without any feedback.

    Attributes:
        name: of the attack. access: what it needs.

    Source: our own baseline; any attack should beat it.
    """

    name: str = "random-rows"
    access: Access = Access.LABELS

    def search(self, problem: Problem, seed: int, queries: int) -> Scripts:
        """Begin."""
        table_of(problem, self.name)

        def script(i: int) -> Script:
            table = Table(problem, i, seed, self.name)
            for turn in range(queries):
                yield random_rows(table, min(1 + turn, 2 * _TOGETHER))

        return Scripts(problem, script)


def random_rows(table: Table, count: int) -> Floats:
    """Return rows in which a random share of the columns has random values that occur."""
    rows = np.repeat(table.x[None, :], count, axis=0)
    share = table.rng.random((count, 1))
    return table.mutated(rows, table.rng.random((count, len(table.free))) < share)


@dataclass(frozen=True, slots=True, kw_only=True)
class SingleFeature:
    """Change one feature at a time, to every value that is worth trying.

    Attributes:
        name: of the attack. access: what it needs.
        features: changed together.

    Source: the changes of one and of several features in published catalogues of stress tests.
    """

    name: str = "single-feature"
    access: Access = Access.LABELS
    features: int = 1

    def search(self, problem: Problem, seed: int, queries: int) -> Scripts:  # noqa: ARG002 -- budget
        """Begin."""
        table_of(problem, self.name)

        def script(i: int) -> Script:
            table = Table(problem, i, seed, self.name)
            rows = self._rows(table)
            while part := list(_some(rows, _TOGETHER)):
                yield np.array(part)

        return Scripts(problem, script)

    def _rows(self, table: Table) -> Iterator[Floats]:
        order = table.order.tolist()
        if self.features == 1:
            # The ends of every feature before what lies between.
            yield from _turned([list(table.singles(table.x, iter([j]))) for j in order])
            return
        near = table.near(8)
        for turn in range(64):
            for row in near:
                chosen = table.rng.permutation(order)[: self.features] if turn else order
                moved = table.x.copy()
                differ = [j for j in chosen if row[j] != table.x[j]][: self.features]
                moved[differ] = row[differ]
                yield moved
            yield from _pairs(table, self.features)


def _pairs(table: Table, count: int) -> Iterator[Floats]:
    """Yield rows with a few random features at random values."""
    for _ in range(_TOGETHER):
        row = table.x.copy()
        for j in table.rng.permutation(table.order)[:count].tolist():
            values = table.values(j)
            if len(values):
                row[j] = values[table.rng.integers(len(values))]
        yield row


def _some(rows: Iterator[Floats], count: int) -> Iterator[Floats]:
    for _, row in zip(range(count), rows, strict=False):
        yield row


def _turned(lists: list[list[Floats]]) -> Iterator[Floats]:
    """Yield the last and the first of each list, then the next ones inward."""
    for turn in range(max((len(one) for one in lists), default=0)):
        for one in lists:
            if turn < len(one):
                yield one[-1 - turn // 2] if turn % 2 == 0 else one[turn // 2]


@dataclass(frozen=True, slots=True, kw_only=True)
class MultiFeature(SingleFeature):
    """Change three features together."""

    name: str = "multi-feature"
    features: int = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbours:
    """Move towards known rows of other classes, as far as the rules let; labels suffice.

    Attributes:
        name: of the attack. access: what it needs. rows: that are tried as they are.

    Source: nearest unlike neighbours as in Brughmans, Leyman and Martens 2023 (NICE), here under
    rules and without a model's scores.
    """

    name: str = "neighbours"
    access: Access = Access.LABELS
    rows: int = 96

    def search(self, problem: Problem, seed: int, queries: int) -> Scripts:
        """Begin."""
        table_of(problem, self.name)

        def script(i: int) -> Script:
            table = Table(problem, i, seed, self.name)
            near = table.near(self.rows)
            yield from _batches(near)
            # Mixtures of neighbours with each other and with chance.
            for _ in range(queries):
                rows = random_rows(table, 2 * _TOGETHER)
                if len(near):
                    first = near[table.rng.integers(len(near), size=len(rows))]
                    second = near[table.rng.integers(len(near), size=len(rows))]
                    mixed = np.where(table.rng.random(first.shape) < 0.5, first, second)
                    rows = np.where(table.rng.random(rows.shape) < 0.15, rows, mixed)
                yield rows

        return Scripts(problem, script)


def _batches(rows: Floats) -> Iterator[Floats]:
    """Yield few rows first, then more at once."""
    start = 0
    for size in (*_FIRST, *(32 for _ in range(len(rows)))):
        if start >= len(rows):
            return
        yield rows[start : start + size]
        start += size


@dataclass(frozen=True, slots=True, kw_only=True)
class Coordinates:
    """Search by score: neighbours first, then feature by feature, then by evolution.

    Attributes:
        name: of the attack. access: what it needs.
        rows: neighbours that are tried before single features.

    Source: our own; the last part follows MoEvA2 (Simonetto et al., IJCAI 2022) in spirit, with
    feasible candidates in place of a penalty.
    """

    name: str = "coordinates"
    access: Access = Access.SCORES
    rows: int = 24

    def search(self, problem: Problem, seed: int, queries: int) -> Scripts:
        """Begin."""
        table_of(problem, self.name)

        def script(i: int) -> Script:
            table = Table(problem, i, seed, self.name)
            pool = _Pool(table)
            for rows in _batches(table.near(self.rows)):
                pool.take((yield rows))
            for base in pool.bases():
                yield from _climbed(table, pool, base)
            yield from _evolved(table, pool, queries)

        return Scripts(problem, script)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evolution:
    """Evolve feasible rows by their scores.

    Attributes:
        name: of the attack. access: what it needs.

    Source: as MoEvA2 (Simonetto et al., IJCAI 2022), with feasible candidates for a penalty.
    """

    name: str = "evolution"
    access: Access = Access.SCORES

    def search(self, problem: Problem, seed: int, queries: int) -> Scripts:
        """Begin."""
        table_of(problem, self.name)

        def script(i: int) -> Script:
            table = Table(problem, i, seed, self.name)
            pool = _Pool(table)
            pool.take((yield random_rows(table, _POPULATION)))
            yield from _evolved(table, pool, queries)

        return Scripts(problem, script)


class _Pool:
    """The best rows so far, no two equal."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self.rows = table.x[None, :].copy()
        self.margin = np.array([np.inf])

    def take(self, heard: Heard) -> bool:
        """Take in what came of some rows; tell whether the best of them changed."""
        before = self.rows
        told = np.isfinite(heard.margin)
        rows = np.concatenate((self.rows, np.asarray(heard.candidates[told], np.float64)))
        margin = np.concatenate((self.margin, heard.margin[told]))
        order = np.argsort(margin, kind="stable")
        _, first = np.unique(rows[order], axis=0, return_index=True)
        keep = order[np.sort(first)[:_POPULATION]]
        self.rows, self.margin = rows[keep], margin[keep]
        return before.shape != self.rows.shape or bool((before != self.rows).any())

    def level(self, row: Floats) -> float:
        """Return the margin of a row that was asked; that of the true row is known beforehand."""
        same = np.flatnonzero((self.rows == row).all(axis=1))
        known = float(self.margin[same[0]]) if len(same) else np.inf
        return known if np.isfinite(known) else self.table.clean

    def bases(self) -> list[Floats]:
        """Return the rows from which to climb: the best one, and the row itself."""
        best = self.rows[0]
        if (best == self.table.x).all():
            return [best]
        # A row that has used up its features leaves nothing to climb with.
        full = self.table.space.norm is Norm.L0
        return [self.table.x] if full else [best, self.table.x]


def _climbed(table: Table, pool: _Pool, base: Floats) -> Script:
    """Change single columns, join what helps, and go on from there until nothing helps."""
    level = pool.level(base)
    asked = 0
    while asked < _CLIMB:
        before = level
        rows = _turned([list(table.singles(base, iter([j]))) for j in table.order.tolist()])
        while asked < _CLIMB and (part := list(_some(rows, _TOGETHER))):
            heard = yield np.array(part)
            asked += len(part)
            pool.take(heard)
            better = np.flatnonzero(heard.margin < level)
            if not len(better):
                continue
            better = better[np.argsort(heard.margin[better], kind="stable")]
            joint = _joint(base, np.asarray(heard.candidates, np.float64)[better])
            base, level = np.asarray(heard.candidates[better[0]]), float(heard.margin[better[0]])
            if len(joint):
                heard = yield joint
                asked += len(joint)
                pool.take(heard)
                best = int(heard.margin.argmin())
                if heard.margin[best] < level:
                    base, level = np.asarray(heard.candidates[best]), float(heard.margin[best])
        if not level < before:
            return


def _joint(base: Floats, rows: Floats) -> Floats:
    """Return `base` with the changes of the best two rows, of four, and of all; the best first."""
    out: list[Floats] = []
    for count in (2, 4, len(rows)):
        if count > len(rows) or (out and count <= 2):
            continue
        row = base.copy()
        for other in rows[:count][::-1]:
            row[other != base] = other[other != base]
        out.append(row)
    return np.array(out) if out else np.empty((0, len(base)))


def _evolved(table: Table, pool: _Pool, queries: int) -> Script:
    """Breed the best rows with each other, with neighbours and with chance."""
    near = table.near(64)
    rng = table.rng
    bored = 0
    for _ in range(queries):
        if bored >= _BORED:
            return
        parents = pool.rows
        count = _POPULATION
        # The better one of two is a parent.
        first = parents[np.minimum(*rng.integers(len(parents), size=(2, count)))]
        second = parents[np.minimum(*rng.integers(len(parents), size=(2, count)))]
        rows = np.where(rng.random(first.shape) < 0.5, first, second)
        if len(near):
            some = rng.random(rows.shape) < rng.random((count, 1)) * 0.5
            some &= rng.random((count, 1)) < 0.3
            rows = np.where(some, near[rng.integers(len(near), size=count)], rows)
        chance = (1 + rng.integers(4, size=(count, 1))) / max(len(table.free), 1)
        rows = table.mutated(rows, rng.random((count, len(table.free))) < chance, close=True)
        rows = table.thinned(rows)
        bored = 0 if pool.take((yield rows)) else bored + 1


def shrunk(problem: Problem, i: int, win: Candidates) -> Generator[Candidates, Heard, Candidates]:
    """Take back what a win does not need: many features at once, then single ones, then amounts."""
    table = Table(problem, i, 0, "minimal")
    best = np.asarray(win, np.float64)
    for keep in (1, 2, 3, 4, 6, 8, 12, 16):
        features = _by_weight(table, best)
        if keep >= len(features):
            break
        row = best.copy()
        for j in (j for feature in features[keep:] for j in feature):
            row[j] = table.x[j]
        heard = yield row[None]
        if heard.won[0]:
            best = np.asarray(heard.candidates[0], np.float64)
            break
    best = yield from _without(table, best)
    return (yield from _less(table, best))


def _by_weight(table: Table, row: Floats) -> list[list[int]]:
    """Return the columns of each changed feature, what tells the class most first."""
    features = table.space.rules.features
    changed = np.flatnonzero(row != table.x)
    unit = table.space.rules.unit
    size = np.minimum(np.abs(row - table.x) / unit, 1.0)
    weight = (0.02 + table.guide.weighted(table.y)) * (0.2 + size)
    groups: dict[int, list[int]] = {}
    for j in changed[np.argsort(-weight[changed], kind="stable")].tolist():
        groups.setdefault(int(features[j]), []).append(j)
    return list(groups.values())


def _without(table: Table, best: Floats) -> Generator[Candidates, Heard, Floats]:
    """Take back features in halves, quarters, … and one by one, while the win stays one."""
    size = max(1, len(_by_weight(table, best)) // 2)
    while True:
        features = _by_weight(table, best)[::-1]
        if len(features) < 2:
            return best
        rows = []
        for start in range(0, len(features), size):
            row = best.copy()
            for j in (j for feature in features[start : start + size] for j in feature):
                row[j] = table.x[j]
            if (row != table.x).any():
                rows.append(row)
        heard = yield np.array(rows).reshape(-1, len(best))
        fewer = (heard.candidates != table.x).sum(axis=1) < (best != table.x).sum()
        wins = np.flatnonzero(heard.won & fewer)
        if len(wins):
            best = np.asarray(heard.candidates[wins[heard.margin[wins].argmin()]], np.float64)
            size = max(1, min(size, len(_by_weight(table, best)) // 2))
        elif size == 1:
            return best
        else:
            size = max(1, size // 2)


def _less(table: Table, best: Floats) -> Generator[Candidates, Heard, Floats]:
    """Halve the way of each number towards the true row, while the win stays one."""
    for j in [j for feature in _by_weight(table, best)[:8] for j in feature]:
        if table.space.rules.category[j] or best[j] == table.x[j]:
            continue
        for _ in range(3):
            rows = np.repeat(best[None, :], 3, axis=0)
            rows[:, j] = table.x[j] + (best[j] - table.x[j]) * np.array([0.25, 0.5, 0.75])
            heard = yield rows
            wins = np.flatnonzero(heard.won & (heard.candidates[:, j] != best[j]))
            if not len(wins):
                break
            best = np.asarray(heard.candidates[wins[0]], np.float64)
    return best
