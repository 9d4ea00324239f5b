"""Rule: something that tells the label and will not be there in use."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from modelwarden.core import Evidence, Hit, Severity, rule
from modelwarden.core.seen import Seen
from modelwarden.detectors.leakage import Leak


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaking(Seen):
    """A column, or the rows' order, that gives the label away."""

    frame: str
    leak: Leak
    n: int


@rule(
    "target-leakage",
    title="A feature tells the label too well",
    severity=Severity.HIGH,
    reads=Leaking,
    references=("MITRE-ATLAS:AML.M0008",),
)
def target_leakage(seen: Leaking) -> Iterator[Hit]:
    """Flag what alone nearly gives the label away while all else comes nowhere near.

    Four kinds: a column whose value is almost the label (`value`); one that is filled in, or
    empty, almost only for one class (`missing values`); an identifier whose order tells the class
    (`identifier`); rows that stand in blocks of one class (`order`, at medium: no model is given
    the order of a file, but a split of it may be).

    Why: it was written after the outcome, or comes from how the data were gathered. The model leans
    on it, looks excellent here, and fails where the outcome is not known yet.

    Fix: ask when the value becomes known. If that is after the prediction is due, drop the column
    ([data] drop) and train again. Name identifiers in [data] id. Shuffle rows that are sorted.

    Blind spot: a leak that is shared by several columns, or tells the label only in part, looks
    like a strong feature. An honest feature that really is nearly perfect on its own is flagged
    too, if all else is weak.
    """
    leak = seen.leak
    name = leak.feature if leak.kind == "order" else f"column {leak.feature}"
    yield Hit(
        f"{name} of {seen.frame}: {leak.told}",
        Evidence(
            facts={
                "kind": leak.kind,
                "score": leak.score,
                "rest": leak.rest,
                "measure": leak.measure,
                "n": seen.n,
            },
            identity=(leak.feature, leak.kind),
        ),
    )
