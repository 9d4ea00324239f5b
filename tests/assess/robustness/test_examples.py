"""Examples for people: what is drawn is what was changed, and characters nobody sees are seen."""

from __future__ import annotations

import base64
import io

import numpy as np
import pytest

from modelwarden.assess.robustness.examples import LONGEST, numbers, pictures, png, texts


def marks(cell, kind):
    return "".join(text for name, text in cell["marks"] if name == kind)


@pytest.mark.parametrize("shape", [(5, 7), (4, 6, 3)])
def test_a_png_reads_back_as_what_was_written(shape):
    image = pytest.importorskip("PIL.Image")
    x = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)

    back = np.asarray(image.open(io.BytesIO(png(x))))

    assert (back == x).all()


def test_the_change_is_drawn_around_grey_and_told_in_words():
    before = np.zeros((1, 10, 10), np.float32)
    after = before.copy()
    after[0, 0, 0] = 0.5

    *_, change = pictures(before, after, 0.0, 1.0, "row 3")

    assert change["alt"] == "row 3: the change, 1% of the pixels, 0.5 at most"


def test_large_pictures_are_thinned_out():
    large = np.random.default_rng(0).random((3, 700, 500))

    before, *_ = pictures(large, large, 0.0, 1.0, "row 1")

    assert len(base64.b64decode(before["picture"].split(",")[1])) < 96 * 96 * 3 * 1.1


def test_words_that_changed_are_marked_and_hidden_characters_written_out():
    before, after = texts("call me now please", "call me n\u200bow please")

    assert marks(before, "out") == " now"
    assert marks(after, "in") == " n\\u200bow"
    assert marks(after, "same") == "call me please"


def test_long_texts_are_cut():
    before, after = texts("a " * 900 + "end", "b " * 900 + "end")

    for cell in (before, after):
        assert sum(len(text) for _, text in cell["marks"]) <= LONGEST + 1


def test_of_vectors_the_largest_changes_are_named():
    before, after, told = numbers(np.zeros(9), np.array([0, 0.1, 0, 0, -0.7, 0, 0, 0, 0]))

    assert after["marks"][0] == ["same", "x[4] = "]
    assert told == "2 of 9 numbers, 0.7 at most"
    assert marks(before, "out") == "00"
