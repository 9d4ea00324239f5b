"""The report as JUnit XML, which every CI server shows: one suite a file, a case a finding or gap.

A finding at or above the limit is a failure, a gap an error (skipped, when the policy accepts it),
a waived finding is skipped, and a lesser finding is a passing case that says what it saw.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from modelwarden.core import Outcome
from modelwarden.report.escape import shown, value_text
from modelwarden.report.summary import (
    FileGroup,
    by_file,
    location_text,
    outcome_meaning,
    outcome_word,
    pages,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modelwarden.core import Finding, Gap, Report, Severity
    from modelwarden.core.pages import Page

_COUNTED = ("failure", "error", "skipped")


def render(report: Report, *, fail_on: Severity, terminal: bool, width: int) -> str:
    """Return the report as JUnit XML; `fail_on` decides which findings are failures."""
    del terminal, width  # the same for every reader
    passed = report.verdict is not None and report.verdict.outcome is Outcome.PASS
    known = pages(report)
    suites = [_suite(group, fail_on, known, accepted=passed) for group in by_file(report)]
    cases = [_verdict(report), *(case for _, cases in suites for case in cases)]
    body = [_element("testsuite", {"name": "verdict", **_counts(cases[:1])}, cases[:1])]
    body += [_element("testsuite", {"name": n, **_counts(c)}, c) for n, c in suites]
    name = f"{shown(report.tool.name)} {shown(report.run.command)} {shown(report.subject.name)}"
    counts = _counts(cases)
    del counts["skipped"]  # the form has it for suites only
    document = _element("testsuites", {"name": name, **counts}, body)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{document}'


def _suite(
    group: FileGroup, fail_on: Severity, known: dict[str, Page], *, accepted: bool
) -> tuple[str, list[str]]:
    name = shown(group.path) or "(no file)"
    cases = [_finding(name, f, fail_on, known.get(f.rule)) for f in group.findings]
    cases += [_gap(name, gap, accepted=accepted) for gap in group.gaps]
    status = group.coverage.status if group.coverage else ""
    return name, cases or [_case(name, f"{status}, nothing found")]


def _verdict(report: Report) -> str:
    """Return the case that fails whenever the verdict is not a pass, whatever the reason."""
    word, meaning = outcome_word(report), outcome_meaning(report)
    if report.verdict is None or report.verdict.outcome is Outcome.PASS:
        return _case("verdict", word, _element("system-out", {}, [escape(meaning)]))
    reasons = "\n".join(shown(f"{r.kind}: {r.detail}") for r in report.verdict.reasons[:100])
    kind = "failure" if report.verdict.outcome is Outcome.FAIL else "error"
    return _case(
        "verdict", word, _element(kind, {"message": meaning, "type": word}, [escape(reasons)])
    )


def _finding(suite: str, finding: Finding, fail_on: Severity, page: Page | None) -> str:
    where = location_text(finding)
    name = f"{shown(finding.rule)} {where}".strip()
    message = f"{finding.severity}: {shown(finding.message)}"
    lines = [f"{shown(k, 80)}: {value_text(v)}" for k, v in finding.evidence.items()]
    lines += [f"why: {shown(page.why, 1000)}", f"fix: {shown(page.fix, 1000)}"] if page else []
    text = escape("\n".join([message, f"confidence: {finding.confidence}", *lines]))
    if finding.waived:
        return _case(suite, name, _element("skipped", {"message": f"waived: {message}"}))
    if finding.severity.rank <= fail_on.rank:
        facts = {"message": message, "type": shown(finding.rule)}
        return _case(suite, name, _element("failure", facts, [text]))
    return _case(suite, name, _element("system-out", {}, [text]))


def _gap(suite: str, gap: Gap, *, accepted: bool) -> str:
    message = f"not examined ({gap.kind}): {shown(gap.why)}"
    name = f"gap {gap.kind} {shown(gap.what)}"
    if accepted:
        return _case(suite, name, _element("skipped", {"message": message}))
    facts = {"message": message, "type": f"gap/{gap.kind}"}
    return _case(suite, name, _element("error", facts, [escape(shown(gap.what))]))


def _case(suite: str, name: str, *children: str) -> str:
    return _element("testcase", {"classname": suite, "name": name}, children)


def _counts(cases: Sequence[str]) -> dict[str, str]:
    failures, errors, skipped = (sum(f"\n<{tag}" in c for c in cases) for tag in _COUNTED)
    counts = {"tests": len(cases), "failures": failures, "errors": errors, "skipped": skipped}
    return {key: str(count) for key, count in counts.items()}


def _element(tag: str, attributes: dict[str, str], children: Sequence[str] = ()) -> str:
    head = "".join(f' {key}="{escape(value)}"' for key, value in attributes.items())
    if not children:
        return f"<{tag}{head}/>\n"
    inner = "".join(children)
    return (
        f"<{tag}{head}>{inner}</{tag}>\n"
        if tag in (*_COUNTED, "system-out")
        else (f"<{tag}{head}>\n{inner}</{tag}>\n")
    )
