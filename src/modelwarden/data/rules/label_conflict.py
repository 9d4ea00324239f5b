"""Rule: the same row with another label."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from modelwarden.core import Evidence, Hit, Severity, rule
from modelwarden.core.seen import Seen


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict(Seen):
    """Rows that are the same, or nearly, and have different labels.

    Attributes:
        frame: the set. against: the set of the other row, the same one or the training set.
        how: `equal` or `nearly equal`.
        pairs: first (row, other row, label, other label). count: pairs in all. n: rows.
    """

    frame: str
    against: str
    how: str
    pairs: tuple[tuple[int, int, str, str], ...]
    count: int
    n: int


@rule(
    "label-conflict",
    title="The same row stands there with another label",
    severity=Severity.MEDIUM,
    reads=Conflict,
    references=("CWE-349", "MITRE-ATLAS:AML.T0020"),
)
def label_conflict(seen: Conflict) -> Iterator[Hit]:
    """Flag pairs of rows with equal, or nearly equal, inputs and different labels.

    Why: one of the two is wrong. It may be a slip of labelling, or poison: a copy with another
    label is the cheapest way to turn a model at one place.

    Fix: look at the listed pairs, and trace where the second row of each came from. Remove or
    relabel the wrong one, in the test set too: what is judged against it is judged wrongly.

    Blind spot: where rows repeat by themselves, as in tables of few yes/no columns, different
    labels are the ordinary uncertainty of the task and are not flagged.
    """
    first = seen.pairs[0]
    nearly = "nearly " if seen.how != "equal" else ""
    other = "" if seen.against == seen.frame else f" of {seen.against}"
    yield Hit(
        f"{seen.count} pairs of {nearly}equal rows in {seen.frame} have different labels, such as "
        f"row {first[0]} ({first[2]}) and row {first[1]}{other} ({first[3]})",
        Evidence(
            facts={
                "pairs": [list(pair) for pair in seen.pairs],
                "count": seen.count,
                "n": seen.n,
                "against": seen.against,
            },
            identity=(seen.frame, seen.against, seen.how),
        ),
    )
