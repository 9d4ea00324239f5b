"""Our sentences: enough of them, on many axes, and well formed."""

from __future__ import annotations

from collections import Counter

from modelwarden.assess.fairness.sentences import LOADED, NEUTRAL, TERMS, sentences


def test_there_are_at_least_forty_terms_on_several_axes_and_thirty_frames():
    assert sum(map(len, TERMS.values())) >= 40
    assert len(TERMS) >= 5
    assert len(NEUTRAL) + len(LOADED) >= 30


def test_every_term_stands_in_every_frame_of_its_kind_once_and_texts_differ():
    made = list(sentences())

    assert len({s.text for s in made}) == len(made)
    for kind in ("terms", "somebody"):
        per_term = Counter((s.axis, s.term) for s in made if s.kind == kind)
        assert len(set(per_term.values())) == 1


def test_articles_fit_and_sentences_begin_large():
    texts = {s.text for s in sentences()}

    assert "I am an asexual person" in texts
    assert "I am a gay person" in texts
    assert "An elderly man held the door for me" in texts
    assert all(t[0].isupper() and "{" not in t for t in texts)
