"""Drift on counts: what scipy says of the values, the changes that must be found, and silence."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from modelwarden.detectors.change_point import change_point
from modelwarden.detectors.counts import NumberBins, WordCounts
from modelwarden.detectors.drift import Margins, of_missing, of_numbers, of_words, shares_differ
from modelwarden.metrics.multiple import benjamini_hochberg

N = 12_000


def changes(here, there):
    bins = NumberBins.fit(here)
    found = of_numbers(bins.count(here), bins.count(there), Margins())
    return {change.kind: change for change in found}


def alarms(here, there):
    return {c.kind for c in changes(here, there).values() if c.matters and c.p <= 1e-4}


def words(*values):
    return np.array([*values, None], object)[:-1]


@pytest.mark.parametrize("spread", ["normal", "lognormal", "integers"])
def test_the_tests_agree_with_scipy_on_the_values_themselves(spread):
    rng = np.random.default_rng(0)
    here, there = rng.normal(size=3000), rng.normal(0.05, 1.1, 2000)
    if spread == "lognormal":
        here, there = np.exp(3 * here), np.exp(3 * there)
    if spread == "integers":
        here, there = np.round(here * 20), np.round(there * 20)

    found = changes(here, there)

    ks = stats.ks_2samp(here, there, method="asymp")
    assert found["distribution"].effect == pytest.approx(ks.statistic, abs=2e-3)
    assert np.log10(found["distribution"].p) == pytest.approx(np.log10(ks.pvalue), abs=0.3)
    if spread != "lognormal":
        welch = stats.ttest_ind(here, there, equal_var=False)
        assert found["mean"].p == pytest.approx(welch.pvalue, rel=0.1)
        assert found["spread"].p == pytest.approx(
            stats.ttest_ind(
                np.abs(here - np.median(here)),
                np.abs(there - np.median(there)),
                equal_var=False,
            ).pvalue,
            rel=0.3,
        )


def test_words_are_tested_as_scipy_tests_a_contingency_table():
    rng = np.random.default_rng(0)
    here, there = (words(*rng.choice(list("abcd"), n).tolist()) for n in (700, 900))

    (found,) = of_words(WordCounts.of(here), WordCounts.of(there), Margins())

    table = [[(side == w).sum() for w in "abcd"] for side in (here, there)]
    assert found.p == pytest.approx(stats.chi2_contingency(table).pvalue)


def test_p_values_are_adjusted_as_scipy_adjusts_them():
    p = np.random.default_rng(0).random(50) ** 3

    assert benjamini_hochberg(p) == pytest.approx(stats.false_discovery_control(p))


@given(st.integers(0, 40), st.integers(40, 60), st.integers(0, 40), st.integers(40, 60))
def test_shares_differ_never_surer_than_fishers_exact_test_by_much(one, n, two, m):
    exact = stats.fisher_exact([[one, n - one], [two, m - two]]).pvalue

    assert shares_differ(one, n, two, m) >= exact * 0.5


@pytest.mark.parametrize(
    ("kind", "make"),
    [
        ("mean", lambda rng: rng.normal(0.15, 1, N)),
        ("spread", lambda rng: rng.normal(0, 1.25, N)),
        ("distribution", lambda rng: rng.choice([-0.9, 0.9], N) + rng.normal(0, 0.44, N)),
        ("high tail", lambda rng: np.where(rng.random(N) < 0.01, 8.0, rng.normal(size=N))),
        ("low tail", lambda rng: np.where(rng.random(N) < 0.01, -1e9, rng.normal(size=N))),
    ],
)
def test_a_change_that_matters_is_found_by_the_test_that_is_made_for_it(kind, make):
    rng = np.random.default_rng(1)

    assert kind in alarms(rng.normal(size=N), make(rng))


@pytest.mark.parametrize("n", [1_000, 1_000_000])
def test_neither_chance_nor_a_trifle_in_a_million_rows_alarms(n):
    rng = np.random.default_rng(2)
    here = rng.normal(size=n)

    assert alarms(here, rng.normal(size=n)) == set()
    assert alarms(here, rng.normal(0.02, 1.02, n)) == set()


def test_yes_and_no_moves_by_its_share_and_a_trifle_of_it_does_not_alarm():
    rng = np.random.default_rng(4)
    here, trifle, moved = ((rng.random(200_000) < share) * 1.0 for share in (0.13, 0.145, 0.19))
    bins = NumberBins.fit(here)

    found = list(of_numbers(bins.count(here), bins.count(moved), Margins()))

    assert alarms(here, trifle) == set()  # 1.12 times the distance from the median, and p = 1e-40
    assert [change.kind for change in found if change.matters] == ["distribution", "mean"]
    assert f"{moved.mean():.1%} of the values are 1, {here.mean():.1%} before" == found[1].told


def test_few_rows_without_what_is_rare_are_no_drift_and_many_are():
    at = np.arange(2000)
    here = np.where(at % 60 == 0, 1.0 + at % 7 / 7, 0.0)  # none among 300: by chance in 1 of 200

    assert alarms(here, np.zeros(300)) == set()
    assert "mean" in alarms(here, np.zeros(20_000))


def test_a_mix_that_moved_is_found_and_many_words_alone_are_no_effect():
    rng = np.random.default_rng(3)
    many = [f"w{i}" for i in range(400)]
    pairs = {
        "mix": (rng.choice(3, N, p=[0.4, 0.3, 0.3]), rng.choice(3, N, p=[0.34, 0.3, 0.36])),
        "many": (rng.choice(many, N), rng.choice(many, N)),
        "same": (rng.choice(3, N), rng.choice(3, N)),
    }

    found = {
        name: list(of_words(*(WordCounts.of(words(*side)) for side in pair), Margins()))
        for name, pair in pairs.items()
    }

    assert found["mix"][0].matters
    assert found["mix"][0].p < 1e-6
    assert not found["many"][0].matters
    assert not found["same"][0].matters


def test_missing_values_are_counted_and_compared():
    rng = np.random.default_rng(4)
    here, there = rng.normal(size=N), rng.normal(size=N)
    there[rng.random(N) < 0.06] = np.nan
    bins = NumberBins.fit(here)
    one, two = bins.count(here), bins.count(there)

    found = of_missing(one.missing, one.n, two.missing, two.n, 0.02)

    assert two.missing == np.isnan(there).sum()
    assert two.n == N
    assert found.matters
    assert found.p < 1e-100


@given(st.lists(st.floats(width=32), min_size=1, max_size=50), st.integers(0, 50))
def test_counts_of_parts_add_up_to_the_count_of_the_whole(values, at):
    column = np.array(values)
    bins = NumberBins.fit(column)
    whole, first, second = bins.count(column), bins.count(column[:at]), bins.count(column[at:])

    assert (first + second).counts.tolist() == whole.counts.tolist()
    assert whole.n == len(column)
    assert whole.missing == np.isnan(column).sum()


@pytest.mark.parametrize("spread", [0, 1, 2, 7, 100, 1500, 2040])
def test_whole_numbers_stand_in_the_middle_of_a_bin_and_others_beside_them(spread):
    here = np.arange(spread + 1.0) - 3
    bins = NumberBins.fit(here)

    middles = bins.values()[bins.places(here)]

    assert middles == pytest.approx(here)
    if spread < 600:
        assert (bins.places(here) != bins.places(here + 0.4)).all()


def test_counts_of_other_bins_are_not_added():
    one, two = NumberBins.fit(np.arange(9.0)), NumberBins.fit(np.arange(9.0) * 1.5)

    with pytest.raises(ValueError, match="different bins"):
        one.count(np.arange(9.0)) + two.count(np.arange(9.0))


def test_words_of_parts_add_up_and_one_number_has_one_spelling():
    flags = WordCounts.of(np.array([True, False, True])) + WordCounts.of(np.array([1, 0]))

    assert flags.words == {"1": 3, "0": 2}
    assert WordCounts.of(np.array([1.0, np.nan])).missing == 1
    assert WordCounts.of(words("a", None)).n == 2


def test_a_change_of_level_is_found_where_it_is_and_a_steady_sequence_is_not():
    rng = np.random.default_rng(5)
    steady = [change_point((rng.random(1000) < 0.2).astype(float)).p for _ in range(200)]
    broken = np.concatenate([rng.random(1200) < 0.1, rng.random(800) < 0.3]).astype(float)

    found = change_point(broken)

    assert np.mean(np.array(steady) < 0.05) <= 0.09
    assert found.p < 1e-6
    assert found.at == pytest.approx(1200, abs=60)
    assert found.low < 0.2 < found.high


def test_a_sequence_that_wanders_is_no_change_of_level_by_that_alone():
    rng = np.random.default_rng(6)
    alarms = 0
    for _ in range(40):
        noise = rng.normal(size=2000)
        values = np.convolve(noise, np.ones(4) / 4, "valid")
        alarms += change_point(values).p < 0.001

    assert alarms <= 2


def test_what_is_too_short_or_constant_has_no_change_point():
    assert change_point(np.zeros(1000)) is None
    assert change_point(np.arange(20.0)) is None
