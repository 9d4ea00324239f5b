"""Rule: an endpoint that answers one input in two ways."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from modelwarden.core import Evidence, Hit, Severity, rule
from modelwarden.core.seen import Seen


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsteady(Seen):
    """An endpoint that did not repeat its answers to some seeds."""

    seeds: str


@rule(
    "unsteady-endpoint",
    title="The endpoint answers the same input in different ways",
    severity=Severity.LOW,
    reads=Unsteady,
)
def unsteady_endpoint(seen: Unsteady) -> Iterator[Hit]:
    """Flag an endpoint whose second answer to the same seeds differs from its first.

    Why: a campaign against it cannot be repeated, and whether it was changed while it was asked
    cannot be told. Chance as a defence delays attackers and misleads exercises; it stops neither.

    Fix: find out where the chance comes from: dropout that is left on, several versions behind one
    address, sampling. Where it is meant as a defence, ask each row several times.

    Blind spot: only a few seeds are asked twice.
    """
    yield Hit(
        f"seeds of {seen.seeds} were answered otherwise when they were asked a second time",
        Evidence(facts={"seeds": seen.seeds}, identity=(seen.seeds,)),
    )
