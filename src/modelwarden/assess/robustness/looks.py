"""When to stop: after a few looks at the numbers, planned beforehand and paid for.

Whoever looks at an interval again and again, and stops once it says what is wanted, is wrong more
often than 5 %. So the looks are few and planned, and the 5 % are shared out among them: the exact
interval of each look misses the truth with its share of the 5 % at most, all of them together with
5 % at most (the union bound), whenever one stops.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from modelwarden.core import Threshold
from modelwarden.core.values import dataclass
from modelwarden.metrics.intervals import of_share

LEVEL = 0.95
# Of all samples, and of the chance to be wrong.
_PLAN = ((0.25, 0.25), (0.5, 0.25), (1.0, 0.5))
_FEWEST = 25
_NAME = "robust_accuracy"
# What the policy may ask of this stage besides, which a small sample does not settle.
_OTHERS = ("clean_accuracy", "attack_success_rate", "median_queries", "median_changes")


@dataclass(frozen=True, slots=True)
class Look:
    """A look at the numbers.

    Attributes:
        n: samples that have been attacked by then. level: of the intervals at it.
    """

    n: int
    level: float


def looks_at(samples: int, thresholds: Sequence[Threshold]) -> tuple[Look, ...]:
    """Return the looks at a sample; the only one at its end where the policy asks nothing."""
    asked = {threshold.name for threshold in thresholds}
    if _NAME not in asked or asked & set(_OTHERS):
        return (Look(samples, LEVEL),)
    looks: list[Look] = []
    spent = 0.0
    for share, chance in _PLAN:
        spent += chance
        n = math.ceil(share * samples)
        if n >= _FEWEST or share == 1.0:
            looks.append(Look(n, 1 - (1 - LEVEL) * spent))
            spent = 0.0
    return tuple(looks)


def settled(thresholds: Sequence[Threshold], held: dict[str | None, int], look: Look) -> bool:
    """Tell whether the intervals of a look answer all that the policy asks.

    Args:
        thresholds: of the policy.
        held: samples that are right under all attacks (None), and under each.
        look: the one that is taken.
    """
    return all(
        _answered(threshold, held, look) for threshold in thresholds if threshold.name == _NAME
    )


def _answered(threshold: Threshold, held: dict[str | None, int], look: Look) -> bool:
    where = dict(threshold.where)
    attack = where.pop("attack", None)
    if where or (attack is not None and not isinstance(attack, str)) or attack not in held:
        return False
    low, high = of_share(held[attack], look.n, level=look.level)
    for bound in (threshold.min, threshold.max):
        if bound is not None and low < bound <= high:
            return False
    return True
