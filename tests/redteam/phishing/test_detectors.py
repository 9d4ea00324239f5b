from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelwarden.attacks.html.dom import Page
from modelwarden.core import UnknownNameError
from modelwarden.redteam.phishing.detectors import KINDS, example
from modelwarden.redteam.phishing.features import NAMES, features_of
from modelwarden.redteam.phishing.pages import made, sample


@pytest.mark.parametrize("kind", KINDS)
def test_an_example_detector_tells_held_out_pages_apart(kind):
    held_out = sample(77, 25)

    bad = example(kind).scores(held_out.pages)[:, 1] >= 0.5

    assert (bad == np.array(held_out.y, bool)).mean() >= 0.9


def test_a_page_is_told_the_same_alone_and_among_others():
    pages = sample(5, 4).pages

    for kind in KINDS:
        together = example(kind).scores(pages)
        alone = np.concatenate([example(kind).scores([page]) for page in pages])
        assert (together == alone).all()


def test_generated_pages_hang_on_their_seed_alone():
    assert made(3, 4, phishing=True) == made(3, 9, phishing=True)[:4]
    assert made(3, 4, phishing=True) != made(4, 4, phishing=True)


def test_an_unknown_detector_is_named_with_the_nearest():
    with pytest.raises(UnknownNameError) as error:
        example("forrest")

    assert "forest" in error.value.hint


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=400), st.text(max_size=80))
def test_whatever_a_page_holds_its_numbers_are_finite(html, url):
    found = features_of(Page(html=html, url=url))

    assert tuple(found) == NAMES
    assert np.isfinite([*found.values()]).all()


def test_a_page_beyond_the_bounds_is_read_as_an_empty_one():
    deep = Page(html="<div>" * 5000, url="http://a.example/")

    assert features_of(deep)["nodes"] == features_of(Page(html="", url=""))["nodes"]


def test_what_stands_in_a_template_is_no_part_of_the_page():
    page = Page(html="<p>hello<template><a href=x>free</a></template>", url="http://a.example/")

    found = features_of(page)

    assert found["links"] == 0
    assert found["text_words"] == pytest.approx(np.log1p(1))
