"""Rule: rows of the test set that the model may have been trained on."""

from __future__ import annotations

from collections.abc import Iterator

from modelwarden.core import Evidence, Hit, Json, Severity, rule
from modelwarden.core.seen import Seen
from modelwarden.core.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeated(Seen):
    """How many test rows also stand in the training set.

    Attributes:
        n: test rows. count: that also stand in training, all inputs equal.
        expected: share of test rows that would by coincidence, as often as rows repeat by
            themselves. beyond: there are more, by a share that matters.
        pairs: first (test row, train row) pairs.
        with_all, without: accuracy (or rmse) on all rows and on those that are new; None where
            the model was not asked.
        measure: its name.
    """

    n: int
    count: int
    expected: float
    beyond: bool
    pairs: tuple[tuple[int, int], ...]
    measure: str = "accuracy"
    with_all: float | None = None
    without: float | None = None


@rule(
    "duplicate-rows",
    title="Test rows that also stand in the training set",
    severity=Severity.MEDIUM,
    reads=Repeated,
    references=("MITRE-ATLAS:AML.M0008",),
)
def duplicate_rows(seen: Repeated) -> Iterator[Hit]:
    """Flag rows of the test set whose inputs stand, value for value, in the training set.

    Why: a model can know such a row by heart. What it scores there says nothing about new cases,
    so every number on this page may be better than what you will get. Rows that repeat by
    themselves – a table of few yes/no columns, short messages – are expected, and only what goes
    beyond that is flagged.

    Fix: split again so that equal rows stay on one side, or drop the listed rows from the test
    set. The report gives the headline measure with and without them.

    Blind spot: only equal inputs are found. A row that was changed a little, or a second picture
    of the same thing, is not. Where the training set was freed of repeats and the test set was not,
    coincidence is underestimated.
    """
    share = seen.count / seen.n if seen.n else 0.0
    if not seen.beyond:
        return
    facts: dict[str, Json] = {
        "rows": seen.count,
        "of": seen.n,
        "expected_by_coincidence": round(seen.expected * seen.n, 1),
        "pairs": [list(pair) for pair in seen.pairs],
    }
    message = f"{seen.count} of {seen.n} test rows ({share:.1%}) also stand in the training set"
    about = round(seen.expected * seen.n)
    message += f"; about {about} would by coincidence" if about else ""
    if seen.with_all is not None and seen.without is not None:
        facts |= {f"{seen.measure}_all": seen.with_all, f"{seen.measure}_new": seen.without}
        message += (
            f"; {seen.measure} {seen.with_all:.4g} on all rows, {seen.without:.4g} on new ones"
        )
    yield Hit(
        message,
        Evidence(facts=facts, identity=("train", "test")),
    )
