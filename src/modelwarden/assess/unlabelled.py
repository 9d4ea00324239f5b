"""How well a model does on rows that have no label, as far as its own scores tell.

Where stated probabilities come true, their mean over rows is the share that is right: no label is
needed. That sees inputs change. It is blind to **concept drift**: where the same inputs now have
another truth, scores and estimate stay as they were. A few labels correct it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from modelwarden.assess.asking import Answers
from modelwarden.assess.context import Context
from modelwarden.assess.measures import are_probabilities
from modelwarden.assess.slices.losses import Calibration
from modelwarden.assess.stage import StageResult
from modelwarden.assess.truth import Judged, judged, missing
from modelwarden.core import Json, Measurement
from modelwarden.metrics.intervals import SHARE, Floats, Interval, z_of
from modelwarden.metrics.ranking import hanley_error
from modelwarden.metrics.values import measured
from modelwarden.targets.data import DataSet
from modelwarden.targets.spec import Task

LEAST_ROWS = 30
BLIND = (
    "performance without labels is estimated from the model's own scores: it sees that inputs "
    "changed, and is blind to concept drift, where the same inputs now have another truth"
)


def estimates(context: Context, seen: Judged | None) -> StageResult:
    """Estimate what the labels do not tell: of unlabelled test rows, and of `[data] current`.

    Args:
        context: of the check.
        seen: the labelled test rows; None where there are none.

    Raises:
        TargetError: the model failed, or answered something that is no answer.
    """
    if context.target.spec.task is Task.REGRESSION:
        return StageResult()
    result = StageResult()
    if seen is None or seen.unlabelled >= LEAST_ROWS:
        result += _of(context, context.test, context.answers(), None, seen)
    current = context.current
    if current is not None and len(current) >= LEAST_ROWS and _few_labels(current):
        answers = context.ask(context.target, current.inputs, "current")
        own = None
        if current.y is not None and not missing(current.y).all():
            own = judged(current, answers, context.target.spec)
        result += _of(context, current, answers, seen, own)
    return result


def _few_labels(data: DataSet) -> bool:
    return data.y is None or bool(missing(data.y).sum() >= LEAST_ROWS)


def _of(
    context: Context,
    data: DataSet,
    answers: Answers,
    reference: Judged | None,
    labelled: Judged | None,
) -> StageResult:
    """Estimate one data set.

    Args:
        context: of the check.
        data: its rows.
        answers: to all of them.
        reference: other rows with labels, by which scores are calibrated.
        labelled: those of its rows that have a label, by which the estimate is corrected.
    """
    if answers.scores is None or answers.labels is None or not len(answers):
        why = f"{data.name}: rows without a label tell nothing, as the model gives no scores"
        return StageResult(notes=(why,))
    right, how = _chances(context, answers, reference)
    if right is None:
        why = f"{data.name}: the scores are no probabilities, so rows without a label tell nothing"
        return StageResult(notes=(why,))
    facts: dict[str, Json] = {**context.conditions, "data": data.digest, "rows": data.name, **how}
    return StageResult(
        measurements=tuple(_measurements(context, answers, right, reference, labelled, facts)),
        notes=(f"{data.name}: {BLIND}",),
    )


def _chances(
    context: Context, answers: Answers, reference: Judged | None
) -> tuple[Floats | None, dict[str, Json]]:
    """Return how probably each answer is right, (n,), and where that comes from."""
    if answers.scores is None or answers.labels is None:
        return None, {}
    said = answers.scores[np.arange(len(answers)), answers.labels]
    if reference is not None and reference.scores is not None and reference.n >= 10 * LEAST_ROWS:
        theirs = reference.scores[np.arange(reference.n), reference.said]
        known = Calibration.of(theirs, np.asarray(reference.said == reference.y, np.bool_))
        return known.at(said), {"calibrated_on": context.test.name}
    if are_probabilities(answers.scores):
        return np.clip(said, 0.0, 1.0), {"calibrated_on": None}
    return None, {}


def _measurements(
    context: Context,
    answers: Answers,
    right: Floats,
    reference: Judged | None,
    labelled: Judged | None,
    facts: dict[str, Json],
) -> Iterator[Measurement]:
    n = len(right)
    if labelled is not None and labelled.n >= LEAST_ROWS:
        value, error = _corrected(right, labelled)
        facts = {**facts, "method": "prediction-powered", "labelled": labelled.n}
    else:
        value = float(right.mean())
        spread = value * (1 - value)
        other = spread / reference.n if reference is not None else 0.0
        error = math.sqrt(spread / n + other)
        facts = {**facts, "method": "confidence-based"}
    half = z_of(0.95) * error
    ends = Interval(value - half, value + half).within(*SHARE)
    rows: Json = {"rows": facts["rows"]}
    yield measured("estimated_accuracy", value, ends, n, group=rows, conditions=facts)
    positive = context.target.spec.positive
    if positive is not None and answers.scores is not None and labelled is None:
        chance = np.where(answers.labels == positive, right, 1 - right)
        auc = expected_auc(answers.scores[:, positive], chance)
        if not math.isnan(auc):
            cases = float(chance.sum())
            half = z_of(0.95) * float(hanley_error(auc, cases, n - cases))
            ends = Interval(auc - half, auc + half).within(*SHARE)
            yield measured("estimated_roc_auc", auc, ends, n, group=rows, conditions=facts)


def _corrected(right: Floats, labelled: Judged) -> tuple[float, float]:
    """Return the share that is right and its standard error: scores of all, labels of some.

    The mean over rows without a label, and what labelled ones show it to be wrong by. It holds
    whatever the scores are worth; the better they are, the narrower it is.

    Source: Angelopoulos et al. 2023, "Prediction-powered inference", algorithm 1.
    """
    if labelled.y is None or labelled.said is None:
        raise TypeError("a regression has no classes")
    known = np.zeros(len(right), np.bool_)
    known[labelled.rows] = True
    off = (labelled.y == labelled.said) - right[labelled.rows]
    rest = right[~known]
    value = float(rest.mean() + off.mean())
    variance = rest.var() / len(rest) + off.var(ddof=1) / len(off)
    return min(max(value, 0.0), 1.0), math.sqrt(float(variance))


def expected_auc(scores: Floats, chance: Floats) -> float:
    """Return the area under the ROC curve that is to be expected, in O(n log n).

    Each row counts as positive with its chance, and as negative with the rest of it; ties half.

    Args:
        scores: (n,) by which rows are ranked.
        chance: (n,) that each is positive.
    """
    order = np.argsort(scores, kind="stable")
    ordered, up = scores[order], chance[order]
    first = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    cases, others = np.add.reduceat(up, first), np.add.reduceat(1 - up, first)
    total = float(cases.sum() * others.sum())
    below = others.cumsum() - others / 2
    return float(cases @ below) / total if total > 0 else math.nan
