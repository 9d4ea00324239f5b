"""Rule: a column that says nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from modelwarden.core import Evidence, Hit, Severity, rule
from modelwarden.core.seen import Seen


@dataclass(frozen=True, slots=True, kw_only=True)
class Degenerate(Seen):
    """A column of one value, of none, or the copy of another."""

    frame: str
    name: str
    told: str
    n: int


@rule(
    "degenerate-column",
    title="A column says nothing",
    severity=Severity.LOW,
    reads=Degenerate,
)
def degenerate_column(seen: Degenerate) -> Iterator[Hit]:
    """Flag features of one value, without any value, and copies of another feature.

    Why: nothing can be learned from them here, and in use they may hold something else for the
    first time. Often a join failed, or a filter left one group only.

    Fix: mend what writes the column, or drop it ([data] drop).

    Blind spot: a column that is the same but for a few rows is not flagged.
    """
    yield Hit(
        f"column {seen.name} of {seen.frame} {seen.told} in all {seen.n} rows",
        Evidence(facts={"n": seen.n}, identity=(seen.frame, seen.name)),
    )
