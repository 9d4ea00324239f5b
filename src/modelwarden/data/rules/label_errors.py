"""Rule: labels that were written down wrongly."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from modelwarden.core import Confidence, Evidence, Hit, Severity, rule
from modelwarden.core.seen import Seen


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrong(Seen):
    """Labels that are likelier wrong than right.

    Attributes:
        rows: that are named, the surest first; count: all of them.
        labels: (label, likelier one) of each. share: of all labels that are wrong, as estimated.
        precision: share of the named rows that are wrong, as expected.
        p: that there are none beyond the uncertainty of the task. learner: those that were asked.
        told: share of all wrong labels that is among the named rows, as expected.
    """

    frame: str
    rows: tuple[int, ...]
    labels: tuple[tuple[str, str], ...]
    count: int
    n: int
    share: float
    precision: float
    p: float
    learner: str
    told: float = 1.0


@rule(
    "label-errors",
    title="Labels that are likely wrong",
    severity=Severity.MEDIUM,
    confidence=Confidence.MEDIUM,
    reads=Wrong,
    references=("CWE-349", "MITRE-ATLAS:AML.T0020"),
)
def label_errors(seen: Wrong) -> Iterator[Hit]:
    """Flag rows whose label a learner that did not see them contradicts, where flips are shown.

    Small learners of our own answer every row out of sample. Rows are named only when it is shown
    first that there are flips at all: that the share of other labels has a floor, however sure the
    learners are. An uncertain task has none: there other labels become rare without end. Nor is
    anything claimed where the flips would all lie in one part of the rows, which may as well be
    hard. Then as many rows are named as keep two thirds of the list wrong by its own estimate, so
    that few wrong labels are missed; the chance of each stands in `rows.parquet`, to cut the list
    shorter.

    Why: wrong labels are learned as if they were true, and in a test set they are what the model is
    judged by. A few per cent that were turned on purpose are poison.

    Fix: have the listed rows looked at by somebody who can tell, the surest first, and relabel
    them. Find out where they come from: one annotator, one source, one day.

    Blind spot: where classes overlap, a wrong label cannot be told from an honest exception, and
    most are missed. Labels that are wrong for whole kinds of rows look like a rule and are learned.
    Noise that is the same everywhere, also far from the boundary, looks like flips.
    """
    row, (label, other) = seen.rows[0], seen.labels[0]
    yield Hit(
        f"{seen.count} of {seen.n} labels of {seen.frame} are likely wrong, such as row {row} "
        f"({label}, likelier {other}); about {seen.share:.1%} of all labels are{_rest(seen.told)}",
        Evidence(
            facts={
                "rows": list(seen.rows),
                "labels": [list(pair) for pair in seen.labels],
                "count": seen.count,
                "n": seen.n,
                "share": seen.share,
                "expected_precision": seen.precision,
                "expected_recall": seen.told,
                "p": seen.p,
                "learner": seen.learner,
            },
            identity=(seen.frame,),
        ),
    )


def _rest(told: float) -> str:
    """Return what is said of the wrong labels that are not among the rows."""
    if told >= 0.9:
        return ""
    return f", of which {1 - told:.0%} lie where classes overlap and are not told apart"
