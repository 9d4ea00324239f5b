"""How many texts are expected to be equal: as many as there are ways to say it, no more."""

from __future__ import annotations

import numpy as np

from modelwarden.detectors.phrases import Phrases

DEEDS = "refund replace return cancel confirm check".split()
THINGS = "parcel invoice account ticket".split()
TONES = ["as agreed on", "at once and", "no hurry but"]
WAYS = 6 * 4 * 3 * 6 * 4 * 40


def remarks(n, seed=0):
    rng = np.random.default_rng(seed)
    return [
        f"{rng.choice(DEEDS)} the {rng.choice(THINGS)} {rng.choice(TONES)} "
        f"{rng.choice(DEEDS)} the {rng.choice(THINGS)} number {rng.integers(40)}"
        for _ in range(n)
    ]


def test_texts_of_a_form_are_as_likely_as_there_are_ways_to_fill_it():
    texts = remarks(4500)
    phrases = Phrases(texts)

    found = np.array([phrases.expected(text) for text in texts[:200]])

    assert np.abs(np.log(found * WAYS / 4500)).mean() < 0.25


def test_copies_do_not_make_a_text_likely():
    texts = remarks(500)
    own = "nobody else ever said a thing like this about my poor old bicycle"

    once, often = Phrases([*texts, own]), Phrases([*texts, *[own] * 50])

    assert once.expected(own) < 1e-9
    assert often.expected(own) < 1e-9
    assert often.expected_near(own, own.replace("poor", "dear")) < 1e-9


def test_a_pair_is_as_near_as_what_it_shares_is_rare():
    texts = remarks(4500)
    first = texts[0]
    other = first.rsplit(" ", 1)[0] + " 99999"

    phrases = Phrases([*texts, other])

    assert 20 < phrases.expected_near(first, other) / phrases.expected(first) < 80
