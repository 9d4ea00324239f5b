"""The stages of all rooms, in the order in which they run; the rules of all but the scan."""

from __future__ import annotations

from typing import Any

from modelwarden.assess import catalog as assess
from modelwarden.core import Rule
from modelwarden.core.stages import Stage
from modelwarden.data import catalog as data
from modelwarden.detectors import live
from modelwarden.policy.load import STAGES as ORDER
from modelwarden.redteam import catalog as redteam


def built() -> tuple[Stage, ...]:
    """Return the stages that are built, besides the two of the scan."""
    every = (*data.STAGES, *assess.STAGES)
    return tuple(sorted(every, key=lambda s: ORDER.index(s.name) if s.name in ORDER else -1))


def all_rules() -> tuple[Rule[Any], ...]:
    """Return the rules of stages, of campaigns and of live traffic, once, in reports' order."""
    every = (*data.all_rules(), *assess.all_rules(), *redteam.all_rules(), *live.all_rules())
    return tuple({rule.id: rule for rule in every}.values())
