"""Rule: a claim that cannot be held against anything here."""

from __future__ import annotations

from collections.abc import Iterator

from modelwarden.assess.rules._claims import Unchecked, identity
from modelwarden.core import Evidence, Hit, Json, Severity, rule


@rule(
    "claim-not-checkable",
    title="A claim about the model that cannot be checked",
    severity=Severity.LOW,
    reads=Unchecked,
    references=("MITRE-ATLAS:AML.M0008",),
)
def claim_not_checkable(seen: Unchecked) -> Iterator[Hit]:
    """Name a stated number that cannot be held against a measurement of this task.

    Why: it stands on the card and nobody has checked it here. It must not be read as confirmed.

    Fix: state what is meant under [[claims]] in modelwarden.toml, with the metric's name as
    `modelwarden explain --list measurements` has it, its averaging and its slice.

    Blind spot: the reason says what is missing, not whether the number is right.
    """
    claim = seen.claim
    facts: dict[str, Json] = {"metric": claim.metric, "stated": claim.value, "why": seen.why}
    if claim.data:
        facts["claimed_on"] = claim.data
    yield Hit(
        f"{claim.metric} {claim.value} cannot be checked: {seen.why}",
        Evidence(facts=facts, identity=identity(claim)),
    )
