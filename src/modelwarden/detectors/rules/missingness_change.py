"""Rule: values that are missing more or less often."""

from __future__ import annotations

from collections.abc import Iterator

from modelwarden.core import Hit, Severity, rule
from modelwarden.detectors.rules._moved import Moved, moved


@rule(
    "missingness-change",
    title="Values are missing more often, or less often, than before",
    severity=Severity.MEDIUM,
    reads=Moved,
    references=("MITRE-ATLAS:AML.M0008",),
)
def missingness_change(seen: Moved) -> Iterator[Hit]:
    """Flag a feature of which another share of rows lacks a value, by an amount that matters.

    How severe it is: high where no value is left, as if the column were gone; else medium.

    Why: a source that stopped, or a join that fails, shows in missing values first, and what a
    model does with them was learned from the few that there were.

    Fix: mend the source. Where the values cannot be had, measure the model on rows that lack them.

    Blind spot: a missing value that is written as a number (−1, 999) is not seen here: see
    `schema-break` and `feature-drift`.
    """
    yield from moved(seen)
