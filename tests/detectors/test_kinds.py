"""Codes of two kinds, each with a rule of its own, are learnt together."""

from __future__ import annotations

import numpy as np
import pytest

from data.sets import frame
from modelwarden.detectors.designs import design_of
from modelwarden.detectors.kinds import KindsOfCodes
from modelwarden.detectors.learners import CodedSlopes, folds_of, log_loss, out_of_sample


def _turned(rng, n=1500, codes=120, k=2):
    """Twelve rows of each code; of every fifth code all classes are another."""
    code, x = rng.integers(0, codes, n), rng.normal(size=(n, 3))
    y = np.digitize(x[:, 0] - x[:, 1], np.linspace(-0.8, 0.8, k + 1)[1:-1])
    y = (y + (code % 5 == 0)) % k
    names = [f"c{v}" for v in code]
    return design_of(frame(code=names, a=x[:, 0], b=x[:, 1], c=x[:, 2])), y.astype(np.int64)


@pytest.mark.parametrize("k", [2, 3])
def test_a_rule_that_some_codes_turn_is_learnt(k):
    rng = np.random.default_rng(4)
    design, y = _turned(rng, k=k)
    noisy = np.where(rng.random(len(y)) < 0.07, (y + 1) % k, y)

    fold = folds_of(y, 4, rng)
    said, alone = (
        out_of_sample(learner, design, noisy, k, fold)
        for learner in (KindsOfCodes(), CodedSlopes())
    )

    wrong = (said.argmax(axis=1) != y).mean()
    assert wrong < 0.16  # a fifth of the codes are turned
    assert wrong < 0.7 * (alone.argmax(axis=1) != y).mean()
    assert said.sum(axis=1) == pytest.approx(1)


def test_codes_that_say_nothing_do_no_harm():
    rng = np.random.default_rng(6)
    code, x = rng.integers(0, 100, 1500), rng.normal(size=(1500, 3))
    chance = 1 / (1 + np.exp(-2 * x[:, 0]))
    y = (rng.random(1500) < chance).astype(np.int64)
    design = design_of(frame(code=[f"c{v}" for v in code], a=x[:, 0], b=x[:, 1]))

    said = out_of_sample(KindsOfCodes(), design, y, 2, folds_of(y, 4, rng))

    assert log_loss(said, y) < log_loss(np.column_stack([1 - chance, chance]), y) + 0.04


def test_codes_that_were_never_seen_are_of_any_kind():
    rng = np.random.default_rng(7)
    design, y = _turned(rng)
    known = np.flatnonzero(design.codes[0] >= 20)
    new = np.flatnonzero(design.codes[0] < 20)

    said = KindsOfCodes()(design, known, y[known], 2, new)

    assert (said.argmax(axis=1) == y[new]).mean() > 0.65  # four fifths of codes are of one kind
    assert said.max() < 0.99


def test_without_codes_nothing_is_told():
    design = design_of(frame(a=np.arange(40.0)))

    said = KindsOfCodes()(design, np.arange(30), np.arange(30) % 2, 2, np.arange(30, 40))

    assert (said == 0.5).all()
