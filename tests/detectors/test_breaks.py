"""What breaks a column, and what chance brings into any table."""

from __future__ import annotations

import numpy as np
import pytest

from data.sets import column
from modelwarden.core import Severity
from modelwarden.detectors.breaks import (
    breaks_of,
    date_format,
    differing_columns,
    goes_on,
    kind_of,
)

RNG = np.random.default_rng(0)
PRICES = RNG.lognormal(3, 0.5, 4000)
WORDS = RNG.choice(["red", "green", "blue"], 4000)
DAYS = [f"20{20 + i % 5}-0{1 + i % 9}-{10 + i % 19}" for i in range(600)]


def kinds(here, there):
    return [found.kind for found in breaks_of(column(here), column(there))]


def again(scale=1.0, n=4000):
    return np.random.default_rng(7).lognormal(3, 0.5, n) * scale


def planted(values, wrong, share=0.03):
    made = np.array(values, dtype=object)
    at = np.random.default_rng(1).random(len(made)) < share
    made[at] = wrong
    return made.astype(np.asarray(values).dtype) if not isinstance(wrong, str) else made


@pytest.mark.parametrize(
    ("here", "there", "kind"),
    [
        (PRICES, again(100), "unit"),
        (PRICES, again(0.001), "unit"),
        (PRICES, again(1.6093), "unit"),
        (RNG.normal(15, 8, 3000), RNG.normal(15, 8, 3000) * 1.8 + 32, "unit"),
        (PRICES, -again(), "sign"),
        (PRICES, planted(again(), -999.0), "range"),
        (PRICES, planted(again(), np.inf), "range"),
        (PRICES, [f"{v:.2f}".replace(".", ",") for v in again()], "type"),
        (WORDS, planted(WORDS, "violet"), "unseen values"),
        (WORDS, planted(WORDS, "Red ", 0.2), "unseen values"),
        (WORDS, np.arange(4000.0), "type"),
        (DAYS, [f"{d[8:]}/{d[5:7]}/{d[:4]}" for d in DAYS], "date format"),
        (DAYS, [f"{d[8:]}.{d[5:7]}.{d[:4]}" for d in DAYS], "date format"),
    ],
)
def test_a_break_is_named(here, there, kind):
    assert kind in kinds(here, there)


@pytest.mark.parametrize(("n", "m"), [(200, 3000), (500, 3000), (3000, 500)])
def test_the_extremes_of_few_rows_are_passed_by_many_and_that_breaks_nothing(n, m):
    rng = np.random.default_rng(n)
    for _ in range(40):
        assert kinds(rng.normal(size=n), rng.normal(size=m)) == []


def test_few_rows_beyond_all_of_many_are_no_chance():
    # 7 of 400 beyond the 4,000 before: that chance is (1/11)^7 = 5e-8.
    later = np.concatenate(
        [again(n=393).clip(PRICES.min(), PRICES.max()), np.full(7, 1.5) * PRICES.max()]
    )

    assert kinds(PRICES, later) == ["range"]


@pytest.mark.parametrize("seed", range(5))
def test_what_chance_brings_breaks_nothing(seed):
    rng = np.random.default_rng(seed)
    many = [f"w{i}" for i in range(300)]
    share = np.arange(1, 301) ** -1.2
    share /= share.sum()

    for make in (
        lambda: rng.pareto(1.1, 1000),
        lambda: rng.normal(0.1, 1.1, 1000),
        lambda: rng.integers(0, 2, 1000),
        lambda: rng.choice(many, 800, p=share),
        lambda: [f"name {i}" for i in rng.integers(0, 10**9, 500)],
        lambda: np.full(100, 3.0),
    ):
        assert kinds(make(), make()) == []


def test_rows_that_break_a_column_are_all_listed():
    there = planted(again(), -999.0)

    (found,) = breaks_of(PRICES, there)

    assert list(found.rows) == np.flatnonzero(there == -999.0).tolist()
    assert "-999" in found.told
    assert "code for missing" in found.told


def test_known_words_in_another_case_are_said_to_be_that():
    (found,) = breaks_of(column(WORDS), column(planted(WORDS, " RED", 0.3)))

    assert "other case" in found.told


def test_columns_that_went_and_came_are_told_apart():
    found = dict(differing_columns(("a", "b"), ("A", "b", "c")))

    assert [found[n].kind for n in ("a", "A", "c")] == [
        "missing column",
        "extra column",
        "extra column",
    ]
    assert "'A' has come new" in found["a"].told


