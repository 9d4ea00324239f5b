"""Ask again what got past: fixed, not fixed, or another target than the one that was attacked.

The original of each evasion is asked beside the changed input. Where it is not answered as it was,
the target has changed in more than its weakness, and nothing can be said of the fix.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import numpy as np

from modelwarden.core import (
    ConfigError,
    Finding,
    Gap,
    GapKind,
    InputError,
    Json,
    Location,
    Measurement,
    Report,
    Run,
    Subject,
    Tool,
)
from modelwarden.core.paths import lies_in
from modelwarden.core.seen import findings
from modelwarden.core.values import dataclass
from modelwarden.metrics.intervals import of_share
from modelwarden.metrics.values import measured
from modelwarden.policy import judge
from modelwarden.redteam import evasions, pinned
from modelwarden.redteam.config import Campaign, TargetConfig
from modelwarden.redteam.engagement import STAGE, Engagement
from modelwarden.redteam.evasions import Stored
from modelwarden.redteam.held import STATE, Held, check_own
from modelwarden.redteam.hosts import is_here, scope_of
from modelwarden.redteam.journal import Journal, nothing
from modelwarden.redteam.kinds.catalog import kind_named
from modelwarden.redteam.kinds.files import digest_at
from modelwarden.redteam.kinds.kind import Kind, Seeds
from modelwarden.redteam.live import Live
from modelwarden.redteam.meter import EndedError, Meter
from modelwarden.redteam.opening import opened
from modelwarden.redteam.reading import OTHER
from modelwarden.redteam.rules.evasion_not_fixed import NotFixed, evasion_not_fixed
from modelwarden.standards import describe
from modelwarden.targets.frames import Inputs, joined
from modelwarden.targets.labels import plain, same
from modelwarden.targets.spec import Name

_AGAIN = "replay"  # the record of what is asked again, beside the campaign's own


class Outcome(StrEnum):
    """What became of one evasion."""

    FIXED = "fixed"
    NOT_FIXED = "not fixed"
    CHANGED = "target changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """One evasion, asked again.

    Attributes:
        name: of its folder. before, after: what is answered now to the original and the change.
    """

    name: str
    seed: str
    attack: str
    target: int
    outcome: Outcome
    before: Name
    after: Name


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """All evasions of a folder, asked again; `report` is judged."""

    again: tuple[Again, ...]
    report: Report


def replay(
    folder: Path,
    *,
    url: str | None = None,
    rules: Campaign | None = None,
    trust: bool = False,
    version: str = "",
) -> Replayed:
    """Ask every evasion of a campaign's output again.

    A folder may come from somebody else, so it does not decide whom we ask: without `rules` only
    endpoints on this machine are asked, and callables whose files lie outside of the folder.

    Args:
        folder: the output of the campaign.
        url: another address of the same model, at the same path unless it has one; its host must
            be one that the campaign was allowed to ask.
        rules: the user's own campaign file, where it is at hand; it takes the place of the
            folder's copy, and must be the same campaign.
        trust: run a callable also where nothing can confine it.
        version: of the program, for the report.

    Raises:
        InputError: the folder holds no campaign, or the address is outside of its rules.
        TargetError: the target does not answer.
    """
    campaign = _campaign(folder, url, rules)
    stored, twins = distinct(folder)
    _check_targets(campaign, stored)
    again: list[Again] = []
    gaps: list[Gap] = []
    if stored:
        again, gaps = _asked(campaign, folder, stored, trust=trust)
    report = _report(campaign, again, gaps, twins, version)
    return Replayed(again=tuple(again), report=report)


def _check_targets(campaign: Campaign, stored: Sequence[Stored]) -> None:
    """Refuse an evasion of a target that the campaign does not have.

    Raises:
        InputError: naming it.
    """
    for one in stored:
        if not 0 <= one.target < len(campaign.targets):
            raise InputError(
                f"{evasions.FOLDER}/{one.name} is of target {one.target}, which the campaign "
                "does not have",
                hint="Targets are counted from 0; look who edited it, or leave it out.",
            )


def distinct(folder: Path) -> tuple[list[Stored], list[str]]:
    """Return the evasions of a folder, and a line on each that only repeats another."""
    first: dict[str, Stored] = {}
    twins = []
    for one in evasions.read(folder):
        known = first.setdefault(digest_at(folder / evasions.FOLDER / one.name), one)
        if known is not one:
            twins.append(f"{one.name} is {known.name} once more: it is asked, and counted, once")
    return list(first.values()), twins


def _campaign(folder: Path, url: str | None, rules: Campaign | None) -> Campaign:
    """Return the campaign of a folder, at another address if one is given.

    Raises:
        InputError: it is another than the user's own, or would ask what only the folder allows.
    """
    campaign = pinned.campaign_in(folder)
    if rules is not None:
        pinned.check_same(campaign, rules)
        campaign = rules
    else:
        _check_near(campaign, folder)
    if url is None:
        return campaign
    targets = []
    for target in campaign.targets:
        if target.scope is None:
            raise InputError("--url goes with endpoints, and the campaign attacked a callable")
        targets.append(moved(target, url, target.scope.hosts, option="--url"))
    if len(targets) > 1:
        raise InputError("--url goes with campaigns of one target, and this one has several")
    return replace(campaign, targets=tuple(targets))


def moved(target: TargetConfig, url: str, hosts: tuple[str, ...], *, option: str) -> TargetConfig:
    """Return a target at another address, at the same path unless the address has one.

    Raises:
        InputError: it is no address, or its host is none of `hosts`; `option` gave it.
    """
    place = _with_path(url, target.model.url or "")
    try:
        scope = scope_of(place, hosts)
    except ConfigError as error:
        message = error.message.replace("[model] url", option)
        raise InputError(message, hint=error.hint) from error
    return replace(target, scope=scope, model=replace(target.model, url=place))


def _with_path(url: str, known: str) -> str:
    """Return an address with the path of a known one where it has none of its own.

    >>> _with_path("http://127.0.0.1:5001", "http://127.0.0.1:5000/v2/models/m")
    'http://127.0.0.1:5001/v2/models/m'
    """
    try:
        new, old = urlsplit(url), urlsplit(known)
    except ValueError:
        return url  # is refused by who reads it
    if new.path.strip("/") or new.query:
        return url
    return urlunsplit((new.scheme, new.netloc, old.path, old.query, new.fragment))


def _check_near(campaign: Campaign, folder: Path) -> None:
    """Refuse what nobody but the folder itself names.

    Raises:
        InputError: an endpoint elsewhere, or a callable or interpreter within the folder.
    """
    hint = "If it is your own campaign, name its file with --campaign."
    for target in campaign.targets:
        if target.scope is not None:
            host = target.scope.address.host
            if not is_here(host):
                raise InputError(f"{folder} would have {host} asked, on its own word", hint=hint)
            continue
        for name in (target.model.path, target.model.python):
            if name is not None and lies_in(campaign.root / name, folder):
                raise InputError(f"{folder} would have its own {name} run", hint=hint)


def _asked(
    campaign: Campaign, folder: Path, stored: Sequence[Stored], *, trust: bool
) -> tuple[list[Again], list[Gap]]:
    """Ask originals and changed inputs, in a record of their own beside the campaign's."""
    groups = _groups(stored)
    seeds = tuple(as_seeds(kind, mine) for (_, kind), mine in groups.items())
    check_own(folder, STATE, f"{STATE}/{_AGAIN}")
    place = folder / STATE / _AGAIN
    held = Held(place)
    again: list[Again] = []
    gaps: list[Gap] = []
    try:
        journal, meter = Journal(place, nothing()), Meter(campaign.budget)
        journal.write({"event": "replay", "authorised_by": campaign.authorised_by})
        try:
            with opened(campaign, seeds, journal, meter, trust=trust) as targets:
                engagement = Engagement(
                    campaign=campaign,
                    journal=journal,
                    meter=meter,
                    lines=targets.lines,
                    seeds=seeds,
                )
                for place_, ((number, _), mine) in enumerate(groups.items()):
                    again += _at(engagement, number, place_, mine)
        except EndedError as error:
            gaps.append(Gap(what="budget", why=error.message, kind=GapKind.BUDGET, stage=STAGE))
        finally:
            journal.close()
    finally:
        held.close()
    return again, gaps


