"""Counts in bins are those of the plain formulas, which they are quicker than."""

from __future__ import annotations

import numpy as np
import pytest

from modelwarden.detectors.counts import NumberBins, as_numbers


def plainly(bins: NumberBins, values: np.ndarray) -> np.ndarray:
    """Return the counts by the formula of the bins, without a shortcut."""
    with np.errstate(over="ignore", invalid="ignore"):
        known = values[~np.isnan(values)].astype(np.float64)
        if bins.unit:
            known = np.arcsinh((known - bins.centre) / bins.unit)
        at = np.clip((known - bins.low) * (1.0 / bins.step) + 1.0, 0.0, bins.bins + 1.0)
    return np.bincount(at.astype(np.int64), minlength=bins.bins + 2)


def with_infinities(rng: np.random.Generator, n: int) -> np.ndarray:
    values = rng.standard_cauchy(n)
    values[::100], values[1::100], values[2::100] = np.inf, -np.inf, np.nan
    return values


COLUMNS = {
    "normal": lambda rng, n: rng.normal(size=n),
    "wild": lambda rng, n: rng.standard_cauchy(n),
    "mostly one": lambda rng, n: np.where(rng.random(n) < 0.95, 3.0, rng.standard_cauchy(n) ** 3),
    "huge": lambda rng, n: rng.standard_cauchy(n) ** 7 * 1e120,
    "too huge to be squared": lambda rng, n: np.where(
        rng.random(n) < 1e-3, 1e300, rng.standard_cauchy(n)
    ),
    "infinite": with_infinities,
    "whole": lambda rng, n: rng.poisson(40, n),
    "half as wide": lambda rng, n: rng.standard_t(1, n).astype(np.float32),
}


@pytest.mark.parametrize("made", COLUMNS.values(), ids=COLUMNS)
def test_values_fall_into_the_bins_of_the_formula(made):
    for seed in range(3):
        values = made(np.random.default_rng(seed), 120_000)
        before = values.copy()

        bins = NumberBins.fit(values)

        assert np.array_equal(bins.count(values).counts, plainly(bins, values))
        assert np.array_equal(values, before, equal_nan=values.dtype.kind == "f")


@pytest.mark.parametrize("n", [3, 7, 1000, 120_000])
def test_the_ends_of_bins_are_numpys_quantiles(n):
    values = np.random.default_rng(n).normal(size=n)
    sample = values[:: max(1, n // 50_000)]
    low, high = np.quantile(sample, [0.001, 0.999])

    bins = NumberBins.fit(values)

    assert bins.unit == 0
    assert bins.low == low - (high - low) / 4
    assert bins.step == (high - low) * 1.5 / bins.bins


def test_middles_of_bins_are_kept_and_cannot_be_written_to():
    bins = NumberBins.fit(np.random.default_rng(0).standard_cauchy(10_000))

    assert bins.unit
    assert np.array_equal(bins.values(), np.sinh(bins.scale()) * bins.unit + bins.centre)
    with pytest.raises(ValueError, match="read-only"):
        bins.values()[0] = 1.0
    other = NumberBins(bins.low + 1, bins.step)
    assert other.scale()[0] == bins.low + 1


def test_times_are_seconds_and_what_is_missing_is_nan():
    times = np.array(["1970-01-02", "NaT"], "datetime64[s]")

    assert as_numbers(times).tolist()[0] == 86_400.0
    assert np.isnan(as_numbers(times)[1])
