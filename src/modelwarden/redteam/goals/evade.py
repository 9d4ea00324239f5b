"""Evade: every attack on the seeds that are answered right; wins are made small."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace

import numpy as np

from modelwarden.attacks.catalog import ATTACKS, Entry, entry_of
from modelwarden.attacks.engine import Candidates, Outcome, Problem
from modelwarden.attacks.minimal import minimal
from modelwarden.attacks.parts import run_in_parts
from modelwarden.attacks.shrink import shrink
from modelwarden.core import Gap, GapKind, InputError, seed_for
from modelwarden.redteam.config import AttackConfig
from modelwarden.redteam.engagement import Clean, Engagement, Evasion, GoalResult, Unit
from modelwarden.redteam.goals import numbers
from modelwarden.redteam.kinds.kind import Known
from modelwarden.redteam.live import LiveScores
from modelwarden.redteam.meter import EndedError
from modelwarden.redteam.turns import StoppedError
from modelwarden.targets.errors import TargetError
from modelwarden.targets.frames import Floats, Inputs, Labels, take
from modelwarden.targets.labels import plain, same
from modelwarden.targets.spec import Access

_LEAST = 2  # rows of a seed: one to win, one for the judge
_CROWD, _MOST = 32, 4  # seeds of a lane at least; lanes at most
_ALONE = ("texts", "tables", "arrays")  # kinds whose attacks learn nothing from seed to seed
_SMALL = 40  # rows that the goal `evade` spends on making one win smaller


@dataclass(slots=True, kw_only=True, eq=False)
class _Fell:
    """What has been won so far of the seeds of one file at one target."""

    best: dict[int, Evasion] = field(default_factory=dict)

    def take(self, found: Sequence[Evasion]) -> None:
        for one in found:
            known = self.best.get(one.row)
            if known is None or one.cost < known.cost:
                self.best[one.row] = one


def run(engagement: Engagement) -> GoalResult:
    """Attack with every attack what is to be attacked."""
    result = GoalResult()
    for number, seeds in engagement.pairs():
        try:
            clean = engagement.cleaned(number, seeds)
        except EndedError as error:
            gap = engagement.gap(engagement.seeds[seeds][1].source, error.message)
            return result + GoalResult(gaps=(gap,))
        result += _attacked(engagement, number, clean)
        if engagement.meter.ended is not None:
            break
    return result


def _attacked(engagement: Engagement, number: int, clean: Clean) -> GoalResult:
    """Run the attacks on the seeds of one file at one target."""
    campaign = engagement.campaign
    target = campaign.targets[number]
    if not len(clean.right):
        raise InputError(f"no seed of {clean.seeds.source} is answered right: nothing can be lost")
    fell = _Fell()
    units: list[Unit] = []
    gaps: list[Gap] = []
    plan = attacks_for(campaign.attacks, clean, engagement)
    for place, (config, entry) in enumerate(plan):
        left = len(plan) - place
        try:
            unit, found = _one(engagement, number, clean, config, entry, fell, left)
        except TargetError as error:
            gaps.append(engagement.gap(config.name, error.message, error.kind))
            if error.lost or engagement.meter.ended is not None:
                break
            continue
        if isinstance(unit, Gap):
            gaps.append(unit)
        else:
            units.append(unit)
            fell.take(found)
        stop = campaign.budget.stop_after
        if engagement.meter.ended is not None or (stop is not None and len(fell.best) >= stop):
            break
    gaps += _not_run(engagement, plan, units, gaps, stopped=len(fell.best))
    evasions = tuple(fell.best[row] for row in sorted(fell.best))
    made = numbers.of(engagement, target, clean, units, evasions)
    return GoalResult(gaps=tuple(gaps), units=tuple(units), evasions=evasions) + made


def _not_run(
    engagement: Engagement,
    plan: Sequence[tuple[AttackConfig, Entry]],
    units: Sequence[Unit],
    gaps: Sequence[Gap],
    *,
    stopped: int,
) -> Iterator[Gap]:
    """Yield a gap for each attack that never began; one that the stop rule spared is none."""
    stop = engagement.campaign.budget.stop_after
    if stop is not None and stopped >= stop:
        return
    done = {unit.attack for unit in units} | {gap.what for gap in gaps}
    ended = engagement.meter.ended
    why = "an attack before it failed" if ended is None else ended.message
    for config, _ in plan:
        if config.name not in done:
            yield engagement.gap(config.name, f"was not run: {why}")


def attacks_for(
    configured: Sequence[AttackConfig], clean: Clean, engagement: Engagement
) -> list[tuple[AttackConfig, Entry]]:
    """Return the attacks that are named, or all that fit what the attacker sees.

    Raises:
        InputError: an attack does not go with the seeds or with the access.
    """
    access = Access.SCORES if isinstance(clean.live, LiveScores) else Access.LABELS
    kind = clean.kind.name
    if not configured:
        found = [
            (AttackConfig(name=entry.name), entry)
            for entry in ATTACKS
            if entry.inputs == kind and entry.access.rank <= access.rank
            if not (entry.norms and kind == "arrays" and "linf" not in entry.norms)
            if access is Access.LABELS or not entry.spare
        ]
        if not found:
            raise InputError(f"there are no attacks on {kind} yet")
        return found
    chosen = []
    for config in configured:
        entry = entry_of(config.name)
        if entry.inputs != kind:
            fitting = [e.name for e in ATTACKS if e.inputs == kind]
            raise InputError(
                f"the attack {entry.name} works on {entry.inputs}, and {clean.seeds.source} holds "
                f"{kind}",
                hint=f"Attacks on {kind}: {', '.join(fitting)}.",
            )
        if entry.access.rank > access.rank:
            raise InputError(
                f"the attack {entry.name} needs {entry.access.value}, and the attacker sees "
                f"{access.value} only",
                hint="Choose another attack, or grant more in [knowledge] access.",
            )
        chosen.append((config, entry))
    del engagement
    return chosen


def _one(
    engagement: Engagement,
    number: int,
    clean: Clean,
    config: AttackConfig,
    entry: Entry,
    fell: _Fell,
    left: int,
) -> tuple[Unit | Gap, list[Evasion]]:
    """Run one attack on all seeds that it is due on, class by class."""
    campaign, meter = engagement.campaign, engagement.meter
    due = clean.right
    if campaign.cascade:
        due = np.array([i for i in due.tolist() if i not in fell.best], np.int64)
    goal = _goal(engagement, clean)
    if goal is not None:
        due = due[clean.y[due] != goal]
    if not len(due):
        return engagement.gap(entry.name, "was not needed: no seed is left", GapKind.BUDGET), []
    each = _allowed(config.queries, meter.left(), len(due), left)
    if each < _LEAST:
        why = f"was not run: {meter.left() or 0} rows are left for {len(due)} seeds"
        return engagement.gap(entry.name, why), []
    lanes = _lanes(clean, entry, due)
    work = [
        _Lane(number=number, clean=lane, entry=entry, config=config, due=due[place :: len(lanes)])
        for place, lane in enumerate(lanes)
    ]
    parts = _side_by_side(lambda lane: _worked(engagement, lane, goal, each), work)
    outcomes = [outcome for part in parts for outcome in part.outcomes]
    found = [win for part in parts for win in part.found]
    success = np.concatenate([o.success for o in outcomes])
    queries = np.concatenate([o.queries for o in outcomes])
    unit = Unit(
        target=campaign.targets[number].name,
        seeds=clean.seeds.source,
        attack=entry.name,
        floor=entry.floor,
        attacked=len(success),
        fell=int(success.sum()),
        queries=tuple(int(q) for q in queries[success]),
        rows=sum(part.rows for part in parts),
        calls=sum(part.calls for part in parts),
        refused=sum(part.refused for part in parts),
        lost=int(sum((o.refused > 0).sum() for o in outcomes)),
        unchecked=not all(part.checked for part in parts),
        gone=int(success.sum()) - len(found),
    )
    return unit, found


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Lane:
    """The seeds that one part of the channels asks about."""

    number: int
    clean: Clean
    entry: Entry
    config: AttackConfig
    due: Labels


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Part:
    """What came of one lane."""

    outcomes: list[Outcome]
    found: list[Evasion]
    rows: int
    calls: int
    refused: int
    checked: bool


def _lanes(clean: Clean, entry: Entry, due: Labels) -> list[Clean]:
    """Return the target over one line, or over several that think in turn.

    What comes of a seed depends on its own answers alone, so it is the same either way.
    """
    alone = entry.inputs in _ALONE and not hasattr(entry.load(), "run_all")
    count = min(len(due) // _CROWD, _MOST) if alone and clean.live.line.splits else 1
    if count < 2:
        return [clean]
    return [replace(clean, live=clean.live.beside(one)) for one in clean.live.line.lanes(count)]


def _side_by_side(work: Callable[[_Lane], _Part], lanes: Sequence[_Lane]) -> list[_Part]:
    """Work on all lanes; the first failure is told once all have ended."""
    if len(lanes) == 1:
        return [work(lanes[0])]
    with ThreadPoolExecutor(len(lanes)) as pool:
        flying = [pool.submit(work, lane) for lane in lanes]
        try:
            wait(flying)
        except BaseException:
            lanes[0].clean.live.line.stop()
            raise
    failed = [error for one in flying if (error := one.exception()) is not None]
    if failed:
        raise next((e for e in failed if not isinstance(e, StoppedError)), failed[0])
    return [one.result() for one in flying]


def _worked(engagement: Engagement, lane: _Lane, goal: int | None, each: int) -> _Part:
    """Attack the seeds of a lane, class by class."""
    clean, live = lane.clean, lane.clean.live
    began = (live.rows, live.calls, live.refused)
    outcomes: list[Outcome] = []
    found: list[Evasion] = []
    with live.line.thinking():
        live.line.about = f"{lane.entry.name} on {clean.seeds.source}"
        for one in np.unique(clean.y[lane.due]).tolist():
            at = lane.due[clean.y[lane.due] == one]
            live.standing = one
            outcome, wins = _class(engagement, lane, at, goal, each)
            outcomes.append(outcome)
            found += wins
            if engagement.meter.ended is not None:
                break
        checked = live.looked()
    return _Part(
        outcomes=outcomes,
        found=found,
        rows=live.rows - began[0],
        calls=live.calls - began[1],
        refused=live.refused - began[2],
        checked=checked,
    )


def _allowed(queries: int, left: int | None, seeds: int, attacks: int) -> int:
    """Return the rows that one seed may be asked: what is left is shared among what is to come."""
    return queries if left is None else min(queries, left // (seeds * attacks))


def _goal(engagement: Engagement, clean: Clean) -> int | None:
    to = engagement.campaign.to
    if to is None:
        return None
    names = [same(plain(name)) for name in clean.classes]
    if same(plain(to)) not in names:
        known = ", ".join(map(str, clean.classes))
        raise InputError(f"campaign.to = {to!r} is none of the target's classes: {known}")
    return names.index(same(plain(to)))


def _class(
    engagement: Engagement, lane: _Lane, at: Labels, goal: int | None, each: int
) -> tuple[Outcome, list[Evasion]]:
    """Attack the seeds of one class, then make the wins small with what is left of their rows."""
    campaign, clean = engagement.campaign, lane.clean
    number, entry, config = lane.number, lane.entry, lane.config
    space = clean.kind.space(_known(engagement, clean, at, config))
    problem = Problem(
        space=space,
        y=clean.y[at],
        rows=at,
        classes=len(clean.classes),
        goal=None if goal is None else np.full(len(at), goal, np.int64),
        clean=None if clean.scores is None else clean.scores[at],
    )
    seed = seed_for(campaign.seed, "redteam", number, clean.number)
    outcome = run_in_parts(entry.load(), clean.live, problem, seed=seed, queries=each)
    spare = np.where(outcome.success, each - outcome.queries, 0)
    if campaign.goal == "evade":
        spare = np.minimum(spare, _SMALL)
    small = _smaller(clean, problem, outcome, spare)
    wins = _Wins(problem=problem, at=at, outcome=outcome, small=small)
    return outcome, list(_evasions(number, clean, entry, wins))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Wins:
    """What an attack won of the seeds of one class, and the same made small."""

    problem: Problem
    at: Labels
    outcome: Outcome
    small: Candidates


def _known(engagement: Engagement, clean: Clean, at: Labels, config: AttackConfig) -> Known:
    sample, sample_y = engagement.sample, None
    if sample is not None:
        places = {same(name): i for i, name in enumerate(clean.classes)}
        if sample.y is None:
            sample_y = np.full(len(sample), -1, np.int64)
        else:
            sample_y = np.array([places.get(same(plain(v)), -1) for v in sample.y.tolist()])
    return Known(
        seeds=clean.seeds,
        at=at,
        y=clean.y[at],
        classes=clean.classes,
        sample=sample,
        sample_y=sample_y,
        options=config.options,
        features=engagement.campaign.features,
        seed=engagement.campaign.seed,
        attack=config.name,
    )


def _smaller(clean: Clean, problem: Problem, outcome: Outcome, spare: Labels) -> Candidates:
    """Return the wins, made smaller where rows are left."""
    wins = outcome.candidates
    if not outcome.success.any() or spare.max(initial=0) < _LEAST:
        return wins
    how = clean.kind.shrink
    try:
        if how is not None:
            return minimal(clean.live, problem, wins, outcome.success, spare, how).candidates
        found = shrink(clean.live, problem, wins, outcome.success, spare).reached
    except EndedError:
        return wins
    return wins if found is None else found


def _evasions(number: int, clean: Clean, entry: Entry, wins: _Wins) -> Iterator[Evasion]:
    """Yield the wins with what the target says to them when it is asked for the last time.

    One that does not hold any more, or that breaks what its kind promises, is none.
    """
    won = np.flatnonzero(wins.outcome.success)
    if not len(won):
        return
    space = wins.problem.space
    after, before = space.inputs(won, wins.small[won]), space.inputs(won, space.origin[won])
    says, scores = _said(clean, after)
    cost = space.cost(won, wins.small[won])
    lead = space.cost(won, wins.outcome.candidates[won])
    unit = str(space.conditions().get("norm") or "parts of the ranges of columns")
    for place, i in enumerate(won.tolist()):
        row, one = int(wins.at[i]), np.array([place])
        label = int(clean.y[row])
        if says is not None and not wins.problem.reached(np.array([i]), says[one])[0]:
            continue
        old, new = take(before, one), take(after, one)
        if clean.kind.checks(old, new):
            continue
        yield Evasion(
            target=number,
            seeds=clean.number,
            seed=clean.seeds.names[row],
            row=row,
            attack=entry.name,
            kind=clean.kind.name,
            before=old,
            after=new,
            said=clean.classes[label],
            says=None if says is None else clean.classes[int(says[place])],
            score_before=None if clean.scores is None else float(clean.scores[row, label]),
            score_after=None if scores is None else float(scores[place, label]),
            queries=int(wins.outcome.queries[i]),
            cost=float(cost[place]),
            lead=float(lead[place]),
            unit=unit,
            edits=clean.kind.edits(space, i, wins.small[i]),
        )


def _said(clean: Clean, after: Inputs) -> tuple[Labels | None, Floats | None]:
    """Ask the delivered wins for the last time; nothing when the budget is out."""
    try:
        return clean.live.answers(after)
    except EndedError:
        return None, None
