"""Evade: every attack on the seeds that are answered right; wins are made small."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from modelwarden.attacks.catalog import ATTACKS, Entry, entry_of
from modelwarden.core import Gap, GapKind, InputError
from modelwarden.redteam.config import AttackConfig, Campaign
from modelwarden.redteam.engagement import Clean, Engagement, Evasion, GoalResult, Unit
from modelwarden.redteam.goals import numbers
from modelwarden.redteam.goals.attacking import LEAST, Ran, Work, attacked, goal_of
from modelwarden.redteam.goals.floors import Floor, floors_beside, kept_back, shown_on
from modelwarden.redteam.live import LiveScores
from modelwarden.redteam.meter import EndedError
from modelwarden.targets.errors import TargetError
from modelwarden.targets.frames import Labels
from modelwarden.targets.spec import Access


@dataclass(slots=True, kw_only=True, eq=False)
class _Fell:
    """What has been won so far of the seeds of one file at one target."""

    best: dict[int, Evasion] = field(default_factory=dict)

    @property
    def rows(self) -> frozenset[int]:
        """Which seeds fell."""
        return frozenset(self.best)

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
    """Run the attacks on the seeds of one file at one target, then floors beside those named."""
    campaign, meter = engagement.campaign, engagement.meter
    target = campaign.targets[number]
    if not len(clean.right):
        raise InputError(f"no seed of {clean.seeds.source} is answered right: nothing can be lost")
    fell = _Fell()
    ran: list[Ran] = []
    gaps: list[Gap] = []
    failed = False
    plan = attacks_for(campaign.attacks, clean, engagement)
    floors = floors_beside(plan) if campaign.floor and campaign.attacks else ()
    kept = kept_back(meter.left(), floors)
    for place, (config, entry) in enumerate(plan):
        share = _Share(kept=kept, attacks=len(plan) - place)
        try:
            one = _one(engagement, number, clean, config, entry, fell, share)
        except TargetError as error:
            gaps.append(engagement.gap(config.name, error.message, error.kind))
            failed = True  # what another attack asked now would stand where this one goes on
            break
        if isinstance(one, Gap):
            gaps.append(one)
        else:
            ran.append(one)
            fell.take(one.found)
        if meter.ended is not None or _enough(campaign, fell):
            break
    units = [one.unit for one in ran]
    gaps += _not_run(engagement, plan, units, gaps, stopped=len(fell.best))
    beside = [] if failed else [*_floors(engagement, number, clean, floors, ran, fell)]
    units += [one for one in beside if isinstance(one, Unit)]
    gaps += [one for one in beside if isinstance(one, Gap)]
    evasions = tuple(fell.best[row] for row in sorted(fell.best))
    made = numbers.of(engagement, target, clean, units, evasions)
    notes = tuple(one for one in beside if isinstance(one, str))
    return GoalResult(gaps=tuple(gaps), units=tuple(units), evasions=evasions, notes=notes) + made


def _enough(campaign: Campaign, fell: _Fell) -> bool:
    """Tell whether as many seeds fell as the campaign wants to see."""
    stop = campaign.budget.stop_after
    return stop is not None and len(fell.best) >= stop


def _floors(
    engagement: Engagement,
    number: int,
    clean: Clean,
    floors: Sequence[Floor],
    ran: Sequence[Ran],
    fell: _Fell,
) -> Iterator[Unit | Gap | str]:
    """Yield what came of the floors, or why one is not shown; a target that fails is a gap.

    What falls to a floor alone counts as any other evasion. A limit that ends a floor ends nothing
    else: all that was asked for was done before.
    """
    meter = engagement.meter
    for place, floor in enumerate(floors):
        beside = [one for one in ran if one.unit.attack in floor.beside]
        names = ", ".join(one.unit.attack for one in beside)
        if not beside:
            continue
        if meter.ended is not None or _enough(engagement.campaign, fell):
            yield f"{names}: no floor beside it, as the campaign ended with it"
            continue
        most, each = max(beside, key=lambda one: len(one.due)), max(one.each for one in beside)
        due = shown_on(most.due, each, meter.left(), len(floors) - place)
        if not len(due):
            yield f"{names}: no floor beside it, as too few rows were left"
            continue
        lane = Work(config=floor.config, entry=floor.entry, due=due, each=each, fell=fell.rows)
        try:
            one = attacked(engagement, number, clean, lane)
        except TargetError as error:
            yield engagement.gap(floor.entry.name, error.message, error.kind)
            return
        fell.take([win for win in one.found if win.row not in fell.best])
        if meter.ended is not None:
            yield f"{names}: no floor beside it: {meter.ended.message}"
            meter.ended = None
            return
        yield replace(one.unit, beside=_same_seeds(due, beside))


def _same_seeds(due: Labels, beside: Sequence[Ran]) -> str:
    """Return what the attacks came to on the seeds that a floor was shown on."""
    told = []
    for one in beside:
        same = set(due.tolist()) & set(one.due.tolist())
        told.append(f"{one.unit.attack} {len(same & one.won)} of the same {len(same)}")
    return ", ".join(told)


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
            if entry.inputs == kind and entry.access.rank <= access.rank and not entry.together
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
            fitting = [e.name for e in ATTACKS if e.inputs == kind and not e.together]
            raise InputError(
                f"the attack {entry.name} works on {entry.inputs}, and {clean.seeds.source} holds "
                f"{kind}",
                hint=f"Attacks on {kind}: {', '.join(fitting)}.",
            )
        if entry.together:
            raise InputError(
                f"the attack {entry.name} looks for one change of all seeds, and a campaign "
                "changes each by itself",
                hint="Choose another attack; modelwarden check runs this one.",
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
    share: _Share,
) -> Ran | Gap:
    """Run one attack on all seeds that it is due on, class by class."""
    campaign, meter = engagement.campaign, engagement.meter
    due = clean.right
    if campaign.cascade:
        due = np.array([i for i in due.tolist() if i not in fell.best], np.int64)
    goal = goal_of(engagement, clean)
    if goal is not None:
        due = due[clean.y[due] != goal]
    if not len(due):
        return engagement.gap(entry.name, "was not needed: no seed is left", GapKind.BUDGET)
    each = share.of(config.queries, meter.left(), len(due))
    if each < LEAST:
        why = f"was not run: {meter.left() or 0} rows are left for {len(due)} seeds"
        return engagement.gap(entry.name, why)
    return attacked(engagement, number, clean, Work(config=config, entry=entry, due=due, each=each))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Share:
    """How rows are shared out: `kept` of them are for floors, the rest for so many attacks."""

    kept: int
    attacks: int

    def of(self, queries: int, left: int | None, seeds: int) -> int:
        """Return the rows that one of the next attack's seeds may be asked."""
        if left is None:
            return queries
        return min(queries, max(left - self.kept, 0) // (seeds * self.attacks))
