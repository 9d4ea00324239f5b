"""The engine: budgets, tiles, repeats, and a judge that asks again."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
import pytest

from attacks.victims import Linear, spec
from modelwarden.attacks.balls import Ball, Norm
from modelwarden.attacks.corners import Corners
from modelwarden.attacks.engine import Problem, Proposal, decided, keys_of, run
from modelwarden.targets.errors import AccessError
from modelwarden.targets.local import function_target
from modelwarden.targets.spec import Access
from modelwarden.targets.tiled import limited


@dataclass(frozen=True)
class Steps:
    """Proposes x + 0.1, x + 0.2, …: `wide` of them at once."""

    name: str = "steps"
    access: Access = Access.SCORES
    wide: int = 1
    same: bool = False

    def search(self, problem, seed, queries):
        return Stepping(self, problem)


class Stepping:
    def __init__(self, attack, problem):
        self.attack, self.x = attack, problem.space.origin.astype(float)
        self.tried = np.zeros(len(problem), np.int64)
        self.told = []

    def width(self, at):
        return np.full(len(at), self.attack.wide)

    def propose(self, at, widths):
        owners = np.repeat(at, widths)
        nth = np.arange(len(owners)) - np.repeat(np.cumsum(widths) - widths, widths)
        steps = np.where(self.attack.same, 1, self.tried[owners] + nth + 1)
        self.tried[at] += widths
        return Proposal(at=owners, candidates=self.x[owners] + 0.1 * steps[:, None])

    def learn(self, told):
        self.told.append(told)


def sums(threshold=0.45, tile=8, function=None):
    """A model of one number: class 1 from a threshold on."""
    asked = []

    def scores(x):
        asked.append(np.array(x))
        z = np.asarray(x, float)[:, 0] - threshold
        return np.stack([-z, z], axis=1)

    target = function_target(function or scores, spec(tile=tile), np.zeros((4, 1)))
    asked.clear()
    return target, asked


def zeros(n=3, eps=1.0):
    ball = Ball(x=np.zeros((n, 1)), norm=Norm.LINF, eps=eps, low=-1, high=1)
    return Problem(space=ball, y=np.zeros(n, np.int64), rows=np.arange(n), classes=2)


def test_an_input_ends_with_its_first_win_and_the_judge_costs_one_row():
    target, _ = sums()

    found = run(Steps(), target, zeros(), queries=50)

    assert found.success.all()
    assert found.candidates[:, 0] == pytest.approx(0.5)
    assert found.queries.tolist() == [6, 6, 6]
    assert found.rows == target.rows == 18


@pytest.mark.parametrize("queries", [2, 3, 5, 6])
def test_no_input_is_asked_more_than_its_budget(queries):
    target, _ = sums()

    found = run(Steps(wide=4), target, zeros(), queries=queries)

    assert found.queries.max() <= queries
    assert found.success.all() == (queries >= 6)


def test_a_repeat_costs_nothing_and_a_search_that_only_repeats_is_ended():
    target, _ = sums(threshold=9)

    found = run(Steps(same=True), target, zeros(), queries=500)

    assert found.queries.tolist() == [1, 1, 1]
    assert found.repeats == 3 * 64


def test_equal_candidates_of_one_proposal_are_asked_once_and_both_answered():
    target, _ = sums(threshold=9)
    attack = Steps(same=True, wide=3)
    search = {}

    class Kept(Steps):
        def search(self, problem, seed, queries):
            search["it"] = Stepping(self, problem)
            return search["it"]

    found = run(Kept(same=True, wide=3), target, zeros(1), queries=500)

    assert found.queries.tolist() == [1]
    assert search["it"].told[0].answered.all()
    assert np.isfinite(search["it"].told[0].scores).all()
    assert attack.wide == 3
    assert search["it"].told[0].known.tolist() == [False, True, True]
    assert search["it"].told[1].known.all()


def test_questions_of_many_inputs_are_merged_into_full_calls():
    target, asked = sums(threshold=9, tile=8)

    found = run(Steps(wide=2), target, zeros(n=8), queries=9)

    assert found.calls == len(asked) == 8
    assert found.rows == 64


def test_a_win_that_does_not_hold_is_none():
    calls = Counter()

    def moody(x):
        """Says 1 to whatever it has never seen before."""
        values = np.round(np.asarray(x, float)[:, 0], 6)
        new = np.array([calls[v] == 0 for v in values]) & (values > 0)
        calls.update(set(values.tolist()))
        return np.stack([~new, new], axis=1).astype(float)

    target, _ = sums(function=moody)

    found = run(Steps(), target, zeros(n=1), queries=12)

    assert not found.success.any()
    assert found.refused.tolist() == [6]
    assert found.candidates.tolist() == [[0.0]]
    assert found.queries.max() <= 12


def test_what_exceeds_eps_is_no_win():
    target, _ = sums()

    found = run(Steps(), target, zeros(eps=0.3), queries=20)

    assert not found.success.any()


def test_an_attack_that_needs_more_than_is_granted_is_refused_before_anything_is_asked():
    target, asked = sums()

    with pytest.raises(AccessError, match="steps needs scores"):
        run(Steps(), limited(target, Access.LABELS), zeros())

    assert asked == []


def test_scores_seen_alone_decide_as_the_target_does():
    victim = Linear()
    rule = spec(threshold=0.9)
    target = function_target(
        lambda x: 1 / (1 + np.exp(-victim.scores(x))), rule, victim.x, decide=None
    )
    seen = limited(target, Access.SCORES)

    scores = seen.scores(victim.x)

    assert decided(seen, scores).tolist() == target.labels(victim.x).tolist()
    assert decided(seen, scores).tolist() != scores.argmax(axis=1).tolist()


def test_a_goal_is_a_class_that_is_to_be_reached():
    target, _ = sums()
    base = zeros()
    problem = Problem(
        space=base.space, y=base.y, rows=base.rows, classes=2, goal=np.array([1, 0, 1])
    )

    found = run(Steps(), target, problem, queries=20)

    assert found.queries.tolist() == [6, 2, 6]


def test_keys_tell_candidates_apart():
    rng = np.random.default_rng(0)
    some = rng.normal(size=(50, 7)).astype(np.float32)
    other = some.copy()
    other[:, 3] = np.nextafter(other[:, 3], np.float32(9))

    keys = keys_of(np.concatenate((some, some, other)))

    assert keys[:50] == keys[50:100]
    assert len(set(keys)) == 100
    assert keys_of(np.array(["a", "b", "a"], object)) == ["a", "b", "a"]


def test_the_corners_are_found_where_they_reach_a_linear_model():
    victim = Linear()
    problem = victim.problem(eps=0.3)

    found = run(Corners(), victim.target, problem, queries=400)

    # In eight numbers there are 256 corners: trying 399 at random nearly always meets the best.
    assert not (found.success & (victim.distance(Norm.LINF) > 0.3 + 1e-6)).any()
    assert found.success.mean() >= (victim.distance(Norm.LINF) < 0.25).mean()


def test_a_model_that_answers_at_random_is_beaten_where_most_of_its_answers_are():
    rng = np.random.default_rng(0)

    def shaken(x):
        # Class 1 beyond 0.5, and one time in four before.
        high = np.asarray(x, float)[:, 0] > 0.5
        z = np.where(high | (rng.random(len(x)) < 0.25), 1.0, -1.0)
        return np.stack([-z, z], axis=1)

    x = np.zeros((300, 1), np.float32)
    target = function_target(shaken, spec(), x)

    def robust(eps, times, queries=60):
        ball = Ball(x=x, norm=Norm.LINF, eps=eps, low=0, high=1)
        rows, y = np.arange(len(x)), np.zeros(len(x), np.int64)
        problem = Problem(space=ball, y=y, rows=rows, classes=2, confirmations=times)
        found = run(Steps(), target, problem, queries=queries)
        assert (found.queries <= queries).all()
        return 1 - found.success.mean()

    assert robust(0.4, 1) < 0.7
    assert robust(0.4, 15) > 0.9
    assert robust(0.8, 15, queries=120) < 0.1
