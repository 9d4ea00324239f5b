"""What was changed of a text, told as a reader would tell it."""

from __future__ import annotations

import numpy as np
import pytest

from modelwarden.attacks.text.space import TextSpace
from modelwarden.redteam.kinds.kind import Given
from modelwarden.redteam.kinds.texts import TEXTS


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (
            "you win a win a car",
            "you wіn a wіn a car",
            [("look-alike letters", "word 2"), ("look-alike letters", "word 4")],
        ),
        ("one two three", "one tow threee", [("typing error", "word 2")]),
        ("so so so good", "so so good", [("removed words", "word 1")]),
        ("call me now", "me now call", [("removed words", "word 1"), ("added words", "word 4")]),
    ],
)
def test_words_that_come_again_do_not_blur_what_was_changed(before, after, told):
    x = np.array([before], object)

    edits = TEXTS.edits(TextSpace(x=x, eps=9), 0, after)

    assert [(edit.name, edit.where) for edit in edits] == told


def test_the_texts_of_a_table_bear_the_names_of_a_column(tmp_path):
    path = tmp_path / "mails.csv"
    path.write_text("id,text,label\nm-7,call me now,spam\nm-7,come and get it,spam\n")

    seeds = TEXTS.read(Given(path=path, shown="mails.csv", label="label", options={"id": "id"}))

    assert seeds.names == ("m-7", "m-7")
    assert seeds.inputs.tolist() == ["call me now", "come and get it"]
