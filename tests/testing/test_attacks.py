"""The suite for attacks catches attacks that break their promises."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from attacks.victims import Linear
from modelwarden.attacks.catalog import ATTACKS
from modelwarden.attacks.corners import Corners
from modelwarden.attacks.engine import Proposal
from modelwarden.targets.spec import Access
from modelwarden.testing import check_attack


@dataclass(frozen=True)
class Faulty:
    """Steps at random; `fault` says which promise it breaks."""

    fault: str = ""
    name: str = "faulty"
    access: Access = Access.LABELS

    def search(self, problem, seed, queries):
        return Walk(self.fault, problem)


CHANCE = np.random.default_rng(0)


class Walk:
    def __init__(self, fault, problem):
        self.fault, self.x = fault, problem.space.origin.astype(float)
        self.n, self.step = len(problem), np.zeros(len(problem), np.int64)

    def width(self, at):
        return np.ones(len(at), np.int64)

    def propose(self, at, widths):
        self.step[at] += 1
        far = 0.05 * self.step[at, None]
        if self.fault == "moody":
            far = CHANCE.normal(size=(len(at), 1))
        if self.fault == "crowd":
            far = far * self.n
        return Proposal(at=at, candidates=self.x[at] + far)

    def learn(self, told):
        pass


def problems(victim):
    rows = [3, 5, 8]
    return victim.problem(eps=0.3, rows=range(12)), [
        victim.problem(eps=0.3, rows=[row]) for row in rows
    ]


@pytest.mark.parametrize(
    "name",
    [
        entry.name
        for entry in ATTACKS
        if entry.inputs == "arrays" and "linf" in entry.norms and not entry.together
    ],
)
def test_every_attack_on_arrays_keeps_its_promises(name):
    entry = next(entry for entry in ATTACKS if entry.name == name)
    victim = Linear()
    problem, alone = problems(victim)

    found = check_attack(entry.load(), victim.target, problem, alone=alone)

    assert found.success.any()


def test_an_honest_walk_keeps_its_promises():
    victim = Linear()
    problem, alone = problems(victim)

    check_attack(Faulty(), victim.target, problem, alone=alone)


@pytest.mark.parametrize(
    ("fault", "told"), [("moody", "the same seed gives other"), ("crowd", "alone gives other")]
)
def test_a_broken_promise_is_named(fault, told):
    victim = Linear()
    problem, alone = problems(victim)

    with pytest.raises(AssertionError, match=told):
        check_attack(Faulty(fault), victim.target, problem, alone=alone)


def test_a_win_outside_the_space_is_named(monkeypatch):
    victim = Linear()
    problem, _ = problems(victim)
    monkeypatch.setattr(type(problem.space), "inside", lambda self, at, _: np.zeros(len(at), bool))

    found = check_attack(Corners(), victim.target, problem)

    assert not found.success.any()
