"""Streams: chance that does not depend on the batch."""

from __future__ import annotations

import numpy as np
from scipy import stats

from modelwarden.attacks.streams import Streams

AT = np.arange(64)


def test_an_input_draws_the_same_alone_or_beside_others():
    many, one = Streams(3, "a", range(64)), Streams(3, "a", [17])

    alone = one.normal(np.array([0]), 5, 10)

    assert (many.normal(AT, 5, 10)[17] == alone[0]).all()
    assert (many.normal(AT[::-1], 5, 10)[64 - 18] == alone[0]).all()
    assert (many.signs(AT, 5, 100)[17] == one.signs(np.array([0]), 5, 100)[0]).all()


def test_steps_salts_names_and_seeds_give_other_numbers():
    streams = Streams(0, "a", range(64))

    seen = [
        streams.uniform(AT, 0, 50),
        streams.uniform(AT, 1, 50),
        streams.uniform(AT, 0, 50, salt=1),
        Streams(1, "a", range(64)).uniform(AT, 0, 50),
        Streams(0, "b", range(64)).uniform(AT, 0, 50),
    ]

    values = np.stack(seen).ravel()
    assert len(np.unique(values)) == len(values)


def test_numbers_are_uniform_normal_and_fair():
    streams = Streams(0, "test", range(64))

    uniform = streams.uniform(AT, 0, 500)
    normal = streams.normal(AT, 1, 501)
    signs = streams.signs(AT, 2, 501)
    shorts = streams.shorts(AT, 3, 501)
    wholes = streams.wholes(AT, 4, 501)

    assert stats.kstest(uniform.ravel(), "uniform").pvalue > 0.001
    assert stats.kstest(normal.ravel(), "norm").pvalue > 0.001
    assert shorts.shape == wholes.shape == normal.shape == (64, 501)
    assert stats.kstest(shorts.ravel() / 2**16, "uniform").pvalue > 0.001
    assert stats.kstest(wholes.ravel() / 2**32, "uniform").pvalue > 0.001
    assert abs(normal.std() - 1) < 0.02
    assert abs(signs.mean()) < 0.02
    assert set(np.unique(signs)) == {-1.0, 1.0}
    across = np.corrcoef(uniform)
    assert np.abs(across - np.eye(64)).max() < 0.25
