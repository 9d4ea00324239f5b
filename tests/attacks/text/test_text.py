"""Attacks on texts: edits are counted by an independent count, and wins are made small."""

from __future__ import annotations

import unicodedata

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attacks.text.victims import HAM, SPAM, scores, victim
from attacks.victims import Linear
from modelwarden.attacks.catalog import fitting
from modelwarden.attacks.engine import Problem, run
from modelwarden.attacks.minimal import minimal
from modelwarden.attacks.scripts import Heard
from modelwarden.attacks.text import search
from modelwarden.attacks.text.guide import guide_of
from modelwarden.attacks.text.operators import INVISIBLE, LOOK_ALIKES, NEIGHBOURS, OPERATORS
from modelwarden.attacks.text.search import Draft, Edits, Invisible, Typing, objects, shrunk
from modelwarden.attacks.text.space import TextSpace, cut, distance
from modelwarden.core import InputError
from modelwarden.targets.local import function_target
from modelwarden.targets.spec import Access, Modality, TargetSpec, Task
from modelwarden.testing import check_attack

ENTRIES = fitting("texts", None, Access.LABELS)
short = st.text(alphabet="abc d", max_size=12)


def _table(first, second):
    """The textbook's table of edit distances."""
    row = list(range(len(second) + 1))
    for i, a in enumerate(first, 1):
        last, row[0] = row[0], i
        for j, b in enumerate(second, 1):
            last, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, last + (a != b))
    return row[-1]


@given(short, short)
def test_edits_are_counted_as_the_textbook_does(first, second):
    assert distance(first, second) == _table(first, second)
    assert distance(cut(first), cut(second)) == _table(first.split(), second.split())


@given(st.sampled_from(sorted(OPERATORS)), st.text(min_size=1, max_size=12), st.integers(0, 99))
def test_every_operator_changes_a_word_or_says_that_it_cannot(name, word, seed):
    edited = OPERATORS[name](word, np.random.default_rng(seed))

    if edited is None:
        return
    if name == "invisible":
        assert "".join(c for c in edited if c not in INVISIBLE) == "".join(
            c for c in word if c not in INVISIBLE
        )
    elif name == "erased":
        assert edited.replace("x\b", "", 1) == word or "x\b" in word
    elif name in ("homoglyph", "leet", "accent"):
        assert len(edited) == len(word)
        assert sum(a != b for a, b in zip(edited, word, strict=True)) == 1
    elif name == "mistyped":
        assert sum(a != b for a, b in zip(edited, word, strict=True)) == 1


def test_look_alikes_are_other_letters_of_other_alphabets():
    for latin, other in LOOK_ALIKES.items():
        assert latin != other
        assert not other.isascii()
        assert len(other) == 1
        assert unicodedata.category(other)[0] in "LN"


def test_keys_are_neighbours_of_each_other():
    assert sorted(NEIGHBOURS["s"]) == ["a", "d", "e", "w", "x", "z"]
    assert sorted(NEIGHBOURS["p"]) == ["l", "o"]
    assert "p" not in NEIGHBOURS["q"]
    assert all(key not in near for key, near in NEIGHBOURS.items())


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_every_attack_on_texts_keeps_what_attacks_keep(entry):
    target, problem = victim()
    alone = [victim(rows=[row])[1] for row in (1, 5)]

    found = check_attack(entry.load(), target, problem, alone=alone, queries=60)

    assert found.success.any()
    assert (
        problem.space.cost(np.flatnonzero(found.success), found.candidates[found.success]) <= 5
    ).all()


@pytest.mark.parametrize("labels_only", [False, True], ids=["scores", "labels"])
def test_a_filter_whose_words_are_known_is_beaten_wherever_it_can_be(labels_only):
    target, problem = victim(labels_only=labels_only)

    found = run(Edits(), target, problem, queries=100)

    # Ham becomes spam only by words that are put in; all of them are in the guide.
    assert found.success.all()
    assert np.median(found.queries) <= 30


def test_one_edit_is_enough_where_one_word_decides():
    target, problem = victim(eps=5)
    found = run(Edits(), target, problem, queries=100)

    small = minimal(target, problem, found.candidates, found.success, 100 - found.queries, shrunk)

    at = np.arange(len(problem))
    words = problem.space.cost(at, small.candidates)
    assert (words <= problem.space.cost(at, found.candidates)).all()
    assert (small.queries + found.queries).max() <= 100
    # «see you later» and «are you home» need one word that speaks for spam.
    assert words[[4, 6]].tolist() == [1, 1]
    assert problem.reached(at, target.labels(small.candidates)).all()
    again = minimal(target, problem, found.candidates, found.success, 100 - found.queries, shrunk)
    assert (again.candidates == small.candidates).all()


