"""Metrics of the order of scores: ROC AUC with DeLong's interval, average precision.

The area is a mean over pairs, so each row has an influence on it, and the sum of squared
influences is DeLong's variance. One model, two models on the same rows and the mean over classes
are then sums of the same vectors.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from scipy import special

from modelwarden.core import InputError, Measurement
from modelwarden.metrics.bootstrap import DRAWS, PRIOR_ROWS
from modelwarden.metrics.counts import Labels
from modelwarden.metrics.intervals import (
    SHARE,
    Floats,
    Interval,
    clopper_pearson,
    of_share,
    t_of,
)
from modelwarden.metrics.values import Difference, measured

Flags = npt.NDArray[np.bool_]
BINS = 1_000


def _checked(y: npt.ArrayLike, scores: npt.ArrayLike) -> tuple[Flags, Floats]:
    truth, score = np.asarray(y, np.bool_), np.asarray(scores, np.float64)
    if truth.ndim != 1 or truth.shape != score.shape:
        raise InputError(f"{truth.shape} labels do not go with {score.shape} scores")
    with np.errstate(over="ignore", invalid="ignore"):  # the sum alone is quicker to look at
        doubtful = not np.isfinite(score.sum())
    if doubtful and np.isnan(score).any():
        raise InputError("a score is not a number")
    return truth, score


def _placements(these: Floats, others: Floats) -> Floats:
    """Return the share of `others` below each of `these`, ties half; `others` is sorted."""
    below = np.searchsorted(others, these, side="left")
    upto = np.searchsorted(others, these, side="right")
    return (below + upto) / (2.0 * len(others))


def _spread(placed: Floats, middle: float) -> float:
    """Return the variance of the mean of `placed`; 0 for a single one."""
    m = len(placed)
    if m < 2:
        return 0.0
    away = placed - middle
    return float(away @ away) / (m * (m - 1))


def _auc_interval(auc: float, up: float, down: float, m: int, n: int, level: float) -> Interval:
    """Return the interval from the variances over positives (`up`) and negatives (`down`).

    Student's quantile with Brunner and Munzel's degrees of freedom, on the logit scale. Without
    any spread (perfect separation, or one row of a class) the exact interval of a share of
    min(m, n) rows stands in, which is wider.
    """
    fewest = min(m, n)
    variance = up + down
    if fewest < 2 or variance <= 1e-15 or not 0 < auc < 1:
        return clopper_pearson(round(auc * fewest), fewest, level=level).around(auc)
    freedom = variance**2 / (up**2 / (m - 1) + down**2 / (n - 1))
    half = t_of(level, freedom) * math.sqrt(variance) / (auc * (1 - auc))
    middle = float(special.logit(auc))
    return Interval(float(special.expit(middle - half)), float(special.expit(middle + half)))


def hanley_error(auc: float, m: npt.ArrayLike, n: npt.ArrayLike) -> Floats:
    """Return the standard error of an area that is `auc` with m positives and n negatives.

    Source: Hanley and McNeil 1982, "The meaning and use of the area under a ROC curve", equation 2.
    """
    up, down = np.asarray(m, np.float64), np.asarray(n, np.float64)
    one, two = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    var = auc * (1 - auc) + (up - 1) * (one - auc**2) + (down - 1) * (two - auc**2)
    return np.asarray(np.sqrt(np.maximum(var, 0.0) / (up * down)), np.float64)


def roc_auc(y: npt.ArrayLike, scores: npt.ArrayLike, *, level: float = 0.95) -> Measurement:
    """Return the area under the ROC curve with DeLong's interval, in O(n log n).

    Args:
        y: (n,) truth, True for the positive class.
        scores: (n,) finite, higher is more positive.
        level: nominal coverage.

    Returns:
        NaN with the interval (0, 1) where a class has no row.

    Raises:
        InputError: lengths differ or a score is NaN.

    Source: DeLong, DeLong and Clarke-Pearson 1988, "Comparing the areas under two or more
    correlated ROC curves"; Sun and Xu 2014 for sorting; Brunner and Munzel 2000 for the degrees
    of freedom; Pepe 2003, section 5.2, for the logit scale.
    """
    truth, score = _checked(y, scores)
    positives, negatives = np.sort(score[truth]), np.sort(score[~truth])
    m, n = len(positives), len(negatives)
    if not m or not n:
        return measured("roc_auc", math.nan, SHARE, m + n, level=level)
    found = _placements(positives, negatives)
    auc = float(found.mean())
    up = _spread(found, auc)
    down = _spread(1.0 - _placements(negatives, positives), auc)
    ends = _auc_interval(auc, up, down, m, n, level)
    return measured("roc_auc", auc, ends, m + n, level=level, conditions={"positives": m})


def roc_auc_of_bins(positives: Labels, negatives: Labels, *, level: float = 0.95) -> Measurement:
    """Return the area and DeLong's interval from counts in bins of rising score.

    Counts of parts add up, so rows beyond memory are measured piece by piece. Rows of one bin
    count as ties: with 65,536 bins over the scores the area moves in the fifth digit at most.

    Args:
        positives: (bins,) positive rows of each bin.
        negatives: (bins,) negative rows.
        level: nominal coverage.

    Source: as `roc_auc`, with each placement weighted by its rows.
    """
    m, n = int(positives.sum()), int(negatives.sum())
    if not m or not n:
        return measured("roc_auc", math.nan, SHARE, m + n, level=level)
    above = (negatives.cumsum() - negatives / 2) / n
    below = 1 - (positives.cumsum() - positives / 2) / m
    auc = float(positives @ above) / m
    up = float(positives @ (above - auc) ** 2) / max(m * (m - 1), 1)
    down = float(negatives @ (below - auc) ** 2) / max(n * (n - 1), 1)
    ends = _auc_interval(auc, up, down, m, n, level)
    conditions = {"positives": m, "bins": len(positives)}
    return measured("roc_auc", auc, ends, m + n, level=level, conditions=conditions)


def influences(y: npt.ArrayLike, scores: npt.ArrayLike) -> tuple[float, Floats]:
    """Return the area and each row's influence on it, (n,); Σ influence² is DeLong's variance.

    (Vᵢ − A) / √(m(m − 1)) for the m positives with placement Vᵢ, likewise for negatives. A class
    of one row has no variance of its own and counts as 0.
    """
    truth, score = _checked(y, scores)
    positives, negatives = np.sort(score[truth]), np.sort(score[~truth])
    m, n = len(positives), len(negatives)
    effect = np.zeros(len(score))
    if not m or not n:
        return math.nan, effect
    found = _placements(score[truth], negatives)
    auc = float(found.mean())
    effect[truth] = (found - auc) / math.sqrt(max(m * (m - 1), 1))
    effect[~truth] = (1.0 - _placements(score[~truth], positives) - auc) / math.sqrt(
        max(n * (n - 1), 1)
    )
    return auc, effect


def auc_difference(
    y: npt.ArrayLike, scores: npt.ArrayLike, others: npt.ArrayLike, *, level: float = 0.95
) -> Difference:
    """Return the area of `scores` minus that of `others` on the same rows, by paired DeLong.

    Student's quantile with degrees of freedom as in `roc_auc`; (-1, 1) where a class has fewer
    than two rows. Equal ranks in both give no difference and no width.

    Source: DeLong, DeLong and Clarke-Pearson 1988.
    """
    ours, mine = influences(y, scores)
    theirs, other = influences(y, others)
    gap, rows = ours - theirs, len(mine)
    if math.isnan(gap):
        return Difference("roc_auc", gap, Interval(-1.0, 1.0), rows, level)
    truth = np.asarray(y, np.bool_)
    m = int(truth.sum())
    apart = (mine - other) ** 2
    up, down = float(apart[truth].sum()), float(apart[~truth].sum())
    if min(m, rows - m) < 2:
        return Difference("roc_auc", gap, Interval(-1.0, 1.0), rows, level)
    half = 0.0
    if up + down > 0:
        freedom = (up + down) ** 2 / (up**2 / (m - 1) + down**2 / (rows - m - 1))
        half = t_of(level, freedom) * math.sqrt(up + down)
    ends = Interval(gap - half, gap + half).within(-1.0, 1.0)
    return Difference("roc_auc", gap, ends, rows, level)


def roc_auc_ovr(y: Labels, scores: Floats, *, level: float = 0.95) -> Measurement:
    """Return the mean over classes of each class's area against the rest.

    Args:
        y: (n,) positions of the true classes, 0 to k − 1.
        scores: (n, k).
        level: nominal coverage.

    Returns:
        The mean over the classes that have a row and leave one to the rest; NaN if none does.

    Source: influences of the classes' areas are averaged row by row (delta method).
    """
    areas, total = [], np.zeros(len(y))
    for index in range(scores.shape[1]):
        auc, effect = influences(y == index, scores[:, index])
        if not math.isnan(auc):
            areas.append(auc)
            total += effect
    if not areas:
        return measured("roc_auc_ovr", math.nan, SHARE, len(y), level=level)
    auc = float(np.mean(areas))
    variance = float(((total / len(areas)) ** 2).sum())
    cases = np.bincount(y, minlength=scores.shape[1])
    fewest = int(cases[cases > 0].min())
    ends = _auc_interval(auc, variance / 2, variance / 2, fewest, fewest, level)
    return measured(
        "roc_auc_ovr", auc, ends, len(y), level=level, conditions={"classes": len(areas)}
    )


def top_k_accuracy(y: Labels, scores: Floats, k: int, *, level: float = 0.95) -> Measurement:
    """Return the share of rows whose class is among the `k` largest scores.

    A tie at the edge counts as right only as far as places are left, in order of the classes, as
    scikit-learn counts it.

    Args:
        y: (n,) positions of the true classes.
        scores: (n, classes).
        k: places.
        level: nominal coverage.
    """
    order = np.argsort(scores, axis=1, kind="stable")[:, ::-1][:, :k]
    right, n = int((order == y[:, None]).any(axis=1).sum()), len(y)
    ends = of_share(right, n, level=level)
    value = right / n if n else math.nan
    return measured("top_k_accuracy", value, ends, n, level=level, conditions={"k": k})


def precision_areas(hits: npt.NDArray[np.int64], others: npt.NDArray[np.int64]) -> Floats:
    """Return average precision from counts by falling score, (..., bins) positives and negatives.

    Σ (Rᵢ − Rᵢ₋₁) Pᵢ over distinct scores, no interpolation; NaN without a positive.
    """
    found = hits.cumsum(-1, dtype=np.float64)
    called = found + others.cumsum(-1, dtype=np.float64)
    precision = np.divide(found, called, out=np.zeros_like(found), where=called > 0)
    total = found[..., -1]
    area = np.einsum("...i,...i->...", hits, precision)
    return np.asarray(np.divide(area, total, out=np.full_like(total, np.nan), where=total > 0))


_STEEP = 3.0  # logits


def _bounds(hits: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return where at most `BINS` bins of cells begin: each positive at its own, as far as it goes.

    Evenly spread bins lay rare positives together with the many rows above and below them: of 50
    positives in 10,000 rows the deviation came out a third too small.
    """
    last = len(hits) - 1
    spread = np.linspace(0, last, min(BINS // 2, len(hits)))
    found = np.flatnonzero(hits)
    found = found[np.linspace(0, len(found) - 1, min(BINS // 4, len(found))).astype(np.int64)]
    return np.unique(np.concatenate([spread, found, np.minimum(found + 1, last)]).astype(np.int64))


def _low_degrees(positives: int) -> float:
    """Return the degrees of freedom at the lower end.

    Few positives that rank high by luck make the value large and its deviation small: the truth
    lies below the interval more often than above. A quarter of the degrees makes up for it (held
    on simulated sets, `docs/intervals.md`).
    """
    return max(min(positives - 1, 4), (positives - 1) / 4)


def average_precision(
    y: npt.ArrayLike,
    scores: npt.ArrayLike,
    rng: np.random.Generator,
    *,
    level: float = 0.95,
    draws: int = DRAWS,
) -> Measurement:
    """Return average precision; its deviation by the bootstrap on at most `BINS` score bins.

    The value is exact; only the replicates see binned scores. The interval is taken on the logit
    scale, where it cannot leave 0–1, with Student's quantile: for the positives less one at the
    upper end, for a quarter of them at the lower.

    Args:
        y: (n,) truth, True for the positive class.
        scores: (n,) finite, higher is more positive.
        rng: draws the replicates.
        level: nominal coverage.
        draws: replicates.

    Source: Boyd, Eng and Page 2013, "Area under the precision-recall curve: point estimates and
    confidence intervals", for the logit interval.
    """
    truth, score = _checked(y, scores)
    n, positives = len(score), int(truth.sum())
    if not positives:
        return measured("average_precision", math.nan, SHARE, n, level=level)
    order = np.argsort(-score, kind="stable")
    ranked, right = score[order], truth[order].astype(np.int64)
    starts = np.flatnonzero(np.concatenate([[True], ranked[1:] != ranked[:-1]]))
    hits = np.add.reduceat(right, starts)
    others = np.diff(np.append(starts, n)) - hits
    value = float(precision_areas(hits, others))
    step = _bounds(hits)
    cells = np.concatenate([np.add.reduceat(hits, step), np.add.reduceat(others, step)])
    shares = (cells + PRIOR_ROWS / len(cells)) / (n + PRIOR_ROWS)
    drawn = rng.multinomial(n, shares, size=draws).reshape(draws, 2, -1)
    areas = precision_areas(drawn[:, 0], drawn[:, 1])
    spread = float(np.nanstd(areas))
    if positives < 2:
        ends = SHARE
    elif not 0 < value < 1 or spread == 0:
        ends = clopper_pearson(round(value * positives), positives, level=level).around(value)
    else:
        slope = spread / (value * (1 - value))
        half = t_of(level, positives - 1) * slope
        below = t_of(level, _low_degrees(positives)) * slope
        middle = float(special.logit(value))
        ends = Interval(float(special.expit(middle - below)), float(special.expit(middle + half)))
        if half > _STEEP:
            # So near to an end that the logit's slope says nothing: no wider than the replicates.
            low, high = np.nanquantile(areas, [(1 - level) / 2, (1 + level) / 2])
            reach = t_of(level, positives - 1) * spread
            ends = Interval(
                max(ends.low, min(float(low), value - reach)),
                min(ends.high, max(float(high), value + reach)),
            ).around(value)
    conditions = {"draws": draws, "positives": positives}
    return measured("average_precision", value, ends, n, level=level, conditions=conditions)
