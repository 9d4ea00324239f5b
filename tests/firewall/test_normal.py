"""Thresholds hold on rows that nobody has seen, and what is strange is above them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_digits

from modelwarden.firewall.fitting import normal_of
from modelwarden.firewall.normal import Scorer
from modelwarden.firewall.searches.reference import Reference


def digits():
    return load_digits().data


def cancer():
    return load_breast_cancer().data


def plane():
    return np.random.default_rng(5).normal(size=(900, 3)) @ np.diag([1, 20, 300])


@pytest.mark.parametrize(("load", "room"), [(digits, 0.01), (cancer, 0.02), (plane, 0.01)])
@pytest.mark.parametrize("rate", [0.01, 0.05])
def test_the_share_of_alarms_on_fresh_rows_is_the_rate(load, room, rate):
    x, shares, refused = load(), [], []
    for seed in range(5):
        order = np.random.default_rng(seed).permutation(len(x))
        half = len(x) * 11 // 20
        normal = normal_of(x[order[:half]], rate=rate, seed=seed)
        scores = Scorer(normal).judged(x[order[half:]]).scores
        shares.append(float((scores > normal.alarm).mean()))
        refused.append(float((scores > normal.refuse).mean()))

    assert np.mean(shares) == pytest.approx(rate, abs=room)
    assert np.mean(refused) < 0.008


KINDS = {
    "noise": lambda x, rng: rng.uniform(x.min(0), x.max(0), x.shape),
    "shuffled": lambda x, rng: rng.permuted(x, axis=1),
    "one value": lambda x, rng: np.full(x.shape, x.mean()),
    "blank": lambda x, rng: np.zeros(x.shape),
    "too large": lambda x, rng: 3 * x,
    "mirrored": lambda x, rng: x.max(0) + x.min(0) - x,
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("load", [digits, cancer])
def test_rows_of_another_kind_are_above_the_alarm(load, kind):
    rng = np.random.default_rng(0)
    x = load()[rng.permutation(len(load()))]
    half = len(x) // 2
    normal = normal_of(x[:half], rate=0.01)

    scores = Scorer(normal).judged(KINDS[kind](x[half:], rng)).scores

    assert (scores > normal.alarm).mean() >= 0.95


def test_the_distances_are_those_of_the_textbook():
    x = np.random.default_rng(1).normal(size=(3000, 4)) @ np.diag([1, 2, 3, 4]) + 7
    normal = normal_of(x, rate=0.01)
    asked = np.array([[7.0, 9, 13, 11], [10, 7, 7, 7]])
    centred = asked - x.mean(axis=0)
    wanted = np.sqrt(np.einsum("ij,jk,ik->i", centred, np.linalg.inv(np.cov(x.T)), centred))

    within, _, nearest, moved = Scorer(normal).distances(asked).T

    assert within == pytest.approx(wanted, rel=0.01)
    z = asked / x.std(axis=0) - x.mean(axis=0) / x.std(axis=0)
    places = z @ np.array(normal.axes).T
    sample = np.array(normal.sample)[: normal.measured]
    apart = np.linalg.norm(sample[None] - places[:, None], axis=2)
    assert nearest == pytest.approx(np.sort(apart, axis=1)[:, :3].mean(axis=1), rel=1e-6)
    assert moved == pytest.approx(np.minimum(np.abs(z), 1).sum(axis=1), rel=0.01)


@pytest.mark.parametrize("away", [0.0, 1e8])
@pytest.mark.parametrize("load", [digits, cancer, plane])
def test_scores_of_many_rows_are_those_of_full_digits(load, away):
    """Half the digits may not be taken before the mean is, however far from nothing it lies."""
    x = load() + away
    normal = normal_of(x[:400], rate=0.01)
    asked = np.concatenate([x[400:480], 3 * x[400:420] - 2 * away])
    z = (asked - np.array(normal.mean)) / np.array(normal.scale)
    places = z @ np.array(normal.axes).T
    sample = np.array(normal.sample)[: normal.measured]
    apart = np.sort(np.linalg.norm(sample[None] - places[:, None], axis=2), axis=1)
    distances = [
        np.linalg.norm(places / np.sqrt(normal.variance), axis=1),
        np.sqrt(np.maximum((z**2).sum(axis=1) - (places**2).sum(axis=1), 0)),
        apart[:, :3].mean(axis=1),
    ]
    ratios = [distances[0] / normal.within, distances[2] / normal.nearest]
    if normal.across:
        ratios.append(distances[1] / normal.across)
    ratios += [low / d for low, d in zip(normal.lows, distances, strict=True) if low]
    if normal.usual:
        ratios.append((np.minimum(np.abs(z), 1).sum(axis=1) - normal.usual) / normal.moved)

    scores = Scorer(normal).judged(asked).scores

    assert scores == pytest.approx(np.max(ratios, axis=0), rel=2e-4)


def skewed(rows, seed):
    """Return rows that are mostly nothing, some of them twice, as counts of words are."""
    rng = np.random.default_rng(seed)
    x = rng.exponential(1.0, (rows, 40)) ** 2 * (rng.random((rows, 40)) < 0.15)
    return np.concatenate([x, x[: rows // 20]])


def test_rows_that_stand_there_twice_do_not_make_every_distance_normal():
    """One at no distance at all had made the limit some hundred thousand times the alarm."""
    x = skewed(2000, 3)
    normal = normal_of(x, rate=0.01)

    assert normal.refuse < 10 * normal.alarm
    scores = Scorer(normal).judged(skewed(2000, 4)).scores
    assert (scores > normal.alarm).mean() < 0.02
    assert (scores > normal.refuse).mean() < 0.003


def test_many_values_that_are_a_little_off_are_seen_where_single_ones_may_be_far():
    normal = normal_of(skewed(2000, 3), rate=0.01)
    fresh = skewed(2000, 5)[:300]
    off = np.random.default_rng(6).choice([0.0, 1.5], fresh.shape)

    scores = Scorer(normal).judged(fresh + off).scores

    assert (scores > normal.alarm).mean() > 0.95


def test_the_same_seed_gives_the_same_and_rows_are_judged_alone_as_in_a_batch():
    x = digits()
    one, two = normal_of(x, rate=0.01, seed=3), normal_of(x, rate=0.01, seed=3)
    scorer = Scorer(one)

    assert one == two
    together = scorer.judged(x[:40]).scores
    alone = [float(scorer.judged(row[None]).scores[0]) for row in x[:40]]
    assert together == pytest.approx(alone, rel=2e-4)  # many are judged in half the digits


def test_a_profile_that_does_not_tell_how_many_measures_to_the_whole_sample():
    x = np.random.default_rng(2).normal(size=(2000, 4))
    normal = replace(normal_of(x, rate=0.01), measured=0)
    asked = x[:5] + 0.1

    judged = Scorer(normal).judged(asked)

    assert Scorer(normal).distances(asked)[:, 2] == pytest.approx(judged.local, rel=1e-6)
    places = judged.places[:, None]
    apart = np.linalg.norm(np.array(normal.sample)[None] - places, axis=2)
    assert judged.cells.tolist() == apart.argmin(axis=1).tolist()


def test_too_few_rows_or_no_features_give_nothing():
    assert normal_of(np.zeros((10, 3)), rate=0.01) is None
    assert normal_of(np.zeros((100, 0)), rate=0.01) is None


@pytest.mark.parametrize(
    "x",
    [
        np.zeros((100, 3)),
        np.tile([[1.0, 2, 3]], (100, 1)),
        np.repeat(np.eye(4), 25, axis=0),
        np.full((100, 2), np.nan),
        np.full((100, 2), 1e300),
    ],
)
def test_degenerate_references_still_give_numbers(x):
    normal = normal_of(x, rate=0.01)

    scores = Scorer(normal).judged(x).scores

    assert np.isfinite(scores).all()
    assert np.isfinite([normal.alarm, normal.refuse, normal.near]).all()
    assert (scores <= normal.refuse).all()


def test_very_wide_rows_are_looked_at_in_steps():
    x = np.random.default_rng(0).random((60, 10_000))

    normal = normal_of(x, rate=0.05)

    assert normal.step == 3
    assert len(normal.mean) == 3334
    assert Scorer(normal).judged(x).scores.shape == (60,)


def test_some_of_many_rows_are_no_stranger_than_they_are():
    x = digits()
    normal = normal_of(x, rate=0.01)
    judged = Scorer(normal).judged(np.concatenate([x[:5], np.full((1, x.shape[1]), 900.0)]))

    assert judged.scores.max() > normal.refuse
    assert judged.only([0, 3]).scores.max() <= normal.refuse
    assert judged.only([5, 1]).scores.tolist() == judged.scores[[5, 1]].tolist()


@pytest.mark.parametrize("rows", [200, 1500])
def test_hardly_any_fresh_row_of_the_same_process_is_refused(rows):
    rng = np.random.default_rng(rows)
    mixing = rng.normal(size=(3, 6))
    refused = asked = 0
    for seed in range(8):
        reference, fresh = (
            rng.normal(size=(n, 3)) @ mixing + rng.exponential(0.4, (n, 6)) for n in (rows, 4000)
        )
        normal = normal_of(reference, rate=0.01, seed=seed)
        refused += int((Scorer(normal).judged(fresh).scores > normal.refuse).sum())
        asked += len(fresh)

    assert refused <= 3e-4 * asked


def test_streams_are_counted_by_what_one_row_in_two_thousand_reaches():
    normal = normal_of(np.random.default_rng(0).normal(size=(1000, 4)), rate=0.01)

    assert normal.alarm < normal.strange < normal.refuse
    assert Reference(normal).strange == normal.strange
    assert Reference(replace(normal, strange=0.0)).strange == normal.refuse
