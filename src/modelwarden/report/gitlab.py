"""The report as GitLab's code-quality list: findings and gaps that a merge request shows.

The format has no word for an accepted exception, so findings that a waiver covers are left out.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import TYPE_CHECKING

from modelwarden.core import Severity
from modelwarden.report.escape import json_text, shown
from modelwarden.report.summary import location_text, path_of, worst_first

if TYPE_CHECKING:
    from modelwarden.core import Finding, Gap, Json, Report

_SEVERITIES = {
    Severity.CRITICAL: "blocker",
    Severity.HIGH: "critical",
    Severity.MEDIUM: "major",
    Severity.LOW: "minor",
    Severity.INFO: "info",
}
_PATH = 2_000


def render(report: Report, *, fail_on: Severity, terminal: bool, width: int) -> str:
    """Return the report as a JSON list of issues, the worst first, then the gaps."""
    del fail_on, terminal, width  # the same for every reader
    seen: Counter[str] = Counter()
    paths = {c.path for c in report.coverage}
    issues = [_finding(f, seen) for f in worst_first(report.findings) if not f.waived]
    issues += [_gap(gap, paths, seen) for gap in report.gaps]
    return json_text(issues) + "\n"


def _finding(finding: Finding, seen: Counter[str]) -> dict[str, Json]:
    where = location_text(finding)
    text = shown(finding.message) + (f" ({where})" if where else "")
    at = finding.location
    identity = finding.fingerprint or f"{finding.rule}\x1f{at.path}\x1f{at.member}"
    return _issue(
        text,
        shown(finding.rule, 200),
        identity,
        _SEVERITIES[finding.severity],
        at.path,
        at.line,
        seen,
    )


def _gap(gap: Gap, paths: set[str], seen: Counter[str]) -> dict[str, Json]:
    text = f"Not examined ({gap.kind}): {shown(gap.what)}: {shown(gap.why)}"
    identity = f"gap\x1f{gap.kind}\x1f{gap.what}\x1f{gap.why}"
    path = path_of(gap, paths)
    return _issue(text, f"gap/{gap.kind}", identity, "major", path, None, seen)


def _issue(
    text: str,
    check: str,
    identity: str,
    severity: str,
    path: str | None,
    line: int | None,
    seen: Counter[str],
) -> dict[str, Json]:
    digest = hashlib.sha256(identity.encode("utf-8", "surrogatepass")).hexdigest()
    seen[digest] += 1
    again = seen[digest]
    return {
        "description": text,
        "check_name": check,
        # The list wants each fingerprint once; the n-th of equal ones gets its number.
        "fingerprint": digest if again == 1 else f"{digest}-{again}",
        "severity": severity,
        "location": {
            "path": shown(path or "", _PATH).lstrip("/") or ".",
            "lines": {"begin": max(line or 1, 1)},
        },
    }
