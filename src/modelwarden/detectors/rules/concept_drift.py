"""Rule: what the model learned no longer holds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from modelwarden.core import Evidence, Hit, Json, Severity, rule
from modelwarden.core.seen import Seen


@dataclass(frozen=True, slots=True, kw_only=True)
class ConceptMoved(Seen):
    """The model's errors before and after.

    Attributes:
        frame: in which they were seen. against: the earlier set, or None where a sequence changed.
        what: `error rate`, `absolute error` or `outcome against what the score expects`.
        at: first row of the later part, in order; None where two sets are compared.
        before, after: means. low, high: 95 % interval of the difference. p: of no change.
    """

    frame: str
    against: str | None
    what: str
    before: float
    after: float
    low: float
    high: float
    p: float
    n: int
    at: int | None = None
    order: str | None = None


@rule(
    "concept-drift",
    title="The model's errors change with time",
    severity=Severity.MEDIUM,
    reads=ConceptMoved,
    references=("MITRE-ATLAS:AML.M0008",),
)
def concept_drift(seen: ConceptMoved) -> Iterator[Hit]:
    """Flag that the model is wrong more often, or otherwise, in later rows than in earlier ones.

    Why: what was learned no longer holds, or holds no longer for the cases that come now. An
    average over all rows hides it: the model is already worse than the report's headline says.

    Fix: train with recent rows, split by time instead of at random, and watch the errors in
    production. Look at `feature-drift` first: where features moved too, the cases changed and not
    only the rule behind them.

    Blind spot: needs labels, and an order (`order` in [data], else the rows as they stand). One
    change of level is looked for; a slow wave that returns may pass.
    """
    facts: dict[str, Json] = {
        "what": seen.what,
        "before": seen.before,
        "after": seen.after,
        "low": seen.low,
        "high": seen.high,
        "p": seen.p,
        "n": seen.n,
    }
    if seen.at is not None:
        place = f"from row {seen.at} of {seen.n} on" + (
            f" in order of {seen.order}" if seen.order else ""
        )
        facts["at"] = seen.at
    else:
        place = f"in {seen.frame} against {seen.against}"
    yield Hit(
        f"{seen.what} {seen.after:.3g} {place}, {seen.before:.3g} before",
        Evidence(facts=facts, identity=(seen.frame, seen.against or "", seen.what)),
    )
