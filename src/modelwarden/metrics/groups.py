"""Rates of groups and the gaps between them, with intervals, from one contingency table."""

from __future__ import annotations

import math

import numpy as np

from modelwarden.core import Measurement
from modelwarden.core.findings import Json
from modelwarden.metrics import rates
from modelwarden.metrics.bootstrap import DRAWS, replicate, widest_gap
from modelwarden.metrics.counts import Counts, Labels
from modelwarden.metrics.intervals import Floats, of_share
from modelwarden.metrics.values import measured

# Below this many rows a rate's interval is so wide that a gap would say nothing.
LEAST_ROWS = 10

GAPS = {
    "demographic_parity_difference": (0,),
    "equal_opportunity_difference": (1,),
    "equalized_odds_difference": (1, 2),
}


def gaps(
    counts: Counts,
    rng: np.random.Generator,
    *,
    positive: str | float,
    level: float = 0.95,
    draws: int = DRAWS,
    least: int = LEAST_ROWS,
) -> tuple[Measurement, ...]:
    """Return the largest gaps between groups, with simultaneous intervals.

    A group whose rate rests on fewer than `least` rows is not estimable: it takes no part and is
    named in the conditions. With fewer than two groups left the value is NaN, never 0.

    Args:
        counts: by group.
        rng: draws the replicates.
        positive: the class that is the positive answer.
        level: nominal coverage.
        draws: replicates.
        least: rows that a group's rate must rest on.
    """
    index = counts.index_of(positive)

    def three(table: Labels) -> Floats:
        return np.stack(rates.positive_rates(table, index), axis=-2)

    enough = _rests_on(counts.table, index) >= least
    values = np.where(enough, three(counts.table), np.nan)
    known = draws if counts.n else 0
    drawn = (
        replicate(counts.table, three, rng, draws=known)
        if known
        else np.empty((0, 3, len(counts.groups)))
    )
    found = []
    for name, families in GAPS.items():
        chosen = list(families)
        value, ends = widest_gap(values[chosen], drawn[:, chosen], level=level)
        left_out: list[Json] = [
            g for i, g in enumerate(counts.groups) if np.isnan(values[chosen, i]).any()
        ]
        conditions: dict[str, Json] = {
            "positive": positive,
            "draws": draws,
            "groups": len(counts.groups),
            "not_estimable": left_out,
        }
        found.append(measured(name, value, ends, counts.n, level=level, conditions=conditions))
    return tuple(found)


def _rests_on(table: Labels, index: int) -> Labels:
    """Return the rows of each rate, (3, groups)."""
    total = table.sum(axis=(1, 2))
    cases = table[:, index].sum(axis=-1)
    return np.asarray(np.stack([total, cases, total - cases]), np.int64)


def per_group(
    counts: Counts, *, positive: str | float | None = None, level: float = 0.95
) -> tuple[Measurement, ...]:
    """Return each group's accuracy and, with a positive class, its selection and error rates.

    Every interval is that of one share alone; for comparing groups use `gaps`.
    """
    index = None if positive is None else counts.index_of(positive)
    found = []
    for name, table in zip(counts.groups, counts.table, strict=True):
        shares = {"accuracy": (int(np.trace(table)), int(table.sum()))}
        if index is not None:
            cases, said = int(table[index].sum()), int(table[:, index].sum())
            hits, n = int(table[index, index]), int(table.sum())
            shares |= {
                "selection_rate": (said, n),
                "true_positive_rate": (hits, cases),
                "false_positive_rate": (said - hits, n - cases),
            }
        for metric, (part, whole) in shares.items():
            value = part / whole if whole else math.nan
            ends = of_share(part, whole, level=level)
            found.append(measured(metric, value, ends, whole, level=level, group=name))
    return tuple(found)
