"""The stage `robustness`: a sample is attacked, what falls is counted, and attacks are doubted.

Every attack runs on its own, on the same inputs, with the same rows: so its number may be read by
itself, and beside the floor's. The worst case of an input is what any of them did to it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from modelwarden.assess.context import Context
from modelwarden.assess.robustness import numbers
from modelwarden.assess.robustness.deliver import adversarial
from modelwarden.assess.robustness.plan import Plan, plan
from modelwarden.assess.robustness.spaces import shrink_for
from modelwarden.assess.rules._seen import findings
from modelwarden.assess.rules.attack_below_floor import AgainstFloor, attack_below_floor
from modelwarden.assess.rules.masked_gradients import Masked, masked_gradients
from modelwarden.assess.rules.not_robust import Beaten, not_robust
from modelwarden.assess.stage import StageResult
from modelwarden.attacks.catalog import Entry
from modelwarden.attacks.engine import Candidates, Outcome
from modelwarden.attacks.minimal import minimal
from modelwarden.attacks.parts import run_in_parts
from modelwarden.attacks.shrink import Shrunk, shrink
from modelwarden.core import Finding, Gap, GapKind, Json, Location, seed_for
from modelwarden.targets.spec import Access

NAME = "robustness"
_LEAST = 2  # rows an input: one to win, one for the judge


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Attacked:
    """What all attacks came to, on the inputs that were right.

    Attributes:
        entries: those that ran. outcomes: theirs, in the same order. queries: rows each had.
        shrunk: how small the changes could be made.
    """

    entries: tuple[Entry, ...]
    outcomes: tuple[Outcome, ...]
    queries: tuple[int, ...]
    shrunk: Shrunk

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


def run(context: Context) -> StageResult:
    """Attack a sample of the test set.

    Raises:
        InputError: it cannot be attacked as it is asked for.
        TargetError: the model failed, or answered something that is no answer.
    """
    config = context.assess.robustness
    if config is None:
        note = "robustness was not measured: modelwarden.toml has no [assess.robustness]"
        return StageResult(notes=(note,), done=False)
    made = plan(context, config)
    if not made.right.any():
        return _all_wrong(context, made)
    attacked, gaps = _attacked(context, made)
    if attacked is None:
        return StageResult(gaps=gaps, notes=made.notes, done=False)
    conditions = _conditions(context, made)
    return StageResult(
        findings=tuple(_findings(context, made, attacked)),
        measurements=numbers.measurements(made, attacked, conditions),
        gaps=gaps,
        tables=numbers.tables(made, attacked),
        notes=(*made.notes, *_notes(made, attacked)),
        attachments=(adversarial(context, made, attacked),),
    )


def _all_wrong(context: Context, made: Plan) -> StageResult:
    """Say that nothing was attacked: there is nothing to lose."""
    n = len(made.rows)
    why = f"the model answers all {n} sampled rows wrong as they are: no attack was run"
    gap = Gap(what=context.data.test or "test", why=why, kind=GapKind.NOT_ASSESSABLE, stage=NAME)
    return StageResult(
        measurements=numbers.of_nothing(n, _conditions(context, made)),
        gaps=(gap,),
        notes=made.notes,
    )


def _attacked(context: Context, made: Plan) -> tuple[Attacked | None, tuple[Gap, ...]]:
    """Run the attacks one after another; what the rows in all do not pay for is a gap."""
    n = len(made.problem)
    left = made.config.rows
    entries, outcomes, queries, gaps = [], [], [], []
    seed = seed_for(context.seed, NAME)
    for entry in made.entries:
        each = made.config.queries if left is None else min(made.config.queries, left // n)
        if each < _LEAST:
            why = f"{entry.name} was not run: {left or 0} of {made.config.rows} rows are left"
            gaps.append(Gap(what=entry.name, why=why, kind=GapKind.BUDGET, stage=NAME))
            continue
        outcome = run_in_parts(entry.load(), made.target, made.problem, seed=seed, queries=each)
        left = None if left is None else left - outcome.rows
        entries.append(entry)
        outcomes.append(outcome)
        queries.append(each)
    if not outcomes:
        return None, tuple(gaps)
    shrunk = _shrunk(made, outcomes, queries, left)
    return (
        Attacked(
            entries=tuple(entries),
            outcomes=tuple(outcomes),
            queries=tuple(queries),
            shrunk=shrunk,
        ),
        tuple(gaps),
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


def _conditions(context: Context, made: Plan) -> dict[str, Json]:
    conditions: dict[str, Json] = {
        **context.conditions,
        **made.problem.space.conditions(),
        "access": made.access.value,
        "queries": made.config.queries,
    }
    if made.config.rows is not None:
        conditions["rows"] = made.config.rows
    if context.unsteady():
        conditions["repeatable"] = False
    return conditions


def _notes(made: Plan, attacked: Attacked) -> Iterator[str]:
    for entry, outcome in zip(attacked.entries, attacked.outcomes, strict=True):
        n, fell = len(outcome.success), int(outcome.success.sum())
        told = f"{entry.name}: {fell} of {n} inputs fell, {outcome.rows:,} rows in "
        told += f"{outcome.calls:,} calls"
        lost = int((outcome.refused > 0).sum())
        if lost:
            told += f"; {lost} inputs seemed to fall and did not when they were asked again"
        yield told
    if len(made.rows) < made.config.samples:
        yield f"{len(made.rows)} rows have a label, fewer than samples = {made.config.samples}"


def _findings(context: Context, made: Plan, attacked: Attacked) -> Iterator[Finding]:
    path = context.model.path or context.model.url
    beaten = attacked.beaten
    names = tuple(entry.name for entry in attacked.entries)
    best = winners(attacked.outcomes)
    counts = [int((best == i).sum()) for i in range(len(names))]
    yield from findings(
        not_robust,
        Beaten(
            path=path,
            location=Location(path=context.model.path),
            right=len(beaten),
            fell=int(beaten.sum()),
            samples=len(made.rows),
            strongest=names[int(np.argmax(counts))],
            budget=_budget(made),
            queries=made.config.queries,
        ),
        NAME,
    )
    yield from _below_floor(path, context, attacked)
    yield from _masked(path, context, made, attacked)


def _budget(made: Plan) -> str:
    conditions = made.problem.space.conditions()
    if isinstance(conditions.get("eps"), float | int):
        return f"{conditions['norm']} of at most {conditions['eps']:g}"
    return "the changes that are allowed"


def _below_floor(path: str | None, context: Context, attacked: Attacked) -> Iterator[Finding]:
    floors = [o for e, o in zip(attacked.entries, attacked.outcomes, strict=True) if e.floor]
    if not floors:
        return
    floor = floors[0]
    for entry, outcome in zip(attacked.entries, attacked.outcomes, strict=True):
        if entry.floor or entry.narrow:
            continue
        seen = AgainstFloor(
            path=path,
            location=Location(path=context.model.path, terms={"attack": entry.name}),
            attack=entry.name,
            floor=floor.attack,
            alone=int((outcome.success & ~floor.success).sum()),
            floor_alone=int((floor.success & ~outcome.success).sum()),
            n=len(outcome.success),
        )
        yield from findings(attack_below_floor, seen, NAME)


def _masked(
    path: str | None, context: Context, made: Plan, attacked: Attacked
) -> Iterator[Finding]:
    pairs = list(zip(attacked.entries, attacked.outcomes, strict=True))
    white = [o for e, o in pairs if e.access is Access.GRADIENTS]
    black = [o for e, o in pairs if e.access is not Access.GRADIENTS]
    if not white:
        return
    by_white = np.any([o.success for o in white], axis=0)
    by_black = np.any([o.success for o in black], axis=0) if black else np.zeros_like(by_white)
    signs: dict[str, float] = {}
    for outcome in white:
        for name, share in outcome.signs.items():
            signs[name] = max(signs.get(name, 0.0), share)
    refused = np.sum([o.refused for o in white], axis=0) > 0
    unsteady = sorted({str(f.location.terms.get("how")) for f in context.unsteady()})
    seen = Masked(
        path=path,
        location=Location(path=context.model.path),
        n=len(made.problem),
        white=int(by_white.sum()),
        only_black=int((by_black & ~by_white).sum()),
        only_white=int((by_white & ~by_black).sum()),
        signs=signs,
        refused=int(refused.sum()),
        unsteady=tuple(unsteady),
    )
    yield from findings(masked_gradients, seen, NAME)
