"""What the rules on claims read, and the words that they share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelwarden.assess.rules._seen import Seen
from modelwarden.core import Evidence, Json
from modelwarden.core.values import dataclass

if TYPE_CHECKING:
    from modelwarden.assess.claims.claim import Claim
    from modelwarden.assess.claims.decide import Standing


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged(Seen):
    """A claim that could be held against a measurement.

    Attributes:
        standing: how it came out.
        reading: what the metric's name was taken for. others: what else it may mean.
        claimed: the number. percent: it was written as a percentage.
        value, low, high, n: measured. margin: of no practical matter.
        coarse: the margin is the claim's own rounding.
        constant: the claim says nothing of its own uncertainty.
        wide: it allows for so much that hardly any value could speak against it.
        p: adjusted for all claims. tested: how many.
        needed: rows that would settle it; None where none would.
        leaked: test rows were found in the training set.
    """

    standing: Standing
    claim: Claim
    reading: str
    others: tuple[str, ...]
    claimed: float
    percent: bool
    value: float
    low: float | None
    high: float | None
    n: int
    margin: float
    coarse: bool
    constant: bool
    wide: bool
    p: float
    needed: int | None
    strict: bool
    tested: int
    leaked: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Unchecked(Seen):
    """A claim that could not be held against anything, and why."""

    claim: Claim
    why: str


def numbers(seen: Judged) -> str:
    """Return claim and measurement in one line."""
    low = "?" if seen.low is None else f"{seen.low:.4g}"
    high = "?" if seen.high is None else f"{seen.high:.4g}"
    told = (
        f"{seen.claim.metric} {seen.claimed:.4g} is claimed, {seen.value:.4g} was measured "
        f"(95% interval {low} to {high}, n = {seen.n}, margin {seen.margin:.4g})"
    )
    if seen.others:
        told += f"; read as {seen.reading}"
    return told


def evidence(seen: Judged) -> Evidence:
    """Return the facts of a judged claim."""
    facts: dict[str, Json] = {
        "metric": seen.claim.metric,
        "read_as": seen.reading,
        "stated": seen.claim.value,
        "claimed": seen.claimed,
        "measured": seen.value,
        "low": seen.low,
        "high": seen.high,
        "n": seen.n,
        "margin": seen.margin,
        "p_adjusted": seen.p,
        "claims_tested": seen.tested,
        "test": "equivalence" if seen.strict else "non-inferiority",
    }
    if seen.others:
        facts["other_readings"] = list(seen.others)
    if seen.claim.data:
        facts["claimed_on"] = seen.claim.data
    if seen.constant:
        facts["uncertainty_of_the_claim"] = "not stated, taken as none"
    if seen.coarse:
        facts["margin_from"] = "the rounding of the claim"
    if seen.needed is not None:
        facts["rows_that_would_settle_it"] = seen.needed
    if seen.leaked:
        facts["test_rows_in_training"] = True
    return Evidence(facts=facts, identity=identity(seen.claim))


def identity(claim: Claim) -> tuple[str, ...]:
    """Return what makes it the same claim in another run."""
    return (claim.metric, claim.value, claim.place)
