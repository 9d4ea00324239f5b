"""Rule: rows that are not exchangeable."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from modelwarden.core import Evidence, Hit, Json, Severity, rule
from modelwarden.core.seen import Seen


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordered(Seen):
    """A label that changes along the rows.

    Attributes:
        name: what changes: the share of a class, or the label's mean in standard deviations.
        at: row in order at which it changes most. before, after: there. low, high: 95 % interval
            of the difference. p: of no change.
        shuffled, in_order: how well a learner of ours does when it is tested on rows at random, and
            on the later rows; None where it was not asked. measure: of both.
    """

    frame: str
    name: str
    at: int
    before: float
    after: float
    low: float
    high: float
    p: float
    n: int
    order: str | None
    shuffled: float | None = None
    in_order: float | None = None
    measure: str = "ROC AUC"


@rule(
    "order-effect",
    title="The label changes along the rows",
    severity=Severity.MEDIUM,
    reads=Ordered,
    references=("MITRE-ATLAS:AML.M0008",),
)
def order_effect(seen: Ordered) -> Iterator[Hit]:
    """Flag a set whose labels change along its rows, in time or as they stand.

    Why: a random split then puts later rows on both sides, and what is measured on it is better
    than what comes in use, where only the past is known. How much better is shown by a small
    learner that is tested both ways.

    Fix: split by time: train on the earlier rows, test on the later ones. If the rows have no order
    of time, shuffle them, and find out why they stand as they do.

    Blind spot: one change of level is looked for, in the labels alone. `order` in [data] names the
    column of time; without it the rows are taken as they stand.
    """
    facts: dict[str, Json] = {
        "at": seen.at,
        "before": seen.before,
        "after": seen.after,
        "low": seen.low,
        "high": seen.high,
        "p": seen.p,
        "n": seen.n,
    }
    order = f" in order of {seen.order}" if seen.order else ""
    told = (
        f"{seen.name} is {seen.after:.3g} from row {seen.at} of {seen.n} of {seen.frame} on"
        f"{order}, {seen.before:.3g} before"
    )
    if seen.shuffled is not None and seen.in_order is not None:
        facts |= {"shuffled": seen.shuffled, "in_order": seen.in_order, "measure": seen.measure}
        told += (
            f"; a learner has {seen.measure} {seen.shuffled:.2f} on rows at random and "
            f"{seen.in_order:.2f} on the later rows"
        )
    yield Hit(told, Evidence(facts=facts, identity=(seen.frame, seen.name)))
