"""What a report says about a rule: its page, and the controls that its weakness maps to."""

from __future__ import annotations

from typing import Any

from modelwarden.core import Rule, RuleInfo
from modelwarden.standards.catalogues import UnknownWeaknessError, controls_for


def describe(rule: Rule[Any]) -> RuleInfo:
    """Return the descriptor of a rule; a weakness that no crosswalk knows brings no controls."""
    try:
        controls = controls_for(rule.weakness)
    except UnknownWeaknessError:
        controls = ()
    return RuleInfo(
        id=rule.id,
        title=rule.title,
        severity=rule.severity,
        help=rule.page,
        references=rule.references,
        controls=controls,
    )
