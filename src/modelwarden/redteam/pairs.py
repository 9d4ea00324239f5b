"""Campaigns of several targets, or of several files of seeds: each pair is a unit of `engine`.

    state/pairs/0-1/    target 0, seeds 1: a record, bodies and evasions of its own

A pair has its share of the budget from the start, so what comes of it does not depend on the
others, nor on where it is worked: in this process, in several, or on a Ray cluster. What is asked
at the same time, and how fast, stays within the rules over all of them. A pair that came to its end
is not worked again when a campaign is resumed; one that did not is resumed from its record.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from modelwarden.core import Finding, Gap, GapKind, InputError, Json, Measurement, Table
from modelwarden.core.decode import decode
from modelwarden.core.encode import encode
from modelwarden.core.values import dataclass
from modelwarden.engine import Checkpoint, Codec, Plan, Resume, map_units
from modelwarden.redteam import evasions
from modelwarden.redteam.config import BudgetConfig, Campaign, campaign_of
from modelwarden.redteam.engagement import (
    STAGE,
    Engagement,
    GoalResult,
    Unit,
    read_sample,
    read_seeds,
)
from modelwarden.redteam.held import STATE, Held
from modelwarden.redteam.journal import TRANSCRIPT, Journal, events_in, nothing, read
from modelwarden.redteam.kinds.kind import Kind, Seeds
from modelwarden.redteam.meter import Meter
from modelwarden.redteam.opening import opened
from modelwarden.redteam.working import worked
from modelwarden.targets.errors import TargetError

PAIRS = "pairs"
_GOALS = ("evade", "minimise")
_LONGEST = 14 * 86_400.0  # a pair ends by its budget, not by a clock of the engine's
_PATIENCE = 5.0  # seconds that workers of a killed run may take to notice


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One target and one file of seeds, as they travel to whoever works them.

    Attributes:
        document, root, source: of the campaign. target, seeds: numbers in it.
        folder: of this pair's record. digest: of the whole campaign.
        offline: answer from the record. trust: run a callable unconfined where it must be.
    """

    document: Mapping[str, object]
    root: str
    source: str
    target: int
    seeds: int
    folder: str
    offline: bool = False
    trust: bool = False

    @property
    def name(self) -> str:
        """As its folder is called."""
        return f"{self.target}-{self.seeds}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Came:
    """What came of a pair, in a form that crosses to other processes.

    Attributes:
        evaded: there are evasions in its folder. stopped: why it could not go on.
        refused, hint: why it cannot be done at all, and the user's next step.
        ended: which limit of the budget it reached.
        isolation: of the sandbox, where there was one.
    """

    findings: tuple[Finding, ...] = ()
    measurements: tuple[Measurement, ...] = ()
    gaps: tuple[Gap, ...] = ()
    tables: tuple[Table, ...] = ()
    notes: tuple[str, ...] = ()
    units: tuple[Unit, ...] = ()
    evaded: bool = False
    stopped: str | None = None
    refused: str | None = None
    hint: str | None = None
    ended: str | None = None
    isolation: str | None = None
    rows: int = 0
    calls: int = 0
    retried_rows: int = 0
    repeated_rows: int = 0
    seconds: float = 0.0


def _came(value: Json) -> Came:
    return decode(Came, value)


_CODEC: Codec[Came] = Codec(encode, _came)


def is_paired(campaign: Campaign) -> bool:
    """Tell whether a campaign has several pairs that are worked apart."""
    many = len(campaign.targets) * len(campaign.seeds) > 1
    return many and campaign.goal in _GOALS


def pairs_of(campaign: Campaign, output: Path, *, offline: bool, trust: bool) -> list[Pair]:
    """Return all pairs of a campaign, in order."""
    return [
        Pair(
            document=campaign.document,
            root=str(campaign.root.resolve()),
            source=campaign.source,
            target=target,
            seeds=seeds,
            folder=str((output / STATE / PAIRS / f"{target}-{seeds}").resolve()),
            offline=offline,
            trust=trust,
        )
        for target in range(len(campaign.targets))
        for seeds in range(len(campaign.seeds))
    ]


def at_once(budget: BudgetConfig, pairs: int) -> int:
    """Return how many pairs are under way at the same time."""
    return min(pairs, budget.concurrency)


