"""The rules of campaigns, in the order in which reports list them."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from modelwarden.core import Rule, UnknownNameError

RULES: tuple[str, ...] = (
    "endpoint-evaded",
    "concentrated-weakness",
    "endpoint-copied",
    "members-told",
    "slow-input",
    "unsteady-endpoint",
    "prompt-override",
    "encoded-instructions",
    "system-prompt-leak",
    "refusal-broken",
    "unsafe-output",
    "tool-injection",
    "imported-failures",
    "evasion-not-fixed",
    "campaign-gets-through",
)


def rule_of(name: str) -> Rule[Any]:
    """Import a rule: `modelwarden.redteam.rules.<name>`.

    Raises:
        UnknownNameError: there is none of this name.
    """
    if name not in RULES:
        raise UnknownNameError("rule", name, RULES)
    word = name.replace("-", "_")
    found: Rule[Any] = getattr(import_module(f"modelwarden.redteam.rules.{word}"), word)
    return found


def all_rules() -> tuple[Rule[Any], ...]:
    """Return every rule of this room."""
    return tuple(rule_of(name) for name in RULES)
