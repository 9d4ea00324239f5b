"""Rule: a feature that moved."""

from __future__ import annotations

from collections.abc import Iterator

from modelwarden.core import Hit, Severity, rule
from modelwarden.detectors.rules._moved import Moved, moved


@rule(
    "feature-drift",
    title="A feature is distributed otherwise than in the data it is held against",
    severity=Severity.MEDIUM,
    reads=Moved,
    references=("MITRE-ATLAS:AML.M0008",),
)
def feature_drift(seen: Moved) -> Iterator[Hit]:
    """Flag a feature whose values are distributed otherwise, by an amount that matters.

    Why: a model is only as good as the data are like those that it learned from. Numbers are
    tested by their whole distribution, mean, spread and extremes, words by their shares. An alarm
    needs significance, corrected for all columns and tests, *and* an effect above a margin, so
    that a million rows do not alarm over trifles and a hundred not by chance. A column that rises
    along the rows and just goes on rising is a clock, and nothing is said. Of a column that
    `schema-break` names, only what that break does not explain is told here.

    Fix: find out why: another source, another season, another population, a changed pipeline. Then
    measure the model on rows like the new ones, and train it again where it does not hold.

    Blind spot: a feature may move without harm, and the model may fail without any feature
    moving: see `joint-drift` and `concept-drift`.
    """
    yield from moved(seen)
