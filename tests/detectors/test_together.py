"""Words that mean another thing together are learnt, wherever they stand in a text."""

from __future__ import annotations

import numpy as np
import pytest

from modelwarden.detectors.designs import design_of_array
from modelwarden.detectors.learners import Worded
from modelwarden.detectors.together import WordsTogether
from modelwarden.detectors.wordings import wordings_of

FILL = [f"w{i}" for i in range(120)]


def _turned(rng, n):
    """Return sentences of which the first word turns the last one round, and what they say."""
    y = rng.integers(0, 2, n)
    turned = rng.random(n) < 0.4
    first = np.where(turned, "nobody", "everybody")
    last = np.where((y == 1) != turned, "superb", "dull")
    middle = [" ".join(rng.choice(FILL, rng.integers(4, 12))) for _ in range(n)]
    texts = [f"{a} says {b} {c}" for a, b, c in zip(first, middle, last, strict=True)]
    return np.array(texts, object), y


@pytest.mark.parametrize("seed", range(3))
def test_a_word_that_turns_another_round_is_learnt(seed):
    texts, y = _turned(np.random.default_rng(seed), 1200)
    design = design_of_array(np.zeros((1200, 1)), wordings_of(texts))
    train, ask = np.arange(900), np.arange(900, 1200)

    together = WordsTogether()(design, train, y[:900], 2, ask)
    alone = Worded("words", 1.0)(design, train, y[:900], 2, ask)

    assert (together.argmax(axis=1) == y[900:]).mean() > 0.97
    assert (alone.argmax(axis=1) == y[900:]).mean() < 0.75
    assert together.sum(axis=1) == pytest.approx(1.0)


def test_what_is_no_text_or_has_no_words_tells_nothing():
    rows = np.arange(40)
    bare = design_of_array(np.zeros((40, 1)))
    empty = design_of_array(np.zeros((40, 1)), wordings_of(np.array([""] * 40, object)))
    y = rows % 2

    assert (WordsTogether()(bare, rows, y, 2, rows) == 0.5).all()
    assert WordsTogether()(empty, rows, y, 2, rows) == pytest.approx(0.5, abs=0.01)
