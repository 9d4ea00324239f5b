"""The report as Markdown for a comment on a pull request: short, escaped, nothing to click by.

A comment may hold about 65,000 characters, so each table is cut at its share and says what it left.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelwarden.report.advice import first_steps
from modelwarden.report.escape import shown, value_text
from modelwarden.report.rule_page import escape, prose
from modelwarden.report.stages import parts_text
from modelwarden.report.summary import (
    by_file,
    by_reason,
    examined,
    file_text,
    location_text,
    measured,
    outcome_meaning,
    outcome_word,
    plural,
    tally,
    worst_first,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from modelwarden.core import Report, Severity

_TABLE = 12_000
_CELL = 160


def render(report: Report, *, fail_on: Severity, terminal: bool, width: int) -> str:
    """Return the report as GitHub- and GitLab-flavoured Markdown."""
    del terminal, width  # the same for every reader
    parts = [
        f"## {_cell(report.tool.name)}: {outcome_word(report)}",
        f"**{tally(report)}** in {_cell(report.subject.name)} · {outcome_meaning(report)}",
        _steps(report, fail_on),
        _findings(report),
        _gaps(report),
        _measurements(report),
        _files(report),
        *(f"Note: {_cell(note, 500)}" for note in report.run.notes[:20]),
        f"<sub>{_cell(report.tool.name)} {_cell(report.tool.version)}, "
        f"`{_code(report.run.command)}`. Each rule's page: `modelwarden explain RULE`.</sub>",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _steps(report: Report, fail_on: Severity) -> str:
    steps = first_steps(report, fail_on)
    lines = [f"{n}. **{_cell(s.what)}** – {prose(s.do[:500])}" for n, s in enumerate(steps, 1)]
    return "\n".join(["### Do first", "", *lines]) if lines else ""


def _findings(report: Report) -> str:
    rows = (
        (
            f"{f.severity}{' (waived)' if f.waived else ''}",
            f.confidence.value,
            f"`{_code(f.rule)}`",
            _cell(": ".join(p for p in (shown(f.location.path or ""), location_text(f)) if p)),
            _cell(f.message),
        )
        for f in worst_first(report.findings)
    )
    return _table("Findings", ("severity", "confidence", "rule", "where", "what"), rows)


def _gaps(report: Report) -> str:
    rows = ((gap.kind.value, _cell(gap.what), _cell(gap.why)) for gap, *_ in by_reason(report.gaps))
    return _table("Not examined", ("gap", "what", "why"), rows)


def _measurements(report: Report) -> str:
    rows = (
        (
            _cell(m.name),
            "all" if m.group is None else _cell(parts_text(m.group)),
            _cell(measured(m)),
            _cell(value_text(m.conditions)) if m.conditions else "",
        )
        for m in report.measurements
    )
    return _table("Measured", ("name", "group", "value", "conditions"), rows)


def _files(report: Report) -> str:
    if not report.coverage:
        return ""
    rows = ((_cell(g.path), _cell(file_text(g))) for g in by_file(report) if g.coverage)
    table = _table("", ("file", "what it is"), rows)
    return f"<details><summary>Examined {examined(report)}</summary>\n\n{table}\n\n</details>"


def _table(title: str, heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines, room, left = [], _TABLE, 0
    for row in rows:
        line = f"| {' | '.join(row)} |"
        room -= len(line)
        if room > 0:
            lines.append(line)
        else:
            left += 1
    if not lines and not left:
        return ""
    top = [f"### {title}", ""] if title else []
    head = [f"| {' | '.join(heads)} |", "|" + "---|" * len(heads)]
    more = ["", f"… and {plural(left, 'more row')}; the JSON report holds all."] if left else []
    return "\n".join([*top, *head, *lines, *more])


def _cell(text: str, limit: int = _CELL) -> str:
    """Return text for a cell or a line: one line, bounded, obeyed by no reader."""
    return escape(shown(text, limit))


def _code(text: str) -> str:
    return shown(text, _CELL).replace("`", "'").replace("|", "\\|") or "-"
