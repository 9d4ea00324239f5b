"""All that a debrief says, once, for every form of it."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Sequence
from dataclasses import field
from pathlib import Path
from statistics import median

from modelwarden.core import Measurement, Report
from modelwarden.core.values import dataclass
from modelwarden.redteam.config import Campaign
from modelwarden.redteam.debrief.advice import Advice, first_to_fix, of_rules
from modelwarden.redteam.debrief.seen import Sight, Step, folded, sight
from modelwarden.redteam.engagement import STAGE, Engagement, Evasion, GoalResult
from modelwarden.redteam.evasions import folder_of
from modelwarden.redteam.goals.catalog import goal_named

_SHOWN = 12
_STEPS = 20  # of the timeline; where there are more, those of one kind are told together
_EDITS = 12
_PLACES = 3  # named of those that one reason is told of
_PICTURES = 1 << 18


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """An evasion as people see it.

    Attributes:
        folder: where it lies. pictures: of original and change as data, for images.
        more: edits that are not shown.
    """

    one: Evasion
    target: str
    folder: str
    more: int
    pictures: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fared:
    """How the seeds of one file fared at one target.

    Attributes:
        attacked: seeds that could be lost. fell: of them.
    """

    target: str
    seeds: str
    attacked: int
    fell: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Undone:
    """What was not examined for one reason, wherever it was.

    Attributes:
        what: the first few. count: of all.
    """

    what: str
    why: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A debrief.

    Attributes:
        summary: what happened, in a sentence or two. scope: names and values.
        fared: each pair of target and seeds, the worst first; none where there is one pair.
        cheapest: evasions, the least change first. rest: how many are not shown.
        timeline: what was asked when. undone: gaps, one for each reason.
        sendable: `redteam replay --through` has something to show to a firewall.
    """

    campaign: Campaign
    report: Report
    summary: str
    scope: tuple[tuple[str, str], ...]
    fared: tuple[Fared, ...]
    advice: tuple[Advice, ...]
    cheapest: tuple[Shown, ...]
    rest: int
    sight: Sight | None
    timeline: tuple[Step, ...]
    undone: tuple[Undone, ...]
    techniques: tuple[str, ...]
    sendable: bool
    measurements: tuple[Measurement, ...] = field(default=())


def view_of(engagement: Engagement, result: GoalResult, report: Report, folder: Path) -> View:
    """Return the debrief of a campaign whose record and evasions lie in `folder`."""
    campaign = engagement.campaign
    seen = sight(folder) if not engagement.journal.offline else None
    order = sorted(range(len(result.evasions)), key=lambda i: _cheap(result.evasions[i]))
    shown = [_shown(campaign, result.evasions, i, folder) for i in order[:_SHOWN]]
    fared = _fared(campaign, result)
    return View(
        campaign=campaign,
        report=report,
        summary=_summary(campaign, result, fared),
        scope=tuple(_scope(engagement)),
        fared=fared,
        advice=tuple(first_to_fix(result.evasions, seen) or of_rules(report)),
        cheapest=tuple(shown),
        rest=len(order) - len(shown),
        sight=seen,
        timeline=() if seen is None else folded(seen.steps, _STEPS),
        undone=_undone(report),
        techniques=tuple(f"MITRE-ATLAS:{name}" for name in goal_named(campaign.goal).techniques),
        sendable=bool(result.evasions)
        and len(campaign.targets) == 1
        and campaign.targets[0].scope is not None,
        measurements=tuple(m for m in report.measurements if m.stage == STAGE),
    )


def _fared(campaign: Campaign, result: GoalResult) -> tuple[Fared, ...]:
    if len(campaign.targets) * len(campaign.seeds) == 1:
        return ()
    attacked: dict[tuple[str, str], int] = {}
    for unit in result.units:
        at = (unit.target, unit.seeds)
        attacked[at] = max(attacked.get(at, 0), unit.attacked)
    fell = Counter(
        (campaign.targets[one.target].name, campaign.seeds[one.seeds].path)
        for one in result.evasions
    )
    found = [
        Fared(target=at[0], seeds=at[1], attacked=n, fell=fell[at]) for at, n in attacked.items()
    ]
    return tuple(sorted(found, key=lambda one: -one.fell / max(one.attacked, 1)))


