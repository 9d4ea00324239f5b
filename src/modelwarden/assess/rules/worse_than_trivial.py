"""Rule: a model that the plainest answer beats."""

from __future__ import annotations

from collections.abc import Iterator

from modelwarden.assess.rules._seen import Seen
from modelwarden.core import Evidence, Hit, Json, Severity, rule
from modelwarden.core.values import dataclass

# Landis and Koch call an agreement up to 0.2 slight. Below it, a model does not make up for what
# it loses in accuracy; above it, it finds what the trivial answer never finds.
SLIGHT = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class AgainstTrivial(Seen):
    """The model beside always giving the same answer, on the same rows.

    Attributes:
        answer: what the trivial model always says.
        measure: `accuracy`, or `rmse` of a regression. ours, theirs: its values.
        better: the difference, positive when the model is better, in the unit that was compared.
        low, high: its interval.
        margin: difference that matters, in the same unit.
        agreement: Cohen's kappa; None of a regression.
        also_worse: of a regression, the mean absolute error is worse too than that of the median.
        reversed_auc: the area under the curve when the scores are turned round; None where the
            area is not clearly below a half.
    """

    answer: str
    measure: str
    ours: float
    theirs: float
    better: float
    low: float
    high: float
    margin: float
    n: int
    agreement: float | None = None
    also_worse: bool = True
    reversed_auc: float | None = None

    @property
    def worse(self) -> bool:
        """The model loses clearly, and by more than the margin."""
        return self.high < 0 and self.better < -self.margin

    @property
    def makes_up(self) -> bool:
        """It finds what the trivial answer never finds."""
        return self.agreement is not None and self.agreement >= SLIGHT


@rule(
    "worse-than-trivial",
    title="Worse than always giving the same answer",
    severity=Severity.HIGH,
    reads=AgainstTrivial,
    references=("MITRE-ATLAS:AML.M0008",),
)
def worse_than_trivial(seen: AgainstTrivial) -> Iterator[Hit]:
    """Flag a model that is beaten, on your data, by always saying the most frequent class.

    For numbers the trivial answer is the mean (and the median, for the absolute error).

    Why: a rule of one line does better, so the model costs more than it brings on these data. The
    usual causes are data unlike those it was made for, inputs prepared in another way than the
    model expects, or classes in another order.

    Fix: prepare the inputs exactly as the model's makers do (tokens, units, order of columns);
    check `positive` and the order of classes; if that is right, do not use this model here.

    Blind spot: a model for rare cases may lie below the trivial accuracy and still be useful, so
    one whose agreement with the truth (Cohen's kappa) is 0.2 or more is not flagged; a note says
    so. Costs of the two kinds of error are not known here: set thresholds in [policy.measure].
    """
    if not seen.worse or seen.makes_up or not seen.also_worse:
        return
    message = (
        f"{seen.measure} {seen.ours:.4g} against {seen.theirs:.4g} of always saying "
        f"{seen.answer} (n = {seen.n})"
    )
    facts: dict[str, Json] = {
        "measure": seen.measure,
        "model": seen.ours,
        "trivial": seen.theirs,
        "difference": seen.better,
        "difference_low": seen.low,
        "difference_high": seen.high,
        "margin": seen.margin,
    }
    if seen.agreement is not None:
        facts["cohen_kappa"] = seen.agreement
    if seen.reversed_auc is not None:
        message += f"; turned round, its scores have an AUC of {seen.reversed_auc:.3g}: check "
        message += "`positive` and the order of classes"
        facts["roc_auc_reversed"] = seen.reversed_auc
    yield Hit(message, Evidence(facts=facts, identity=(seen.measure,)))
