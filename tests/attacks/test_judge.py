from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from modelwarden.attacks.judge import enough


@given(st.integers(2, 60), st.integers(1, 10**6))
def test_enough_wins_are_the_fewest_that_luck_hardly_gives(answers, tries):
    least = enough(answers, tries)

    assert answers / 2 < least <= answers
    if least < answers:
        assert binom.sf(least - 1, answers, 0.5) <= 0.25 / tries
    if least - 1 > answers / 2:
        assert binom.sf(least - 2, answers, 0.5) > 0.25 / tries


def test_one_answer_of_a_steady_target_is_enough():
    assert [enough(1, tries) for tries in (1, 2, 1000)] == [1, 1, 1]


@pytest.mark.parametrize("candidates", [1, 10, 100])
def test_candidates_that_win_every_other_time_seldom_win_however_many_there_are(candidates):
    rng = np.random.default_rng(5)
    fooled = 0
    for _ in range(2000):
        wins = rng.binomial(31, 0.5, candidates)
        fooled += any(won >= enough(31, 1 + tried) for tried, won in enumerate(wins))

    # Tries add up to the harmonic sum of 0.25 / tries at most: 1.3 for a hundred, were it reached.
    assert fooled / 2000 <= {1: 0.26, 10: 0.6, 100: 0.9}[candidates]
