"""Rule: a claim that so few rows can neither bear out nor refute."""

from __future__ import annotations

from collections.abc import Iterator

from modelwarden.assess.rules._claims import Judged, evidence, numbers
from modelwarden.core import Hit, Severity, rule


@rule(
    "claim-inconclusive",
    title="A claim about the model that your data cannot settle",
    severity=Severity.LOW,
    reads=Judged,
    references=("MITRE-ATLAS:AML.M0008",),
)
def claim_inconclusive(seen: Judged) -> Iterator[Hit]:
    """Name a stated number that your data neither bear out nor refute.

    Why: it may hold or not; treat it as unproven.

    Fix: measure on about as many labelled rows as the finding says, or accept a wider margin for
    this claim if a larger difference would not matter to you.

    Blind spot: the number of rows supposes that the measured value stays where it is.
    """
    needed = f"about n = {seen.needed} would settle it" if seen.needed else "no n would settle it"
    yield Hit(f"{numbers(seen)}; {needed}", evidence(seen))
