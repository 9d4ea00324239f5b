"""Metrics of predicted numbers."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from scipy import special

from modelwarden.core import InputError, Measurement
from modelwarden.metrics.intervals import (
    UNBOUNDED,
    Floats,
    Interval,
    mean_of,
    t_of,
    unit_of,
    z_of,
)
from modelwarden.metrics.values import Difference, measured

NON_NEGATIVE = Interval(0.0, math.inf)


def regression(
    y: npt.ArrayLike, predicted: npt.ArrayLike, *, level: float = 0.95
) -> tuple[Measurement, ...]:
    """Return rmse, mean_squared_error, mae, median_absolute_error, r2, spearman and pearson.

    Args:
        y: (n,) finite true values.
        predicted: (n,) finite predictions.
        level: nominal coverage.

    Raises:
        InputError: lengths differ, or a value is not finite.
    """
    truth, said = _checked(y, predicted)
    root = rmse(truth, said, level=level)
    return (
        root,
        mean_squared_error(root),
        mae(truth, said, level=level),
        median_absolute_error(truth, said, level=level),
        r2(truth, said, level=level),
        spearman(truth, said, level=level),
        pearson(truth, said, level=level),
    )


def _checked(y: npt.ArrayLike, predicted: npt.ArrayLike) -> tuple[Floats, Floats]:
    truth, said = np.asarray(y, np.float64), np.asarray(predicted, np.float64)
    if truth.ndim != 1 or truth.shape != said.shape:
        raise InputError(f"{truth.shape} values do not go with {said.shape} predictions")
    if not (np.isfinite(truth).all() and np.isfinite(said).all()):
        raise InputError("a value or a prediction is not a finite number")
    return truth, said


def _errors(y: Floats, predicted: Floats) -> tuple[Floats, float]:
    """Return y − p divided by a unit, and that unit: their squares are no infinity and no 0."""
    first = unit_of(y, predicted)
    apart = y / first - predicted / first
    second = unit_of(apart)
    return apart / second, first * second


def _around(values: Floats) -> tuple[Floats, float]:
    """Return values less their mean divided by a unit, and that unit."""
    if not len(values):
        return values, 1.0
    first = unit_of(values)
    scaled = values / first
    apart = scaled - scaled.mean()
    second = unit_of(apart)
    return apart / second, first * second


def _varies(values: Floats) -> bool:
    return bool(values.min() < values.max())


def rmse(y: Floats, predicted: Floats, *, level: float = 0.95) -> Measurement:
    """Return the root of the mean squared error.

    Squared errors are skewed, so the interval is taken for the logarithm of their mean.
    """
    errors, unit = _errors(y, predicted)
    squares = errors**2
    n = len(squares)
    if not n:
        return measured("rmse", math.nan, NON_NEGATIVE, 0, level=level)
    mean = float(squares.mean())
    if n < 2 or mean == 0:
        ends = NON_NEGATIVE if n < 2 else Interval(0.0, 0.0)
        return measured("rmse", unit * math.sqrt(mean), ends, n, level=level)
    relative = float(squares.std(ddof=1)) / math.sqrt(n) / mean
    half = math.exp(t_of(level, n - 1) * relative / 2)
    value = unit * math.sqrt(mean)
    return measured("rmse", value, Interval(value / half, value * half), n, level=level)


def mean_squared_error(root: Measurement) -> Measurement:
    """Return the mean squared error from its root: squares of positive numbers keep order."""
    low = 0.0 if root.low is None else root.low * root.low  # infinite, where ** is an error
    high = math.inf if root.high is None else root.high * root.high
    square = root.value * root.value
    return measured("mean_squared_error", square, Interval(low, high), root.n, level=root.level)


def mae(y: Floats, predicted: Floats, *, level: float = 0.95) -> Measurement:
    """Return the mean absolute error with Student's interval."""
    errors, unit = _errors(y, predicted)
    away = np.abs(errors)
    value = unit * float(away.mean()) if len(away) else math.nan
    ends = mean_of(away, level=level, within=NON_NEGATIVE)
    return measured(
        "mae", value, Interval(unit * ends.low, unit * ends.high), len(away), level=level
    )


def median_absolute_error(y: Floats, predicted: Floats, *, level: float = 0.95) -> Measurement:
    """Return the median absolute error between two order statistics.

    The ranks are binomial quantiles, so coverage is never below the level. With fewer than six
    rows no pair of them reaches 0.95, and the missing end is 0 or unknown.

    Source: Conover 1999, "Practical nonparametric statistics", section 3.2.
    """
    errors, unit = _errors(y, predicted)
    errors = np.sort(np.abs(errors))
    n = len(errors)
    if not n:
        return measured("median_absolute_error", math.nan, NON_NEGATIVE, 0, level=level)
    below = _ranks_below(n, (1 - level) / 2)
    ends = Interval(
        unit * float(errors[below - 1]) if below else 0.0,
        unit * float(errors[n - below]) if below else math.inf,
    )
    middle = unit * float(np.median(errors))
    return measured("median_absolute_error", middle, ends, n, level=level)


