"""The stages that are built, in the order in which they run, and their rules.

A stage that stands in `policy.load.STAGES` and not here is known by name and not built: asking for
it leaves a gap. `artifacts` and `dependencies` are the scan's.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from modelwarden.assess.stage import Stage
from modelwarden.core import Rule, UnknownNameError

STAGES: tuple[Stage, ...] = (
    Stage(
        "performance",
        "modelwarden.assess.performance",
        (
            "duplicate-rows",
            "inconsistent-predictions",
            "worse-than-trivial",
            "no-better-than-trivial",
            "worse-than-reference",
            "weak-class",
            "miscalibrated",
        ),
    ),
    Stage(
        "claims",
        "modelwarden.assess.claims.verify",
        ("claim-refuted", "claim-supported", "claim-inconclusive", "claim-not-checkable"),
    ),
    Stage("slices", "modelwarden.assess.slices.stage", ("weak-slice",)),
    Stage(
        "fairness",
        "modelwarden.assess.fairness.stage",
        ("group-gap", "identity-term-bias"),
    ),
    Stage("abnormal", "modelwarden.assess.abnormal.stage", ("brittle-input",)),
    Stage(
        "robustness",
        "modelwarden.assess.robustness.stage",
        ("not-robust", "masked-gradients", "attack-below-floor"),
    ),
    Stage("checks", "modelwarden.assess.checks", keep=False),
    Stage("cost", "modelwarden.assess.cost", keep=False),
)

# Rules of no stage: of opening a model, and of comparing two reports.
OTHERS: tuple[str, ...] = ("sandbox-attempt", "worse-than-baseline")
_ELSEWHERE = {
    "sandbox-attempt": "modelwarden.targets.attempts",
    "duplicate-rows": "modelwarden.detectors.rules.duplicate_rows",
}


def rule_of(name: str) -> Rule[Any]:
    """Import a rule: `modelwarden.assess.rules.<name>`, or that of the sandbox.

    Raises:
        UnknownNameError: there is none of this name.
    """
    known = [rule for stage in STAGES for rule in stage.rules] + list(OTHERS)
    if name not in known:
        raise UnknownNameError("rule", name, known)
    word = name.replace("-", "_")
    place = _ELSEWHERE.get(name, f"modelwarden.assess.rules.{word}")
    found: Rule[Any] = getattr(import_module(place), word)
    return found


def all_rules() -> tuple[Rule[Any], ...]:
    """Return every rule of this room, in the order in which reports list them."""
    names = [name for stage in STAGES for name in stage.rules]
    return tuple(rule_of(name) for name in (*names, *OTHERS))
