"""A campaign from its file to its report: opened, fought, recorded, judged, written down."""

from __future__ import annotations

import datetime as dt
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from modelwarden.core import (
    Gap,
    GapKind,
    InputError,
    Json,
    MeasureInfo,
    Measurement,
    OutputError,
    Report,
    Run,
    Subject,
    Tool,
)
from modelwarden.core.values import dataclass
from modelwarden.metrics.catalog import MEASURES
from modelwarden.metrics.values import measured
from modelwarden.policy import judge
from modelwarden.redteam import evasions, pinned
from modelwarden.redteam.catalog import all_rules
from modelwarden.redteam.config import Campaign, TargetConfig
from modelwarden.redteam.engagement import (
    STAGE,
    Engagement,
    GoalResult,
    read_sample,
    read_seeds,
)
from modelwarden.redteam.goals.catalog import goal_named
from modelwarden.redteam.goals.floors import SEEDS
from modelwarden.redteam.held import STATE, Held
from modelwarden.redteam.journal import SCHEMA, TRANSCRIPT, Journal, nothing, read
from modelwarden.redteam.kinds.kind import Kind, Seeds
from modelwarden.redteam.meter import Meter
from modelwarden.redteam.opening import opened, weakest
from modelwarden.redteam.pairs import (
    PAIRS,
    events_of,
    is_paired,
    pairs_of,
    result_of,
    work_all,
)
from modelwarden.redteam.working import worked
from modelwarden.standards import describe
from modelwarden.targets.errors import TargetError

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """A campaign that came to its end, or as far as it could.

    Attributes:
        report: judged. folder: where everything lies; None of a dry run.
        stopped: why it could not go on, in one line; None where it came to its end.
        evasions: names of their folders.
    """

    report: Report
    folder: Path | None
    stopped: str | None = None
    evasions: tuple[str, ...] = ()


def run(
    campaign: Campaign,
    *,
    output: Path,
    resume: bool = False,
    offline: bool = False,
    engine: str = "local",
    trust: bool = False,
    version: str = "",
    progress: Progress | None = None,
) -> Done:
    """Run a campaign.

    Args:
        campaign: what is to be done.
        output: folder for the report, the transcript, the evasions and the state.
        resume: go on where an earlier run in this folder stood.
        offline: answer from the transcript alone; nothing is asked and nothing is written.
        engine: where several pairs of target and seeds are worked: `local`, or `ray`.
        trust: run a callable also where nothing can confine it.
        version: of the program, for the report; another one does not resume.
        progress: told what begins.

    Raises:
        InputError: the campaign cannot be used as it stands, or is another one than was begun.
        TargetError: the target cannot be asked at all.
        OutputError: the folder cannot be written to.
    """
    seeds = tuple(read_seeds(campaign, one) for one in campaign.seeds)
    if campaign.dry_run:
        return Done(report=_dry(campaign, seeds, version), folder=None)
    held = Held(output)
    try:
        known = {one.path: had.digest for one, (_, had) in zip(campaign.seeds, seeds, strict=True)}
        pins = pinned.pinned(campaign, version, known)
        journal, meter = _begun(campaign, output, pins, resume=resume, offline=offline)
        try:
            if progress is not None:
                progress(f"{campaign.name}: {campaign.goal}")
            digest = pinned.digest_of(pins)
            how = How(engine=engine, trust=trust, version=version, digest=digest)
            fight = _in_pairs if is_paired(campaign) else _fought
            try:
                return fight(campaign, seeds, journal, meter, how)
            except (InputError, TargetError) as error:
                # Nothing was learnt that is worth going on from: the folder is free again.
                journal.write({"event": "end", "time": _now(), "refused": error.message})
                raise
        finally:
            journal.close()
    finally:
        held.close()


def _begun(
    campaign: Campaign,
    output: Path,
    pins: Mapping[str, object],
    *,
    resume: bool,
    offline: bool,
) -> tuple[Journal, Meter]:
    """Open the record of a campaign, after it was made sure that it is this one's."""
    there = (output / TRANSCRIPT).exists()
    stood = nothing()
    if there and (resume or offline):
        pinned.check(output, pins)
        stood = read(output)
    elif there:
        if not read(output).ended:
            raise InputError(
                f"{output} holds a campaign that did not come to its end",
                hint="Go on with it with --resume, name another --output, or delete the folder.",
            )
        _removed(output)
    elif offline:
        raise InputError(f"{output} holds no transcript")
    if not offline:
        pinned.write(output, pins, campaign)
    journal = Journal(output, stood, offline=offline)
    meter = Meter(campaign.budget, clock=stood.clock)
    event: dict[str, Json] = {
        "event": "resume" if stood.answers or stood.intents else "begin",
        "schema": SCHEMA,
        "campaign": campaign.name,
        "goal": campaign.goal,
        "authorised_by": campaign.authorised_by,
        "digest": pinned.digest_of(pins),
        "targets": [target.name for target in campaign.targets],
        "time": _now(),
    }
    journal.write(event, sync=True)
    return journal, meter


