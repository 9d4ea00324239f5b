"""What every renderer for people says alike: the verdict in words, counts, and files in order."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import field
from typing import TYPE_CHECKING

from modelwarden.core import Outcome, ReasonKind, Severity, Status
from modelwarden.core.pages import Page, page_of
from modelwarden.core.values import dataclass
from modelwarden.report.escape import shown, value_text

if TYPE_CHECKING:
    from collections.abc import Container, Iterable

    from modelwarden.core import Coverage, Finding, Gap, Measurement, Report, RuleInfo

EXIT_CODES = {Outcome.PASS: 0, Outcome.FAIL: 1, Outcome.INCOMPLETE: 3}
_MEANINGS = {
    Outcome.PASS: "the policy is met, and all that had to be examined was examined",
    Outcome.FAIL: "the policy is not met: do not load or ship this as it is",
    Outcome.INCOMPLETE: "not everything could be examined, so this is not known to be clean",
}
_NOT_IN_SERVICE = "the policy is not met: do not rely on this endpoint as it is"
_NOT_SHOWN = "not all that is required was shown, so this is not known to be fit for use"
_FILE_STAGES = ("artifacts", "dependencies", "data")
_RANK = {"high": 0, "medium": 1, "low": 2}


@dataclass(slots=True)
class FileGroup:
    """What a report says about one file; `path` is empty for what belongs to no file."""

    path: str
    coverage: Coverage | None = None
    findings: list[Finding] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)

    @property
    def quiet(self) -> bool:
        """True when the file was examined and there is nothing to tell about it."""
        examined = self.coverage is not None and self.coverage.status is Status.EXAMINED
        return examined and not self.findings and not self.gaps


def worst_first(findings: Iterable[Finding]) -> list[Finding]:
    """Return findings by severity, then confidence, waived ones last; ties keep their order."""
    return sorted(findings, key=lambda f: (f.waived, f.severity.rank, _RANK[f.confidence]))


ENDPOINT = "endpoint"  # the kind of subject that has no files


def by_file(report: Report) -> list[FileGroup]:
    """Return one group for each file, those with the worst findings first, then those with gaps.

    A gap belongs to the file whose path opens its `what` (`path!member@offset`).
    """
    groups = {c.path: FileGroup(c.path, c) for c in report.coverage}
    for finding in worst_first(report.findings):
        path = finding.location.path or finding.location.route or ""
        groups.setdefault(path, FileGroup(path)).findings.append(finding)
    for gap in report.gaps:
        path = file_of(gap.what, groups)
        groups.setdefault(path, FileGroup(path)).gaps.append(gap)
    return sorted(groups.values(), key=_order)


def _order(group: FileGroup) -> tuple[int, bool, str]:
    ranks = [f.severity.rank for f in group.findings if not f.waived]
    return (min(ranks, default=len(Severity)), not group.gaps, group.path)


def file_of(what: str, files: Container[str]) -> str:
    """Return the one of `files` that a gap's `what` speaks of, or `what` itself."""
    if what in files:
        return what
    cuts = [i for i, char in enumerate(what[:4096]) if char in "!@"]
    return next((what[:i] for i in reversed(cuts) if what[:i] in files), what)


def by_reason(gaps: Iterable[Gap]) -> list[list[Gap]]:
    """Return the gaps, those together that say the same of the same thing in several stages."""
    groups: dict[tuple[str, str, str], list[Gap]] = {}
    for gap in gaps:
        groups.setdefault((gap.what, gap.why, gap.kind), []).append(gap)
    return list(groups.values())


def path_of(gap: Gap, files: Container[str]) -> str | None:
    """Return the file of a gap; None for a gap of a stage that does not look at files."""
    return file_of(gap.what, files) if gap.stage in _FILE_STAGES else None


def pages(report: Report) -> dict[str, Page]:
    """Return the pages of the rules that ran, by rule id."""
    return {info.id: page_of(info.help) for info in report.rules}


def infos(report: Report) -> dict[str, RuleInfo]:
    """Return the descriptors of the rules that ran, by rule id."""
    return {info.id: info for info in report.rules}