def share(budget: BudgetConfig, pairs: int) -> BudgetConfig:
    """Return what each pair may ask.

    Raises:
        InputError: that is less than one row, or call, for each.
    """
    wide = at_once(budget, pairs)
    for name, value in (("rows", budget.rows), ("calls", budget.calls)):
        if value is not None and value < pairs:
            raise InputError(
                f"budget.{name} = {value} does not reach for {pairs} pairs of target and seeds",
                hint="Each pair has an equal share: allow more, or attack fewer.",
            )
    return replace(
        budget,
        rows=None if budget.rows is None else budget.rows // pairs,
        calls=None if budget.calls is None else budget.calls // pairs,
        seconds=None if budget.seconds is None else budget.seconds / -(-pairs // wide),
        rate=None if budget.rate is None else budget.rate / wide,
        concurrency=budget.concurrency // wide,
    )


def work_all(campaign: Campaign, pairs: Sequence[Pair], *, engine: str, digest: str) -> list[Came]:
    """Work every pair; return what came of each.

    Args:
        campaign: they are of.
        pairs: all of them.
        engine: `local` or `ray`.
        digest: of all that results depend on.

    Raises:
        InputError: a pair cannot be done at all.
    """
    wide = at_once(campaign.budget, len(pairs))
    resume = Resume(
        Checkpoint(Path(pairs[0].folder).parent / "done", digest),
        _key,
        _keep,
    )
    plan = Plan(jobs=wide, most=wide, engine=engine, seconds=_LONGEST, codec=_CODEC, resume=resume)
    found: list[Came] = []
    for pair, one in zip(pairs, map_units(pairs, work, plan), strict=True):
        # All go the way through JSON that those of other processes have gone.
        came = (
            _lost(campaign, pair, one.error)
            if one.value is None
            else _CODEC.decode(encode(one.value))
        )
        if came.refused is not None:
            raise InputError(came.refused, hint=came.hint)
        found.append(came)
    return found


def _key(pair: Pair) -> str | None:
    return None if pair.offline else pair.name


def _keep(key: str, came: Came) -> bool:
    del key
    return came.stopped is None and came.refused is None


def _lost(campaign: Campaign, pair: Pair, why: str | None) -> Came:
    """Return what came of a pair whose process ended, or whose work failed."""
    told = f"{campaign.seeds[pair.seeds].path}: {why or 'it gave no result'}"
    gap = Gap(what=campaign.targets[pair.target].name, why=told, kind=GapKind.FAILED, stage=STAGE)
    return Came(gaps=(gap,), stopped=told)


def work(pair: Pair) -> Came:
    """Work one pair, from its record as far as that goes."""
    if not pair.offline:
        _end_with(os.getppid())
    try:
        campaign = campaign_of(pair.document, root=Path(pair.root), source=pair.source)
        campaign = replace(
            campaign,
            budget=share(campaign.budget, len(campaign.targets) * len(campaign.seeds)),
        )
        seeds = tuple(read_seeds(campaign, one) for one in campaign.seeds)
        held = None if pair.offline else _held(Path(pair.folder))
        try:
            return _worked(campaign, pair, seeds)
        finally:
            if held is not None:
                held.close()
    except InputError as error:
        return Came(refused=error.message, hint=error.hint)


def _worked(campaign: Campaign, pair: Pair, seeds: tuple[tuple[Kind, Seeds], ...]) -> Came:
    folder = Path(pair.folder)
    stood = read(folder) if pair.offline or folder.exists() else nothing()
    journal = Journal(folder, stood, offline=pair.offline)
    try:
        meter = Meter(campaign.budget, clock=stood.clock)
        journal.write({"event": "begin" if not stood.answers else "resume", "epoch": time.time()})
        with opened(campaign, seeds, journal, meter, only=pair.target, trust=pair.trust) as targets:
            engagement = Engagement(
                campaign=campaign,
                journal=journal,
                meter=meter,
                lines=targets.lines,
                seeds=seeds,
                sample=read_sample(campaign),
                pair=(pair.target, pair.seeds),
            )
            try:
                result, stopped = worked(engagement)
                meter.lost(*journal.lost_before("end"))
            except TargetError as error:
                name = campaign.targets[pair.target].name
                gap = engagement.gap(name, error.message, error.kind)
                result, stopped = GoalResult(gaps=(gap,)), error.message
        if not journal.offline:
            evasions.write(folder, result.evasions, [t.name for t in campaign.targets])
            if stopped is None:
                journal.write({"event": "end", "rows": meter.rows}, sync=True)
        return Came(
            findings=(*result.findings, *targets.findings()),
            measurements=result.measurements,
            gaps=(*result.gaps, *targets.gaps()),
            tables=result.tables,
            notes=result.notes,
            units=result.units,
            evaded=bool(result.evasions),
            stopped=stopped,
            ended=None if meter.ended is None else meter.ended.message,
            isolation=targets.isolation,
            rows=meter.rows,
            calls=meter.calls,
            retried_rows=meter.retried_rows,
            repeated_rows=journal.repeated_rows,
            seconds=meter.seconds,
        )
    finally:
        journal.close()


def _held(folder: Path) -> Held:
    """Take hold of a pair's folder; who worked it for a run that was killed lets go at once."""
    end = time.monotonic() + _PATIENCE
    while True:
        try:
            return Held(folder)
        except InputError:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)


def _end_with(parent: int) -> None:
    """End this process when the run that it works for is gone: nobody is asked behind its back."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.2)
        os._exit(1)

    if threading.current_thread() is threading.main_thread():
        threading.Thread(target=watch, daemon=True).start()


def result_of(pairs: Sequence[Pair], all_came: Sequence[Came]) -> GoalResult:
    """Return what came of all pairs, as one; evasions are read from their folders."""
    result = GoalResult()
    for pair, came in zip(pairs, all_came, strict=True):
        result += GoalResult(
            findings=came.findings,
            measurements=came.measurements,
            gaps=came.gaps,
            tables=came.tables,
            notes=came.notes,
            units=came.units,
            evasions=tuple(evasions.won_in(Path(pair.folder), pair.seeds)) if came.evaded else (),
        )
    return result


def events_of(pairs: Sequence[Pair], output: Path) -> Iterator[dict[str, Json]]:
    """Yield the records of all pairs, each event with the name of its pair."""
    for pair in pairs:
        if not (Path(pair.folder) / TRANSCRIPT).is_file():
            continue  # whoever was to work it went down first
        place = Path(pair.folder).relative_to(output.resolve()).as_posix()
        for event in events_in(Path(pair.folder)):
            for body in (event.get("sent"), event.get("got")):
                if isinstance(body, dict):
                    body["file"] = f"{place}/{body['file']}"
            event.pop("chain", None)  # of the pair's own record
            yield {"pair": pair.name, **event}
