"""The goals that are built. A goal is registered by a line here."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING

from modelwarden.core import UnknownNameError
from modelwarden.core.values import dataclass

if TYPE_CHECKING:
    from modelwarden.redteam.asking import MakeWire
    from modelwarden.redteam.engagement import Engagement, GoalResult


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """A goal of the catalogue.

    Attributes:
        name: as users type it; also: other words for it.
        title: one line. module: has `run(engagement) -> GoalResult`.
        seeds: it needs some.
        techniques: ids in MITRE ATLAS of what an attacker does there.
        attacks: names of `[[attack]]` that are its own, beside those of the catalogue of attacks.
        wire: `module:function` that asks an endpoint in place of the protocol's usual form.
    """

    name: str
    title: str
    module: str
    also: tuple[str, ...] = ()
    seeds: bool = True
    techniques: tuple[str, ...] = ()
    attacks: tuple[str, ...] = ()
    wire: str = ""

    def load(self) -> Callable[[Engagement], GoalResult]:
        """Import what runs it."""
        found: Callable[[Engagement], GoalResult] = import_module(self.module).run
        return found

    def wires(self) -> MakeWire | None:
        """Import what asks endpoints; None: the protocol's usual form."""
        module, _, name = self.wire.partition(":")
        return getattr(import_module(module), name) if module else None


GOALS: tuple[Goal, ...] = (
    Goal(
        name="evade",
        title="Make the target answer something else, as seldom asked as possible",
        module="modelwarden.redteam.goals.evade",
        also=("evasion",),
        techniques=("AML.T0040", "AML.T0042", "AML.T0043.001", "AML.T0015"),
    ),
    Goal(
        name="minimise",
        title="Find the smallest change that makes the target answer something else",
        module="modelwarden.redteam.goals.evade",
        also=("minimize", "minimise-cost", "minimize-cost"),
        techniques=("AML.T0040", "AML.T0042", "AML.T0043.001", "AML.T0015"),
    ),
    Goal(
        name="probe",
        title="Ask a chat model what it must not answer: orders in data, leaks, unsafe output",
        module="modelwarden.redteam.goals.probe",
        seeds=False,
        techniques=("AML.T0040", "AML.T0051", "AML.T0056", "AML.T0057"),
        attacks=("llm-probes",),
        wire="modelwarden.redteam.llm.wire:chat_wire",
    ),
    Goal(
        name="extract",
        title="Copy the target from its answers",
        module="modelwarden.redteam.goals.extract",
        also=("extraction", "steal"),
        techniques=("AML.T0040", "AML.T0024.002", "AML.T0005.001"),
    ),
    Goal(
        name="membership",
        title="Tell who was in the target's training data",
        module="modelwarden.redteam.goals.membership",
        also=("infer-membership", "membership-inference"),
        techniques=("AML.T0040", "AML.T0024.000"),
    ),
    Goal(
        name="degrade",
        title="Make the target slow, or fail, with single odd requests",
        module="modelwarden.redteam.goals.degrade",
        also=("deny", "denial"),
        techniques=("AML.T0040", "AML.T0029"),
    ),
)


def goal_named(name: str) -> Goal:
    """Return the goal of this name.

    Raises:
        UnknownNameError: there is none; it says the nearest.
    """
    for goal in GOALS:
        if name in (goal.name, *goal.also):
            return goal
    raise UnknownNameError("goal", name, [goal.name for goal in GOALS])
