"""The verdict: what a report shows, held against what the policy asks."""

from __future__ import annotations

import datetime as dt
from collections.abc import Set
from dataclasses import replace
from fnmatch import fnmatchcase

from modelwarden.core import (
    Finding,
    Gap,
    Outcome,
    Policy,
    Reason,
    ReasonKind,
    Report,
    Verdict,
    reason_of,
)
from modelwarden.policy import thresholds, waivers


def judge(report: Report, policy: Policy, today: dt.date | None = None) -> Report:
    """Return `report` with its verdict, and with the findings marked that the policy waives.

    Fail comes before incomplete: a report that fails and has gaps fails, and names both. Judging
    again, with the same policy or another, starts from the findings and not from the last verdict.

    Args:
        report: of any stages.
        policy: what it must show.
        today: the day in UTC on which waivers and the age of advisories are judged; by default
            the day it is.
    """
    today = today or dt.datetime.now(dt.UTC).date()
    waived = waivers.apply(policy.waivers, report, today)
    measured = thresholds.apply(policy.measures, report.measurements)
    paths = {line.path for line in report.coverage}
    fails = [_finding_reason(f) for f in waived.findings if _counts(f, policy)]
    fails += [*measured.fails, *waived.expired]
    lacks = [reason_of(g) for g in report.gaps if not allowed(g, policy, paths)]
    lacks += [_stage_reason(s) for s in policy.require if s not in report.stages]
    lacks += measured.lacks
    lacks += _stale(report, policy, today)
    outcome = Outcome.FAIL if fails else Outcome.INCOMPLETE if lacks else Outcome.PASS
    notes = dict.fromkeys((*report.run.notes, *waived.notes))
    return replace(
        report,
        run=replace(report.run, notes=tuple(notes)),
        verdict=Verdict(outcome=outcome, reasons=(*fails, *lacks)),
        findings=waived.findings,
        suppressed=sum(f.waived for f in waived.findings),
        waivers=policy.waivers,
    )


def allowed(gap: Gap, policy: Policy, paths: Set[str]) -> bool:
    """Tell whether the policy accepts a gap.

    A pattern is matched against the path of the file, in which `*` also stands for `/`. The path
    is taken from `paths` as far as they have it: names of files may hold `!` and `@` themselves,
    and a name that was made to look like a member of an allowed file must not pass for one.
    """
    for accepted in policy.allow_gaps:
        kind, _, pattern = accepted.partition(":")
        if kind == gap.kind and (not pattern or fnmatchcase(_path_of(gap.what, paths), pattern)):
            return True
    return False


def _path_of(what: str, paths: Set[str]) -> str:
    """Return the longest known path that `what` is, or is a place in."""
    end = len(what)
    while end > 0 and what[:end] not in paths:
        end = max(what.rfind("!", 0, end), what.rfind("@", 0, end))
    return what[:end] if end > 0 else what


def _counts(finding: Finding, policy: Policy) -> bool:
    return not finding.waived and finding.severity.rank <= policy.fail_on.rank


def _finding_reason(finding: Finding) -> Reason:
    place = finding.location
    where = place.path if place.member is None else f"{place.path}!{place.member}"
    detail = f"{finding.severity} in {where}: {finding.message}" if where else finding.message
    return Reason(kind=ReasonKind.FINDING, rule=finding.rule, detail=detail)


def _stage_reason(stage: str) -> Reason:
    detail = f"the stage {stage} is required and was not run to the end"
    return Reason(kind=ReasonKind.STAGE, name=stage, detail=detail)


def _stale(report: Report, policy: Policy, today: dt.date) -> list[Reason]:
    """Return a reason when the advisories that were used are older than the policy accepts."""
    data, limit = report.run.advisories, policy.advisories_max_age
    if data is None or limit is None:
        return []
    try:
        age = (today - dt.date.fromisoformat(data.date[:10])).days
    except ValueError:
        what = "the advisory index does not say how new it is"
    else:
        if age <= limit:
            return []
        what = f"the newest advisory is {age} days old, the policy accepts {limit:g}"
    detail = f"{what}; refresh it: modelwarden advisories import FILE"
    return [Reason(kind=ReasonKind.STAGE, name="dependencies", detail=detail)]
