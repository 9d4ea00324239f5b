"""Intervals of rows that come in clusters: what was measured by rows is widened.

Rows of one patient, one machine or one day are alike and tell less than as many independent ones.
How much less depends on the metric: the variance of its rows' influences summed by cluster, over
that by rows, is its design effect. The interval by rows is widened by its root, and by Student's
law for as many clusters as there are; it never becomes narrower.

Source: Kish 1965, "Survey sampling", chapter 8 (design effects, effective sizes); Obuchowski 1997,
"Nonparametric analysis of clustered ROC curve data" (influences summed by cluster); Efron and
Stein 1981 for influences as such; Johnson 1978, "Modified t tests and confidence intervals for
asymmetrical populations", for losses, of which a few clusters may have the most.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from modelwarden.core import Measurement
from modelwarden.metrics.catalog import measure
from modelwarden.metrics.counts import Labels
from modelwarden.metrics.intervals import UNBOUNDED, Floats, Interval, t_of, z_of

FEWEST = 2
"""Clusters below which nothing is known of their spread."""
_LOSSES = frozenset({"rmse", "mean_squared_error", "mae", "log_loss", "brier_score"})


@dataclass(frozen=True, slots=True)
class Design:
    """By what clusters widen the interval of one metric.

    Attributes:
        effect: the variance by clusters over that by rows, at least 1.
        clusters: that have a row.
        worth: as many clusters of equal size would tell as much; at most `clusters`.
        skew: of the sums of clusters, where large ones are the rarer; never below 0.
    """

    effect: float
    clusters: int
    worth: float
    skew: float = 0.0

    def widen(
        self, ends: Interval, value: float, *, level: float = 0.95, skewed: bool = False
    ) -> Interval:
        """Return an interval by rows as one by clusters; unbounded where there is but one.

        Args:
            ends: by rows.
            value: the metric's.
            level: nominal coverage.
            skewed: the upper end goes further where a few clusters have most of the loss, since
                clusters like them may be missing.
        """
        if self.worth < FEWEST:
            return UNBOUNDED
        t = t_of(level, self.worth - 1)
        times = math.sqrt(self.effect) * t / z_of(level)
        further = 1 + self.skew * (1 + 2 * t * t) / (6 * math.sqrt(self.worth) * t)
        more = times * (further if skewed else 1.0)
        return Interval(value - (value - ends.low) * times, value + (ends.high - value) * more)


def design(influence: Floats, clusters: Labels) -> Design:
    """Return what clusters do to a metric.

    Args:
        influence: (n,) of each row on the metric, in any unit; its mean is taken off. A row on
            which the metric does not rest has none.
        clusters: (n,) positions 0 to g − 1.
    """
    n = len(influence)
    sizes = np.bincount(clusters).astype(np.float64)
    many = int((sizes > 0).sum())
    worth = n**2 / float(sizes @ sizes) if n else 0.0
    away = influence - influence.mean() if n else influence
    # Values may be as large as floats go, and their squares must not leave them.
    away = away / (float(np.abs(away).max(initial=0.0)) or 1.0)
    by_rows = float(away @ away)
    if by_rows <= n * 1e-24:  # all rows the same: nothing tells that they would be in others
        return Design((n / worth) ** 2 if n else 1.0, many, worth)
    sums = np.bincount(clusters, weights=away)
    drawn = float(sums @ sums) * many / max(many - 1, 1)
    spread = math.sqrt(float(sums @ sums) / many)
    skew = float(((sums / spread) ** 3).sum()) / many if spread else 0.0
    return Design(max(1.0, drawn / by_rows), many, worth, max(0.0, skew))


def by_clusters(one: Measurement, drawn: Design) -> Measurement:
    """Return a measurement by rows with its interval by clusters."""
    if math.isnan(one.value) or (one.low is None and one.high is None):
        return one
    ends = Interval(
        -math.inf if one.low is None else one.low, math.inf if one.high is None else one.high
    )
    entry = measure(one.name)
    wide = drawn.widen(ends, one.value, level=one.level, skewed=one.name in _LOSSES)
    wide = wide.within(entry.low, entry.high)
    conditions = {
        **one.conditions,
        "clusters": drawn.clusters,
        "design_effect": round(drawn.effect, 3),
    }
    return replace(
        one,
        low=wide.low if math.isfinite(wide.low) else None,
        high=wide.high if math.isfinite(wide.high) else None,
        conditions=conditions,
    )


def influences_of_cells(
    statistic: Callable[[Floats], Floats], table: Labels, y: Labels, said: Labels
) -> Floats:
    """Return each row's influence on what is counted from a table of classes, (n, metrics).

    Args:
        statistic: from (some, k, k) to (some, metrics).
        table: (k, k) counts of the rows.
        y: (n,) true positions.
        said: (n,) predicted ones.
    """
    k = len(table)
    cells, place = np.unique(y * k + said, return_inverse=True)
    more = np.repeat(table[None].astype(np.float64), len(cells), axis=0)
    more[np.arange(len(cells)), cells // k, cells % k] += 0.5
    moved = statistic(more) - statistic(table[None].astype(np.float64))
    return np.asarray(np.nan_to_num(moved)[place], np.float64)