def _undone(report: Report) -> tuple[Undone, ...]:
    """Return the gaps of a report, those of one reason together."""
    same: dict[str, list[str]] = {}
    for gap in report.gaps:
        same.setdefault(gap.why, []).append(gap.what)
    told = []
    for why, places in same.items():
        names = list(dict.fromkeys(places))
        more = f" and {len(names) - _PLACES} more" if len(names) > _PLACES else ""
        told.append(Undone(what=", ".join(names[:_PLACES]) + more, why=why, count=len(places)))
    return tuple(told)


def _cheap(one: Evasion) -> tuple[float, int, str]:
    return (one.cost, one.queries, one.seed)


def _shown(campaign: Campaign, evasions: Sequence[Evasion], at: int, folder: Path) -> Shown:
    one = evasions[at]
    place = folder_of(at + 1, one)
    return Shown(
        one=one,
        target=campaign.targets[one.target].name,
        folder=place,
        more=max(0, len(one.edits) - _EDITS),
        pictures=tuple(_pictures(folder / "evasions" / place)),
    )


def _pictures(place: Path) -> list[str]:
    """Return original and change of an image as data, where both were written and are small."""
    found = [place / "original.png", place / "changed.png"]
    if not all(p.is_file() and p.stat().st_size < _PICTURES for p in found):
        return []
    return [base64.b64encode(p.read_bytes()).decode("ascii") for p in found]


def _summary(campaign: Campaign, result: GoalResult, fared: Sequence[Fared]) -> str:
    if not result.units:
        told = " ".join(result.notes[:2]) or "Nothing came of it."
        return f"{goal_named(campaign.goal).title}. {told}"
    attacked = max(unit.attacked for unit in result.units)
    fell = len(result.evasions)
    pairs = len(campaign.targets) * len(campaign.seeds)
    of = (
        f"of {attacked} seeds" if pairs == 1 else f"evasions over {pairs} pairs of target and seeds"
    )
    told = f"{fell} {of} get past the target after a change"
    if fell and fared:
        worst = fared[0]
        told += f", at worst {worst.fell} of {worst.attacked} ({worst.target}, {worst.seeds})"
    if not fell:
        return f"{told}, within this budget and by these attacks."
    queries = sorted(one.queries for one in result.evasions)
    costs = sorted(one.cost for one in result.evasions)
    unit = result.evasions[0].unit
    return (
        f"{told}; half of them within {median(queries):g} rows, the fastest within "
        f"{queries[0]}. The smallest change is {costs[0]:.4g} in {unit}, half are at most "
        f"{median(costs):.4g}."
    )


def _scope(engagement: Engagement) -> list[tuple[str, str]]:
    campaign, budget = engagement.campaign, engagement.campaign.budget
    goal = goal_named(campaign.goal).title
    known = campaign.knowledge
    rows = [
        ("goal", goal if campaign.to is None else f"{goal}; to be answered {campaign.to!r}"),
        ("authorised by", campaign.authorised_by),
    ]
    for target in campaign.targets:
        how = target.model.protocol or target.model.adapter
        hosts = ", ".join(target.scope.hosts) if target.scope and target.scope.hosts else ""
        allowed = "" if target.scope is None else f"; allowed hosts: {hosts or 'loopback'}"
        rows.append(("target", f"{target.name} ({how}{allowed})"))
    rows.append(("the attacker sees", known.access.value))
    rows.append(("the attacker knows", known.sample or "nothing beside the seeds"))
    for kind, seeds in engagement.seeds:
        which = f"{len(seeds)} of {seeds.source} ({kind.name}, {seeds.digest[:19]}…)"
        rows.append(("seeds", which))
    limits = {"rows": budget.rows, "calls": budget.calls, "seconds": budget.seconds}
    told = [f"{value:g} {name}" for name, value in limits.items() if value is not None]
    rate = "" if budget.rate is None else f"; {budget.rate:g} calls a second"
    at_once = f"; {budget.concurrency} calls at a time, {budget.batch} rows each"
    rows.append(("budget", (", ".join(told) or "no limit") + rate + at_once))
    meter = engagement.meter
    spent = f"{meter.rows:,} rows in {meter.calls:,} calls, {meter.seconds:.1f} s"
    if engagement.journal.repeated_rows:
        spent += f"; {engagement.journal.repeated_rows:,} rows again after an interruption"
    rows.append(("spent", spent))
    return rows
