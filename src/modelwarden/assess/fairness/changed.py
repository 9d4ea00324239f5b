"""What the protected attribute itself does, and what else tells it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from modelwarden.assess.asking import Answers
from modelwarden.assess.context import Context
from modelwarden.assess.fairness.grouping import MISSING, Grouping
from modelwarden.assess.learner import learn
from modelwarden.assess.slices.features import features_of
from modelwarden.core import Measurement, seed_for
from modelwarden.metrics.intervals import Interval, of_share
from modelwarden.metrics.ranking import roc_auc
from modelwarden.metrics.values import measured
from modelwarden.targets.frames import Column, Frame

_ASKED = 2_000  # rows that are asked again
_OTHERS = 3  # values that each row is given instead of its own
_NOTABLE = 0.1  # of a regression's spread, by which a value has changed
_TOP = 3
_TOLD = 40_000  # rows from which proxies are told


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxy:
    """How well other columns tell one value of a protected attribute."""

    protected: str
    value: str
    auc: Measurement
    columns: tuple[tuple[str, float], ...]


def changed(context: Context, grouping: Grouping) -> Measurement | None:
    """Return the share of answers that change when nothing but the attribute does.

    None where the model is not given the column, or it is a number with many values: there the
    answer may well follow it.

    Raises:
        TargetError: the model failed, or answered something that is no answer.
    """
    inputs = context.test.inputs
    name = grouping.protected[0]
    if not isinstance(inputs, Frame) or name not in inputs.names or grouping.binned:
        return None
    rng = np.random.default_rng(seed_for(context.seed, "fairness", "changed", name))
    rows = np.sort(rng.permutation(len(inputs))[:_ASKED])
    some = inputs.take(rows)
    column = some[name]
    before = context.ask(context.target, some, f"as is {name}")
    count = 0
    values = list(_values(inputs[name], grouping))
    if len(values) < 2:
        return None
    for at in range(min(_OTHERS, len(values) - 1)):
        new = _other(column, values, at)
        after = context.ask(context.target, some.with_column(name, new), f"changed {name} {at}")
        # Of each value in place of the own, the one that changes most: all together would grow
        # with the number of values alone.
        count = max(count, int(_differ(before, after).sum()))
    return measured(
        "counterfactual_change_rate",
        count / len(rows),
        of_share(count, len(rows)),
        len(rows),
        group={"protected": [name]},
        conditions={**context.conditions, "values": min(_OTHERS + 1, len(values))},
    )


def _values(column: Column, grouping: Grouping) -> Iterator[object]:
    """Yield the values of the groups that are compared, the most frequent first."""
    sizes = np.bincount(grouping.code[grouping.code >= 0], minlength=len(grouping.names))
    for at in np.argsort(-sizes, kind="stable"):
        if grouping.names[at] != MISSING:
            yield column[int(np.flatnonzero(grouping.code == at)[0])]


def _other(column: Column, values: Sequence[object], at: int) -> Column:
    """Return the column with every value replaced by another: the `at`-th that is not its own."""
    new = [next(islice((v for v in values if v != own), at, None)) for own in column.tolist()]
    return np.array(new, column.dtype)


def _differ(before: Answers, after: Answers) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    if before.labels is not None and after.labels is not None:
        return np.asarray(before.labels != after.labels, np.bool_)
    if before.values is None or after.values is None:
        raise TypeError("the two answers are of different kinds")
    return np.asarray(
        np.abs(before.values - after.values) > _NOTABLE * before.values.std(), np.bool_
    )


def proxies(context: Context, grouping: Grouping, protected: Sequence[str]) -> Iterator[Proxy]:
    """Yield how well the columns that the model is given tell each value of an attribute.

    Other protected columns are left out. A small learner is taught on one half of the rows and
    asked about the other.
    """
    inputs = context.test.inputs
    if not isinstance(inputs, Frame) or len(grouping.names) < 2:
        return
    features = features_of(inputs.without(protected))
    if not features:
        return
    kept = np.flatnonzero(grouping.code >= 0)
    rng = np.random.default_rng(seed_for(context.seed, "fairness", "proxies", *grouping.protected))
    order = kept[rng.permutation(len(kept))][:_TOLD]
    first, second = np.sort(order[::2]), np.sort(order[1::2])
    sizes = np.bincount(grouping.code[kept], minlength=len(grouping.names))
    two = len(grouping.names) == 2
    for at in np.argsort(-sizes, kind="stable")[: 1 if two else _TOP].tolist():
        truth = (grouping.code == at).astype(np.float64)
        learned = learn(features, truth, first, logistic=True)
        told = learned.of(features, second)
        best = np.argsort(-learned.gains, kind="stable")[:_TOP].tolist()
        columns = tuple(
            (features[i].name, float(learned.gains[i])) for i in best if learned.gains[i] > 0
        )
        auc = roc_auc(truth[second] > 0, told)
        yield Proxy(
            protected=grouping.protected[0],
            value=grouping.names[at],
            auc=measured(
                "protected_attribute_auc",
                auc.value,
                _ends(auc),
                auc.n,
                group={"protected": list(grouping.protected), "value": grouping.names[at]},
                conditions={**context.conditions, "columns": [name for name, _ in columns]},
            ),
            columns=columns,
        )


def _ends(m: Measurement) -> Interval:
    return Interval(0.0 if m.low is None else m.low, 1.0 if m.high is None else m.high)
