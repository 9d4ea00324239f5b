"""Rule: abnormal inputs that a model does not survive, or answers otherwise in silence."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from modelwarden.assess.rules._seen import Seen
from modelwarden.core import Evidence, Hit, Severity, rule


class Outcome(StrEnum):
    """What became of an abnormal input, the harmless first."""

    KEPT = "answered"
    REFUSED = "refused"
    UNSENT = "not sent"
    CHANGED = "changed"
    RANGE = "out of range"
    EMPTY = "NaN"
    SHAPE = "wrong shape"
    CRASH = "crash"
    SPOILT = "others spoilt"
    HANG = "hang"
    LOST = "process lost"


_TOLD = {
    Outcome.CHANGED: "{hit} of {n} decisions change in silence",
    Outcome.RANGE: "{hit} of {n} answers lie outside of what an answer can be",
    Outcome.EMPTY: "{hit} of {n} rows are answered with NaN, infinity or nothing",
    Outcome.SHAPE: "the answer has another form: {words}",
    Outcome.CRASH: "the model's code breaks: {words}",
    Outcome.SPOILT: "{hit} of {n} answers to the other rows of the batch change",
    Outcome.HANG: "no answer comes in time: {words}",
    Outcome.LOST: "the model's process ends: {words}",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Brittle(Seen):
    """What one kind of abnormal input did.

    Attributes:
        feature: that was abnormal; None of all, or of the whole batch.
        operator: what was done. title: in words.
        outcome: what became of it.
        hit, n: rows that it became of, and that were tried.
        low, high: interval of the share, at 95 %.
        seen: share of the rows of the data that are abnormal in this way; None where not known.
        words: what the model said. example: a value that was put in.
        severity: of this finding: how common it is, times how much it does.
    """

    feature: str | None
    operator: str
    title: str
    outcome: Outcome
    hit: int
    n: int
    low: float
    high: float
    seen: float | None
    words: str
    example: str
    severity: Severity


@rule(
    "brittle-input",
    title="An abnormal input breaks the model, or turns its answer in silence",
    severity=Severity.MEDIUM,
    reads=Brittle,
    references=("CWE-20", "MITRE-ATLAS:AML.M0015"),
)
def brittle_input(seen: Brittle) -> Iterator[Hit]:
    """Flag abnormal inputs that break the model, or that turn its answer in silence.

    Abnormal values are put into real rows, one kind and one column at a time: missing and infinite
    values, words for numbers, look-alike letters, a spoilt row among good ones, columns in another
    order. A clear refusal, an error that says what is wrong, is a good answer and never a finding.
    An answer that differs is one only where a person reads the same in the input.

    How severe it is: a process that is lost or hangs is high, for whoever sends one such input
    stops it for all. Rows packed in another way that change answers are medium. For anything else
    it is how common it is times how much it does: high when one answer in a hundred is hit (share
    of such rows × share of answers that break), medium below. While the data hold no such row it is
    low, and info when the answer only changes, or is NaN where a number is missing.

    Why: production sends what no test set has. A model that breaks takes every request of the batch
    with it; one that answers NaN or another class in silence decides wrongly, and nobody notices.

    Fix: check inputs before the model – types, ranges, known words, Unicode form, case and space –
    and refuse with an error that names the column, or bring them to one form; let pipelines pick
    columns by name.

    Blind spot: each kind is tried on some hundred rows and a few values. A value that only one rare
    path of the code meets is not found.
    """
    if seen.outcome in (Outcome.KEPT, Outcome.REFUSED, Outcome.UNSENT):
        return
    told = _TOLD[seen.outcome].format(hit=seen.hit, n=seen.n, words=seen.words)
    where = "" if seen.feature is None else f" in {seen.feature}"
    common = ""
    if seen.seen is not None:
        common = f"; {seen.seen:.2%} of the rows given are like that"
    yield Hit(
        f"{seen.operator}{where} ({seen.title}): {told}{common}",
        Evidence(
            facts={
                "operator": seen.operator,
                "outcome": seen.outcome.value,
                "rows": seen.n,
                "hit": seen.hit,
                "share": seen.hit / seen.n if seen.n else None,
                "low": seen.low,
                "high": seen.high,
                "prevalence": seen.seen,
                "example": seen.example or None,
                "said": seen.words or None,
            },
            identity=(seen.feature or "", seen.operator),
        ),
    )
