"""The stage of this room and its rules, in the order in which reports list them."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from modelwarden.core import Rule, UnknownNameError
from modelwarden.core.stages import Stage

STAGES: tuple[Stage, ...] = (
    Stage(
        "data",
        "modelwarden.data.stage",
        (
            "duplicate-rows",
            "label-conflict",
            "label-errors",
            "target-leakage",
            "schema-break",
            "missingness-change",
            "feature-drift",
            "joint-drift",
            "label-drift",
            "prediction-drift",
            "concept-drift",
            "order-effect",
            "personal-data",
            "degenerate-column",
            "class-imbalance",
        ),
        model=False,
    ),
)
# Other rooms apply them too.
_ELSEWHERE = frozenset(
    (
        "duplicate-rows",
        "schema-break",
        "missingness-change",
        "feature-drift",
        "joint-drift",
        "label-drift",
        "prediction-drift",
        "concept-drift",
    )
)


def rule_of(name: str) -> Rule[Any]:
    """Import a rule: `modelwarden.data.rules.<name>`, or that which rooms share.

    Raises:
        UnknownNameError: there is none of this name.
    """
    known = [rule for stage in STAGES for rule in stage.rules]
    if name not in known:
        raise UnknownNameError("rule", name, known)
    word = name.replace("-", "_")
    room = "detectors" if name in _ELSEWHERE else "data"
    found: Rule[Any] = getattr(import_module(f"modelwarden.{room}.rules.{word}"), word)
    return found


def all_rules() -> tuple[Rule[Any], ...]:
    """Return every rule of this room."""
    return tuple(rule_of(name) for stage in STAGES for name in stage.rules)