def _ranks_below(n: int, tail: float) -> int:
    """Return the largest r with P(Binomial(n, ½) < r) ≤ tail."""
    guess = int(max(0.0, n / 2 - (z_of(1 - 2 * tail) + 1) * math.sqrt(n) / 2 - 2))
    ranks = np.arange(guess, n // 2 + 1)
    chances = np.where(ranks > 0, special.bdtr(np.maximum(ranks - 1, 0), n, 0.5), 0.0)
    return int(ranks[chances <= tail].max(initial=0))


def r2(y: Floats, predicted: Floats, *, level: float = 0.95) -> Measurement:
    """Return 1 − Σ(y − p)² / Σ(y − ȳ)²; NaN where y does not vary.

    The ratio's variance is that of the rows' (e² − (1 − r²)(y − ȳ)²) / var(y), Student's quantile.

    Source: delta method for a ratio of means, as in Cochran 1977, "Sampling techniques", chapter 6.
    """
    n = len(y)
    away, spread = _around(y)
    around = away**2
    base = float(around.mean()) if n else 0.0
    if n < 3 or base == 0:
        return measured("r2", math.nan, Interval(-math.inf, 1.0), n, level=level)
    errors, unit = _errors(y, predicted)
    squares, times = errors**2, (unit / spread) * (unit / spread)
    own = float(squares.mean()) / base
    ratio = times * own
    if math.isinf(ratio):
        return measured("r2", -math.inf, Interval(-math.inf, 1.0), n, level=level)
    effect = (squares - own * around) / base
    half = times * t_of(level, n - 1) * float(effect.std(ddof=1)) / math.sqrt(n)
    return measured("r2", 1 - ratio, Interval(1 - ratio - half, 1 - ratio + half), n, level=level)


def beyond_mean(y: Floats, predicted: Floats, *, level: float = 0.95) -> Difference:
    """Return the mean square that the prediction saves over always saying the mean, paired.

    Above 0 is better than the mean. The mean is that of the rows judged, which favours it.
    """
    saved, unit = saved_squares(y, predicted, float(y.mean())) if len(y) else (np.empty(0), 1.0)
    value = unit * float(saved.mean()) if len(saved) else math.nan
    own = mean_of(saved, level=level, within=UNBOUNDED)
    ends = Interval(unit * own.low, unit * own.high)
    return Difference("mean_squared_error", value, ends, len(saved), level)


def saved_squares(y: Floats, predicted: Floats, middle: float) -> tuple[Floats, float]:
    """Return (y − m)² − (y − p)² divided by a unit, and that unit, which may be infinite."""
    unit = unit_of(y, predicted, np.array([middle]))
    scaled = y / unit
    return (scaled - middle / unit) ** 2 - (scaled - predicted / unit) ** 2, unit * unit


def ranks(values: Floats) -> Floats:
    """Return midranks, (n,) from 1: equal values share the mean of their places."""
    order = np.argsort(values, kind="stable")
    ranked = values[order]
    starts = np.flatnonzero(np.concatenate([[True], ranked[1:] != ranked[:-1]]))
    sizes = np.diff(np.append(starts, len(values)))
    result = np.empty(len(values))
    result[order] = np.repeat(starts + (sizes + 1) / 2, sizes)
    return result


def spearman(y: Floats, predicted: Floats, *, level: float = 0.95) -> Measurement:
    """Return the correlation of midranks; NaN where either does not vary.

    tanh(artanh ρ ± z √((1 + ρ²/2) / (n − 3))); (-1, 1) for n below 4.

    Source: Bonett and Wright 2000, "Sample size requirements for estimating Pearson, Kendall and
    Spearman correlations".
    """
    n = len(y)
    nothing = Interval(-1.0, 1.0)
    if n < 2 or not (_varies(y) and _varies(predicted)):
        return measured("spearman", math.nan, nothing, n, level=level)
    first, second = ranks(y) - (n + 1) / 2, ranks(predicted) - (n + 1) / 2
    rho = float(first @ second / math.sqrt(float(first @ first) * float(second @ second)))
    if n < 4:
        return measured("spearman", rho, nothing, n, level=level)
    half = z_of(level) * math.sqrt((1 + rho**2 / 2) / (n - 3))
    middle = math.atanh(min(max(rho, -1 + 1e-15), 1 - 1e-15))
    ends = Interval(math.tanh(middle - half), math.tanh(middle + half)).around(rho)
    return measured("spearman", rho, ends, n, level=level)


def pearson(y: Floats, predicted: Floats, *, level: float = 0.95) -> Measurement:
    """Return the correlation; NaN where either does not vary, (-1, 1) for n below 4.

    tanh(artanh r ± z / √(n − 3)), which assumes that both are near normal.

    Source: Fisher 1921, "On the probable error of a coefficient of correlation".
    """
    n = len(y)
    nothing = Interval(-1.0, 1.0)
    if n < 2 or not (_varies(y) and _varies(predicted)):
        return measured("pearson", math.nan, nothing, n, level=level)
    first, second = _around(y)[0], _around(predicted)[0]
    r = float(first @ second / math.sqrt(float(first @ first) * float(second @ second)))
    if n < 4:
        return measured("pearson", r, nothing, n, level=level)
    half = z_of(level) / math.sqrt(n - 3)
    middle = math.atanh(min(max(r, -1 + 1e-15), 1 - 1e-15))
    ends = Interval(math.tanh(middle - half), math.tanh(middle + half)).around(r)
    return measured("pearson", r, ends, n, level=level)