def _groups(stored: Sequence[Stored]) -> dict[tuple[int, str], list[Stored]]:
    """Return evasions by target and kind."""
    found: dict[tuple[int, str], list[Stored]] = {}
    for one in stored:
        found.setdefault((one.target, str(one.about["kind"])), []).append(one)
    return found


def as_seeds(kind: str, stored: Sequence[Stored]) -> tuple[Kind, Seeds]:
    """Return the originals as seeds; their truth names every class that the evasions speak of."""
    names = [one.said for one in stored]
    more = [one.about["after"]["answer"] for one in stored]
    seeds = Seeds(
        inputs=joined([one.before for one in stored]),
        names=tuple(one.name for one in stored),
        y=_column(names + [name for name in more if name not in (None, OTHER)]),
        source="evasions",
        digest="",
    )
    return kind_named(kind), seeds


def _at(
    engagement: Engagement, number: int, group: int, stored: Sequence[Stored]
) -> Iterator[Again]:
    """Ask the evasions of one target; the originals settle how its answers are read."""
    before = engagement.seeds[group][1].inputs
    after: Inputs = joined([one.after for one in stored])
    live = engagement.read_by(number, group)
    first, second = live.labels(before), live.labels(after)
    for place, one in enumerate(stored):
        now, then = _name(live, int(first[place])), _name(live, int(second[place]))
        yield Again(
            name=one.name,
            seed=str(one.about["seed"]),
            attack=str(one.about["attack"]),
            target=number,
            outcome=_outcome(one, now, then),
            before=now,
            after=then,
        )


