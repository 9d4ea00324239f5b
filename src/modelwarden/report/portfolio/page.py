"""The portfolio as one HTML file, in two views: for a security team, for those who make models."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelwarden.core import Table, TableKind
from modelwarden.report.html import environment, style_of_page
from modelwarden.report.summary import measured

if TYPE_CHECKING:
    from modelwarden.report.portfolio.collect import Course, Portfolio

MOST = 2_000  # rows of one table; the page says what it leaves out


def render_page(portfolio: Portfolio, *, version: str) -> str:
    """Return the page; it loads nothing, runs nothing and prints."""
    style, digest = style_of_page()
    page = (
        environment()
        .get_template("portfolio.html")
        .render(
            portfolio=portfolio,
            version=version,
            style=style,
            style_digest=digest,
            most=MOST,
            courses=[_drawn(course) for course in portfolio.courses],
        )
    )
    return page.rstrip() + "\n"


def _drawn(course: Course) -> Table:
    """Return a course as a table of intervals, the oldest on top."""
    left_out = f"{course.left_out:,} of other conditions are left out: they do not compare"
    return Table(
        name=f"{course.model} {course.name}",
        title=f"{course.model}: {course.name}",
        meaning="Each line is one report, the oldest on top; the stroke is its 95 % interval.",
        stage="performance",
        kind=TableKind.INTERVALS,
        columns=("label", "value", "low", "high", "n", "measured"),
        rows=tuple((at, m.value, m.low, m.high, m.n, measured(m)) for at, m in course.points),
        notes=(left_out,) if course.left_out else (),
    )