def _removed(output: Path) -> None:
    """Make room for a new campaign where one came to its end."""
    try:
        for name in (TRANSCRIPT, "state/bodies.bin", "report.json", "debrief.html", "debrief.md"):
            (output / name).unlink(missing_ok=True)
        shutil.rmtree(output / STATE / PAIRS, ignore_errors=True)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise OutputError(f"cannot write to {output}: {reason}") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class How:
    """How a campaign is run: see `run`; `digest` is of all that it depends on."""

    engine: str
    trust: bool
    version: str
    digest: str


def _fought(
    campaign: Campaign,
    seeds: tuple[tuple[Kind, Seeds], ...],
    journal: Journal,
    meter: Meter,
    how: How,
) -> Done:
    """Work towards the goal, then write down what came of it."""
    began, started = time.monotonic(), _now()
    sample = read_sample(campaign)
    goal_named(campaign.goal).load()  # now, as modules are imported beside it from here on
    _prepare(journal)
    with opened(campaign, seeds, journal, meter, trust=how.trust) as targets:
        engagement = Engagement(
            campaign=campaign,
            journal=journal,
            meter=meter,
            lines=targets.lines,
            seeds=seeds,
            sample=sample,
        )
        result, stopped = worked(engagement)
        meter.lost(*journal.lost_before("end"))
    result += GoalResult(findings=targets.findings(), gaps=targets.gaps())
    if meter.ended is not None:
        result += GoalResult(gaps=(_ended(meter.ended.message),))
    report = _report(engagement, result, started, time.monotonic() - began, how.version)
    report = replace(report, isolation=targets.isolation)
    names: list[str] = []
    if not journal.offline:
        every = [target.name for target in campaign.targets]
        names = evasions.write(journal.folder, result.evasions, every)
    return _told(engagement, result, report, names, stopped)


def _in_pairs(
    campaign: Campaign,
    seeds: tuple[tuple[Kind, Seeds], ...],
    journal: Journal,
    meter: Meter,
    how: How,
) -> Done:
    """Have the engine work every pair of target and seeds; write down what came of all."""
    began, started = time.monotonic(), _now()
    pairs = pairs_of(campaign, journal.folder, offline=journal.offline, trust=how.trust)
    came = work_all(campaign, pairs, engine=how.engine, digest=how.digest)
    meter.rows, meter.calls = sum(one.rows for one in came), sum(one.calls for one in came)
    meter.retried_rows = sum(one.retried_rows for one in came)
    journal.repeated_rows = sum(one.repeated_rows for one in came)
    result = result_of(pairs, came)
    ended = next((one.ended for one in came if one.ended is not None), None)
    if ended is not None:
        result += GoalResult(gaps=(_ended(f"for one pair of target and seeds or more, {ended}"),))
    engagement = Engagement(campaign=campaign, journal=journal, meter=meter, lines={}, seeds=seeds)
    report = _report(engagement, result, started, time.monotonic() - began, how.version)
    report = replace(report, isolation=weakest(one.isolation for one in came))
    names: list[str] = []
    if not journal.offline:
        journal.show(events_of(pairs, journal.folder))
        places = [Path(p.folder) for p, one in zip(pairs, came, strict=True) if one.evaded]
        names = evasions.gather(journal.folder, places, result.evasions)
    stopped = next((one.stopped for one in came if one.stopped is not None), None)
    return _told(engagement, result, report, names, stopped)


def _ended(message: str) -> Gap:
    why = f"{message} before the campaign came to its end"
    return Gap(what="budget", why=why, kind=GapKind.BUDGET, stage=STAGE)


def _told(
    engagement: Engagement,
    result: GoalResult,
    report: Report,
    names: Sequence[str],
    stopped: str | None,
) -> Done:
    """Write report and debrief, and on record that this is the end, if it is."""
    journal = engagement.journal
    if not journal.offline:
        _written(journal.folder, engagement, result, report)
        if stopped is None:
            end: dict[str, Json] = {"event": "end", "time": _now(), "rows": engagement.meter.rows}
            journal.write(end, sync=True)
    return Done(report=report, folder=journal.folder, stopped=stopped, evasions=tuple(names))


