"""The rules of the firewall by name, and how far each of them goes.

A rule is off; or it observes: alerts tell what it would do; or it shadows: it also remembers as if
it had acted, so that the ledger shows what a whole day would have been like; or it is enforced.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field
from enum import StrEnum

from modelwarden.core.values import dataclass

ABNORMAL_ROW = "abnormal-row"
"""The rule of a request that goes on although a row of it is above the alarm."""
BLOCKED = "blocked-client"
TEXT_LENGTH = "text-length"
INVISIBLE = "invisible-characters"
MIXED = "mixed-scripts"
INJECTION = "injection"
"""A hint that is easily got around and easily wrong: refuses only where it is named for that."""
TRIGGER = "trigger"
ANOMALY = "anomaly-score"
"""The rule of a request against which several rules speak that do not refuse it alone."""
FAILED = "check-failed"


class Mode(StrEnum):
    """What happens to a request that a rule speaks against."""

    OFF = "off"
    OBSERVE = "observe"
    SHADOW = "shadow"
    ENFORCE = "enforce"


class Class(StrEnum):
    """What a rule looks at, which decides what happens when the rule itself fails."""

    FORM = "form"
    DETECTOR = "detector"
    CLIENT = "client"


RULES: Mapping[str, Class] = {
    "route": Class.FORM,
    "encoding": Class.FORM,
    "content-type": Class.FORM,
    "size": Class.FORM,
    "syntax": Class.FORM,
    "duplicate-key": Class.FORM,
    "schema": Class.FORM,
    "shape": Class.FORM,
    "type": Class.FORM,
    "finite": Class.FORM,
    "range": Class.FORM,
    "category": Class.FORM,
    "missing": Class.FORM,
    "abnormal": Class.DETECTOR,
    ABNORMAL_ROW: Class.DETECTOR,
    TEXT_LENGTH: Class.DETECTOR,
    INVISIBLE: Class.DETECTOR,
    MIXED: Class.DETECTOR,
    INJECTION: Class.DETECTOR,
    TRIGGER: Class.DETECTOR,
    ANOMALY: Class.DETECTOR,
    "near-duplicates": Class.CLIENT,
    "abnormal-stream": Class.CLIENT,
    "crowded-rows": Class.CLIENT,
    "spread-search": Class.CLIENT,
    BLOCKED: Class.CLIENT,
    "rate": Class.CLIENT,
}


@dataclass(frozen=True, slots=True)
class Modes:
    """How far each rule goes.

    Attributes:
        default: of rules that are not named.
        own: of those that are.
    """

    default: Mode
    own: Mapping[str, Mode]

    def of(self, rule: str) -> Mode:
        """Return how far a rule goes."""
        if rule == INJECTION and rule not in self.own and self.default is not Mode.OFF:
            return Mode.OBSERVE
        return self.own.get(rule, self.default)

    @property
    def reads(self) -> bool:
        """Whether any rule needs to know what a request says."""
        return any(self.of(rule) is not Mode.OFF for rule in RULES if rule not in _OUTSIDE)


SIGNALS = ("abnormal", ABNORMAL_ROW, TEXT_LENGTH, INVISIBLE, MIXED, INJECTION, TRIGGER, BLOCKED)
"""Rules whose points add up."""


@dataclass(frozen=True, slots=True)
class Scoring:
    """What rules weigh together that do not refuse a request alone.

    Attributes:
        threshold: points from which a request breaks the rule `anomaly-score`.
        points: of rules that weigh otherwise than 1.
    """

    threshold: float = 2.0
    points: Mapping[str, float] = field(default_factory=dict)

    def sum(self, rules: Iterable[str]) -> float:
        """Return the points of rules, each counted once."""
        return sum(self.points.get(rule, 1.0) for rule in frozenset(rules))


_OUTSIDE = frozenset({"route", "encoding", "content-type", "rate"})
