"""What the rules on drift read: which set, which column, and what the tests say."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from modelwarden.core import Evidence, Hit, Json
from modelwarden.core.seen import Seen
from modelwarden.detectors.drift import Change


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved(Seen):
    """What changed between two sets, significantly and by an amount that matters.

    Attributes:
        frame: that is looked at. against: that it is held against.
        name: of the column, or what else moved.
        changes: the tests that say so, with the p values adjusted for all that were made.
        n: rows of the frame.
    """

    frame: str
    against: str
    name: str
    changes: tuple[tuple[Change, str, float], ...]
    n: int


def moved(seen: Moved) -> Iterator[Hit]:
    """Yield one hit for all that changed in one column, the surest first."""
    if not seen.changes:
        return
    ordered = sorted(seen.changes, key=lambda item: item[2])
    told = "; ".join(
        f"{aspect}: {change.told}" if aspect else change.told for change, aspect, _ in ordered[:2]
    )
    yield Hit(
        f"{seen.name} changed from {seen.against} to {seen.frame}: {told}",
        Evidence(
            facts={
                "against": seen.against,
                "n": seen.n,
                "changes": [_facts(*item) for item in ordered[:8]],
            },
            identity=(seen.frame, seen.against, seen.name),
        ),
    )


def _facts(change: Change, aspect: str, adjusted: float) -> Json:
    facts: dict[str, Json] = {
        "test": change.kind,
        "effect": _plain(change.effect),
        "low": _plain(change.low),
        "high": _plain(change.high),
        "p_adjusted": adjusted,
    }
    return facts | ({"of": aspect} if aspect else {})


def _plain(value: float) -> float | None:
    return value if abs(value) != float("inf") else None
