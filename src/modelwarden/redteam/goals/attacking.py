"""One attack at work on seeds: lanes that think in turn, wins made small, evasions held again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, replace

import numpy as np

from modelwarden.attacks.catalog import Entry
from modelwarden.attacks.engine import Candidates, Outcome, Problem
from modelwarden.attacks.minimal import minimal
from modelwarden.attacks.parts import run_in_parts
from modelwarden.attacks.shrink import shrink
from modelwarden.core import InputError, seed_for
from modelwarden.redteam.config import AttackConfig
from modelwarden.redteam.engagement import Clean, Engagement, Evasion, Unit
from modelwarden.redteam.kinds.kind import Known, kept
from modelwarden.redteam.meter import EndedError
from modelwarden.redteam.turns import StoppedError
from modelwarden.targets.frames import Floats, Inputs, Labels, take
from modelwarden.targets.labels import plain, same

LEAST = 2  # rows of a seed: one to win, one for the judge
_CROWD, _MOST = 32, 4  # seeds of a lane at least; lanes at most
_ALONE = ("texts", "tables", "arrays")  # kinds whose attacks learn nothing from seed to seed
_SMALL = 40  # rows that the goal `evade` spends on making one win smaller


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Work:
    """An attack that is due.

    Attributes:
        config: as the campaign has it. entry: of the catalogue.
        due: seeds. each: rows for each of them.
        fell: seeds that fell before: their wins are not made small again.
    """

    config: AttackConfig
    entry: Entry
    due: Labels
    each: int
    fell: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ran:
    """What came of an attack.

    Attributes:
        unit: for reports. found: evasions that held.
        won: the seeds that fell, of `due`. each: rows that a seed was allowed.
    """

    unit: Unit
    found: list[Evasion]
    won: frozenset[int]
    due: Labels
    each: int


def attacked(engagement: Engagement, number: int, clean: Clean, work: Work) -> Ran:
    """Run an attack on the seeds that it is due on."""
    campaign, entry, due = engagement.campaign, work.entry, work.due
    goal = goal_of(engagement, clean)
    lanes = _lanes(clean, entry, due)
    parts = _side_by_side(
        lambda lane: _worked(engagement, lane, goal),
        [
            _Lane(number=number, clean=lane, work=replace(work, due=due[place :: len(lanes)]))
            for place, lane in enumerate(lanes)
        ],
    )
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
        keep=kept(work.config.options),
        weaker=next((part.weaker for part in parts if part.weaker), ""),
    )
    won = frozenset(row for part in parts for row in part.won)
    return Ran(unit=unit, found=found, won=won, due=due, each=work.each)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Lane:
    """The seeds that one part of the channels asks about."""

    number: int
    clean: Clean
    work: Work


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Part:
    """What came of one lane."""

    outcomes: list[Outcome]
    found: list[Evasion]
    won: list[int]
    weaker: str
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


def _worked(engagement: Engagement, lane: _Lane, goal: int | None) -> _Part:
    """Attack the seeds of a lane, class by class."""
    clean, live, work = lane.clean, lane.clean.live, lane.work
    began = (live.rows, live.calls, live.refused)
    outcomes: list[Outcome] = []
    found: list[Evasion] = []
    won: list[int] = []
    weaker = ""
    with live.line.thinking():
        live.line.about = f"{work.entry.name} on {clean.seeds.source}"
        for one in np.unique(clean.y[work.due]).tolist():
            at = work.due[clean.y[work.due] == one]
            live.standing = one
            outcome, wins, stated = _class(engagement, lane, at, goal)
            outcomes.append(outcome)
            found += wins
            weaker = weaker or stated
            won += at[outcome.success].tolist()
            if engagement.meter.ended is not None:
                break
        checked = live.looked()
    return _Part(
        outcomes=outcomes,
        found=found,
        won=won,
        weaker=weaker,
        rows=live.rows - began[0],
        calls=live.calls - began[1],
        refused=live.refused - began[2],
        checked=checked,
    )


def goal_of(engagement: Engagement, clean: Clean) -> int | None:
    """Return the class that is to be reached, by its position; None: any other.

    Raises:
        InputError: the target has no such class.
    """
    to = engagement.campaign.to
    if to is None:
        return None
    names = [same(plain(name)) for name in clean.classes]
    if same(plain(to)) not in names:
        known = ", ".join(map(str, clean.classes))
        raise InputError(f"campaign.to = {to!r} is none of the target's classes: {known}")
    return names.index(same(plain(to)))


def _class(
    engagement: Engagement, lane: _Lane, at: Labels, goal: int | None
) -> tuple[Outcome, list[Evasion], str]:
    """Attack the seeds of one class, then make the wins small with what is left of their rows.

    What is not proven of the changes comes with it, in words.
    """
    campaign, clean = engagement.campaign, lane.clean
    number, work = lane.number, lane.work
    space = clean.kind.space(_known(engagement, clean, at, work.config))
    problem = Problem(
        space=space,
        y=clean.y[at],
        rows=at,
        classes=len(clean.classes),
        goal=None if goal is None else np.full(len(at), goal, np.int64),
        clean=None if clean.scores is None else clean.scores[at],
    )
    seed = seed_for(campaign.seed, "redteam", number, clean.number)
    outcome = run_in_parts(work.entry.load(), clean.live, problem, seed=seed, queries=work.each)
    due = outcome.success & ~np.isin(at, list(work.fell))
    spare = np.where(due, work.each - outcome.queries, 0)
    if campaign.goal == "evade":
        spare = np.minimum(spare, _SMALL)
    small = _smaller(clean, problem, outcome, spare)
    wins = _Wins(problem=problem, at=at, outcome=outcome, small=small)
    return outcome, list(_evasions(lane, wins)), str(space.conditions().get("weaker", ""))


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
    if not outcome.success.any() or spare.max(initial=0) < LEAST:
        return wins
    how = clean.kind.shrink
    try:
        if how is not None:
            return minimal(clean.live, problem, wins, outcome.success, spare, how).candidates
        found = shrink(clean.live, problem, wins, outcome.success, spare).reached
    except EndedError:
        return wins
    return wins if found is None else found


def _evasions(lane: _Lane, wins: _Wins) -> Iterator[Evasion]:
    """Yield the wins with what the target says to them when it is asked for the last time.

    One that does not hold any more, or that breaks what its kind promises, is none.
    """
    won = np.flatnonzero(wins.outcome.success)
    if not len(won):
        return
    number, clean, entry = lane.number, lane.clean, lane.work.entry
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
        if clean.kind.checks(old, new, lane.work.config.options):
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
