"""What training data tell an attacker: values that occur, and rows of other classes nearby."""

from __future__ import annotations

from dataclasses import field

import numpy as np

from modelwarden.attacks.spaces.rules import Rules
from modelwarden.core import seed_for
from modelwarden.core.values import dataclass
from modelwarden.targets.frames import Floats, Labels

# Rows that are kept; values of each column that are tried.
ROWS, VALUES, LEVELS = 4000, 12, 24


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Guide:
    """Rows whose classes are known, as an attacker may have collected them.

    Attributes:
        rules: of the table. rows: (r, d) encoded. y: (r,) their classes.
        values: for each column, the values worth trying: quantiles, or categories.
        weight: (k, d) how well a column alone tells a class from the others, 0 to 1.
    """

    rules: Rules
    rows: Floats
    y: Labels
    values: tuple[Floats, ...] = field(init=False)
    weight: Floats = field(init=False)

    def __post_init__(self) -> None:
        """Work out values and weights."""
        d = len(self.rules.columns)
        values = tuple(self._values(j) for j in range(d))
        classes = int(self.y.max(initial=-1)) + 1
        weight = np.zeros((max(classes, 1), d))
        ranks = _ranks(self.rows)
        for one in range(classes):
            mine = self.y == one
            if mine.any() and not mine.all():
                weight[one] = np.abs(ranks[mine].mean(axis=0) - ranks[~mine].mean(axis=0))
        object.__setattr__(self, "values", values)
        object.__setattr__(self, "weight", weight)

    def _values(self, j: int) -> Floats:
        if self.rules.category[j]:
            return np.arange(min(len(self.rules.columns.levels[j]), LEVELS), dtype=np.float64)
        column = self.rows[:, j]
        column = column[np.isfinite(column)]
        ends = np.array([self.rules.low[j], self.rules.high[j]])
        if not len(column):
            return np.unique(ends)
        few = np.unique(column)
        if len(few) > VALUES:
            # Of a column that is mostly zero, the quantiles of what is not count too.
            some = few[np.unique(np.linspace(0, len(few) - 1, VALUES // 2).astype(np.int64))]
            few = np.concatenate((np.quantile(column, np.linspace(0, 1, VALUES // 2)), some))
        return np.unique(np.concatenate((few, ends)))

    def weighted(self, one: int) -> Floats:
        """Return (d,) how well each column tells a class."""
        return self.weight[one] if one < len(self.weight) else np.zeros(len(self.values))

    def others(self, y: int, goal: int | None, x: Floats, count: int) -> Floats:
        """Return rows of another class (of the goal, where there is one), the nearest first.

        Near is what can be reached: what a rule keeps from changing counts four times.
        """
        pick = np.flatnonzero(self.y != y if goal is None else self.y == goal)
        if not len(pick):
            return np.empty((0, len(x)))
        rules = self.rules
        rows = np.where(np.isfinite(self.rows[pick]), self.rows[pick], x)
        apart = np.where(rules.category, rows != x, np.abs(rows - x) / rules.unit)
        stuck = rules.fixed | (rules.up & (rows < x)) | (rules.down & (rows > x))
        # What tells the class must be reached most of all.
        matters = 0.2 + self.weighted(y) / max(float(self.weighted(y).max(initial=0)), 1e-9)
        far = (apart * np.where(stuck, 4.0, 1.0) * matters).sum(axis=1)
        order = np.argsort(far, kind="stable")[:count]
        return rows[order]


def guide_of(rules: Rules, rows: Floats, y: Labels, seed: int) -> Guide:
    """Return a guide from training rows, of which it keeps at most `ROWS` feasible ones.

    Args:
        rules: of the table.
        rows: (r, d) encoded.
        y: (r,) classes; −1 is unknown.
        seed: of the draw.
    """
    kept = np.flatnonzero(rules.keeps(rows) & (y >= 0))
    if len(kept) > ROWS:
        rng = np.random.default_rng(seed_for(seed, "guide"))
        kept = np.sort(rng.choice(kept, ROWS, replace=False))
    return Guide(rules=rules, rows=rows[kept], y=y[kept])


def _ranks(rows: Floats) -> Floats:
    """Return mean ranks of each column, from 0 to 1."""
    out = np.zeros_like(rows)
    n = max(len(rows), 1)
    for j in range(rows.shape[1]):
        column = np.nan_to_num(rows[:, j], nan=-np.inf)
        _, place, count = np.unique(column, return_inverse=True, return_counts=True)
        ends = np.cumsum(count)
        out[:, j] = (ends - (count - 1) / 2)[place] / n
    return out
