"""Rule: rows of the test set that the model may have been trained on."""

from __future__ import annotations

from collections.abc import Iterator

from modelwarden.core import Evidence, Hit, Json, Severity, rule
from modelwarden.core.seen import Seen
from modelwarden.core.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeated(Seen):
    """How many rows of a set also stand in the training set, or again in the set itself.

    Attributes:
        frame: the set. within: the other row is in the same set, not in training.
        how: the rows are `equal` or `nearly equal`.
        n: its rows. count: those that repeat.
        expected: share of rows that would by coincidence, as often as rows repeat by
            themselves. beyond: there are more, by a share that matters.
        pairs: first (row, other row) pairs.
        with_all, without: accuracy (or rmse) on all rows and on those that are new; None where
            the model was not asked.
        measure: its name.
    """

    frame: str = "test"
    within: bool = False
    how: str = "equal"
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
    title="Rows that stand twice, in one set or in training and test set",
    severity=Severity.MEDIUM,
    reads=Repeated,
    references=("MITRE-ATLAS:AML.M0008",),
)
def duplicate_rows(seen: Repeated) -> Iterator[Hit]:
    """Flag rows whose inputs stand again, equal or nearly, in the training set or in their own set.

    Why: a model can know a test row by heart that it was trained on. What it scores there says
    nothing about new cases, so every number on this page may be better than what you will get. Rows
    that repeat within a set count twice, and end up on both sides of the next split. Rows that
    repeat by themselves – a table of few yes/no columns, short messages – are expected, and only
    what goes beyond that is flagged.

    Fix: split again so that equal rows stay on one side, or drop the listed rows. The stage
    `performance` gives the headline measure with and without those that training has too.

    Blind spot: nearly equal means the same but for one cell, numbers that differ a little, texts
    that share four fifths of their pieces, pictures with the same thumbnail. A picture that was
    cut or turned is not found. Where the training set was freed of repeats and the test set was
    not, coincidence is underestimated.
    """
    if not seen.beyond:
        return
    yield _other(seen) if seen.within or seen.how != "equal" else _in_training(seen)


def _other(seen: Repeated) -> Hit:
    share = seen.count / seen.n if seen.n else 0.0
    nearly = "nearly " if seen.how != "equal" else ""
    place = "another row of it" if seen.within else "a row of the training set"
    about = round(seen.expected * seen.n)
    chance = f"; about {about} would by coincidence" if about else ""
    facts: dict[str, Json] = {
        "rows": seen.count,
        "of": seen.n,
        "how": seen.how,
        "expected_by_coincidence": round(seen.expected * seen.n, 1),
        "pairs": [list(pair) for pair in seen.pairs],
    }
    return Hit(
        f"{seen.count} of {seen.n} rows of {seen.frame} ({share:.1%}) are {nearly}equal to "
        f"{place}{chance}",
        Evidence(
            facts=facts,
            identity=(seen.frame, "itself" if seen.within else "train", seen.how),
        ),
    )


def _in_training(seen: Repeated) -> Hit:
    share = seen.count / seen.n if seen.n else 0.0
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
    return Hit(
        message,
        Evidence(facts=facts, identity=("train", "test")),
    )
