"""Flips are told from outcomes that are uncertain: those grow rare where a row is sure."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special

from modelwarden.detectors.noise import fitted


def _scores(n, k, seed):
    """Return log probabilities (n, k) of rows of which some are sure and others are not."""
    logits = np.random.default_rng(seed).normal(size=(n, k)) * 3
    return special.log_softmax(logits, axis=1)


def _drawn(p, rng):
    return (p.cumsum(axis=1) > rng.random((len(p), 1))).argmax(axis=1).astype(np.int64)


@pytest.mark.parametrize("seed", range(2))
def test_unsure_rows_that_bear_any_class_are_no_flips(seed):
    rng = np.random.default_rng([seed, 1])
    scores = _scores(4000, 5, seed)
    p = np.exp(scores)
    tail = 0.3 * (1 - p.max(axis=1, keepdims=True))
    y = _drawn((1 - tail) * p + tail / 5, rng)

    assert fitted(scores, y, 5, np.arange(4000)).p > 0.01


@pytest.mark.parametrize("seed", range(2))
def test_ordered_classes_with_heavy_tails_are_no_flips(seed):
    rng = np.random.default_rng([seed, 2])
    z = rng.normal(size=3000) * 1.3
    cuts = np.array([-1.5, -0.5, 0.5, 1.5])
    y = np.digitize(z + rng.logistic(size=3000) / 2, cuts)
    edges = np.array([-np.inf, *cuts, np.inf])
    normal = np.diff(special.ndtr((edges - z[:, None]) / 0.9), axis=1)  # as light tails say

    assert fitted(np.log(normal + 1e-9), y, 5, np.arange(3000)).p > 1e-3


@pytest.mark.parametrize("seed", range(2))
def test_flips_of_sure_rows_are_told(seed):
    rng = np.random.default_rng([seed, 3])
    scores = _scores(4000, 5, seed)
    y = _drawn(np.exp(scores), rng)
    flipped = rng.random(4000) < 0.05
    y[flipped] = (y[flipped] + rng.integers(1, 5, flipped.sum())) % 5
    noise = fitted(scores, y, 5, np.arange(4000))

    assert noise.p < 1e-6
    assert noise.share() == pytest.approx(0.05, abs=0.015)
