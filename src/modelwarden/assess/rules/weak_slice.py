"""Rule: a kind of rows on which the model errs more than it lets one expect."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from modelwarden.assess.rules._seen import Seen
from modelwarden.core import Evidence, Hit, Severity, rule

SIGNIFICANT = 0.005


@dataclass(frozen=True, slots=True, kw_only=True)
class WeakSlice(Seen):
    """How a model does on rows that some conditions select.

    Attributes:
        description: the conditions in words; sql, pandas: queries that select the rows.
        what: `error`, or `above`, `below`, `size` of a regression's residuals.
        from_scores: the expectation rests on the model's own scores.
        loss, expected: means over the confirming rows. low, high: of the difference.
        overall: mean loss of all rows.
        n: confirming rows. rows: all of the slice. share: of all rows.
        adjusted: p that there is no difference, adjusted for the number of slices.
        margin: of the difference that matters.
    """

    description: str
    sql: str
    pandas: str
    what: str
    from_scores: bool
    loss: float
    expected: float
    low: float
    high: float
    overall: float
    n: int
    rows: int
    share: float
    adjusted: float
    margin: float

    @property
    def beyond(self) -> float:
        """Mean loss beyond expectation."""
        return self.loss - self.expected

    @property
    def weak(self) -> bool:
        """The difference is significant and matters."""
        return self.adjusted <= SIGNIFICANT and self.beyond >= self.margin


@rule(
    "weak-slice",
    title="A kind of rows on which the model fails",
    severity=Severity.MEDIUM,
    reads=WeakSlice,
    references=("MITRE-ATLAS:AML.M0008",),
)
def weak_slice(seen: WeakSlice) -> Iterator[Hit]:
    """Flag rows, selected by one to four columns, on which the model errs more than expected.

    What is expected comes from the model's own scores, calibrated: rows of which it says that it is
    unsure may be answered wrong. Where it gives no scores, a small learner tells how well the rows
    can be answered. Slices are found on one half of the rows and confirmed on the other, and of
    nested ones the most general that explains the errors is told.

    Why: an average hides it. Whoever falls into the slice is served by a much worse model than the
    headline says, and the model does not know it.

    Fix: look at the rows (the query selects them): a broken input, a unit, a source of data, too
    few such rows in training. Mend the data or train with more of them, then state a minimum for
    the slice as a claim.

    Blind spot: slices of less than one row in a hundred, slices that no column of the data
    describes, and a weakness that all rows share.
    """
    if not seen.weak:
        return
    rows = f"{seen.description} ({seen.rows:,} rows, {seen.share:.1%})"
    if seen.what == "error":
        by = "its scores let one expect" if seen.from_scores else "such rows need have"
        told = f"{seen.loss:.1%} are answered wrong, where {by} {seen.expected:.1%}"
    elif seen.what == "size":
        told = f"it is off by {seen.loss:.4g} on average, where {seen.expected:.4g} can be reached"
    else:
        way = "high" if seen.what == "above" else "low"
        told = f"it is too {way} by {seen.loss:.4g} on average"
    yield Hit(
        f"{rows}: {told}",
        Evidence(
            facts={
                "observed": seen.loss,
                "expected": seen.expected,
                "beyond": seen.beyond,
                "low": seen.low,
                "high": seen.high,
                "overall": seen.overall,
                "n": seen.n,
                "rows": seen.rows,
                "p_adjusted": seen.adjusted,
                "margin": seen.margin,
                "sql": seen.sql,
                "pandas": seen.pandas,
            },
            identity=(seen.what, seen.description),
        ),
    )
