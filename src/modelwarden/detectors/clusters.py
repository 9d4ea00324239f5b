"""Rows that come in clusters: several of one patient, machine or user, in two sets to be compared.

Such rows are alike, so they tell less than as many of different ones. How much less depends on what
is asked: each test has its own design effect, the variance of its statistic when clusters are drawn
over that when rows are. A cluster with rows in both sets counts on both sides at once, so sets that
were split row by row lose nothing.

Source: Kish 1965, "Survey sampling" (design effects); Rao and Scott 1984, "On chi-squared tests for
multiway contingency tables with cell proportions estimated from survey data"; Carter, Schnepel and
Steigerwald 2017, "Asymptotic behavior of a t-test robust to cluster heterogeneity" (how many
clusters of unequal size are worth).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from modelwarden.targets.data import DataSet
from modelwarden.targets.frames import Column, Floats, Labels
from modelwarden.targets.labels import missing

_CERTAIN = 37.0  # deviates, beyond which a p is 0 in floats


@dataclass(frozen=True, slots=True)
class Worth:
    """What rows are worth in one test.

    Attributes:
        share: of an independent row, that one row is worth; at most 1.
        freedom: degrees of freedom that the clusters leave, for Student's law.
        cells: of a test of many cells: the share of its degrees of freedom that is left.
    """

    share: float = 1.0
    freedom: float = math.inf
    cells: float = 1.0

    def p(self, p: float) -> float:
        """Return a two-sided p of the normal law by that of Student."""
        if math.isinf(self.freedom):
            return p
        deviate = float(special.ndtri(p / 2)) if p > 0 else -_CERTAIN
        return min(1.0, float(2 * special.stdtr(self.freedom, max(deviate, -_CERTAIN))))


ROWS = Worth()
"""Of rows that are independent."""


@dataclass(frozen=True, slots=True, eq=False)
class Clusters:
    """To which cluster the rows of two sets belong.

    Attributes:
        here, there: (n,) and (m,) positions 0 to `many` − 1, the same cluster on both sides.
    """

    here: Labels
    there: Labels
    many: int

    @staticmethod
    def of(reference: DataSet, other: DataSet) -> Clusters | None:
        """Return the clusters of two sets; None where one of them has no column of clusters."""
        one, two = reference.clusters, other.clusters
        if one is None or two is None or not len(one) or not len(two):
            return None
        return Clusters.between(one, two)

    @staticmethod
    def between(one: Column, two: Column) -> Clusters:
        """Return the clusters that two columns (n,) and (m,) name; a row without one is its own."""
        gone = np.concatenate([missing(one), missing(two)])
        if one.dtype.kind == "O" or two.dtype.kind == "O":
            known: dict[str, int] = {}
            values = [*one.tolist(), *two.tolist()]
            at = np.array([known.setdefault(str(value), len(known)) for value in values], np.int64)
        else:
            at = np.unique(np.concatenate([one, two]), return_inverse=True)[1].astype(np.int64)
        at[gone] = int(at.max()) + 1 + np.arange(int(gone.sum()))
        at = np.unique(at, return_inverse=True)[1].astype(np.int64)
        return Clusters(at[: len(one)], at[len(one) :], int(at.max()) + 1)

    def only(
        self,
        here: npt.NDArray[np.bool_] | Labels | slice,
        there: npt.NDArray[np.bool_] | Labels | slice,
    ) -> Clusters:
        """Return the clusters of some of the rows."""
        return Clusters(self.here[here], self.there[there], self.many)

    def worth(self, x: Floats, y: Floats) -> Worth:
        """Return what rows are worth in a comparison of the means of x (n,) and y (m,)."""
        if not len(x) or not len(y):
            return ROWS
        # Values may be as large as floats go, and their squares must not leave them.
        unit = max(float(np.abs(x).max()), float(np.abs(y).max())) or 1.0
        x, y = x / unit, y / unit
        one = self._sums(self.here, x - x.mean()) / len(x)
        two = self._sums(self.there, y - y.mean()) / len(y)
        by_rows = float(x.var()) / len(x) + float(y.var()) / len(y)
        return self._worth(one, two, by_rows)

    def worth_of_share(self, x: npt.NDArray[np.bool_], y: npt.NDArray[np.bool_]) -> Worth:
        """Return it for a comparison of the shares of rows that have a property."""
        if not len(x) or not len(y):
            return ROWS
        share = (int(x.sum()) + int(y.sum())) / (len(x) + len(y))
        one = (self._sums(self.here, x) - x.mean() * self._sizes(self.here)) / len(x)
        two = (self._sums(self.there, y) - y.mean() * self._sizes(self.there)) / len(y)
        return self._worth(one, two, share * (1 - share) * (1 / len(x) + 1 / len(y)))

    def worth_of_words(self, x: Labels, y: Labels, cells: int, most: int = 64) -> Worth:
        """Return it for a comparison of the shares of words.

        Args:
            x: (n,) cells 0 to `cells` − 1 of the rows here.
            y: (m,) likewise there.
            cells: of the table, at least two.
            most: of them, by which it is judged how many degrees of freedom are left.
        """
        n, m = len(x), len(y)
        shares = np.bincount(x, minlength=cells) / n, np.bincount(y, minlength=cells) / m
        pooled = (shares[0] * n + shares[1] * m) / (n + m)
        spread = np.maximum(pooled * (1 / n + 1 / m), 1e-300)
        total = float((self._variances(x, y, cells, shares) / spread).sum())
        kept = np.argsort(-pooled, kind="stable")[: most - 1]
        to = np.full(cells, len(kept), np.int64)
        to[kept] = np.arange(len(kept))
        wide = len(kept) + (len(kept) < cells)
        grouped = [_summed(to, part, wide) for part in (*shares, spread)]
        table = self._table(to[x], grouped[0], n, self.here)
        table = self._table(to[y], grouped[1], m, self.there) - table
        table /= np.sqrt(np.maximum(grouped[2], 1e-300))
        inner = table.T @ table
        roots = float(np.trace(inner)), float((inner**2).sum())
        free = roots[0] ** 2 / max(roots[1], 1e-300) / (wide - 1)
        every = np.ones(n), np.ones(m)
        left = self._freedom(
            self._sums(self.here, every[0]) / n, self._sums(self.there, every[1]) / m
        )
        share = min(1.0, (cells - 1) / max(total * self._few(), 1e-300))
        return Worth(share, left, min(1.0, free))

    def _variances(self, x: Labels, y: Labels, cells: int, shares: tuple[Floats, Floats]) -> Floats:
        """Return (cells,) the variance of each difference of shares, clusters drawn."""
        n, m = len(x), len(y)
        sizes = self._sizes(self.here) / n, self._sizes(self.there) / m
        keys = self.here * cells + x, self.there * cells + y
        every, place = np.unique(np.concatenate(keys), return_inverse=True)
        held = np.bincount(place[n:], minlength=len(every)) / m
        held = held - np.bincount(place[:n], minlength=len(every)) / n
        cluster, cell = np.divmod(every, cells)
        due = shares[1][cell] * sizes[1][cluster] - shares[0][cell] * sizes[0][cluster]
        found = np.bincount(cell, weights=(held - due) ** 2 - due**2, minlength=cells)
        both = [float(a @ b) for a, b in ((sizes[0], sizes[0]), sizes, (sizes[1], sizes[1]))]
        absent = shares[0] ** 2 * both[0] - 2 * shares[0] * shares[1] * both[1]
        made: Floats = np.maximum(found + absent + shares[1] ** 2 * both[2], 0.0)
        return made

    def _table(self, codes: Labels, shares: Floats, rows: int, clusters: Labels) -> Floats:
        wide = len(shares)
        table = np.bincount(clusters * wide + codes, minlength=self.many * wide) / rows
        sizes = self._sizes(clusters) / rows
        made: Floats = table.reshape(self.many, wide) - sizes[:, None] * shares
        return made

    def _sums(self, clusters: Labels, values: npt.ArrayLike) -> Floats:
        return _summed(clusters, np.asarray(values, np.float64), self.many)

    def _sizes(self, clusters: Labels) -> Floats:
        return np.bincount(clusters, minlength=self.many).astype(np.float64)

    def _few(self) -> float:
        """Return by how much a variance grows because the means were estimated, too."""
        many = len(np.union1d(self.here, self.there))
        return many / max(many - 1, 1)

    def _worth(self, one: Floats, two: Floats, by_rows: float) -> Worth:
        drawn = float(((two - one) ** 2).sum()) * self._few()
        share = 1.0 if drawn <= by_rows or drawn <= 0 else by_rows / drawn
        return Worth(share, self._freedom(one, two))

    def _freedom(self, one: Floats, two: Floats) -> float:
        """Return the degrees of freedom, by Satterthwaite, of clusters as even as they are."""
        parts = [float(part @ part) for part in (one, two)]
        total = sum(parts)
        if total <= 0:
            return max(1.0, min(map(self._worth_of_clusters, (self.here, self.there))) - 1)
        below = sum(
            part**2 / max(self._worth_of_clusters(clusters) - 1, 0.5)
            for part, clusters in zip(parts, (self.here, self.there), strict=True)
        )
        return max(1.0, total**2 / below)

    def _worth_of_clusters(self, clusters: Labels) -> float:
        sizes = np.bincount(clusters).astype(np.float64)
        return float(sizes.sum() ** 2 / (sizes**2).sum())


def _summed(at: Labels, values: Floats, many: int) -> Floats:
    return np.bincount(at, weights=values, minlength=many).astype(np.float64)
