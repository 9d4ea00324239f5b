"""What is a win: decided outside of every attack, by asking the target once more.

A target that answers at random is asked several times, and more of its answers must be a win than
chance makes of an even one: an attack that tries many candidates would else be right by luck.

What is asked is what would be delivered: the candidate as it comes back from a file. The first win
of an input that holds is kept; one that does not is counted, and the search goes on.
"""

from __future__ import annotations

from functools import cache
from math import comb
from typing import TYPE_CHECKING

import numpy as np

from modelwarden.targets.frames import Inputs, Labels

if TYPE_CHECKING:
    from modelwarden.attacks.problem import Candidates, Problem, Told


_LUCK = 0.25


class Judge:
    """Keeps the wins of one attack.

    Attributes:
        success: (n,) inputs with a confirmed win.
        candidates: (n, …) their wins; the inputs themselves elsewhere.
        refused: (n,) wins that did not hold.
        waiting: inputs with a win that is not judged yet.
    """

    def __init__(self, problem: Problem) -> None:
        """Begin with no win."""
        n = len(problem)
        self._problem = problem
        self.success = np.zeros(n, np.bool_)
        self.candidates = problem.space.origin.copy()
        self.refused = np.zeros(n, np.int64)
        self.waiting = np.empty(0, np.int64)
        self._back = np.empty(0, np.int64)

    def see(self, told: Told) -> None:
        """Take the first win of each input that has none waiting."""
        if not told.won.any():
            return
        at = told.at[told.won]
        owners, first = np.unique(at, return_index=True)
        wins = saved(told.candidates[told.won][first])
        self.candidates[owners] = wins
        self.waiting = np.concatenate((self.waiting, owners))

    def inputs(self, at: Labels, times: int = 1) -> Inputs:
        """Return the wins of these inputs as the target is asked, each several times in a row."""
        every = np.repeat(at, times)
        return self._problem.space.inputs(every, self.candidates[every])

    def decide(self, at: Labels, labels: Labels) -> None:
        """Keep the wins that hold; `labels` are as many answers to each."""
        each = np.repeat(at, len(labels) // max(len(at), 1))
        votes = self._problem.reached(each, labels).reshape(len(at), -1)
        needed = [enough(votes.shape[1], 1 + int(tries)) for tries in self.refused[at]]
        holds = votes.sum(axis=1) >= needed
        holds &= self._problem.space.inside(at, self.candidates[at])
        self.success[at[holds]] = True
        if not holds.all():
            lost = at[~holds]
            self.refused[lost] += 1
            self.candidates[lost] = self._problem.space.origin[lost]
            self._back = np.concatenate((self._back, lost))
        waits = np.ones(len(self.success), np.bool_)
        waits[at] = False
        self.waiting = self.waiting[waits[self.waiting]]

    @property
    def returns(self) -> bool:
        """Tell whether there are inputs whose wins did not hold, and that were not taken back."""
        return len(self._back) > 0

    def take_back(self) -> Labels:
        """Return, once, the inputs whose wins did not hold."""
        back, self._back = self._back, np.empty(0, np.int64)
        return back


@cache
def enough(answers: int, tries: int) -> int:
    """Return how many of some answers must be a win.

    More than half of them, and so many that a candidate which wins every other time has them with
    a probability of at most `_LUCK` / `tries`: the more candidates of an input were tried, the
    luckier the best of them is (Bonferroni). A single answer is enough where it is always the same.

    Args:
        answers: to one candidate; 1 when the target always answers alike.
        tries: candidates of the input, this one included.
    """
    if answers == 1:
        return 1
    allowed, least, ways = _LUCK / tries * 2**answers, answers + 1, 0
    while least - 1 > answers // 2 and ways + comb(answers, least - 1) <= allowed:
        least -= 1
        ways += comb(answers, least)
    return min(least, answers)


def saved(candidates: Candidates) -> Candidates:
    """Return candidates as they come back from a file; texts are kept as they are."""
    if candidates.dtype.kind == "O":
        return candidates
    # What np.save writes after its head, and np.load reads: bytes in the order of rows.
    data = np.ascontiguousarray(candidates).tobytes()
    return np.frombuffer(bytearray(data), candidates.dtype).reshape(candidates.shape)
