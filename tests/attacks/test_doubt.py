"""The regression behind `signs`: the same as one answer after the other, whatever is kept."""

import numpy as np
import pytest

from modelwarden.attacks.doubt import Doubt

FEATURES, NOISE = 9, 1.5


def one_by_one(rows, values):
    """Return slope, covariance and missed squares of the textbook's update."""
    slope, covariance, wrong = np.zeros(FEATURES), np.eye(FEATURES), 0.0
    for row, value in zip(rows, values, strict=True):
        gain = covariance @ row
        missed = value - slope @ row
        share = gain / (NOISE + row @ gain)
        slope = slope + share * missed
        covariance = covariance - np.outer(share, gain)
        wrong += missed**2
    return slope, covariance, wrong


@pytest.mark.parametrize("sizes", [(1,) * 20, (3, 1, 4, 5, 2), (1, 1, 7, 7, 9), (12,)])
def test_it_believes_what_one_answer_after_the_other_teaches(sizes):
    chance = np.random.default_rng(sum(sizes))
    n = 3
    rows = chance.normal(size=(n, sum(sizes), FEATURES)).astype(np.float32)
    values = chance.normal(size=(n, sum(sizes)))
    doubt, slope, wrong, start = Doubt(n, FEATURES, NOISE), np.zeros((n, FEATURES)), np.zeros(n), 0
    for size in sizes:
        seen = rows[:, start : start + size]
        missed = values[:, start : start + size] - (seen @ slope[:, :, None])[:, :, 0]
        step, more = doubt.update(np.arange(n), seen, missed)
        slope, wrong, start = slope + step, wrong + more, start + size
    for i in range(n):
        expected, covariance, squares = one_by_one(rows[i].astype(np.float64), values[i])
        assert slope[i] == pytest.approx(expected, abs=1e-4)
        assert doubt.variance[i] == pytest.approx(np.diag(covariance), abs=1e-4)
        assert wrong[i] == pytest.approx(squares, rel=1e-4)


def test_an_input_learns_the_same_bytes_beside_others_that_are_further():
    chance = np.random.default_rng(5)
    rows = chance.normal(size=(2, 14, FEATURES)).astype(np.float32)
    values = chance.normal(size=(2, 14))
    both, alone = Doubt(2, FEATURES, NOISE), Doubt(1, FEATURES, NOISE)
    ahead = np.array([1])
    both.update(ahead, rows[1:, :5], values[1:, :5])
    for start in range(0, 14, 2):
        part = slice(start, start + 2)
        step, _ = both.update(np.arange(2), rows[:, part], values[:, part])
        own, _ = alone.update(np.array([0]), rows[:1, part], values[:1, part])
        assert step[0].tobytes() == own[0].tobytes()
    assert both.variance[0].tobytes() == alone.variance[0].tobytes()


def test_rows_of_zeros_teach_nothing():
    doubt = Doubt(1, FEATURES, NOISE)
    step, wrong = doubt.update(
        np.array([0]), np.zeros((1, 4, FEATURES), np.float32), np.zeros((1, 4))
    )
    assert not step.any()
    assert not wrong.any()
    assert (doubt.variance == 1).all()
