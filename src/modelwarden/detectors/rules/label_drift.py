"""Rule: labels that moved."""

from __future__ import annotations

from collections.abc import Iterator

from modelwarden.core import Hit, Severity, rule
from modelwarden.detectors.rules._moved import Moved, moved


@rule(
    "label-drift",
    title="Labels are distributed otherwise than in the data they are held against",
    severity=Severity.MEDIUM,
    reads=Moved,
    references=("MITRE-ATLAS:AML.M0008",),
)
def label_drift(seen: Moved) -> Iterator[Hit]:
    """Flag labels with other shares, or other values in a regression, by an amount that matters.

    Why: a model that learned another share of positive cases gives scores that are too high or
    too low, and a threshold that was chosen there is not right here.

    Fix: calibrate the scores on the new share, choose the threshold anew, or train again. Where
    a split was meant to be random, split again.

    Blind spot: needs labels on both sides. Another way of labelling shows here and is no change
    of the world.
    """
    yield from moved(seen)
