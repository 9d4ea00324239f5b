"""All documents of a campaign, as texts by file name."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from modelwarden.core import Report
from modelwarden.redteam.debrief.markdown import as_markdown
from modelwarden.redteam.debrief.view import View, view_of
from modelwarden.redteam.engagement import Engagement, GoalResult
from modelwarden.report import render
from modelwarden.report.html import environment, style_of_page

if TYPE_CHECKING:
    from jinja2 import Template

_TEMPLATES = Path(__file__).with_name("templates")


def pages(engagement: Engagement, result: GoalResult, report: Report) -> dict[str, str]:
    """Return each file's text."""
    view = view_of(engagement, result, report, engagement.journal.folder)
    fail_on = engagement.campaign.policy.fail_on
    return {
        "debrief.html": as_html(view),
        "debrief.md": as_markdown(view),
        "report.json": render(report, "json", fail_on=fail_on),
    }


def as_html(view: View) -> str:
    """Return the debrief as one page without scripts or network."""
    style, digest = style_of_page()
    page = template().render(
        view=view,
        report=view.report,
        style=style,
        style_digest=digest,
        meanings={info.name: info for info in view.report.measures},
    )
    return page.rstrip() + "\n"


@cache
def template() -> Template:
    """Return the page's template, ready to be filled in; that takes a tenth of a second once."""
    from jinja2 import ChoiceLoader, FileSystemLoader

    made = environment()
    if made.loader is not None:
        made.loader = ChoiceLoader([FileSystemLoader(_TEMPLATES), made.loader])
    return made.get_template("debrief.html")
