"""Rule: groups of people that are treated differently."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from modelwarden.assess.rules._seen import Seen
from modelwarden.core import Confidence, Evidence, Hit, Json, Severity, rule

SIGNIFICANT = 0.005
LOPSIDED = 0.5  # of the other group's share

# What each gap says of the two groups, the harmed one first.
_WORDS = {
    "demographic_parity_difference": "get the positive answer {0} of the time, {other} {1}",
    "equal_opportunity_difference": "positive cases are found {0} of the time, of {other} {1}",
    "false_positive_rate_difference": "negative cases are called positive {0} of the time, of "
    "{other} {1}",
    "predictive_parity_difference": "a positive answer is right {0} of the time, for {other} {1}",
    "accuracy_score_difference": "{0} are answered right, of {other} {1}",
    "roc_auc_score_difference": "ROC AUC within the group is {0}, of {other} {1}",
    "mean_prediction_difference": "the mean prediction is {0}, of {other} {1}",
    "mean_error_difference": "predictions are off by {0} in the mean, of {other} {1}",
    "mean_absolute_error_difference": "the mean size of an error is {0}, of {other} {1}",
}
# The larger of two gaps is told as the one that it is.
_TOLD_AS = {
    "true_positive_rate": "equal_opportunity_difference",
    "false_positive_rate": "false_positive_rate_difference",
}
# The same of one class among many.
_OF_CLASS = {
    "demographic_parity_difference": "get the answer {answer} {0} of the time, {other} {1}",
    "equal_opportunity_difference": "cases of {answer} are found {0} of the time, of {other} {1}",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupGap(Seen):
    """How far two groups lie apart.

    Attributes:
        protected: the columns. metric: name of the measurement.
        group: the one that is worse off; other: the one that is best off.
        here, there: their rates or means.
        gap: between them; low, high: simultaneous interval. shrunken: corrected for being the
            largest of many.
        adjusted: p that no groups differ, adjusted for all that were compared.
        margin: that matters.
        in_labels: the same gap in the labels themselves, where there is such a thing.
        answer: the class that it is about, of a task with many.
        explained: the labels of the two groups differ, and equal scores mean the same in both.
        rate: that `here` and `there` are, of a binary task.
        labels: share of positive labels in the two groups, where there is such a thing.
        also: other quantities in which groups of the same columns lie apart.
    """

    protected: tuple[str, ...]
    metric: str
    group: str
    other: str
    here: float
    there: float
    gap: float
    low: float
    high: float
    shrunken: float
    adjusted: float
    margin: float
    n: int
    share: bool = True
    rate: str = ""
    in_labels: float | None = None
    answer: str | None = None
    explained: bool = False
    labels: tuple[float, float] | None = None
    also: tuple[GroupGap, ...] = ()

    @property
    def apart(self) -> bool:
        """The gap is significant and matters."""
        return self.adjusted <= SIGNIFICANT and self.shrunken >= self.margin

    @property
    def lopsided(self) -> bool:
        """One group gets the positive answer less than half as often, far beyond a mild difference.

        Either the labels are as lopsided, or the model makes of a mild difference a large one: its
        answers are less than half as much alike as the labels.
        """
        if self.metric != "demographic_parity_difference" or self.labels is None:
            return False
        said, taught = (_ratio(*pair) for pair in ((self.here, self.there), self.labels))
        return said < LOPSIDED and (taught < LOPSIDED or said < LOPSIDED * taught)

    @property
    def all_explained(self) -> bool:
        """Nothing is apart but what the labels explain."""
        return all(gap.explained for gap in (self, *self.also))


@rule(
    "group-gap",
    title="Groups of people are treated differently",
    severity=Severity.HIGH,
    reads=GroupGap,
    references=("MITRE-ATLAS:AML.M0008",),
)
def group_gap(seen: GroupGap) -> Iterator[Hit]:
    """Flag a gap between groups that is no chance, and larger than the margin.

    Groups are those of the columns in `[data] protected`, alone and crossed. The largest gap of
    many groups is larger than the truth, so it is drawn together before it is held against the
    margin, and the number of all comparisons is taken into account.

    Each set of columns is one finding. The quantity with the largest gap, in margins, leads; the
    others are listed with it. Where the labels of two groups differ, scores that mean the same in
    both bring gaps with them, and not all can be closed at once. A gap that is no wider than that
    is said to be so, and where all are the severity is medium when one group gets the positive
    answer less than half as often (and the labels are as lopsided, or half as much so), else info:
    the model repeats what it was taught, and whether that is acceptable is yours to say.

    Answers that change with the attribute alone are high; where the labels of the groups differ
    and scores mean the same in all of them, medium when a quarter of the answers changes, else info
    (as of every regression, all of whose answers move a little).

    Why: whom a model serves worse is seldom who complains first. Unequal treatment by sex, origin,
    age or religion is unlawful in many uses, whatever the average says.

    Fix: look at the labels first: a model repeats what they hold. Then more and better data of the
    group, weights, or thresholds of each group where the law allows that; drop columns that stand
    in for the attribute (the table of proxies names them). What you accept, say in a waiver; a
    line in [policy.measure] bounds the measurement and lifts no finding.

    Blind spot: which gap matters is not for a tool to say, and not all can be closed at once where
    the groups' labels differ. Labels that are unfair themselves make an unfair model look right.
    """
    if not seen.apart:
        return
    told = _told(seen)
    if seen.explained:
        told += "; the groups' labels differ and scores mean the same in both: as it was taught"
    if seen.also:
        others = "; ".join(f"{_name(gap)} {_form(gap)(gap.gap)}" for gap in seen.also[:8])
        told += f"; apart as well: {others}"
    yield Hit(
        told,
        Evidence(
            facts={
                **_facts(seen),
                "metrics": [*dict.fromkeys(gap.metric for gap in (seen, *seen.also))],
                "also": [_facts(gap) for gap in seen.also],
            },
            identity=(*seen.protected, seen.metric),
        ),
        confidence=Confidence.MEDIUM if seen.all_explained else None,
    )


def _ratio(one: float, two: float) -> float:
    return min(one, two) / max(one, two, 1e-9)


def _name(seen: GroupGap) -> str:
    return seen.metric if seen.answer is None else f"{seen.metric} of {seen.answer[:60]!r}"


def _form(seen: GroupGap) -> Callable[[float], str]:
    return "{:.1%}".format if seen.share else "{:.4g}".format


def _told(seen: GroupGap) -> str:
    form = _form(seen)
    if seen.metric == "counterfactual_change_rate":
        return (
            f"{seen.gap:.1%} of the answers change when nothing but {', '.join(seen.protected)} is "
            f"changed"
        )
    words = (
        _WORDS[_TOLD_AS.get(seen.rate, seen.metric)]
        if seen.answer is None
        else _OF_CLASS[seen.metric]
    )
    answer = "" if seen.answer is None else repr(seen.answer[:60])
    words = words.format(form(seen.here), form(seen.there), other=seen.other, answer=answer)
    told = (
        f"{' and '.join(seen.protected)}: {seen.group}: {words} (gap {form(seen.gap)}, "
        f"{form(seen.low)} to {form(seen.high)})"
    )
    if seen.in_labels is not None:
        told += f"; the labels themselves differ by {form(seen.in_labels)}"
    return told


def _facts(seen: GroupGap) -> dict[str, Json]:
    return {
        "metric": seen.metric,
        "group": seen.group,
        "other": seen.other,
        "here": seen.here,
        "there": seen.there,
        "gap": seen.gap,
        "low": seen.low,
        "high": seen.high,
        "shrunken": seen.shrunken,
        "p_adjusted": seen.adjusted,
        "margin": seen.margin,
        "n": seen.n,
        "in_labels": seen.in_labels,
        "explained": seen.explained,
        **({} if not seen.rate else {"rate": seen.rate}),
        **({} if seen.answer is None else {"class": seen.answer}),
    }
