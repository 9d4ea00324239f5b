"""All documents of a campaign, as texts by file name."""

from __future__ import annotations

from modelwarden.core import Report
from modelwarden.redteam.engagement import Engagement, GoalResult
from modelwarden.report import render


def pages(engagement: Engagement, result: GoalResult, report: Report) -> dict[str, str]:
    """Return each file's text."""
    del result
    fail_on = engagement.campaign.policy.fail_on
    return {
        "debrief.html": render(report, "html", fail_on=fail_on),
        "debrief.md": render(report, "markdown", fail_on=fail_on),
        "report.json": render(report, "json", fail_on=fail_on),
    }
