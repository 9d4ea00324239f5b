"""Many inputs attacked at once: they advance together, and their questions are merged.

The contract for whoever writes an attack or a space stands in `problem`. All else is done here and
in `course`. Candidates are fitted *before* they are asked, so an attack learns about what it would
deliver. A repeat costs nothing: its answer is known. No input is ever asked more than `queries`
rows, those of the judge included. An input ends with a win that the judge confirms, with its
budget, when its search gives it up, or when it only repeats itself.

Calls are filled: with the questions of all inputs, and of all attacks that run beside each other.
Those that want the fewest rows come first, as they have the longest way to go; what learns nothing,
the floor, fills what is left. What an attack does is the same beside others as alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

import numpy as np

from modelwarden.attacks.asking import Answered, Asking, Decides, decided
from modelwarden.attacks.course import STALLED, Course, Offer
from modelwarden.attacks.known import keys_of
from modelwarden.attacks.problem import (
    Attack,
    Candidates,
    Mask,
    Outcome,
    Problem,
    Proposal,
    Search,
    Signs,
    Space,
    Told,
)
from modelwarden.targets.access import GradientTarget, LabelTarget, ScoreTarget
from modelwarden.targets.budget import BudgetExhaustedError
from modelwarden.targets.errors import AccessError
from modelwarden.targets.frames import Inputs, Labels
from modelwarden.targets.spec import Access


def run(
    attack: Attack, target: LabelTarget, problem: Problem, *, seed: int = 0, queries: int = 500
) -> Outcome:
    """Attack every input of a problem.

    Args:
        attack: which, with its parameters.
        target: the model, as the attacker sees it (`targets.tiled.limited`).
        problem: the inputs.
        seed: root of all chance.
        queries: rows that each input may be asked at most.

    Raises:
        AccessError: the attack needs more than the target gives.
        TargetError: the model failed, or answered something that is no answer.
    """
    return run_beside([attack], target, problem, seed=seed, queries=queries)[0]


def run_beside(
    attacks: Sequence[Attack],
    target: LabelTarget,
    problem: Problem,
    *,
    seed: int = 0,
    queries: int = 500,
) -> list[Outcome]:
    """Attack every input by several attacks, each by itself, their questions in common calls.

    Args:
        attacks: which; one that learns nothing from answers last.
        target: the model, as the attacker sees it.
        problem: the inputs.
        seed: root of all chance.
        queries: rows that each attack may ask of each input at most.

    A target with a budget of its own ends the attacks by a `BudgetExhaustedError`: the outcomes are
    then what was confirmed so far.

    Raises:
        AccessError: an attack needs more than the target gives.
        TargetError: the model failed, or answered something that is no answer.
    """
    for attack in attacks:
        _check_access(attack, target)
    if queries < 2:
        raise ValueError("an attack needs two rows an input: one to win, one for the judge")
    asking = Asking(target, _numbers(problem))
    courses = [
        Course(attack, problem, seed, queries, scored=asking.scored, tile=asking.tile)
        for attack in attacks
    ]
    # Of a target with a budget of its own, what was confirmed until it ended stays; what the judge
    # has not seen is no win.
    with suppress(BudgetExhaustedError):
        while _call(courses, asking):
            pass
    return [course.outcome() for course in courses]


def _numbers(problem: Problem) -> int:
    """Return of how many numbers a candidate is; 0 for texts."""
    origin = problem.space.origin
    return 0 if origin.dtype.kind == "O" else int(np.prod(origin.shape[1:]))


def _check_access(attack: Attack, target: LabelTarget) -> None:
    if attack.access is Access.GRADIENTS and not isinstance(target, GradientTarget):
        raise AccessError(f"{attack.name} needs gradients, which the target does not give")
    if attack.access is Access.SCORES and not isinstance(target, ScoreTarget):
        raise AccessError(f"{attack.name} needs scores, and the target gives labels only")


def _call(courses: Sequence[Course], asking: Asking) -> bool:
    """Make one call of what the attacks want to know; tell whether there was anything to ask."""
    call = _Call(asking, alone=len(courses) == 1)
    wanted = [call.look(course) for course in courses]
    # The last is asked last: it is the floor, or the only one.
    order = [*sorted(range(len(courses) - 1), key=lambda i: wanted[i]), len(courses) - 1]
    for i in order:
        if i == order[-1]:
            call.leave_for_others()
        if wanted[i] and call.room > 0:
            call.take_offer(courses[i], wanted[i])
    # Wins fill what is left of a call; one of their own they get when nothing else is to be asked.
    for course in courses:
        if call.room > 0 and not call.differentiated:
            call.take_wins(course)
    return call.made()


class _Call:
    """What one call asks, of whom."""

    def __init__(self, asking: Asking, *, alone: bool) -> None:
        self._asking, self._alone = asking, alone
        self.room = asking.room
        self.differentiated = False
        self._parts: list[Inputs] = []
        self._ends: list[tuple[Course, Offer | Labels, int]] = []
        self._rows = 0
        self._learnt = False

    def look(self, course: Course) -> int:
        """Settle who goes on; where several share a call, all are looked at to rank them."""
        return course.look(self.room if self._alone else None)

    def take_offer(self, course: Course, wanted: int) -> None:
        """Put in questions of an attack; what is known already it hears at once, and goes on."""
        offer = course.offer(self._part(wanted), alone=not self._parts)
        while offer is not None and not len(offer.fresh):
            course.hear(offer, None)
            self._learnt = True
            offer = course.offer(self._part(self.look(course)), alone=not self._parts)
        if offer is None:
            return
        weights = offer.proposal.weights
        if weights is not None:
            # Gradients are another kind of call: they have it to themselves.
            self._ask_gradients(course, offer)
            return
        self._put(course, offer, course.inputs(offer), len(offer.fresh))

    def _part(self, wanted: int) -> int:
        """Return how many of the wanted rows fill whole tiles; all where they fill none.

        The others wait for company: a tile that is not full costs as much as one that is.
        """
        tile = self._asking.tile
        begun = -self._rows % tile
        whole = begun + max(wanted - begun, 0) // tile * tile
        return min(self.room, whole if begun < wanted and whole else wanted)

    def leave_for_others(self) -> None:
        """Let the floor, which can wait, fill only the tiles that are begun.

        Others hear before they ask again, and later nothing would be there to fill theirs.
        """
        if self._rows:
            self.room = min(self.room, -self._rows % self._asking.tile)

    def take_wins(self, course: Course) -> None:
        """Put in wins for the judge."""
        at, inputs = course.judged(self.room)
        if inputs is None:
            return
        if course.problem.apart:
            course.judge.decide(at, self._asking.apart(inputs))
            self._learnt = True
            return
        self._put(course, at, inputs, len(inputs))

    def _put(self, course: Course, what: Offer | Labels, inputs: Inputs, rows: int) -> None:
        self._parts.append(inputs)
        self._ends.append((course, what, rows))
        tile, before = self._asking.tile, self._rows
        self._rows += rows
        if isinstance(what, Offer):
            course.calls += (self._rows - 1) // tile - before // tile + 1
        self.room -= rows

    def _ask_gradients(self, course: Course, offer: Offer) -> None:
        weights = offer.proposal.weights
        if weights is None:
            raise AssertionError  # told by the caller
        course.calls += -(-len(offer.fresh) // self._asking.tile)
        answered = self._asking.gradients(course.inputs(offer), weights[offer.fresh])
        course.hear(offer, answered)
        self.differentiated = True
        self.room = 0

    def made(self) -> bool:
        """Make the call and hand out the answers."""
        if not self._parts:
            return self._learnt or self.differentiated
        answered = self._asking.ask(self._parts)
        start = 0
        for course, what, rows in self._ends:
            end = start + rows
            part = answered.part(start, end)
            if isinstance(what, Offer):
                course.hear(what, part)
            else:
                course.judge.decide(what, part.labels)
            start = end
        return True


__all__ = [
    "STALLED",
    "Answered",
    "Attack",
    "Candidates",
    "Decides",
    "Mask",
    "Outcome",
    "Problem",
    "Proposal",
    "Search",
    "Signs",
    "Space",
    "Told",
    "decided",
    "keys_of",
    "run",
    "run_beside",
]
