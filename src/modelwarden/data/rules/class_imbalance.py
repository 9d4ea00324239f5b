"""Rule: a class of which there is hardly any row."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from modelwarden.core import Evidence, Hit, Severity, rule
from modelwarden.core.seen import Seen


@dataclass(frozen=True, slots=True, kw_only=True)
class Rare(Seen):
    """A class with its rows."""

    frame: str
    name: str
    rows: int
    n: int


@rule(
    "class-imbalance",
    title="A class has hardly any rows",
    severity=Severity.INFO,
    reads=Rare,
)
def class_imbalance(seen: Rare) -> Iterator[Hit]:
    """Tell of a class with less than one row of a hundred.

    Why: accuracy hides what happens to it, and what is learned of it rests on few rows.

    Fix: look at recall and precision of the class; more rows, weights, or another threshold help.

    Blind spot: says nothing about whether the share is that of the world.
    """
    yield Hit(
        f"class {seen.name} has {seen.rows} of {seen.n} rows of {seen.frame} "
        f"({seen.rows / seen.n:.2%})",
        Evidence(facts={"rows": seen.rows, "n": seen.n}, identity=(seen.frame, seen.name)),
    )
