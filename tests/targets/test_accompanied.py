"""A model whose answers hang on the batch, in company that stays the same."""

from __future__ import annotations

import numpy as np

from attacks.victims import spec
from modelwarden.targets.accompanied import accompanied
from modelwarden.targets.local import function_target

RNG = np.random.default_rng(0)
ROWS = RNG.normal(size=(40, 3)).astype(np.float32)
W = RNG.normal(size=(3, 2))


def normed(x):
    """Batch normalisation in training mode, then a line."""
    return (x - x.mean(axis=0)) / x.std(axis=0) @ W


def slopes(x, weights):
    return normed(x), weights @ W.T / x.std(axis=0)


def target():
    return function_target(normed, spec(tile=64), ROWS, gradients=slopes)


def test_what_is_asked_beside_a_row_plays_a_small_part_only():
    strange = np.concatenate((ROWS[:1], 50 + ROWS[1:40]))
    alone, among = target().scores(ROWS)[0], target().scores(strange)[0]

    steady = accompanied(target(), ROWS)
    first, second = steady.scores(ROWS[:1])[0], steady.scores(ROWS[:1])[0]
    honest = (ROWS[0] - ROWS.mean(axis=0)) / ROWS.std(axis=0) @ W

    assert np.abs(alone - among).max() > 1
    assert (first == second).all()
    assert np.abs(first - honest).max() < 1


def test_answers_and_gradients_come_in_the_order_of_the_rows():
    steady = accompanied(target(), ROWS)
    weights = RNG.normal(size=(9, 2))

    beside = np.resize(ROWS, (64, 3))
    scores, told = steady.scores(ROWS[:9]), steady.gradients(ROWS[:9], weights)
    each = np.concatenate(
        [
            normed(np.concatenate((ROWS[i:j], beside[: 64 - (j - i)])))[: j - i]
            for i, j in ((0, 4), (4, 8))
        ]
    )

    np.testing.assert_allclose(scores[:8], each)
    np.testing.assert_allclose(told.scores, scores)
    assert told.gradients.shape == (9, 3)
    assert (np.abs(told.gradients[:, 0]) > 0).all()
    assert steady.rows == 18
