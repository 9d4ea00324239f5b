"""Rule: a model that loses against the one it is compared with."""

from __future__ import annotations

from collections.abc import Iterator

from modelwarden.assess.rules._seen import Seen
from modelwarden.core import Evidence, Hit, Severity, rule
from modelwarden.core.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared(Seen):
    """Two models on the same rows.

    Attributes:
        measure: what was compared. better: ours minus theirs, positive when ours is better.
        low, high: its interval. margin: difference that matters.
    """

    measure: str
    better: float
    low: float
    high: float
    margin: float
    n: int


@rule(
    "worse-than-reference",
    title="Worse than the reference model on the same rows",
    severity=Severity.HIGH,
    reads=Compared,
    references=("MITRE-ATLAS:AML.M0008",),
)
def worse_than_reference(seen: Compared) -> Iterator[Hit]:
    """Flag a model that is clearly worse than the one under [model.reference], row by row.

    Why: both models answered the same rows, so the difference is not luck of the draw: deploying
    this one in place of the other makes things worse.

    Fix: find out what changed between the two (data, code, preparation of inputs), or keep the
    reference.

    Blind spot: a loss that is smaller than the margin, or that so few rows cannot show, passes.
    """
    if seen.high < 0 and seen.better < -seen.margin:
        yield Hit(
            f"{seen.measure} is {-seen.better:.4g} worse than that of the reference model "
            f"(interval {-seen.high:.4g} to {-seen.low:.4g}, n = {seen.n})",
            Evidence(
                facts={
                    "measure": seen.measure,
                    "difference": seen.better,
                    "low": seen.low,
                    "high": seen.high,
                    "margin": seen.margin,
                },
                identity=(seen.measure,),
            ),
        )
