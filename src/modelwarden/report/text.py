"""The report for a terminal, or as plain stable lines when it is piped.

Colour comes from rich, which is imported for a terminal only. Lines are wrapped for a terminal and
left whole in a pipe, so that they can be searched.
"""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from modelwarden.core.pages import Page
from modelwarden.report.advice import first_steps
from modelwarden.report.escape import shown, value_text
from modelwarden.report.stages import OWN, QUESTIONS, subjects
from modelwarden.report.summary import (
    FileGroup,
    by_file,
    by_reason,
    examined,
    file_text,
    location_text,
    measured,
    outcome_meaning,
    outcome_word,
    pages,
    plural,
    reasons,
    tally,
)

if TYPE_CHECKING:
    from modelwarden.core import Finding, Gap, Report, Severity

_PLACES = {name: place for place, name in enumerate(QUESTIONS)}
_FILES = 200
_PER_FILE = 50
_QUIET_NAMES = 20
_REASONS = 10
_ONE_LINE = 90
_NARROWEST = 40
_STYLES = {
    "critical": "bold white on red",
    "high": "bold red",
    "medium": "bold yellow",
    "low": "cyan",
    "info": "dim",
    "not examined": "bold black on yellow",
    "pass": "bold green",
    "fail": "bold white on red",
    "incomplete": "bold black on yellow",
}
_LABEL = 10


def render(report: Report, *, fail_on: Severity, terminal: bool, width: int) -> str:
    """Return the report as text; see the module."""
    width = max(width, _NARROWEST)
    paper = _Paper(wrap=width if terminal else None)
    _head(paper, report)
    _files(paper, report)
    _measurements(paper, report)
    _foot(paper, report, fail_on)
    return paper.coloured(width) if terminal else paper.plain()


class _Paper:
    """Lines of styled pieces, later printed plain or in colour."""

    def __init__(self, wrap: int | None) -> None:
        self.lines: list[list[tuple[str, str]]] = []
        self.wrap = wrap

    def line(self, *pieces: tuple[str, str] | str) -> None:
        """Add one line; a piece is text, or text with a style."""
        self.lines.append([(p, "") if isinstance(p, str) else p for p in pieces])

    def badge(self, word: str) -> tuple[str, str]:
        """Return `word` to stand out: on a ground of its colour, or as it is in a pipe."""
        return (f" {word} " if self.wrap else word, _STYLES.get(word.lower(), "bold"))

    def field(self, label: str, text: str, *, indent: int = 4, style: str = "") -> None:
        """Add `label  text`; on a terminal the text is wrapped under itself."""
        start = indent + _LABEL
        head = f"{'':{indent}}{label:<{_LABEL}}"
        room = max((self.wrap or 0) - start, 24)
        parts = textwrap.wrap(text, room) if self.wrap else [text]
        for number, part in enumerate(parts or [""]):
            self.line((head if number == 0 else " " * start, "dim"), (part, style))

    def plain(self) -> str:
        """Return the lines without any style."""
        return "".join("".join(t for t, _ in line).rstrip() + "\n" for line in self.lines)

    def coloured(self, width: int) -> str:
        """Return the lines with the colours that the terminal has (none under NO_COLOR)."""
        from io import StringIO

        from rich.console import Console
        from rich.text import Text

        out = StringIO()
        console = Console(file=out, force_terminal=True, width=width, highlight=False)
        for line in self.lines:
            console.print(Text.assemble(*line), soft_wrap=True)
        return out.getvalue()


def _head(paper: _Paper, report: Report) -> None:
    tool, run = report.tool, report.run
    subject = shown(report.subject.name)
    paper.line(
        (f"{shown(tool.name)} {shown(tool.version)}", "bold"), f" · {shown(run.command)} {subject}"
    )
    paper.line(paper.badge(outcome_word(report)), "  ", tally(report))
    paper.line()


