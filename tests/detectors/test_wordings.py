"""What stands in texts, and what is learnt from it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from modelwarden.detectors.designs import design_of_array
from modelwarden.detectors.label_errors import flips
from modelwarden.detectors.wordings import straight, wordings_of

WORDS = np.array([f"{a}{b}{c}" for a in "bdfgk" for b in "aeiou" for c in "lmnrst"])


def column(texts):
    made = np.empty(len(texts), object)
    made[:] = texts
    return made


def chats(n, k, seed, own=2):
    """Texts of k themes: a few words of the theme among words of all."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, k, n)
    texts = [
        " ".join([*rng.choice(WORDS[20 * c : 20 * c + 20], own), *rng.choice(WORDS[-60:], 6)])
        for c in y.tolist()
    ]
    return column(texts), y


def test_it_learns_what_scikit_learn_learns():
    texts, y = chats(300, 3, seed=1)
    x = wordings_of(texts).words
    train, ask = np.arange(200), np.arange(200, 300)

    ours = straight(x, train, y[train], 3, ask, 0.5)

    theirs = LogisticRegression(C=2.0, tol=1e-8, max_iter=2000).fit(x[train], y[train])
    np.testing.assert_allclose(ours, theirs.predict_proba(x[ask]), atol=2e-3)


def test_rare_words_weigh_more_and_long_texts_no_more():
    texts = column(["red fox", "red fox red fox red fox", "red hen", "red hen", "red"])

    words = wordings_of(texts).words

    sizes = np.sqrt(words.multiply(words).sum(axis=1))
    np.testing.assert_allclose(np.asarray(sizes).ravel(), 1.0)
    common, rare = sorted(words[0].data)[0], sorted(words[0].data)[-1]
    assert rare > common


def test_a_run_of_letters_does_not_reach_into_the_next_text():
    one = wordings_of(column(["abc", "xyz", "abc", "xyz"])).letters
    two = wordings_of(column(["abc", "abc", "xyz", "xyz"])).letters

    # blank-abc, abc, abc-blank, and the two runs of four: the same in any order of the texts
    assert one.shape == two.shape == (4, 10)
    assert (one[0] != two[0]).nnz == 0


@settings(max_examples=40)
@given(st.lists(st.one_of(st.none(), st.text(), st.integers()), max_size=6))
def test_anything_is_read_as_a_text(values):
    made = wordings_of(column([*values, *values]))

    for part in (made.words, made.letters):
        assert part.shape[0] == 2 * len(values)
        assert np.isfinite(part.data).all()


@pytest.mark.parametrize("share", [0.0, 0.08])
def test_wrong_labels_of_short_texts_are_named(share):
    texts, y = chats(1200, 2, seed=3, own=3)
    rng = np.random.default_rng(4)
    wrong = rng.permutation(len(y))[: int(share * len(y))]
    given_ = y.copy()
    given_[wrong] = 1 - given_[wrong]

    found = flips(
        design_of_array(np.zeros((len(y), 1)), wordings_of(texts)),
        given_,
        2,
        np.random.default_rng(5),
    )

    assert found.certain == bool(share)
    if share:
        right = np.isin(found.rows, wrong).sum()
        assert right >= 0.9 * len(wrong)
        assert right >= 0.6 * len(found.rows)
