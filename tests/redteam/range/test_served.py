"""The models of the range: they know their trade, and fall and hold as the exercises promise."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from modelwarden.attacks import engine
from modelwarden.attacks.balls import Ball, Norm
from modelwarden.attacks.catalog import entry_of
from modelwarden.attacks.text.space import TextSpace
from modelwarden.redteam.phishing.kind import address_in
from modelwarden.redteam.range import generate, learn, pages, served
from modelwarden.targets.local import function_target
from modelwarden.targets.spec import Modality, TargetSpec, Task

spam, loans, digits = cache(served.spam), cache(served.loans), cache(served.digits)
phishing = cache(pages.phishing)


def fallen(lineup, model, space, attack, queries, **spec):
    positive = 1 if spec["task"] is Task.BINARY else None
    known = TargetSpec(classes=model.classes, positive=positive, tile=32, **spec)
    target = function_target(model.answer, known, lineup.seeds)
    problem = engine.Problem(
        space=space, y=lineup.y, rows=np.arange(len(lineup.y)), classes=len(model.classes)
    )
    attacked = engine.run(entry_of(attack).load(), target, problem, seed=0, queries=queries)
    return attacked.success.mean()


@pytest.mark.parametrize("made", [spam, loans, digits, phishing])
def test_models_are_right_about_the_seeds_and_better_than_a_guess(made):
    lineup = made()

    for model in (lineup.plain, lineup.hardened):
        assert (model.answer(lineup.seeds).argmax(axis=1) == lineup.y).all()
        assert model.accuracy > 0.65
    assert len(lineup.y) == 20


def test_letters_that_look_alike_fool_the_filter_and_not_its_hardened_twin():
    lineup = spam()
    space = TextSpace(x=lineup.seeds, eps=4)
    given = {"task": Task.BINARY, "modality": Modality.TEXT}

    open_, hardened = (
        fallen(lineup, model, space, "homoglyphs", 100, **given)
        for model in (lineup.plain, lineup.hardened)
    )

    assert open_ >= 0.9
    assert hardened <= 0.1


def test_noise_fools_the_reader_and_less_its_hardened_twin():
    lineup = digits()
    x = lineup.seeds.astype(np.float64)
    space = Ball(x=x, norm=Norm.LINF, eps=0.12, low=0.0, high=1.0, grid=1 / 255)
    given = {"task": Task.MULTICLASS, "modality": Modality.IMAGE, "shape": (1, 14, 14)}

    open_, hardened = (
        fallen(lineup, model, space, "square", 200, **given)
        for model in (lineup.plain, lineup.hardened)
    )

    assert open_ >= 0.6
    assert hardened <= 0.3


def test_the_hardened_scorer_does_not_listen_to_claims():
    lineup = loans()
    told = lineup.seeds.with_column("income", np.full(20, 500.0))

    changed = [
        np.abs(model.answer(told) - model.answer(lineup.seeds)).max()
        for model in (lineup.plain, lineup.hardened)
    ]

    assert changed[0] > 0.1
    assert changed[1] == 0


def test_the_hardened_detector_of_pages_looks_at_the_address_alone():
    lineup = phishing()
    hidden = np.array([f"{page}<p hidden>account login</p>" for page in lineup.seeds], np.object_)
    blank = np.array(["<p>hello</p>"], np.object_)

    same = lineup.hardened.answer(hidden) - lineup.hardened.answer(lineup.seeds)

    assert np.abs(same).max() == 0
    assert lineup.hardened.answer(blank).argmax(axis=1).tolist() == [1]


def test_data_are_the_same_for_one_seed_and_differ_between_parts():
    one = generate.texts(20, seed=1, part="train")
    again = generate.texts(20, seed=1, part="train")
    other = generate.texts(20, seed=1, part="test")

    assert one.x.tolist() == again.x.tolist()
    assert one.x.tolist() != other.x.tolist()


def test_the_twin_of_addresses_judges_an_address_alone_as_the_page_that_lies_there():
    lineup = phishing()
    listed = np.array([address_in(page) for page in lineup.seeds], object)

    assert np.array_equal(lineup.hardened.answer(listed), lineup.hardened.answer(lineup.seeds))


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("fr\u200bee", "free"),
        ("frex\be", "free"),
        ("Ｆｒｅｅ", "free"),
        ("fréé", "free"),
        ("przie", "prize"),
        ("pr1ze", "prize"),
        ("frее", learn.MIXED),
        ("plover", "plover"),
    ],
)
def test_a_careful_reader_sees_what_a_person_sees(written, read):
    reads = learn.Careful(frozenset({"free", "prize", "holiday"}))

    assert reads(written) == {read}
