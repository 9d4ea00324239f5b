"""Attacks on pages: what is asked is proven, the first win ends a page, later pages are quicker."""

from __future__ import annotations

import numpy as np
import pytest

from modelwarden.attacks.engine import Problem, run
from modelwarden.attacks.html.edits.catalog import EXACT
from modelwarden.attacks.html.guide import Guide, is_heavy, joined
from modelwarden.attacks.html.proof import prove
from modelwarden.attacks.html.search import PageEdits, RandomPageEdits, shrunk
from modelwarden.attacks.html.space import PageSpace
from modelwarden.attacks.minimal import minimal
from modelwarden.core import UnknownNameError
from modelwarden.redteam.phishing.pages import made
from modelwarden.targets.local import function_target
from modelwarden.targets.spec import Modality, TargetSpec, Task


def objects(texts):
    out = np.empty(len(texts), object)
    out[:] = texts
    return out


def problem_of(n, seed=4, **changes):
    pages = made(seed, n, phishing=True)
    space = PageSpace(
        x=objects([page.html for page in pages]), urls=tuple(p.url for p in pages), **changes
    )
    return Problem(space=space, y=np.ones(n, np.int64), rows=np.arange(n), classes=2)


def target_of(problem, rule, seen=None):
    spec = TargetSpec(
        task=Task.BINARY,
        modality=Modality.HTML,
        classes=("ordinary", "phishing"),
        positive=1,
        tile=16,
    )

    def answer(inputs):
        if seen is not None:
            seen.extend(inputs.tolist())
        bad = np.array([rule(html) for html in inputs.tolist()], np.float64)
        return np.stack((1 - bad, bad), axis=1)

    return function_target(answer, spec, problem.space.x)


def password(html):
    """A page with a field for a password in its source, and little text, is bad."""
    return 0.9 if 'type="password"' in html or "<form" in html else 0.1


def test_pages_evade_and_all_that_is_asked_is_proven():
    seen: list[str] = []
    problem = problem_of(8)
    target = target_of(problem, password, seen)

    outcome = run(PageEdits(), target, problem, queries=40)

    assert outcome.success.all()
    for before, after in zip(problem.space.x, outcome.candidates, strict=True):
        assert prove(before, after) == ()
        assert password(after) < 0.5
    originals = set(problem.space.x)
    asked = {html for html in seen if html not in originals}
    assert all(any(prove(before, html) == () for before in originals) for html in asked)


def test_pages_that_hold_their_pictures_are_outweighed_at_once_and_teach_no_others():
    held = "data:image/png;base64," + "iVBORw0KGgoAAAANSUhEUg" * 1_500

    def mostly_held(html):
        return 0.9 if html.count("iVBORw0KGgoAAAANSUhEUg") * 22 > 0.4 * len(html) else 0.1

    light = problem_of(3)
    texts = [f'{html}<img src="{held}" alt="">' for html in light.space.x]
    space = PageSpace(x=objects([*texts, *light.space.x]), urls=light.space.urls * 2)
    problem = Problem(space=space, y=np.ones(6, np.int64), rows=np.arange(6), classes=2)

    outcome = run(PageEdits(), target_of(problem, mostly_held), problem, queries=20)

    assert [is_heavy(html) for html in space.x] == [True] * 3 + [False] * 3
    assert outcome.success[:3].all()
    assert outcome.queries[:3].max() <= 3
    for before, after in zip(space.x[:3], outcome.candidates[:3], strict=True):
        assert prove(before, after) == ()


def test_what_nothing_can_change_is_given_up_within_the_budget():
    problem = problem_of(2)
    target = target_of(problem, lambda html: 0.9)

    outcome = run(PageEdits(), target, problem, queries=30)

    assert not outcome.success.any()
    assert (outcome.queries <= 30).all()
    assert (outcome.candidates == problem.space.x).all()


def test_the_same_seed_gives_the_same_pages():
    problem, again = problem_of(5), problem_of(5)

    first = run(PageEdits(), target_of(problem, password), problem, seed=2, queries=30)
    second = run(PageEdits(), target_of(again, password), again, seed=2, queries=30)

    assert (first.candidates == second.candidates).all()
    assert (first.queries == second.queries).all()


def test_a_win_is_cut_down_to_the_edits_that_are_needed():
    problem = problem_of(4)
    target = target_of(problem, password)
    outcome = run(PageEdits(), target, problem, queries=40)

    small = minimal(target, problem, outcome.candidates, outcome.success, np.full(4, 40), shrunk)

    before = [len(problem.space.names(i, c)) for i, c in enumerate(outcome.candidates)]
    after = [len(problem.space.names(i, c)) for i, c in enumerate(small.candidates)]
    assert after == [1, 1, 1, 1]
    assert sum(after) < sum(before)
    assert all(password(html) < 0.5 for html in small.candidates)


def test_no_more_edits_are_made_than_are_allowed():
    problem = problem_of(3, eps=2.0)

    outcome = run(PageEdits(), target_of(problem, lambda html: 0.9), problem, queries=25)
    won = run(PageEdits(), target_of(problem, password), problem, queries=40)

    assert not outcome.success.any()
    costs = problem.space.cost(np.arange(3), won.candidates)
    assert (costs <= 2).all()


def test_the_floor_learns_nothing_and_asks_proven_pages_too():
    problem = problem_of(3)

    outcome = run(RandomPageEdits(), target_of(problem, password), problem, queries=30)

    for before, after in zip(problem.space.x, outcome.candidates, strict=True):
        assert prove(before, after) == ()


def test_a_recipe_that_won_is_tried_first_and_smaller_sure_ones_before_larger():
    guide = Guide(EXACT)
    for _ in range(6):
        guide.told(("late-title",), won=True)
        guide.told(("late-title", "many-words"), won=True)
        guide.told(guide.recipes[0], won=False)

    assert guide.order()[0] == ("late-title",)
    assert guide.order()[1] == ("late-title", "many-words")


def test_edits_that_take_one_anothers_place_are_not_joined():
    assert joined(("written-body", "late-title"), ("percent-body",)) == (
        "written-body",
        "late-title",
    )


def test_an_unknown_edit_is_refused_when_the_space_is_made():
    with pytest.raises(UnknownNameError):
        problem_of(1, edits=("hiden-links",))


def test_a_part_of_a_space_makes_the_same_pages():
    problem = problem_of(4)
    part = problem.space.take(np.array([2]))

    assert part.made(0, ("hidden-links",)) == problem.space.made(2, ("hidden-links",))