def _prepare(journal: Journal) -> None:
    """Make the page that is written in the end ready, while the first answers are waited for."""
    if not journal.offline:
        threading.Thread(target=_ready, daemon=True).start()


def _ready() -> None:
    from modelwarden.redteam.debrief import template

    template()


def _report(
    engagement: Engagement,
    result: GoalResult,
    started: str,
    elapsed: float,
    version: str,
) -> Report:
    campaign = engagement.campaign
    measurements = (*result.measurements, *_spent(engagement))
    named = {one.name for one in measurements}
    report = Report(
        tool=Tool(version=version),
        subject=_subject(campaign.targets),
        run=Run(
            started=started,
            elapsed=round(elapsed, 3),
            seed=campaign.seed,
            command="redteam",
            notes=(
                f"goal {campaign.goal}, authorised by {campaign.authorised_by}",
                *result.notes,
            ),
        ),
        findings=result.findings,
        measurements=measurements,
        gaps=result.gaps,
        rules=tuple(describe(rule) for rule in all_rules()),
        stages=() if result.gaps else (STAGE,),
        measures=tuple(
            MeasureInfo(
                name=m.name,
                meaning=m.meaning,
                higher_is_better=m.higher_is_better,
                interval=m.interval,
            )
            for m in MEASURES
            if m.name in named
        ),
        tables=result.tables,
    )
    return judge(report, campaign.policy)


def _spent(engagement: Engagement) -> tuple[Measurement, ...]:
    """Return what was asked; what chance and kills added stands in stage `cost`."""
    meter, journal = engagement.meter, engagement.journal
    asked = meter.rows - meter.retried_rows
    counted = {
        "rows_asked": asked,
        "repeated_rows": journal.repeated_rows,
        "retried_rows": meter.retried_rows,
    }
    made = []
    for name, value in counted.items():
        one = measured(name, float(value), None, max(asked, 1), unit="rows")
        made.append(replace(one, stage=STAGE if name == "rows_asked" else "cost"))
    return tuple(made)


def _subject(targets: Sequence[TargetConfig]) -> Subject:
    kind = "endpoint" if any(t.scope is not None for t in targets) else "model"
    return Subject(kind=kind, name=", ".join(target.name for target in targets))


def _written(folder: Path, engagement: Engagement, result: GoalResult, report: Report) -> None:
    """Write report and debrief, each beside and renamed."""
    from modelwarden.redteam.debrief import pages

    for name, text in pages(engagement, result, report).items():
        beside = folder / f".{name}.tmp"
        try:
            beside.write_text(text, "utf-8", "backslashreplace")
            beside.rename(folder / name)
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise OutputError(f"cannot write {folder / name}: {reason}") from error


def _dry(campaign: Campaign, seeds: Sequence[tuple[Kind, Seeds]], version: str) -> Report:
    """Return what would be done; nothing is asked, so nothing is shown, and that is a gap."""
    budget = campaign.budget
    notes = [
        f"goal {campaign.goal}, authorised by {campaign.authorised_by}",
        *(f"would ask {t.name} ({t.model.protocol or t.model.adapter})" for t in campaign.targets),
        *(f"would disguise {len(s)} {kind.name} of {s.source}" for kind, s in seeds),
        "attacks: " + (", ".join(a.name for a in campaign.attacks) or "all that fit"),
        *_floors(campaign),
        f"budget: rows {budget.rows or 'unlimited'}, calls {budget.calls or 'unlimited'}, "
        f"seconds {budget.seconds or 'unlimited'}, {budget.rate or 'unlimited'} calls a second, "
        f"{budget.concurrency} at the same time",
    ]
    gap = Gap(
        what=campaign.name, why="a dry run asks nothing", kind=GapKind.NOT_ASSESSABLE, stage=STAGE
    )
    report = Report(
        tool=Tool(version=version),
        subject=_subject(campaign.targets),
        run=Run(started=_now(), seed=campaign.seed, command="redteam", notes=tuple(notes)),
        gaps=(gap,),
    )
    return judge(report, campaign.policy)


def _floors(campaign: Campaign) -> Iterator[str]:
    if campaign.floor and campaign.attacks and campaign.goal in ("evade", "minimise"):
        yield f"and random changes of up to {SEEDS} seeds beside them, as their floor"


def _now() -> str:
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
