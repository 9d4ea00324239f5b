"""Attacks on rows that learn from scores: feature by feature, and by evolution."""

from __future__ import annotations

from itertools import islice

import numpy as np

from modelwarden.attacks.balls import Norm
from modelwarden.attacks.scripts import Heard, Script, bred
from modelwarden.attacks.tables.row import TOGETHER, Rows, Table, batches, random_rows, turned
from modelwarden.core.values import dataclass
from modelwarden.targets.frames import Floats
from modelwarden.targets.spec import Access

POPULATION = 24
# Rows that one climb may take. Where only few features may change, joining what helped one by one
# soon uses them up, and breeding finds the same rows sooner.
_CLIMB, _CLIMB_FEW = 240, 48


@dataclass(frozen=True, slots=True, kw_only=True)
class Coordinates(Rows):
    """Search by score: neighbours first, then a short climb by single features, then evolution.

    Attributes:
        name: of the attack. access: what it needs.
        rows: neighbours that are tried before the climb.

    Source: our own; the last part follows MoEvA2 (Simonetto et al., IJCAI 2022) in spirit, with
    feasible candidates in place of a penalty.
    """

    name: str = "coordinates"
    access: Access = Access.SCORES
    rows: int = 24

    def script(self, table: Table, queries: int) -> Script:
        """Ask for neighbours, climb from the best of them, and breed."""
        pool = Pool(table)
        for rows in batches(table.near(self.rows)):
            pool.take((yield rows))
        for base in pool.bases():
            yield from _climbed(table, pool, base)
        yield from _evolved(table, pool, queries)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evolution(Rows):
    """Evolve feasible rows by their scores.

    Attributes:
        name: of the attack. access: what it needs.

    Source: as MoEvA2 (Simonetto et al., IJCAI 2022), with feasible candidates for a penalty.
    """

    name: str = "evolution"
    access: Access = Access.SCORES

    def script(self, table: Table, queries: int) -> Script:
        """Begin at random, and breed."""
        pool = Pool(table)
        pool.take((yield random_rows(table, POPULATION)))
        yield from _evolved(table, pool, queries)


class Pool:
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
        keep = order[np.sort(first)[:POPULATION]]
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


def _climbed(table: Table, pool: Pool, base: Floats) -> Script:
    """Change single columns, join what helps, and go on from there until nothing helps."""
    level = pool.level(base)
    most = _CLIMB_FEW if table.space.norm is Norm.L0 else _CLIMB
    asked = 0
    while asked < most:
        before = level
        rows = turned([list(table.singles(base, iter([j]))) for j in table.order.tolist()])
        while asked < most and (part := list(islice(rows, TOGETHER))):
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


def _evolved(table: Table, pool: Pool, queries: int) -> Script:
    """Breed the best rows with each other, with neighbours and with chance."""
    near = table.near(64)
    rng = table.rng

    def children() -> Floats:
        parents = pool.rows
        count = POPULATION
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
        return table.thinned(rows)

    return bred(children, pool.take, queries)
