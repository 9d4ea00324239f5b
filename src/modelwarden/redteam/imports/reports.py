"""From a file of another tool to a report of ours."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from modelwarden.core import (
    Coverage,
    Finding,
    Gap,
    GapKind,
    Json,
    Location,
    MeasureInfo,
    Measurement,
    Report,
    Run,
    Status,
    Subject,
    Tool,
    sha256_of,
)
from modelwarden.core.seen import findings
from modelwarden.metrics.catalog import measure
from modelwarden.metrics.intervals import of_share
from modelwarden.metrics.values import measured
from modelwarden.redteam.imports import garak, inspect_log, promptfoo
from modelwarden.redteam.imports.reading import NotReadableError, head, opened, whole
from modelwarden.redteam.imports.results import Group, Results
from modelwarden.redteam.rules.imported_failures import Imported, imported_failures
from modelwarden.standards import describe

STAGE = "redteam"


def report_of(path: Path, *, shown: str | None = None, attacks: bool = False) -> Report:
    """Return what a file of garak, promptfoo or Inspect says, as a report that is not judged.

    Args:
        path: of the file.
        shown: as the user wrote it.
        attacks: in an Inspect log, a value of 1 is an attack that worked.

    Raises:
        NotReadableError: it is no such file.
    """
    results = _results(path, attacks=attacks)
    name = shown or str(path)
    with opened(path) as stream:
        digest = sha256_of(stream)
    conditions = {"tool": results.tool, "version": results.version, "file": f"sha256:{digest}"}
    groups = [results.groups[key] for key in sorted(results.groups)]
    gaps = tuple(_gaps(name, results, groups))
    total = _together(groups)
    taken = tuple(m for g in (total, *groups) for m in _measured(g, results, conditions))
    status = Status.PARTIAL if gaps else Status.EXAMINED
    return Report(
        tool=Tool(),
        subject=Subject(kind="endpoint", name=results.target or name),
        run=Run(command="redteam import", notes=tuple(dict.fromkeys(results.notes))),
        findings=tuple(f for g in groups for f in _found(g, results, name)),
        measurements=taken,
        gaps=gaps,
        coverage=(
            Coverage(
                path=name,
                format=results.tool,
                status=status,
                size=path.stat().st_size,
                sha256=digest,
            ),
        ),
        rules=(describe(imported_failures),),
        stages=() if gaps else (STAGE,),
        measures=tuple(_info(n) for n in dict.fromkeys(m.name for m in taken)),
    )


def _results(path: Path, *, attacks: bool) -> Results:
    first = head(path)
    if garak.recognised(first):
        return garak.read(path)
    if inspect_log.is_archive(first):
        return inspect_log.read_archive(path, attacks=attacks)
    if promptfoo.is_lines(first):
        return promptfoo.read_lines(path)
    document = whole(path)
    if promptfoo.recognised(document):
        return promptfoo.counted(document)
    if inspect_log.recognised(document):
        return inspect_log.counted(document, attacks=attacks)
    raise NotReadableError(f"{path} holds no results of garak, promptfoo or Inspect")


def _together(groups: list[Group]) -> Group:
    """Return all judgements as one group without keys, which a policy's plain line judges."""
    return Group(
        keys={},
        failed=sum(g.failed for g in groups),
        passed=sum(g.passed for g in groups),
        unjudged=sum(g.unjudged for g in groups),
    )


def _measured(
    group: Group, results: Results, conditions: Mapping[str, Json]
) -> Iterator[Measurement]:
    if not group.n:
        return
    keys = {key: value for key, value in group.keys.items() if value}
    pooled: dict[str, Json] = {} if keys else {"pooled": "all judgements, each test by each judge"}
    good, name = group.failed, "attack_success_rate"
    if not results.security:
        good, name = group.passed, "accuracy"
    one = measured(
        name,
        good / group.n,
        of_share(good, group.n),
        group.n,
        group=keys or None,
        conditions={**conditions, **pooled, "unjudged": group.unjudged},
    )
    yield replace(one, stage=STAGE)


def _found(group: Group, results: Results, name: str) -> Iterator[Finding]:
    if not results.security:
        return
    seen = Imported(
        path=name,
        location=Location(path=name, terms=dict(group.keys)),
        tool=results.tool,
        about=", ".join(f"{key} {value}" for key, value in group.keys.items() if value),
        failed=group.failed,
        n=group.n,
        examples=tuple(group.examples),
    )
    yield from findings(imported_failures, seen, STAGE)


def _gaps(name: str, results: Results, groups: list[Group]) -> Iterator[Gap]:
    for what, why, kind in results.gaps:
        yield Gap(what=f"{name}: {what}", why=why, kind=kind, stage=STAGE)
    lost = sum(group.unjudged for group in groups)
    if lost:
        why = f"{lost} tests have no outcome: they are neither passed nor failed"
        yield Gap(what=name, why=why, kind=GapKind.FAILED, stage=STAGE)
    if not groups and not results.gaps:
        why = "it holds no results"
        yield Gap(what=name, why=why, kind=GapKind.NOT_ASSESSABLE, stage=STAGE)


def _info(name: str) -> MeasureInfo:
    entry = measure(name)
    return MeasureInfo(
        name=entry.name,
        meaning=entry.meaning,
        higher_is_better=entry.higher_is_better,
        interval=entry.interval,
    )
