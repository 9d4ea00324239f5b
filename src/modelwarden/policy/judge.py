"""The verdict: what a report shows, held against what the policy asks."""

from __future__ import annotations

from dataclasses import replace
from fnmatch import fnmatchcase

from modelwarden.core import Finding, Gap, Outcome, Policy, Reason, ReasonKind, Report, Verdict


def judge(report: Report, policy: Policy) -> Report:
    """Return `report` with its verdict.

    Fail comes before incomplete: a report that fails and has gaps fails, and names both.
    """
    fails = [_finding_reason(f) for f in report.findings if _counts(f, policy)]
    lacks = [_gap_reason(g) for g in report.gaps if not _allowed(g, policy)]
    lacks += [
        Reason(
            kind=ReasonKind.STAGE, name=stage, detail=f"the stage {stage} was not run to the end"
        )
        for stage in policy.require
        if stage not in report.stages
    ]
    outcome = Outcome.FAIL if fails else Outcome.INCOMPLETE if lacks else Outcome.PASS
    return replace(report, verdict=Verdict(outcome=outcome, reasons=(*fails, *lacks)))


def _counts(finding: Finding, policy: Policy) -> bool:
    return not finding.waived and finding.severity.rank <= policy.fail_on.rank


def _finding_reason(finding: Finding) -> Reason:
    where = finding.location.path or ""
    detail = f"{finding.severity} in {where}: {finding.message}"
    return Reason(kind=ReasonKind.FINDING, rule=finding.rule, detail=detail)


def _gap_reason(gap: Gap) -> Reason:
    return Reason(kind=ReasonKind.GAP, name=gap.kind, detail=f"{gap.what}: {gap.why}")


def _allowed(gap: Gap, policy: Policy) -> bool:
    for accepted in policy.allow_gaps:
        kind, _, pattern = accepted.partition(":")
        if kind == gap.kind and (not pattern or fnmatchcase(gap.what, pattern)):
            return True
    return False
