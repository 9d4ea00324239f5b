"""A goal, run: a target that fails half-way leaves what is known, and a gap."""

from __future__ import annotations

from dataclasses import replace

from modelwarden.core import Gap, GapKind
from modelwarden.redteam.engagement import STAGE, Engagement, GoalResult
from modelwarden.redteam.goals.catalog import goal_named
from modelwarden.targets.errors import TargetError


def worked(engagement: Engagement) -> tuple[GoalResult, str | None]:
    """Run the goal; return what came of it, and why it could not come to its end, if so.

    Raises:
        TargetError: the target failed before anything was known.
    """
    campaign, journal = engagement.campaign, engagement.journal
    try:
        result = goal_named(campaign.goal).load()(engagement)
    except TargetError as error:
        seedless = not campaign.seeds and journal.answers > 0
        if engagement.told or journal.replayed or seedless:
            gap = Gap(what=campaign.name, why=error.message, kind=error.kind, stage=STAGE)
            return GoalResult(gaps=(gap,)), error.message
        raise
    lost = [gap for gap in result.gaps if gap.kind is not GapKind.BUDGET]
    told = replace(result, gaps=(*result.gaps, *result.doubts), doubts=())
    return told, lost[0].why if lost else None
