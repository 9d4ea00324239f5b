"""Rule: a class that the model serves worse than the others."""

from __future__ import annotations

from collections.abc import Iterator

from modelwarden.assess.rules._seen import Seen
from modelwarden.core import Evidence, Hit, Severity, rule
from modelwarden.core.values import dataclass

SIGNIFICANT = 0.005
# Below what the scores, or a small learner, let one expect, that is no honest difficulty.
BEYOND, BEYOND_LEARNED = 0.1, 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassRecall(Seen):
    """How often one class is found.

    Attributes:
        name: of the class. found, cases: of it.
        against: the share that it is held against: that of all other classes together, or one
            half where there are only two classes.
        adjusted: p that it is not below that, adjusted for the number of classes.
        margin: below it that matters.
        expected: share that the model's own scores let one expect, where they are right in sum.
        learned: it is the share that a small learner finds, as there are no scores.
        named: the model has the class among its answers.
    """

    name: str
    found: int
    cases: int
    against: float
    two: bool
    adjusted: float
    margin: float
    expected: float | None = None
    learned: bool = False
    named: bool = True

    @property
    def as_expected(self) -> bool:
        """The class is hard to tell, and the scores or a small learner say so."""
        beyond = BEYOND_LEARNED if self.learned else BEYOND
        return self.expected is not None and self.found >= self.cases * (self.expected - beyond)


@rule(
    "weak-class",
    title="A class that is found much less often than the others",
    severity=Severity.MEDIUM,
    reads=ClassRecall,
    references=("MITRE-ATLAS:AML.M0008",),
)
def weak_class(seen: ClassRecall) -> Iterator[Hit]:
    """Flag a class whose cases are found clearly less often than those of the other classes.

    With two classes one is always found less often, so there a class is flagged when fewer than
    half of its cases are found.

    Where the model's own scores say how seldom it will be found, the class is hard to tell from the
    others, or rare, and the severity is info: another threshold or better columns would help, and
    no other model of the same columns need do better. Of a model that gives labels or margins
    alone, a small learner tells, taught on one half of the rows and asked about the other: where it
    finds the class as seldom, and errs in no more than five rows of a hundred beyond the model's
    own, it is info too.

    Why: a good average hides it. Whoever depends on this class is served by a much worse model than
    the headline says.

    Fix: more training rows of the class, weights for rare classes, or another threshold; set a
    minimum for it: `"recall" = {min = …, where = {class = "…"}}` in [policy.measure].

    Blind spot: recall only. A class that is named too often shows in its precision, which stands in
    the table of classes.
    """
    if not seen.cases or seen.adjusted > SIGNIFICANT:
        return
    share = seen.found / seen.cases
    if share > seen.against - seen.margin:
        return
    held = "fewer than half" if seen.two else f"{seen.against:.1%} of the other classes"
    if seen.as_expected:
        held += (
            ", and a small learner finds it as seldom"
            if seen.learned
            else ", as its own scores let one expect"
        )
    name = seen.name if seen.named else f"{seen.name}, which the model does not have"
    yield Hit(
        f"class {name}: {seen.found} of {seen.cases} cases are found ({share:.1%}); {held}",
        Evidence(
            facts={
                "class": seen.name,
                "recall": share,
                "against": seen.against,
                "n": seen.cases,
                "p_adjusted": seen.adjusted,
                "margin": seen.margin,
                "expected": seen.expected,
            },
            identity=(seen.name,),
        ),
    )
