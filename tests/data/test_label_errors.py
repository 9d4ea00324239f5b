"""Wrong labels are named where flips are shown; of an uncertain task nothing is claimed."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_digits

from data.sets import arrays, frame, given, rows_of, rules, table
from modelwarden.data.label_errors import design_of_inputs, run
from modelwarden.detectors.designs import design_of_array
from modelwarden.detectors.label_errors import Flips, flips
from modelwarden.targets.spec import Modality, Task


def flipped(y, share, seed=1):
    rng = np.random.default_rng(seed)
    k = int(y.max()) + 1
    at = rng.random(len(y)) < share
    return np.where(at, (y + rng.integers(1, k, len(y))) % k, y), set(np.flatnonzero(at).tolist())


def apart(n=2000, seed=0):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, n)
    x = rng.normal(size=(n, 5))
    x[:, :2] += 2.2 * (2 * y[:, None] - 1)
    return x, y


def checked(x, y, modality=Modality.VECTOR, **more):
    train = arrays(x, y, "train")
    return run(given(train=train, test=arrays(x[:5], y[:5]), modality=modality, **more))


@pytest.mark.parametrize("share", [0.04, 0.12])
def test_flips_in_a_clear_task_are_found_and_each_is_listed(share):
    x, y = apart()
    noisy, bad = flipped(y, share)

    result = checked(x, noisy)

    named = rows_of(result, "label-errors")
    assert rules(result) == ["label-errors"]
    assert len(named & bad) >= 0.9 * len(bad)
    assert len(named & bad) >= 0.6 * len(named)
    assert result.findings[0].location.terms["frame"] == "train"
    assert result.findings[0].evidence["share"] == pytest.approx(share, abs=0.03)


def _steep(rng, x):
    return 1 / (1 + np.exp(-8 * x[:, 0]))


def _soft(rng, x):
    return 1 / (1 + np.exp(-2 * x[:, 0] - x[:, 1]))


def _hard_region(rng, x):
    return np.where((x[:, 1] > 1) & (x[:, 2] > 0), 0.5, 1 / (1 + np.exp(-6 * x[:, 0])))


def _ring(rng, x):
    return 1 / (1 + np.exp(-5 * ((x[:, :2] ** 2).sum(axis=1) - 1.4)))


@pytest.mark.parametrize("chance", [_steep, _soft, _hard_region, _ring])
def test_an_uncertain_task_has_no_label_errors_and_the_report_says_so(chance):
    for seed in range(2):
        rng = np.random.default_rng(seed)
        x = rng.normal(size=(1500, 5))
        y = (rng.random(1500) < chance(rng, x)).astype(int)

        result = checked(x, y)

        assert result.findings == ()
        assert any("no evidence of label errors" in note for note in result.notes)


def test_a_part_that_is_harder_than_the_learners_know_is_no_wrong_label():
    rng = np.random.default_rng(1)
    x = rng.normal(size=(2000, 6))
    slope = np.where(x[:, 3] > 0.6, 0.8, 9.0)
    chance = 1 / (1 + np.exp(-slope * (x[:, 0] ** 2 + 1.2 * x[:, 1] * x[:, 2] - 0.8)))
    y = (rng.random(2000) < chance).astype(int)

    found = flips(design_of_array(x), y, 2, np.random.default_rng(1))
    result = run(given(train=arrays(x, y, "train"), test=arrays(x[:5], y[:5])))

    assert found.certain  # a floor is there, but in that part alone
    assert found.in_one_part
    assert result.findings == ()


def coded(n, seed, codes):
    """Numbers and a code of many values."""
    rng = np.random.default_rng(seed)
    code = rng.integers(0, codes, n)
    return rng, rng.normal(size=(n, 4)), code, [f"k{c}" for c in code]


def judged(y, x, names):
    train = table("train", y=y, code=names, **{f"x{i}": x[:, i] for i in range(x.shape[1])})
    return run(given(train=train, test=table("test", y=[0], code=["k0"], x0=[0.0])))


def test_a_rule_that_some_codes_turn_round_is_no_wrong_label():
    for seed, turned in ((1, 24), (2, 15)):
        _, x, code, names = coded(2500, seed, 200)
        y = ((x[:, 0] + x[:, 1] > 0) ^ (code < turned)).astype(int)

        assert judged(y, x, names).findings == ()


def test_wrong_labels_are_found_where_some_codes_turn_a_rule_round():
    _, x, code, names = coded(2500, 1, 200)
    noisy, bad = flipped(((x[:, 0] + x[:, 1] > 0) ^ (code < 24)).astype(int), 0.08)

    named = rows_of(judged(noisy, x, names), "label-errors")

    assert len(named & bad) >= 0.85 * len(bad)
    assert len(named & bad) >= 0.55 * len(named)


def test_codes_that_are_missing_are_a_value_like_others():
    _, x, code, names = coded(600, 6, 40)
    words = [None if i % 3 == 0 else name for i, name in enumerate(names)]

    assert judged((code < 20).astype(int), x, words).findings == ()
    assert judged((x[:, 0] > 0).astype(int), x, [None] * 600).findings == ()


def test_codes_under_which_nobody_can_tell_are_no_wrong_labels():
    rng, x, code, names = coded(2500, 3, 60)
    y = np.where(code < 7, rng.random(2500) < 0.5, x[:, 0] + x[:, 1] > 0).astype(int)

    assert judged(y, x, names).findings == ()


def test_wrong_labels_are_found_where_codes_alone_tell_the_class():
    rng, x, code, names = coded(2500, 4, 300)
    noisy, bad = flipped(rng.integers(0, 2, 300)[code], 0.08)

    named = rows_of(judged(noisy, x, names), "label-errors")

    assert len(named & bad) >= 0.9 * len(bad)
    assert len(named & bad) >= 0.6 * len(named)


def _board(rng, n):
    x = rng.uniform(size=(n, 5))
    return frame(**dict(zip("abcde", x.T.copy(), strict=True))), (
        np.floor(x[:, 1] * 3) + np.floor(x[:, 3] * 3)
    ) % 2


def _weekends(rng, n):
    day = rng.integers(0, 900, n)
    when = (np.datetime64("2022-01-03") + day).astype("M8[us]")
    return frame(when=when, a=rng.normal(size=n)), day % 7 > 4


def _shops(rng, n):
    shop, x = rng.integers(0, 30, n), rng.normal(size=(n, 2))
    side = np.where(np.arange(30) % 2, 1, -1)[shop]
    names = np.array([f"s{v}" for v in shop], object)
    return frame(shop=names, a=x[:, 0], b=x[:, 1]), x[:, 0] * side > 0


def _bowl(rng, n):
    x = rng.normal(size=(n, 8))
    return frame(**dict(zip("abcdefgh", x.T.copy(), strict=True))), (
        x[:, 0] * x[:, 1] + x[:, 2] * x[:, 3] > 0
    )


@pytest.mark.parametrize("make", [_board, _weekends, _shops, _bowl])
def test_what_only_few_columns_products_codes_or_the_calendar_tell_is_learnt(make):
    rng = np.random.default_rng(5)
    inputs, y = make(rng, 2000)
    y = np.asarray(y, np.int64)
    noisy, bad = flipped(y, 0.08)

    clean = flips(design_of_inputs(inputs), y, 2, rng)
    found = flips(design_of_inputs(inputs), noisy, 2, rng)

    assert not clean.certain
    assert found.certain
    assert not found.in_one_part
    named = set(found.rows.tolist())
    assert len(named & bad) >= 0.6 * len(named)
    assert len(named & bad) >= 0.6 * len(bad)


def test_what_was_learned_wrongly_is_learned_once_more_without_it():
    """The sign of a product of three: flips blur how sure the learners are of their rule."""
    rng = np.random.default_rng(17)
    x = rng.normal(size=(2500, 8))
    y = np.sign(x[:, :3]).prod(axis=1) > 0
    noisy, bad = flipped(np.asarray(y, np.int64), 0.07)

    found = flips(design_of_array(x), noisy, 2, rng)

    named = set(found.rows.tolist())
    assert found.certain
    assert len(named & bad) >= 0.7 * len(bad)
    assert len(named & bad) >= 0.6 * len(named)


def test_an_outcome_that_is_never_sure_is_no_wrong_label():
    """As of a campaign: two of three say yes at best, and a few whatever is known of them."""
    rng = np.random.default_rng(5)
    x = rng.normal(size=(6000, 5))
    y = (rng.random(6000) < 0.03 + 0.62 / (1 + np.exp(-9 * (x[:, 0] - 1)))).astype(int)

    found = flips(design_of_array(x), y, 2, np.random.default_rng(1))
    result = checked(x, y)

    assert found.ceiling
    assert result.findings == ()
    assert "an outcome of chance looks like that" in result.notes[0]


def _kinds(seed=8, n=900):
    """Five classes around points that are far from each other."""
    rng = np.random.default_rng(seed)
    middle = rng.normal(size=(5, 5))
    middle *= 5 / np.linalg.norm(middle, axis=1, keepdims=True)
    y = rng.integers(0, 5, n)
    return rng, middle, middle[y] + rng.normal(size=(n, 5)), y


@pytest.mark.parametrize("share", [0.15, 0.33])
def test_labels_of_one_class_turned_into_one_other_are_found(share):
    rng, _, x, y = _kinds()
    bad = np.flatnonzero((y == 1) & (rng.random(len(y)) < share))
    noisy = y.copy()
    noisy[bad] = 2

    found = checked(x, noisy)

    named = rows_of(found, "label-errors")
    assert len(named & set(bad.tolist())) >= 0.85 * len(bad)
    assert len(named & set(bad.tolist())) >= 0.6 * len(named)


def test_a_class_half_of_which_looks_much_like_another_is_no_wrong_label():
    _, middle, x, y = _kinds()
    at = np.flatnonzero(y == 2)[::2]
    x[at] += middle[1] - middle[2] + 0.5

    assert checked(x, y).findings == ()


def test_pictures_with_many_classes():
    x, y = load_digits(return_X_y=True)
    images = x.reshape(-1, 1, 8, 8).astype(np.float32)
    noisy, bad = flipped(y, 0.06)

    clean, wrong = (checked(images, labels, Modality.IMAGE) for labels in (y, noisy))

    named = rows_of(wrong, "label-errors")
    assert clean.findings == ()
    assert len(named & bad) >= 0.9 * len(bad)
    assert len(named & bad) >= 0.6 * len(named)


def test_texts():
    rng = np.random.default_rng(0)
    words = [f"word{i}" for i in range(300)]
    y = rng.integers(0, 2, 800)
    own = [words[:60], words[60:120]]
    texts = [" ".join([*rng.choice(own[c], 8), *rng.choice(words[120:], 8)]) for c in y]
    noisy, bad = flipped(y, 0.08)

    clean, wrong = (checked(texts, labels, Modality.TEXT) for labels in (y, noisy))

    assert clean.findings == ()
    assert len(rows_of(wrong, "label-errors") & bad) >= 0.9 * len(bad)


def test_texts_that_their_first_word_turns_round():
    rng = np.random.default_rng(3)
    words = [f"word{i}" for i in range(120)]
    y = rng.integers(0, 2, 1500)
    turned = rng.random(1500) < 0.3
    begin = np.where(turned, "nobody says", "everybody says")
    end = np.where((y == 1) != turned, "superb", "dull")
    texts = [f"{a} {' '.join(rng.choice(words, 8))} {b}" for a, b in zip(begin, end, strict=True)]
    noisy, bad = flipped(y, 0.07)

    clean, wrong = (checked(texts, labels, Modality.TEXT) for labels in (y, noisy))

    assert clean.findings == ()
    assert len(rows_of(wrong, "label-errors") & bad) >= 0.9 * len(bad)


def test_a_table_with_words_and_labels_that_are_words():
    x, y = apart()
    noisy, bad = flipped(y, 0.08)
    town = np.where(y == 1, "north", "south")
    labels = np.array(["no", "yes"])[noisy]
    train = table("train", y=labels, a=x[:, 0], b=x[:, 1], town=town)

    result = run(given(train=train, test=table("test", a=[1.0], b=[1.0], town=["north"])))

    assert len(rows_of(result, "label-errors") & bad) >= 0.9 * len(bad)
    assert "likelier" in result.rows[0].detail


def test_what_is_too_small_or_no_class_is_left_alone():
    x, y = apart(60)

    few = checked(x, y)
    numbers = checked(x, x[:, 0], task=Task.REGRESSION)
    names = checked(x, np.arange(60))

    assert "not looked for" in few.notes[0]
    assert numbers.notes == ()
    assert "not looked for" in names.notes[0]


@pytest.mark.parametrize(("clear", "shown"), [(0.19, False), (0.95, True)])
def test_weak_evidence_is_enough_only_where_the_task_is_clear(clear, shown):
    """The figures are those of 2,877 clean rows of an uncertain task, of which 7 were named."""
    none = np.empty(0, np.int64)
    found = Flips(
        p=0.10,
        share=0.031,
        rows=none,
        suspected=none,
        chance=np.full(7, 0.76),
        expected=90.0,
        loss=0.53,
        learner="logistic",
        clear=clear,
    )

    assert found.certain is shown
