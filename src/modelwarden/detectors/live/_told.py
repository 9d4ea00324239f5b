"""What a live rule reads: an alert that was raised under its name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from modelwarden.core import Hit
from modelwarden.core.seen import Seen


@dataclass(frozen=True, slots=True, kw_only=True)
class Told(Seen):
    """An alert, or a decision that stands in the ledger.

    Attributes:
        detail: of it.
    """

    detail: str


def told(seen: Told) -> Iterator[Hit]:
    """Yield what the alert says."""
    yield Hit(seen.detail)
