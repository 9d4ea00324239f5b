"""Whether the model is still the one that was attacked, once the attacks have ended.

A model may count what it is asked, look at the clock, or notice that it is attacked, and answer
otherwise from then on. So a part of the inputs, and of the wins, is asked once more in the end.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from modelwarden.assess.robustness.attacked import NAME, Attacked
from modelwarden.assess.robustness.plan import Plan
from modelwarden.attacks.asking import Asking
from modelwarden.attacks.problem import Candidates
from modelwarden.core import Gap, GapKind
from modelwarden.targets.frames import Labels

_MOST, _ROUNDS = 64, 2  # inputs that are asked again, and wins; how often
# Of either: fewer may lie so near to a border that the batch decides, as of every float model.
_NOTABLE, _LEAST = 0.1, 2


def changed(made: Plan, attacked: Attacked, model: str) -> Iterator[Gap]:
    """Yield a gap where the model answers otherwise than it did.

    Nothing is asked of a model that is known to be unsteady, whose wins were judged with that in
    mind, nor where `rows` bounds all that may be asked.

    Raises:
        TargetError: it failed, or answered something that is no answer.
    """
    problem = made.problem
    if problem.confirmations > 1 or problem.apart or made.config.rows is not None:
        return
    told = []
    at = _some(np.arange(len(problem)))
    if (other := _otherwise(made, at, problem.space.origin[at], won=False)) is not None:
        told.append(f"{other} of {len(at)} inputs as they are")
    at = _some(np.flatnonzero(attacked.beaten))
    if (other := _otherwise(made, at, attacked.wins()[at], won=True)) is not None:
        told.append(f"{other} of {len(at)} wins")
    if told:
        why = (
            f"asked again after the attacks, the model answers {' and '.join(told)} otherwise than "
            "before: it changed while it was attacked, so no number here is of one model"
        )
        yield Gap(what=model, why=why, kind=GapKind.NOT_ASSESSABLE, stage=NAME)


def _some(at: Labels) -> Labels:
    """Return some of the inputs, from all over."""
    if len(at) <= _MOST:
        return at
    return at[np.linspace(0, len(at) - 1, _MOST).astype(np.int64)]


def _otherwise(made: Plan, at: Labels, candidates: Candidates, *, won: bool) -> int | None:
    """Return how many are answered otherwise than they were; None where too few are."""
    if not len(at):
        return None
    asking, other = Asking(made.target), 0
    for _ in range(_ROUNDS):
        labels = asking.ask([made.problem.space.inputs(at, candidates)]).labels
        right = labels == made.problem.y[at]
        other = max(other, int((right == won).sum()))
    return other if other >= max(_LEAST, _NOTABLE * len(at)) else None


__all__ = ["changed"]
