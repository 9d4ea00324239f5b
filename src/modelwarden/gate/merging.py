"""What the stages of a check gave, brought together for one report."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from modelwarden.core import Finding, Gap, GapKind, MeasureInfo, Report, RuleInfo
from modelwarden.core.stages import Stage, StageResult
from modelwarden.gate.walk import printable

if TYPE_CHECKING:
    from modelwarden.engine import Settled
    from modelwarden.targets.data import DataSet


def result_of(end: Settled[StageResult], stage: Stage, what: str) -> StageResult:
    """Return what a stage gave, or the gap that it left by failing."""
    if end.value is not None:
        return end.value
    why = f"the stage failed: {end.error}"
    gap = Gap(what=what, why=why, kind=GapKind.FAILED, stage=stage.name)
    return StageResult(gaps=(gap,), done=False)


def unread(sets: Iterable[DataSet]) -> Iterator[Gap]:
    """Yield a gap for each set of which rows were left out: what stands in them is not known."""
    for one in sets:
        if one.part:
            why = f"{one.part}: what is wrong with the others was not looked for"
            yield Gap(what=printable(one.source), why=why, kind=GapKind.OVER_LIMIT, stage="data")


def not_run(report: Report, names: Iterable[str], built: Collection[str]) -> Iterator[Gap]:
    """Yield a gap for each stage that was asked for and did not run, if nothing else says so."""
    for name in names:
        if name in report.stages or any(g.stage == name for g in report.gaps):
            continue
        why = "the stage did not run: see the notes"
        if name not in built:
            why = "this version of Modelwarden does not have the stage yet"
        yield Gap(what=name, why=why, kind=GapKind.UNSUPPORTED, stage=name)


def once(findings: Iterable[Finding]) -> Iterator[Finding]:
    """Yield findings, those that two stages made alike only once."""
    seen: set[str] = set()
    for finding in findings:
        if finding.fingerprint not in seen:
            seen.add(finding.fingerprint)
            yield finding


def weakest(tiers: Iterable[str | None]) -> str | None:
    """Return the weakest tier of the models that we ran; None when all are served by others."""
    order = ("none", "partial", "full")
    return min((tier for tier in tiers if tier is not None), key=order.index, default=None)


def rules_of(results: Iterable[tuple[Stage, StageResult]]) -> Iterator[RuleInfo]:
    """Yield what is shown of the rules that ran."""
    from modelwarden.standards import describe

    for stage, result in results:
        if result.done or result.findings:
            yield from (describe(rule) for rule in stage.described())
            yield from result.rules


def meanings(results: Sequence[StageResult]) -> tuple[MeasureInfo, ...]:
    """Return what the names mean that were measured; those of the user's own checks come last."""
    from modelwarden.metrics import measure

    own = {info.name: info for result in results for info in result.measures}
    names = dict.fromkeys(m.name for result in results for m in result.measurements)
    entries = [measure(name) for name in names if name not in own]
    ours = [
        MeasureInfo(
            name=entry.name,
            meaning=entry.meaning,
            higher_is_better=entry.higher_is_better,
            interval=entry.interval,
        )
        for entry in entries
    ]
    return (*ours, *own.values())
