"""How far an answer is from what an attacker wants, as one number: negative is there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from modelwarden.attacks.engine import Mask, Problem
from modelwarden.targets.frames import Floats, Labels

_TINY = 1e-30


@dataclass(frozen=True, slots=True, eq=False)
class Margins:
    """The scale on which each input's scores are compared.

    Softmax and boosted trees add up on the scale of logarithms, where a probability of 0.999999
    is as good as any other; votes of a forest, which know exact zeros, add up as they are. Which
    it is depends on the input's own clean scores alone, so it is the same alone and in a batch.

    Attributes:
        problem: the inputs. logs: (n,) logarithms are compared.
    """

    problem: Problem
    logs: Mask

    @staticmethod
    def of(problem: Problem) -> Margins:
        """Choose the scale of each input; without clean scores, the scores as they are."""
        clean = problem.clean
        if clean is None:
            return Margins(problem, np.zeros(len(problem), np.bool_))
        shares = (clean >= 0).all(axis=1) & (np.abs(clean.sum(axis=1) - 1) <= 1e-3)
        return Margins(problem, shares & (clean > 0).all(axis=1))

    def __call__(self, at: Labels, scores: Floats) -> Floats:
        """Return (m,): of the true class against the best other, or of the best against the goal.

        Args:
            at: (m,) positions of the inputs.
            scores: (m, k) answers to candidates of theirs.
        """
        logs = self.logs[at]
        if logs.any():
            scaled = np.log(np.maximum(scores, _TINY))
            scores = np.where(logs[:, None], scaled, scores)
        rows = np.arange(len(at))
        goal = self.problem.goal
        aim = self.problem.y[at] if goal is None else goal[at]
        mine = scores[rows, aim]
        others = scores.copy()
        others[rows, aim] = -np.inf
        best = others.max(axis=1)
        return np.asarray(mine - best if goal is None else best - mine)

    def clean(self) -> Floats:
        """Return the margins of the inputs as they are; 0 where they are not known."""
        if self.problem.clean is None:
            return np.zeros(len(self.problem))
        return self(np.arange(len(self.problem)), self.problem.clean)