def _column(names: Sequence[Name]) -> np.ndarray[tuple[int], np.dtype[np.object_]]:
    out = np.empty(len(names), object)
    out[:] = names
    return out


def _name(live: Live, at: int) -> Name:
    return live.spec.classes[at]


def _outcome(one: Stored, before: Name, after: Name) -> Outcome:
    """Return what the answers of today say of an evasion of yesterday."""
    said = same(plain(one.said))
    if same(plain(before)) != said:
        return Outcome.CHANGED
    return Outcome.FIXED if same(plain(after)) == said else Outcome.NOT_FIXED


def _report(
    campaign: Campaign,
    again: Sequence[Again],
    gaps: Sequence[Gap],
    twins: Sequence[str],
    version: str,
) -> Report:
    counts = Counter(one.outcome for one in again)
    changed = counts[Outcome.CHANGED]
    made = list(gaps)
    if changed:
        why = f"{changed} of {len(again)} originals are answered otherwise than they were"
        made.append(Gap(what="target", why=why, kind=GapKind.NOT_ASSESSABLE, stage=STAGE))
    target = campaign.targets[0]
    names = [t.name if t.scope is None else t.model.url or t.name for t in campaign.targets]
    told = ", ".join(f"{outcome.value} {counts[outcome]}" for outcome in Outcome)
    report = Report(
        tool=Tool(version=version),
        subject=Subject(
            kind="endpoint" if target.scope is not None else "model",
            name=", ".join(names),
        ),
        run=Run(
            command="redteam replay",
            seed=campaign.seed,
            notes=(
                f"{len(again)} evasions of the campaign {campaign.name!r} asked again: {told}",
                *(
                    f"{one.name}: {one.outcome.value} (original {one.before}, changed {one.after})"
                    for one in again
                ),
                *twins,
            ),
        ),
        findings=tuple(_findings(campaign, again)),
        measurements=tuple(_measurements(campaign, again)),
        gaps=tuple(made),
        rules=(describe(evasion_not_fixed),),
        stages=() if made else (STAGE,),
    )
    return judge(report, campaign.policy)


def _findings(campaign: Campaign, again: Sequence[Again]) -> Iterator[Finding]:
    for number, target in enumerate(campaign.targets):
        mine = [one for one in again if one.target == number]
        open_ = [one for one in mine if one.outcome is Outcome.NOT_FIXED]
        seen = NotFixed(
            path=target.model.url or target.model.path,
            location=Location(route=target.model.url, path=target.model.path),
            evasions=tuple(one.name for one in open_),
            asked=len(mine),
            campaign=campaign.name,
        )
        yield from findings(evasion_not_fixed, seen, STAGE)


def _measurements(campaign: Campaign, again: Sequence[Again]) -> Iterator[Measurement]:
    judged = [one for one in again if one.outcome is not Outcome.CHANGED]
    if not judged:
        return
    n, fixed = len(judged), sum(one.outcome is Outcome.FIXED for one in judged)
    conditions: dict[str, Json] = {"campaign": campaign.name, "asked": len(again)}
    one = measured("evasions_fixed", fixed / n, of_share(fixed, n), n, conditions=conditions)
    yield replace(one, stage=STAGE)


__all__ = ["Again", "Outcome", "Replayed", "as_seeds", "distinct", "moved", "replay"]
