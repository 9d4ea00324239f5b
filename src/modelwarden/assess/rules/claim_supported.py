"""Rule: a claim that the user's own data bear out."""

from __future__ import annotations

from collections.abc import Iterator

from modelwarden.assess.rules._claims import Judged, evidence, numbers
from modelwarden.core import Confidence, Hit, Severity, rule


@rule(
    "claim-supported",
    title="A claim about the model holds on your data",
    severity=Severity.INFO,
    reads=Judged,
    references=("MITRE-ATLAS:AML.M0008",),
)
def claim_supported(seen: Judged) -> Iterator[Hit]:
    """Note a stated number that the model is shown to reach on your data, but for the margin.

    Why: this is worth knowing: it is a part of the card that you need not take on trust.

    Fix: nothing is wrong here.

    Blind spot: where the name of the metric has several readings, one of them agrees, and it may
    not be the one that was meant. Where test rows stand in training, agreement proves little.
    """
    unsure = bool(seen.others) or seen.leaked
    yield Hit(numbers(seen), evidence(seen), confidence=Confidence.LOW if unsure else None)
