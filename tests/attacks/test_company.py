"""Attacks on a model whose answers depend on who is asked beside."""

from __future__ import annotations

import numpy as np
import pytest

from attacks.victims import spec
from modelwarden.attacks.balls import Ball, Norm
from modelwarden.attacks.corners import Corners
from modelwarden.attacks.engine import Problem, run
from modelwarden.targets.accompanied import accompanied
from modelwarden.targets.local import function_target

TILE = 64
COMPANY = np.zeros((TILE, 3), np.float32)


def crowd(x):
    """Say 1 to all rows once one in thirty of all numbers is 1, whosever they are."""
    share = np.abs(x).mean()
    told = np.zeros((len(x), 2))
    told[:, 1] = share - 0.03
    return told


def own(x):
    """Say 1 to rows of ones, whoever is asked beside."""
    told = np.zeros((len(x), 2))
    told[:, 1] = np.abs(x).mean(axis=1) - 0.9
    return told


@pytest.mark.parametrize(
    ("scores", "apart", "falls"),
    [(crowd, False, True), (crowd, True, False), (own, False, True), (own, True, True)],
)
def test_what_only_many_attacked_rows_do_together_is_no_win_of_one(scores, apart, falls):
    target = accompanied(function_target(scores, spec(tile=TILE), COMPANY), COMPANY)
    ball = Ball(x=COMPANY[:4], norm=Norm.LINF, eps=1.0, low=-1, high=1)
    rows = np.arange(4)
    problem = Problem(space=ball, y=np.zeros(4, np.int64), rows=rows, classes=2, apart=apart)

    found = run(Corners(), target, problem, queries=20)

    assert found.success.all() == found.success.any() == falls
    assert (found.queries <= 20).all()
    assert (found.refused > 0).all() == (apart and not falls)


def test_one_row_is_asked_among_as_many_as_fill_the_largest_tile():
    asked = []

    def scores(x):
        asked.append(np.array(x))
        return own(x)

    steady = accompanied(function_target(scores, spec(tile=TILE), COMPANY), COMPANY)
    asked.clear()
    ones = np.ones((5, 3), np.float32)

    alone, together = steady.sized(1).labels(ones), steady.labels(ones)

    assert (alone == together).all()
    assert [int(one.any(axis=1).sum()) for one in asked[:5]] == [1] * 5
    assert {len(one) for one in asked} == {TILE}
    # Copies that fill a tile are no company of their own: no more than a sixteenth is asked about.
    assert max(int(one.any(axis=1).sum()) for one in asked[5:]) == TILE // 16
