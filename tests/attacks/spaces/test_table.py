"""Rows of a table under rules: what is allowed is feasible by an oracle in plain Python."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attacks.spaces.tables import CONFIG, NAMES, feasible, loans, ranges, rows_of, space_of
from modelwarden.attacks.balls import Norm
from modelwarden.attacks.spaces.rules import check_data, lines_of, rules_of
from modelwarden.core import ConfigError, InputError
from modelwarden.targets.config import FeaturesConfig
from modelwarden.targets.frames import Frame

TRAIN, TRAIN_Y = loans(200, seed=3)
FRAME, _ = loans(24)
KNOWN = ranges(TRAIN)
SPACE = space_of(FRAME, TRAIN)
wild = st.floats(-500, 500, allow_nan=False) | st.sampled_from([0.0, 1.0, 2.0, 3.0])


@settings(max_examples=150)
@given(st.integers(0, 23), st.lists(wild, min_size=11, max_size=11), st.integers(0, 2**11 - 1))
def test_whatever_is_asked_for_becomes_a_feasible_row_or_is_refused(i, values, which):
    at = np.array([i])
    chosen = np.array([which >> j & 1 for j in range(11)], bool)
    wanted = np.where(chosen, np.array(values), SPACE.origin[at[0]])[None]

    fitted, allowed = SPACE.fit(at, wanted)

    assert allowed.all()
    after = rows_of(SPACE.inputs(at, fitted))[0]
    assert feasible(rows_of(FRAME)[i], after, KNOWN)
    again, _ = SPACE.fit(at, fitted)
    assert (again == fitted).all()


@settings(max_examples=100)
@given(st.integers(0, 23), st.lists(wild, min_size=11, max_size=11), st.integers(0, 2**11 - 1))
def test_feasible_is_what_the_oracle_calls_feasible(i, values, which):
    at = np.array([i])
    chosen = np.array([which >> j & 1 for j in range(11)], bool) & ~SPACE.lacks[i]
    row = np.where(chosen, np.array(values), SPACE.origin[i])
    row[[2, 6, 7, 8]] = np.rint(row[[2, 6, 7, 8]])
    row[9] = np.clip(np.rint(row[9]), 0, 2) if chosen[9] else row[9]
    row[[6, 7, 8]] = np.clip(row[[6, 7, 8]], 0, 1)
    row[10] = SPACE.origin[i][10] if not chosen[10] else np.rint(row[10])

    expected = feasible(rows_of(FRAME)[i], rows_of(SPACE.inputs(at, row[None]))[0], KNOWN)
    # The oracle sees decoded rows: what no type can hold is out of its sight.
    assert bool(SPACE.feasible(at, row[None])[0]) == expected or chosen[10]


def test_a_total_follows_what_it_is_the_sum_of():
    at = np.array([5])
    wanted = SPACE.origin[at].copy()
    wanted[0, NAMES.index("part")] += 3.0

    fitted, _ = SPACE.fit(at, wanted)

    total, part = NAMES.index("total"), NAMES.index("part")
    assert fitted[0, part] == wanted[0, part]
    assert fitted[0, total] == pytest.approx(SPACE.origin[5, total] + 3.0)


def test_one_of_a_group_is_set_and_the_other_goes():
    a, b, c = (NAMES.index(f"kind_{k}") for k in "abc")
    i = int(np.flatnonzero(SPACE.origin[:, a] == 1)[0])
    wanted = SPACE.origin[[i]].copy()
    wanted[0, c] = 1.0

    fitted, _ = SPACE.fit(np.array([i]), wanted)

    assert fitted[0, [a, b, c]].tolist() == [0, 0, 1]


@pytest.mark.parametrize(
    ("norm", "eps"), [(Norm.LINF, 2.5), (Norm.L2, 4.0), (Norm.L1, 6.0), (Norm.L0, 2)], ids=str
)
def test_a_budget_is_kept(norm, eps):
    space = space_of(FRAME, TRAIN, norm=norm, eps=eps)
    rng = np.random.default_rng(0)
    at = np.repeat(np.arange(24), 20)
    wanted = space.origin[at] + rng.normal(0, 20, (len(at), 11)) * (rng.random((len(at), 11)) < 0.3)

    fitted, allowed = space.fit(at, wanted)
    inside = space.inside(at, fitted)

    moved = np.abs(np.where(space.lacks[at], 0, fitted - space.origin[at]))
    moved[:, 9] = moved[:, 9] > 0
    one = moved[:, [6, 7, 8]].max(axis=1, keepdims=True)
    size = {
        Norm.LINF: moved.max(axis=1),
        Norm.L2: np.sqrt((moved**2).sum(axis=1)),
        Norm.L1: moved.sum(axis=1),
        Norm.L0: (np.hstack((moved[:, :6], one, moved[:, 9:])) > 0).sum(axis=1),
    }[norm]
    assert allowed.all()
    assert (size[inside] <= eps + 1e-6).all()
    assert (size[~inside] > eps).all()
    assert inside.mean() > 0.3
    assert (fitted != space.origin[at]).any(axis=1).mean() > 0.3


def test_types_and_missing_values_come_back():
    at = np.arange(24)
    rng = np.random.default_rng(1)
    fitted, _ = SPACE.fit(at, SPACE.origin + rng.normal(0, 30, SPACE.origin.shape))

    out = SPACE.inputs(at, fitted)

    assert [c.dtype for c in out.columns] == [c.dtype for c in FRAME.columns]
    assert [v is None for v in out["word"]] == [v is None for v in FRAME["word"]]
    assert np.isnan(out["up"]).tolist() == np.isnan(FRAME["up"]).tolist()
    assert (out["id"] == FRAME["id"]).all()
    unchanged = SPACE.inputs(at, SPACE.origin)
    assert all(
        (a == b).all() or name in {"up"}
        for name, a, b in zip(NAMES, unchanged.columns, FRAME.columns, strict=True)
    )


@pytest.mark.parametrize(
    ("config", "why"),
    [
        ({"immutable": ("nett",)}, "features.immutable names 'nett', which is no column"),
        ({"bounds": {"count": (0.2, 0.8)}}, "no whole number lies between 0.2 and 0.8"),
        ({"monotone_up": ("net",), "monotone_down": ("net",)}, "in monotone_up and in monotone_d"),
        ({"monotone_up": ("word",)}, "'word', whose values have no order"),
        (
            {"relations": ("net < gross", "gross <= part", "part <= net", "up >= 0")},
            "no row can keep 'net < gross' and 'gross <= part' and 'part <= net'",
        ),
        (
            {"relations": ("net + part >= 50",), "bounds": {"net": (0, 20), "part": (0, 20)}},
            "with 'net' from 0 to 20, with 'part' from 0 to 20: they contradict",
        ),
        ({"relations": ("net - net == 1",)}, "is never true"),
    ],
)
def test_rules_that_contradict_each_other_are_named_in_one_line(config, why):
    with pytest.raises(ConfigError, match=why) as refused:
        rules_of(FeaturesConfig(**config), FRAME, TRAIN)

    assert "\n" not in refused.value.message


@pytest.mark.parametrize(
    "text",
    [
        "net * 1e308 * 1e308 <= 1 or net > 0",
        "net * 1e308 * 1e308 >= net * -1e308",
        "net * 1e308 >= net * -1e308",
        "net + 1e308 > -1e308 * 10 / 10 - 1e308",
    ],
)
def test_factors_beyond_what_a_float_can_be_make_no_line_and_no_error(text):
    rules = rules_of(FeaturesConfig(relations=(text,)), FRAME, TRAIN)

    for line in lines_of(rules):
        assert np.isfinite([*line.factors.values(), line.added]).all()


def test_rules_that_the_data_break_are_named_with_their_count():
    rules = rules_of(FeaturesConfig(relations=("gross <= net",)), FRAME, TRAIN)
    count = int((FRAME["gross"] > FRAME["net"]).sum())

    with pytest.raises(ConfigError, match=f"'gross <= net' is broken by {count} of 24 test rows"):
        check_data(rules, rules.columns.encoded(FRAME), "test")


def test_few_rows_that_break_a_rule_are_left_out_and_named():
    net = FRAME["net"].copy()
    net[4] = 1e6
    frame = FRAME.with_column("net", net)
    rules = rules_of(FeaturesConfig(relations=("net <= gross",)), frame, TRAIN)

    keeps, notes = check_data(rules, rules.columns.encoded(frame), "test")

    assert np.flatnonzero(~keeps).tolist() == [4]
    assert notes == (
        "features.relations 'net <= gross' is broken by 1 of 24 test rows (4.2%) as they are: "
        "those are not attacked",
    )


def test_words_without_categories_are_refused():
    words = Frame(("note",), (np.array([f"note {i}" for i in range(300)], object),))

    with pytest.raises(ConfigError, match="'note' holds words without categories"):
        rules_of(FeaturesConfig(), words, words)
    with pytest.raises(ConfigError, match="no training set to take its categories from"):
        rules_of(FeaturesConfig(), words, None)
    assert rules_of(FeaturesConfig(immutable=("note",)), words, None).fixed.all()


def test_patterns_name_columns_and_groups_are_told_from_the_data():
    rules = rules_of(FeaturesConfig(monotone_up=("kind_*",)), FRAME, TRAIN)

    assert [n for n, up in zip(NAMES, rules.up, strict=True) if up] == [
        "kind_a",
        "kind_b",
        "kind_c",
    ]
    assert [group.tolist() for group in rules.groups] == [[6, 7, 8]]


def test_ends_that_only_the_data_set_may_be_left_behind():
    rules = rules_of(CONFIG, FRAME, TRAIN).unbounded()
    gross, net = NAMES.index("gross"), NAMES.index("net")

    assert rules.high[gross] == 200
    assert rules.high[net] > 10 * KNOWN["net"][1]


def test_eps_must_be_above_zero():
    with pytest.raises(InputError, match="eps must be above 0"):
        space_of(FRAME, TRAIN, norm=Norm.L2, eps=0)
