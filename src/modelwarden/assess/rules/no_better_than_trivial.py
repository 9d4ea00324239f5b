"""Rule: a model whose answers tell nothing."""

from __future__ import annotations

from collections.abc import Iterator

from modelwarden.assess.rules._seen import Seen
from modelwarden.core import Evidence, Hit, Json, Severity, rule
from modelwarden.core.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling(Seen):
    """How much the answers say about the truth.

    Attributes:
        constant: the one answer that is given to every row; None when there are several.
        measure: `balanced_accuracy`, or `r2` of a regression.
        value, low, high: what was measured. chance: what guessing gives.
        margin: above chance that matters.
        beside: where all positive scores lie beside the threshold, for people; empty where they
            lie on both sides, or none decides.
    """

    constant: str | None
    measure: str
    value: float
    low: float
    high: float
    chance: float
    margin: float
    n: int
    beside: str = ""


@rule(
    "no-better-than-trivial",
    title="Answers that say no more than a guess",
    severity=Severity.MEDIUM,
    reads=Telling,
    references=("MITRE-ATLAS:AML.M0008",),
)
def no_better_than_trivial(seen: Telling) -> Iterator[Hit]:
    """Flag a model that gives one and the same answer, or is shown to be no better than guessing.

    Why: its accuracy may look high – it is the share of the most frequent class – and yet no
    decision depends on the input.

    Fix: look at the scores: if they vary, the threshold is wrong; if they do not, the inputs do
    not reach the model as it expects them.

    Blind spot: on few rows a weak model cannot be told from a guess, and nothing is flagged.
    """
    if seen.constant is None and not seen.high < seen.chance + seen.margin:
        return
    what = f"{seen.measure} {seen.value:.4g}, and guessing gives {seen.chance:.4g}"
    if seen.constant is not None:
        what = f"every one of {seen.n} rows is answered {seen.constant}{seen.beside}"
    facts: dict[str, Json] = {
        "measure": seen.measure,
        "value": seen.value,
        "low": seen.low,
        "high": seen.high,
        "chance": seen.chance,
        "margin": seen.margin,
    }
    yield Hit(what, Evidence(facts=facts, identity=(seen.measure,)))