def plural(count: int, noun: str) -> str:
    """Return `1 gap`, `2 gaps`, `1,234 files`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def severity_counts(report: Report) -> dict[Severity, int]:
    """Return how many findings that no waiver covers stand at each severity, worst first."""
    counts = Counter(f.severity for f in report.findings if not f.waived)
    return {severity: counts[severity] for severity in Severity}


def tally(report: Report) -> str:
    """Return the one line that sums up: findings by severity, gaps, waived ones, files."""
    counts = severity_counts(report)
    found = ", ".join(f"{n:,} {severity}" for severity, n in counts.items() if n)
    total = sum(counts.values())
    parts = [f"{plural(total, 'finding')} ({found})" if found else "no findings"]
    parts.append(plural(len(report.gaps), "gap") if report.gaps else "no gaps")
    waived = sum(f.waived for f in report.findings)
    if waived:
        parts.append(f"{waived:,} waived")
    if report.coverage or report.subject.kind != ENDPOINT:
        parts.append(plural(len(report.coverage), "file"))
    return " · ".join(parts)


def examined(report: Report) -> str:
    """Return how far the files were examined, in one line: `3 files: 2 examined, 1 partial`."""
    if not report.coverage:
        asked = report.subject.kind == ENDPOINT
        return "an endpoint, by nothing but questions" if asked else "no files"
    counts = Counter(c.status for c in report.coverage)
    parts = ", ".join(f"{counts[s]:,} {s}" for s in Status if counts[s])
    return f"{plural(len(report.coverage), 'file')}: {parts}"


def outcome_word(report: Report) -> str:
    """Return `PASS`, `FAIL` or `INCOMPLETE`, or `NOT JUDGED` where there is no verdict."""
    return report.verdict.outcome.upper() if report.verdict else "NOT JUDGED"


def outcome_meaning(report: Report) -> str:
    """Return what the verdict means, with its exit code."""
    if report.verdict is None:
        return "no policy was applied"
    outcome = report.verdict.outcome
    gaps = any(reason.kind is ReasonKind.GAP for reason in report.verdict.reasons)
    meaning = _NOT_SHOWN if outcome is Outcome.INCOMPLETE and not gaps else _MEANINGS[outcome]
    if outcome is Outcome.FAIL and report.subject.kind == ENDPOINT:
        meaning = _NOT_IN_SERVICE
    return f"exit code {EXIT_CODES[outcome]}: {meaning}"


def reasons(report: Report) -> list[str]:
    """Return why the verdict is what it is, one line for reasons of one kind, safe to show."""
    groups: dict[tuple[str, str], list[str]] = {}
    for reason in report.verdict.reasons if report.verdict else ():
        name = reason.rule or reason.name or ""
        groups.setdefault((reason.kind, name), []).append(reason.detail)
    return [_reason(kind, name, details) for (kind, name), details in groups.items()]


def _reason(kind: str, name: str, details: list[str]) -> str:
    details = list(dict.fromkeys(details))
    more = f" (and {len(details) - 1:,} more)" if len(details) > 1 else ""
    return f"{kind} {shown(name, 200)}".rstrip() + f": {shown(details[0])}{more}"


def location_text(finding: Finding) -> str:
    """Return where in its file a finding is, safe to show; empty when it is the whole file."""
    location = finding.location
    parts = [] if location.member is None else [location.member]
    parts += [f"byte {location.offset:,}"] if location.offset is not None else []
    parts += [f"line {location.line:,}"] if location.line is not None else []
    parts += [f"row {location.row:,}"] if location.row is not None else []
    parts += [f"feature {location.feature}"] if location.feature is not None else []
    parts += [f"route {location.route}"] if location.route is not None else []
    parts += [f"slice {value_text(location.slice)}"] if location.slice is not None else []
    parts += [f"{key} {value_text(value)}" for key, value in location.terms.items()]
    return ", ".join(shown(part) for part in parts)


def file_text(group: FileGroup) -> str:
    """Return what a file is: format, producer, size, status."""
    seen = group.coverage
    if seen is None:
        return ""
    parts = [seen.format or "unknown format"]
    if seen.producer:
        parts.append(f"{seen.producer.name} {seen.producer.version or ''}".strip())
    if seen.size is not None:
        parts.append(plural(seen.size, "byte"))
    return " · ".join(shown(part) for part in (*parts, seen.status))


def measured(measurement: Measurement) -> str:
    """Return a measurement in one line: value, interval, n, unit."""
    low, high = measurement.ends
    unit = f" {shown(measurement.unit)}" if measurement.unit else ""
    ends = "" if low == high else f" ({measurement.level:.0%}: {low:.4g} – {high:.4g})"
    if math.isinf(high):  # of a median of a few values
        ends = (
            f" ({measurement.level:.0%}: {low:.4g} or more)" if low > 0 else " (too few to bound)"
        )
    return f"{measurement.value:.4g}{unit}{ends}, n = {measurement.n:,}"