def test_columns_in_another_order_are_told_once_and_those_that_came_move_none():
    ((name, found),) = differing_columns(("a", "b", "c", "d"), ("a", "c", "b", "d"))
    came = list(differing_columns(("a", "b"), ("new", "a", "b")))

    assert (name, found.kind, found.severity) == ("b", "order", Severity.MEDIUM)
    assert "as 2 columns do" in found.told
    assert [one.kind for _, one in came] == ["extra column"]


@pytest.mark.parametrize(
    ("values", "form"),
    [
        (["31/12/2020", "01/02/2021"] * 5, "DD/MM/YYYY"),
        (["12/31/2020", "01/02/2021"] * 5, "MM/DD/YYYY"),
        (["2020-01-01"] * 9, "YYYY-MM-DD"),
        (["3 Mar 2020"] * 9, "D Mon YYYY"),
        (["hello"] * 9, None),
        ([None] * 9, None),
    ],
)
def test_the_form_of_a_date_is_recognised(values, form):
    assert date_format(column(values)) == form


def test_columns_without_values_are_left_to_those_who_count_what_is_missing():
    nothing = np.full(100, np.nan)

    assert kinds(nothing, PRICES) == []
    assert kinds(PRICES, [None] * 50) == []
    assert kinds(PRICES[:1], PRICES) == []


def test_row_numbers_that_begin_anew_and_later_dates_in_any_order_are_clocks():
    rng = np.random.default_rng(0)
    first = np.datetime64("2024-01-01") + np.arange(300)
    days = [first[rng.integers(0, 200, 500)], first[rng.integers(210, 300, 500)]]
    before, after = (d.astype("M8[us]") for d in days)

    assert goes_on(np.arange(800), np.arange(400))
    assert not goes_on(np.arange(800), np.arange(0, 800, 2))
    assert goes_on(before, after)
    assert not goes_on(after, before)
    assert not goes_on(before[before < first[150]], before)


def test_a_clock_that_goes_on_is_no_break():
    before = np.arange(5000.0)

    assert kinds(before, np.arange(5000.0, 7000.0)) == []
    assert kinds(before, np.arange(9000.0, 11_000.0)) == []  # another set lies between
    assert kinds(before, np.arange(50_000.0, 52_000.0)) == ["range"]
    assert kinds(before, np.repeat([6000.0, 6001.0], 500)) == ["range"]  # two values, no clock


@pytest.mark.parametrize(
    ("there", "severity"),
    [
        (PRICES.max() * (1 + 0.0015 * np.arange(400)), Severity.MEDIUM),
        (np.concatenate([PRICES, PRICES.max() * (1.01 + np.arange(60) / 2000)]), Severity.LOW),
        (np.concatenate([PRICES, PRICES.max() * np.full(60, 40.0)]), Severity.HIGH),
        (np.concatenate([PRICES, np.full(60, -3.0)]), Severity.HIGH),
    ],
)
def test_how_far_values_lie_outside_says_how_severe_it_is(there, severity):
    shuffled = np.random.default_rng(0).permutation(there)

    (found,) = breaks_of(PRICES, shuffled)

    assert (found.kind, found.severity) == ("range", severity)


def test_a_column_that_was_constant_has_no_width_to_count_in():
    [found] = breaks_of(column(np.zeros(2000)), column(np.r_[np.zeros(1500), RNG.random(500) + 1]))

    assert found.facts["bound"] == 0
    assert "beyond_by_widths" not in found.facts


def test_one_value_after_ten_thousand_missing_ones_tells_what_a_column_holds():
    gone = [None] * 10_000
    assert kind_of(column(gone)) == "nothing"
    assert kind_of(column([*gone, "red"])) == "word"
    assert kind_of(np.full(10_000, np.nan)) == "nothing"
    assert kind_of(np.append(np.full(10_000, np.nan), 1.0)) == "number"


def test_a_column_that_rises_for_a_while_only_is_no_clock():
    rises = np.arange(500.0)
    falls_back = np.append(rises, 3.0)
    assert goes_on(rises, rises + 500)
    assert not goes_on(falls_back, rises + 500)
    assert not goes_on(rises, falls_back + 500)


def test_chance_in_a_heavy_tail_is_no_change_of_units():
    def towns(seed, n):
        rng = np.random.default_rng(seed)
        return np.where(rng.random(n) < 0.4, 0, rng.lognormal(2, 2.2, n).round())

    told = [kind for seed in range(60) for kind in kinds(towns(seed, 400), towns(seed + 1000, 260))]

    assert "unit" not in told