def _files(paper: _Paper, report: Report) -> None:
    groups = by_file(report)
    loud = [g for g in groups if not g.quiet]
    known = pages(report)
    explained: set[str] = set()
    for group in loud[:_FILES]:
        _file(paper, group, known, explained)
    if len(loud) > _FILES:
        more = plural(len(loud) - _FILES, "more file")
        paper.line((f"{more} with findings or gaps: --format json lists all.", "bold"))
        paper.line()
    quiet = [g for g in groups if g.quiet]
    if quiet:
        paper.line((f"{plural(len(quiet), 'file')} examined, nothing found", "bold green"))
        for group in quiet[:_QUIET_NAMES]:
            paper.line(f"  {shown(group.path)}  ", (file_text(group), "dim"))
        if len(quiet) > _QUIET_NAMES:
            paper.line(f"  … and {len(quiet) - _QUIET_NAMES:,} more")
        paper.line()


def _file(paper: _Paper, group: FileGroup, known: dict[str, Page], explained: set[str]) -> None:
    paper.line(
        (shown(group.path) or "(no file)", "bold underline"), "  ", (file_text(group), "dim")
    )
    for finding in group.findings[:_PER_FILE]:
        page = None if finding.rule in explained else known.get(finding.rule)
        explained.add(finding.rule)
        _finding(paper, finding, page)
    gaps = by_reason(group.gaps)
    for alike in gaps[:_PER_FILE]:
        _gap(paper, alike)
    left = len(group.findings[_PER_FILE:]) + len(gaps[_PER_FILE:])
    if left:
        paper.line(f"  … and {left:,} more in this file: --format json lists all.")
    paper.line()


def _finding(paper: _Paper, finding: Finding, page: Page | None) -> None:
    waived = " · waived" if finding.waived else ""
    paper.line(
        "  ",
        paper.badge(finding.severity.upper()),
        (f" {shown(finding.rule)}", "bold"),
        (f" · confidence {finding.confidence}{waived}", "dim"),
    )
    paper.field("what", shown(finding.message), style="bold")
    if where := location_text(finding):
        paper.field("where", where)
    for line in _evidence(finding):
        paper.field("evidence", line)
    if page is not None:
        if page.why:
            paper.field("why", shown(page.why, 1000))
        if page.fix:
            paper.field("fix", shown(page.fix, 1000))
        if finding.stage != OWN:
            paper.field("more", f"modelwarden explain {shown(finding.rule)}")


def _evidence(finding: Finding) -> list[str]:
    """Return the evidence in one line where it is short, else a line for each fact."""
    facts = [f"{shown(key, 80)}: {value_text(value)}" for key, value in finding.evidence.items()]
    line = " · ".join(facts)
    return [line] if 0 < len(line) <= _ONE_LINE else facts


def _gap(paper: _Paper, alike: list[Gap]) -> None:
    gap = alike[0]
    stages = [shown(stage) for stage in dict.fromkeys(one.stage for one in alike)]
    where = f" · gap in {len(stages)} stages: {', '.join(stages)}" if len(stages) > 1 else " · gap"
    paper.line("  ", paper.badge("NOT EXAMINED"), (f" {gap.kind}", "bold"), (where, "dim"))
    paper.field("what", shown(gap.what), style="bold")
    paper.field("why", shown(gap.why))


def _measurements(paper: _Paper, report: Report) -> None:
    if not report.measurements:
        return
    paper.line(("Measured", "bold"))
    stage = None
    ranked = sorted(report.measurements, key=lambda m: _PLACES.get(m.stage, len(_PLACES)))
    for one, subject in zip(ranked, subjects(ranked), strict=True):
        if one.stage != stage:
            stage = one.stage
            paper.line((f"  {shown(stage)}", "dim"))
        told = f" [{subject}]" if subject else ""
        paper.line(f"    {shown(one.name)}{told}  {measured(one)}")
    paper.line()


def _foot(paper: _Paper, report: Report, fail_on: Severity) -> None:
    paper.line(("Examined  ", "dim"), examined(report))
    for note in report.run.notes:
        paper.line(("Note      ", "dim"), shown(note))
    word = outcome_word(report)
    paper.line(("Verdict   ", "dim"), paper.badge(word), f" · {outcome_meaning(report)}")
    for reason in reasons(report)[:_REASONS]:
        paper.field("reason", reason, indent=0)
    for number, step in enumerate(first_steps(report, fail_on), 1):
        paper.field(f"do {number}", f"{shown(step.what)} → {shown(step.do)}", indent=0)
    worst = next((s.rule for s in first_steps(report, fail_on) if s.rule), None)
    if worst:
        paper.line(("Next      ", "dim"), f"modelwarden explain {shown(worst)}")
