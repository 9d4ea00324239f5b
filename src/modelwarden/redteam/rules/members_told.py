"""Rule: an endpoint that tells who was in its training data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from modelwarden.core import Evidence, Hit, Severity, rule
from modelwarden.core.seen import Seen
from modelwarden.metrics.intervals import of_share

AREA, RATE = 0.55, 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Told(Seen):
    """How well a threshold tells members from others.

    Attributes:
        auc: area under the curve. low: lower end of its interval.
        caught: members found while one in a hundred others is taken for one.
    """

    auc: float
    low: float
    caught: int
    members: int
    others: int
    seeds: str


@rule(
    "members-told",
    title="Answers tell who was in the training data",
    severity=Severity.MEDIUM,
    reads=Told,
    references=("MITRE-ATLAS:AML.T0024.000",),
    weakness="membership_inference",
)
def members_told(seen: Told) -> Iterator[Hit]:
    """Flag an endpoint whose certainty tells members of its training data from other rows.

    With confidence: an area above 0.55, or more than 2 in 100 members found while 1 in 100 others
    is taken for one.

    Why: being in the data can itself be the secret – a patient of a study, a debtor, a suspect –,
    and a model that treats its members otherwise remembers more than it should.

    Fix: train less long or with more regularisation, drop duplicates, give out decisions or coarse
    scores, and consider training with differential privacy where the data are personal.

    Blind spot: one threshold for all rows is the simplest attack. Attacks that train models of
    their own find more, so what holds here may fall to them. Members and others must come from the
    same source: a difference in time or origin looks the same.
    """
    share = of_share(seen.caught, seen.members)
    rated = seen.others >= 100 and share.low > RATE
    if seen.low <= AREA and not rated:
        return
    yield Hit(
        f"a threshold tells {seen.members} members from {seen.others} others with an area of "
        f"{seen.auc:.3f}, and finds {seen.caught / seen.members:.1%} of them at one false alarm in "
        "a hundred",
        Evidence(
            facts={
                "auc": seen.auc,
                "auc_low": seen.low,
                "found_at_1_percent": seen.caught,
                "members": seen.members,
                "others": seen.others,
            },
            identity=(seen.seeds,),
        ),
    )