def _played(steps, wins):
    """Let a script run its course; `wins` judges the words of a text. Return its last text."""
    asked = next(steps)
    while True:
        won = np.array([wins(text.split()) for text in asked], bool)
        margin = np.where(won, -1.0, 1.0)
        try:
            asked = steps.send(Heard(candidates=asked, margin=margin, won=won, reached=won))
        except StopIteration as end:
            return str(end.value)


def test_every_part_of_a_word_is_edited_where_each_tells():
    def by_parts(texts):
        return scores([text.replace("/", " ") for text in texts])

    x = objects(["see free/prize/win here"])
    spec = TargetSpec(task=Task.BINARY, modality=Modality.TEXT, classes=(0, 1), positive=1, tile=8)
    space = TextSpace(x=x, eps=1)
    problem = Problem(space=space, y=np.array([1]), rows=np.arange(1), classes=2, clean=by_parts(x))
    found = run(Typing(), function_target(by_parts, spec, x), problem, seed=0, queries=40)

    assert found.success.all()
    assert space.cost(np.arange(1), found.candidates) == 1
    assert found.candidates[0].count("/") == 2


def test_edits_become_single_characters_and_only_edited_words_are_measured(monkeypatch):
    text = " ".join(f"ordinary{i:03d}" for i in range(300))
    won = text.replace("ordinary007", "007yranidro").replace("ordinary250", "250yranidroxx")
    problem = Problem(
        space=TextSpace(x=objects([text])), y=np.array([1]), rows=np.array([0]), classes=2
    )
    measured = []
    monkeypatch.setattr(
        search, "distance", lambda a, b: measured.append(max(len(a), len(b))) or _table(a, b)
    )

    end = _played(
        shrunk(problem, 0, won), lambda w: w[7] != "ordinary007" and w[250] != "ordinary250"
    )

    assert _table(text, end) == 2
    assert max(measured) < 20


def test_a_budget_of_edits_is_kept():
    target, problem = victim(eps=1)

    found = run(Edits(), target, problem, queries=80)

    at = np.flatnonzero(found.success)
    assert 0 < len(at) < len(problem)
    pairs = zip(problem.space.x[at], found.candidates[at], strict=True)
    assert all(_table(a.split(), b.split()) == 1 for a, b in pairs)


def test_invisible_characters_leave_what_is_read():
    target, problem = victim(rows=[0, 1, 2, 3], guided=False)

    found = run(Invisible(), target, problem, queries=80)

    assert found.success.all()
    for before, after in zip(problem.space.x, found.candidates, strict=True):
        seen = after.replace("x\b", "")
        assert "".join(c for c in seen if c not in INVISIBLE) == before


def test_words_that_tell_a_class_are_learnt_from_texts():
    guide = guide_of([*SPAM * 3, *HAM * 3, "free free free"], [1] * 12 + [0] * 12 + [-1])

    assert guide.speaks("FREE!", 1) > 1
    assert guide.speaks("lunch,", 1) < -1
    assert guide.speaks("unheard", 1) == 0
    assert guide.helps(1, None)[0] in {"lunch", "later", "you"}


def test_a_text_comes_apart_and_together_again():
    draft = Draft("  one\ttwo  three \n")

    assert "".join(draft.pieces) == "  one\ttwo  three \n"
    assert [draft.pieces[i] for i in draft.words()] == ["one", "two", "three"]
    assert draft.with_edits({draft.words()[1]: ""}, ("more",)) == "  one\tthree more"


def test_bad_budgets_and_inputs_are_refused_in_one_line():
    with pytest.raises(InputError, match=r"at least 1, not 0\.5"):
        TextSpace(x=objects(["a"]), eps=0.5)
    linear = Linear()
    with pytest.raises(InputError, match="needs texts"):
        run(Edits(), linear.target, linear.problem())


def test_an_empty_text_is_given_up_or_beaten_without_an_error():
    target, problem = victim()
    space = TextSpace(x=objects(["", "   "]), guide=problem.space.guide)
    from dataclasses import replace

    empty = replace(problem, space=space, y=np.array([0, 0]), rows=np.array([0, 1]), clean=None)

    found = run(Edits(), target, empty, queries=40)

    assert found.success.all()
