"""Rule: answers that moved."""

from __future__ import annotations

from collections.abc import Iterator

from modelwarden.core import Hit, Severity, rule
from modelwarden.detectors.rules._moved import Moved, moved


@rule(
    "prediction-drift",
    title="The model answers otherwise than before",
    severity=Severity.MEDIUM,
    reads=Moved,
    references=("MITRE-ATLAS:AML.M0008",),
)
def prediction_drift(seen: Moved) -> Iterator[Hit]:
    """Flag the model's own answers when they are distributed otherwise on the later rows.

    Why: it is the earliest sign that can be had without labels: whatever moved, the model took
    notice of it.

    Fix: look at the features that moved (`feature-drift`, `joint-drift`). Label a sample of the new
    rows and measure the model on it.

    Blind spot: answers may stay as they are while the truth moves on: only labels show that.
    """
    yield from moved(seen)
