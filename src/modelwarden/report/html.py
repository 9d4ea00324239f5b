"""The report as one HTML file: no network, no scripts, readable on paper and by a screen reader.

The content security policy of the page allows its own style sheet by digest and nothing else.
Filtering by severity is done by the style sheet; a browser that cannot shows everything.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from modelwarden.core import Severity
from modelwarden.core.values import dataclass
from modelwarden.report.advice import GAP_ADVICE, GAP_TITLES, first_steps
from modelwarden.report.cells import drawn
from modelwarden.report.escape import shown, value_text
from modelwarden.report.plots import plot_of, strips
from modelwarden.report.stages import (
    StageView,
    own_conditions,
    parts_text,
    shared_conditions,
    stages_of,
)
from modelwarden.report.summary import (
    FileGroup,
    by_file,
    by_reason,
    examined,
    file_text,
    infos,
    location_text,
    measured,
    outcome_meaning,
    outcome_word,
    pages,
    plural,
    reasons,
    severity_counts,
    tally,
)
from modelwarden.standards import link_of, title_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jinja2 import Environment

    from modelwarden.core import Finding, Gap, Json, Report
    from modelwarden.core.pages import Page

_TEMPLATES = Path(__file__).with_name("templates")
_EVIDENCE = 2_000
_PROSE = 4_000
_BAR = 600.0


def render(report: Report, *, fail_on: Severity, terminal: bool, width: int) -> str:
    """Return the report as one page; every finding and gap is on it."""
    del terminal, width  # the same for every reader
    style, digest = style_of_page()
    template = environment().get_template("report.html")
    stages = stages_of(report)
    told: set[str] = set()
    page = template.render(
        report=report,
        style=style,
        style_digest=digest,
        outcome=outcome_word(report),
        meaning=outcome_meaning(report),
        tally=tally(report),
        reasons=reasons(report),
        steps=first_steps(report, fail_on),
        bar=list(_bar(report)),
        counts=severity_counts(report),
        files=_files(report, told),
        glance=stages if any(not stage.of_files for stage in stages) else [],
        stages=[_section(stage, report, told) for stage in stages if not stage.of_files],
        meanings={info.name: info for info in report.measures},
        quiet=sum(group.quiet for group in by_file(report)),
        examined=examined(report),
        gaps=_gaps(report),
        gap_titles=GAP_TITLES,
        gap_advice=GAP_ADVICE,
        page_of=pages(report),
        waived=sum(f.waived for f in report.findings),
    )
    return page.rstrip() + "\n"


def style_of_page() -> tuple[str, str]:
    """Return the style sheet, and the digest by which a page's security policy allows it."""
    style = (_TEMPLATES / "report.css").read_text("utf-8")
    return style, base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()


@dataclass(frozen=True, slots=True)
class _Card:
    """Findings of one rule at one severity in one file; `first` of its rule on the page."""

    rule: str
    title: str
    severity: Severity
    waived: bool
    first: bool
    page: Page | None
    references: tuple[str, ...]
    findings: list[Finding]


@dataclass(frozen=True, slots=True)
class _File:
    """A file with its cards."""

    group: FileGroup
    cards: list[_Card]


@dataclass(frozen=True, slots=True)
class _Section:
    """A stage other than those about files, with its cards."""

    stage: StageView
    cards: list[_Card]


@dataclass(frozen=True, slots=True)
class _Segment:
    """A part of the severity bar, in units of its view box."""

    severity: Severity
    count: int
    x: float
    width: float


def _gaps(report: Report) -> dict[str, list[list[Gap]]]:
    """Return the gaps by kind, those that say the same together."""
    kinds: dict[str, list[list[Gap]]] = {}
    for alike in by_reason(report.gaps):
        kinds.setdefault(alike[0].kind, []).append(alike)
    return dict(sorted(kinds.items()))


def _files(report: Report, told: set[str]) -> list[_File]:
    stages = {stage.name for stage in stages_of(report) if stage.of_files}
    about = tuple(f for f in report.findings if f.stage in stages)
    groups = by_file(replace(report, findings=about))
    return [_File(g, _cards(g.findings, report, told)) for g in groups if g.findings]


def _section(stage: StageView, report: Report, told: set[str]) -> _Section:
    return _Section(stage, _cards(stage.findings, report, told))


def _cards(of: list[Finding], report: Report, told: set[str]) -> list[_Card]:
    known, texts = infos(report), pages(report)
    cards = []
    for (waived, severity, rule), found in groupby(
        sorted(of, key=lambda f: (f.waived, f.severity.rank, f.rule)),
        key=lambda f: (f.waived, f.severity, f.rule),
    ):
        findings = list(found)
        cards.append(
            _Card(
                rule=rule,
                title=known[rule].title if rule in known else rule,
                severity=severity,
                waived=waived,
                first=rule not in told,
                page=texts.get(rule),
                references=tuple(dict.fromkeys(r for f in findings for r in f.references)),
                findings=findings,
            )
        )
        told.add(rule)
    return cards


def _bar(report: Report) -> Iterator[_Segment]:
    counts = severity_counts(report)
    total = sum(counts.values())
    x = 0.0
    for severity, count in counts.items():
        if count:
            width = _BAR * count / total
            yield _Segment(severity, count, round(x, 2), round(width, 2))
            x += width


def _pieces(text: str) -> list[tuple[bool, str]]:
    """Return a paragraph in pieces, each with whether it stood between backticks."""
    pieces = shown(text, _PROSE).split("`")
    if len(pieces) % 2 == 0:  # an odd backtick opens nothing
        return [(False, shown(text, _PROSE))]
    return [(bool(number % 2), piece) for number, piece in enumerate(pieces)]


def _cell(value: Json) -> str:
    """Return one value of a table: numbers short, nothing for None."""
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}" if abs(value) < 1 << 63 else value_text(value)
    return "" if value is None else value_text(value)


def environment() -> Environment:
    """Return what templates of pages are rendered with; all text is escaped and bounded."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        autoescape=True,
        loader=FileSystemLoader(_TEMPLATES),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "shown": shown,
        "pieces": _pieces,
        "value": lambda value: value_text(value, _EVIDENCE),
        "where": location_text,
        "about": file_text,
        "measured": measured,
        "cell": _cell,
        "drawn": drawn,
        "conditions": parts_text,
        "own": own_conditions,
        "shared": shared_conditions,
        "zip": lambda these, others: list(zip(these, others, strict=True)),
        "plot": plot_of,
        "strips": strips,
        "title_of": title_of,
        "link_of": link_of,
        "plural": plural,
    }
    return environment
