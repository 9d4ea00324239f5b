"""Rates of groups and the gaps between them, with intervals, from one contingency table."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from scipy import special

from modelwarden.core import Measurement
from modelwarden.core.findings import Json
from modelwarden.metrics import rates
from modelwarden.metrics.bootstrap import DRAWS, replicate, widest_gap
from modelwarden.metrics.counts import Counts, Labels
from modelwarden.metrics.intervals import Floats, of_share
from modelwarden.metrics.values import measured

# Below this many rows a rate's interval is so wide that a gap would say nothing.
LEAST_ROWS = 20

# Which of `RATES` each gap compares; the largest of several counts.
GAPS = {
    "demographic_parity_difference": (0,),
    "equal_opportunity_difference": (1,),
    "false_positive_rate_difference": (2,),
    "equalized_odds_difference": (1, 2),
    "predictive_parity_difference": (3,),
    "accuracy_score_difference": (4,),
}
RATES = (
    "selection_rate",
    "true_positive_rate",
    "false_positive_rate",
    "precision",
    "accuracy",
)


@dataclass(frozen=True, slots=True)
class Apart:
    """How far groups lie apart in one quantity.

    Attributes:
        value: largest difference; NaN with fewer than two groups.
        low, high: simultaneous interval of it, every pair at once.
        p_value: that no two differ.
        shrunken: largest difference after each group was drawn towards the mean of all as far as
            its own error commands: the largest of many is larger than the truth, and this is not.
        lowest, highest: places of the two groups; -1 with fewer than two.
    """

    value: float
    low: float
    high: float
    p_value: float
    shrunken: float
    lowest: int
    highest: int


def apart(
    values: Floats, errors: Floats, *, alike: Floats | None = None, level: float = 0.95
) -> Apart:
    """Compare independent estimates (groups,) with their standard errors; NaN takes no part.

    Pairs are compared by z with Bonferroni's correction; the ends are the largest low and the
    largest high of all pairs.

    Args:
        values: of the groups.
        errors: of the values.
        alike: errors that they would have if no groups differed, for the test; by default the same.
        level: nominal coverage of the interval.

    Source: DerSimonian and Laird 1986, "Meta-analysis in clinical trials", for the variance between
    groups; Efron and Morris 1975 for drawing them together.
    """
    known = np.flatnonzero(np.isfinite(values) & np.isfinite(errors) & (errors > 0))
    if len(known) < 2:
        return Apart(math.nan, 0.0, math.inf, 1.0, math.nan, -1, -1)
    rate, error = values[known], errors[known]
    null = error if alike is None else np.maximum(alike[known], 1e-9)
    first, second = np.triu_indices(len(known), k=1)
    gap = np.abs(rate[first] - rate[second])
    spread = np.hypot(error[first], error[second])
    pairs = len(gap)
    far = float((gap / np.hypot(null[first], null[second])).max())
    p = min(1.0, pairs * 2 * float(special.ndtr(-far)))
    reach = float(special.ndtri(1 - (1 - level) / (2 * pairs))) * spread
    weight = 1 / error**2
    mean = float((weight * rate).sum() / weight.sum())
    excess = float((weight * (rate - mean) ** 2).sum()) - (len(known) - 1)
    scale = float(weight.sum() - (weight**2).sum() / weight.sum())
    between = max(0.0, excess / scale) if scale > 0 else 0.0
    drawn = mean + between / (between + error**2) * (rate - mean)
    return Apart(
        value=float(np.ptp(rate)),
        low=max(0.0, float((gap - reach).max())),
        high=float((gap + reach).max()),
        p_value=p,
        shrunken=float(np.ptp(drawn)),
        lowest=int(known[rate.argmin()]),
        highest=int(known[rate.argmax()]),
    )


def apart_in(counts: Counts, name: str, *, positive: str | float, least: int) -> tuple[Apart, int]:
    """Return how far groups lie apart by one of `GAPS`, and the place in `RATES` of what tells it.

    Of several rates it is the one in which they lie furthest apart, as the gap itself is. A group
    whose rate rests on fewer than `least` rows takes no part.
    """
    index = counts.index_of(positive)
    hits, rest = _hits(counts.table, index), _rests_on(counts.table, index)
    families = GAPS[name]
    found = []
    for family in families:
        n = np.where(rest[family] >= least, rest[family], np.nan)
        found.append((apart_shares(hits[family], n), family))
    best, family = max(found, key=lambda one: (not math.isnan(one[0].value), one[0].value))
    return replace(best, p_value=min(1.0, best.p_value * len(families))), family


def apart_shares(hits: Labels, n: Floats) -> Apart:
    """Return how far groups lie apart in the share of `hits` among `n` rows; NaN takes no part."""
    known = np.isfinite(n) & (n > 0)
    smooth = (hits + 1) / (n + 2)
    whole = (hits[known].sum() + 1) / (n[known].sum() + 2)
    return apart(
        rates.share(hits, n),
        np.sqrt(smooth * (1 - smooth) / n),
        alike=np.sqrt(whole * (1 - whole) / n),
    )


def _hits(table: Labels, index: int) -> Labels:
    """Return the rows of which each rate is a share, (5, groups)."""
    said, found = table[:, :, index].sum(axis=-1), table[:, index, index]
    right = np.trace(table, axis1=1, axis2=2)
    return np.asarray(np.stack([said, found, said - found, found, right]), np.int64)


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

    def each(table: Labels) -> Floats:
        precision = rates.precisions(table)[..., index]
        known = (*rates.positive_rates(table, index), precision, rates.accuracy(table))
        return np.stack(known, axis=-2)

    enough = _rests_on(counts.table, index) >= least
    values = np.where(enough, each(counts.table), np.nan)
    known = draws if counts.n else 0
    drawn = (
        replicate(counts.table, each, rng, draws=known)
        if known
        else np.empty((0, len(RATES), len(counts.groups)))
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
    """Return the rows that each rate rests on, (5, groups)."""
    total = table.sum(axis=(1, 2))
    cases, said = table[:, index].sum(axis=-1), table[:, :, index].sum(axis=-1)
    return np.asarray(np.stack([total, cases, total - cases, said, total]), np.int64)


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
