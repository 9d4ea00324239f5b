"""What was changed of a text, told as a reader would tell it."""

from __future__ import annotations

import re

import numpy as np
import pytest

from modelwarden.attacks.text.space import TextSpace
from modelwarden.core import InputError
from modelwarden.redteam import run
from modelwarden.redteam.kinds.kind import Given
from modelwarden.redteam.kinds.texts import TEXTS
from tests.redteam.campaigns import campaign, seeded
from tests.redteam.endpoints import Endpoint, serving


def _pair(p):
    return {"ham": 1 - p, "spam": p}


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


def _payload_kept(done, pattern):
    changed = [
        (done.folder / "evasions" / name / "changed.txt").read_text() for name in done.evasions
    ]
    return changed, [re.search(pattern, text) is not None for text in changed]


def test_what_must_stay_is_in_every_evasion_and_in_every_question(tmp_path):
    mails = [f"free prize for number {i}, claim it at Win.Example/{i}0 free" for i in range(6)]
    seeded(tmp_path, tuple(mails))

    def scored(texts):
        # An address speaks for spam too: an attack that may will drop or alter it.
        return [
            _pair(min(1.0, 0.3 * str(t).split().count("free") + 0.4 * ("Win.Example/" in str(t))))
            for t in texts
        ]

    found = {}
    for keep in ([], ["win.example", r"/\w+\.Example/\d+/"]):
        options = {"keep": keep} if keep else {}
        with serving(Endpoint(scored)) as endpoint:
            attack = [{"name": "edits", "queries": 60, **options}]
            made = campaign(tmp_path, endpoint.url, attack=attack)
            done = run(made, output=tmp_path / f"out-{len(keep)}")
        asked = [text for body in endpoint.inputs for text in body]
        found[bool(keep)] = (
            _payload_kept(done, r"Win\.Example/\d+"),
            all(re.search(r"Win\.Example/\d0", text) for text in asked),
            done,
        )

    (_, free), all_asked, _ = found[False]
    assert not all(free)
    assert not all_asked
    (changed, kept), all_asked, done = found[True]
    assert len(changed) == len(mails)
    assert all(kept)
    assert all_asked
    assert any("kept as they are: win.example" in note for note in done.report.run.notes)


def test_an_evasion_without_what_must_stay_is_none():
    before, after = (np.array([t], object) for t in ("go to Win.Example", "go to Wіn.Example"))

    assert TEXTS.checks(before, after, {"keep": ["win.example"]}) == ("'Win.Example' was lost",)
    assert TEXTS.checks(before, after, {}) == ()


@pytest.mark.parametrize(
    ("keep", "said"),
    [
        (["win.exmaple"], "attack.keep names 'win.exmaple', and none of 4 texts"),
        (["/(/"], "keep names '/(/', which is no pattern"),
        ([""], "keep names '', which is no piece"),
        ("free", "attack.keep must be a list of strings"),
        ([7], "attack.keep holds 7"),
    ],
)
def test_a_list_that_would_keep_nothing_is_refused(tmp_path, keep, said):
    seeded(tmp_path)
    with serving(Endpoint()) as endpoint:
        made = campaign(tmp_path, endpoint.url, attack=[{"name": "edits", "keep": keep}])
        with pytest.raises(InputError, match=re.escape(said)):
            run(made, output=tmp_path / "out")
