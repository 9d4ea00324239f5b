"""A sample is attacked, look by look, until the policy's question is answered or it is used up.

Attacks run beside each other, in common calls, but each by itself: on the same inputs, with the
same rows, whatever the others find. So the number of each may be read alone, and beside the
floor's. (A cascade, in which only survivors go on, would ask less and could tell neither.)
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from modelwarden.assess.robustness.looks import Look, looks_at, settled
from modelwarden.assess.robustness.plan import Plan
from modelwarden.assess.robustness.spaces import shrink_for
from modelwarden.attacks.catalog import Entry
from modelwarden.attacks.minimal import minimal
from modelwarden.attacks.parts import beside_in_parts, run_in_parts
from modelwarden.attacks.problem import Candidates, Outcome, Problem, joined_outcomes
from modelwarden.attacks.shrink import Shrunk, shrink
from modelwarden.core import Gap, GapKind, Threshold, seed_for
from modelwarden.core.values import dataclass
from modelwarden.targets.spec import Access

NAME = "robustness"
_LEAST = 2  # rows an input: one to win, one for the judge


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Attacked:
    """What all attacks came to, on the inputs that were right.

    Attributes:
        entries: those that ran. outcomes: theirs, in the same order. queries: rows each had.
        shrunk: how small the changes could be made. look: at which it was stopped.
    """

    entries: tuple[Entry, ...]
    outcomes: tuple[Outcome, ...]
    queries: tuple[int, ...]
    shrunk: Shrunk
    look: Look

    @property
    def beaten(self) -> npt.NDArray[np.bool_]:
        """(n,) inputs that any attack beat."""
        return np.asarray(np.any([o.success for o in self.outcomes], axis=0), np.bool_)

    def winners(self) -> npt.NDArray[np.int64]:
        """Return (n,) the attack that beat each input with the fewest rows; −1 for none."""
        return winners(self.outcomes)

    def wins(self) -> Candidates:
        """Return (n, …) what beat each input: the smallest change where one was made small."""
        if self.shrunk.candidates is not None:
            return self.shrunk.candidates
        return first_wins(self.outcomes)


def first_wins(outcomes: Sequence[Outcome]) -> Candidates:
    """Return (n, …) the candidates of the winners; the inputs where there is none."""
    best, wins = winners(outcomes), outcomes[0].candidates.copy()
    for number, outcome in enumerate(outcomes):
        mine = best == number
        wins[mine] = outcome.candidates[mine]
    return wins


def winners(outcomes: Sequence[Outcome]) -> npt.NDArray[np.int64]:
    """Return (n,) the outcome that beat each input with the fewest rows; −1 for none."""
    cost = np.stack([np.where(o.success, o.queries, np.iinfo(np.int64).max) for o in outcomes])
    best = cost.argmin(axis=0)
    return np.where(np.any([o.success for o in outcomes], axis=0), best, -1)


def attack(
    made: Plan, root: int, thresholds: Sequence[Threshold] = ()
) -> tuple[Plan, Attacked | None, tuple[Gap, ...]]:
    """Attack a sample.

    Args:
        made: the plan.
        root: seed of all chance.
        thresholds: what the policy asks; used where the plan is sequential.

    Returns:
        The plan of what was attacked, what came of it (None where the rows pay for no attack), and
        what was left out.

    Raises:
        TargetError: the model failed, or answered something that is no answer.
    """
    seed = seed_for(root, NAME)
    if made.config.rows is not None:
        return made, *_within(made, seed, made.config.rows)
    order, looks = order_and_looks(made, seed, thresholds)
    found: list[list[Outcome]] = []
    done: list[npt.NDArray[np.int64]] = []
    start, look = 0, looks[-1]
    place = np.cumsum(made.right) - 1  # of a sampled row that was right in the problem
    for look in looks:
        rows = order[start : look.n]
        at = np.sort(place[rows[made.right[rows]]])
        if len(at):
            part = made.problem if len(at) == len(made.problem) else made.problem.take(at)
            found.append(_beside(made, part, seed))
            done.append(at)
        start = look.n
        if look is not looks[-1] and settled(thresholds, _held(made, order[:start], found), look):
            break
    if start < len(order):
        made = made.narrowed(np.sort(order[:start]))
    sort = np.argsort(np.concatenate(done)) if done else np.empty(0, np.int64)
    outcomes = [joined_outcomes(parts).take(sort) for parts in zip(*found, strict=True)]
    if not outcomes:
        return made, None, ()
    each = [made.config.rows_of(entry.access) for entry in made.entries]
    return made, _attacked(made, made.entries, outcomes, each, None, look), ()


def order_and_looks(
    made: Plan, seed: int, thresholds: Sequence[Threshold]
) -> tuple[npt.NDArray[np.int64], tuple[Look, ...]]:
    """Return the sampled rows in the order in which they are attacked, and when to look."""
    n = len(made.rows)
    if not made.config.sequential:
        return np.arange(n), looks_at(n, ())
    looks = looks_at(n, thresholds)
    order = np.random.default_rng(seed_for(seed, "order")).permutation(n)
    # No look may come before a single input that can be attacked.
    first = int(np.flatnonzero(made.right[order])[0]) + 1 if made.right.any() else n
    return order, tuple(look for look in looks if look.n >= first)


def _held(
    made: Plan, rows: npt.NDArray[np.int64], found: Sequence[Sequence[Outcome]]
) -> dict[str | None, int]:
    """Return the samples that are right so far, under all attacks and under each."""
    right = int(made.right[rows].sum())
    fell = [np.concatenate([o.success for o in parts]) for parts in zip(*found, strict=True)]
    held: dict[str | None, int] = {None: right - int(np.any(fell, axis=0).sum())}
    for entry, one in zip(made.entries, fell, strict=True):
        held[entry.name] = right - int(one.sum())
    return held


def _beside(made: Plan, problem: Problem, seed: int) -> list[Outcome]:
    """Run all attacks on a problem: those that ask for answers in common calls, the floor last."""
    entries = made.entries
    common = [e for e in entries if e.access is not Access.GRADIENTS]
    common.sort(key=lambda entry: entry.floor)
    outcomes: dict[str, Outcome] = {}
    for group in (common, *([e] for e in entries if e.access is Access.GRADIENTS)):
        if group:
            attacks = [entry.load() for entry in group]
            queries = made.config.rows_of(group[0].access)
            found = beside_in_parts(attacks, made.target, problem, seed=seed, queries=queries)
            outcomes |= {e.name: one for e, one in zip(group, found, strict=True)}
    return [outcomes[entry.name] for entry in entries]


def _within(made: Plan, seed: int, rows: int) -> tuple[Attacked | None, tuple[Gap, ...]]:
    """Run the attacks one after another; what the rows in all do not pay for is a gap."""
    n, left = len(made.problem), rows
    entries, outcomes, queries, gaps = [], [], [], []
    for entry in made.entries:
        each = min(made.config.rows_of(entry.access), left // n)
        if each < _LEAST:
            why = f"{entry.name} was not run: {left} of {rows} rows are left"
            gaps.append(Gap(what=entry.name, why=why, kind=GapKind.BUDGET, stage=NAME))
            continue
        one = run_in_parts(entry.load(), made.target, made.problem, seed=seed, queries=each)
        left -= one.rows
        entries.append(entry)
        outcomes.append(one)
        queries.append(each)
    if not outcomes:
        return None, tuple(gaps)
    look = looks_at(len(made.rows), ())[-1]
    return _attacked(made, entries, outcomes, queries, left, look), tuple(gaps)


def _attacked(
    made: Plan,
    entries: Sequence[Entry],
    outcomes: Sequence[Outcome],
    queries: Sequence[int],
    left: int | None,
    look: Look,
) -> Attacked:
    return Attacked(
        entries=tuple(entries),
        outcomes=tuple(outcomes),
        queries=tuple(queries),
        shrunk=_shrunk(made, outcomes, queries, left),
        look=look,
    )


def _shrunk(
    made: Plan, outcomes: Sequence[Outcome], queries: Sequence[int], left: int | None
) -> Shrunk:
    """Draw the wins towards their inputs, with what is left of each input's rows."""
    best = winners(outcomes)
    n = len(best)
    wins = first_wins(outcomes)
    spare = np.zeros(n, np.int64)
    for number, outcome in enumerate(outcomes):
        mine = best == number
        spare[mine] = queries[number] - outcome.queries[mine]
    if left is not None:
        spare = np.minimum(spare, left // n)
    how = shrink_for(made.problem.space)
    if how is not None:
        won, every = best >= 0, np.arange(n)
        small = minimal(made.target, made.problem, wins, won, spare, how)
        sizes = np.full(n, np.inf)
        sizes[won] = made.problem.space.cost(every[won], small.candidates[won])
        return Shrunk(sizes=sizes, rows=small.queries, candidates=small.candidates)
    return shrink(made.target, made.problem, wins, best >= 0, spare)
