"""Rule: seeds that get past an endpoint after a change."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from modelwarden.core import Evidence, Hit, Severity, rule
from modelwarden.core.seen import Seen
from modelwarden.metrics.intervals import of_share


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaded(Seen):
    """What all attacks of a campaign did to the seeds of one file.

    Attributes:
        fell: seeds that evade. attacked: seeds that were answered right as they are.
        queries: median rows to the first success. fewest: the smallest number of them.
    """

    fell: int
    attacked: int
    seeds: str
    queries: float
    fewest: int
    attacks: tuple[str, ...]


@rule(
    "endpoint-evaded",
    title="Changed inputs get past the endpoint",
    severity=Severity.HIGH,
    reads=Evaded,
    references=("MITRE-ATLAS:AML.T0015", "MITRE-ATLAS:AML.T0043.001", "MITRE-ATLAS:AML.T0042"),
    weakness="evasion_black_box",
)
def endpoint_evaded(seen: Evaded) -> Iterator[Hit]:
    """Flag an endpoint that answered at least one changed seed as an attacker wants.

    Each evasion kept the rules of its kind – the features that may change, the words that may be
    edited, the norm –, was confirmed by asking again, made smaller as far as rows were left, and
    lies in `evasions/` for anybody to ask again.

    Why: the attacker of the exercise saw nothing but answers. Whoever can ask the endpoint, or a
    copy of it, can do the same; how cheap it is stands in the message.

    Fix: look at the cheapest evasions first, and at which edit carries them: inputs that the
    attacker controls and the model does not need should go, what is decided by one word or one
    feature should not be. Train on the evasions and look for new ones. Limit how often one client
    may ask nearly the same, and give out decisions instead of scores. Then verify with
    `modelwarden redteam replay`.

    Blind spot: an exercise shows what can be done with its budget, its knowledge and its attacks.
    Seeds that held may fall to more of any of them.
    """
    if not seen.fell:
        return
    ends = of_share(seen.fell, seen.attacked)
    yield Hit(
        f"{seen.fell} of {seen.attacked} seeds of {seen.seeds} ({seen.fell / seen.attacked:.0%}, "
        f"95 % interval {ends.low:.0%} to {ends.high:.0%}) get past after a change; half of them "
        f"within {seen.queries:g} rows, the fastest within {seen.fewest}",
        Evidence(
            facts={
                "fell": seen.fell,
                "attacked": seen.attacked,
                "median_queries": seen.queries,
                "fewest_queries": seen.fewest,
                "attacks": list(seen.attacks),
            },
            identity=(seen.seeds,),
        ),
    )
