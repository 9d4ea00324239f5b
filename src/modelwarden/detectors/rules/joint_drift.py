"""Rule: features that hang together otherwise than before."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from modelwarden.core import Evidence, Hit, Json, Severity, rule
from modelwarden.core.seen import Seen
from modelwarden.detectors.joint import PairChange


@dataclass(frozen=True, slots=True, kw_only=True)
class JointMoved(Seen):
    """Pairs of columns whose correlation changed, connected by the columns that they share.

    Attributes:
        pairs: the largest change first. features: all columns in them.
    """

    frame: str
    against: str
    pairs: tuple[PairChange, ...]
    features: tuple[str, ...]
    n: int


@rule(
    "joint-drift",
    title="Features hang together otherwise than in the data they are held against",
    severity=Severity.MEDIUM,
    reads=JointMoved,
    references=("MITRE-ATLAS:AML.M0008",),
)
def joint_drift(seen: JointMoved) -> Iterator[Hit]:
    """Flag features whose correlation changed, whatever each of them does alone.

    Why: a model learns combinations. When two features come apart, or move together that did not,
    every column looks as before and the model is asked for rows that it never saw the like of. A
    column that was shuffled, or joined to the wrong rows, shows only here.

    Fix: look for a join or an order that went wrong in the named columns. If the world changed,
    measure the model on rows like the new ones.

    Blind spot: pairs only, by ranks, squares of ranks and frequent words. A change that shows in
    three columns together and in no two of them is not seen.
    """
    if not seen.pairs:
        return
    first = seen.pairs[0]
    left = f"{first.first}" + (f" ({first.first_part})" if first.first_part else "")
    right = f"{first.second}" + (f" ({first.second_part})" if first.second_part else "")
    more = len(seen.pairs) - 1
    told = f"; {more} more pairs changed" if more > 1 else "; one more pair changed" if more else ""
    yield Hit(
        f"{left} and {right} correlate by {first.after:.2f} in {seen.frame}, "
        f"{first.before:.2f} in {seen.against}{told}",
        Evidence(
            facts={
                "against": seen.against,
                "n": seen.n,
                "pairs": [_facts(pair) for pair in seen.pairs[:10]],
            },
            identity=(seen.frame, seen.against, *sorted(seen.features)),
        ),
    )


def _facts(pair: PairChange) -> dict[str, Json]:
    return {
        "features": [pair.first, pair.second],
        "before": pair.before,
        "after": pair.after,
        "low": pair.low,
        "high": pair.high,
        "p_adjusted": pair.adjusted,
    }
