"""Whether labels change along the rows, and what a random split hides by that."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from modelwarden.core import Finding, Gap, GapKind, Location
from modelwarden.core.seen import findings
from modelwarden.core.stages import StageResult
from modelwarden.data.clustering import as_positions, entities_in
from modelwarden.data.drift import order_of
from modelwarden.data.given import Given
from modelwarden.data.leakage import classes_of
from modelwarden.data.rules.order_effect import Ordered, order_effect
from modelwarden.detectors.change_point import ChangePoint, change_point
from modelwarden.detectors.counts import as_numbers
from modelwarden.detectors.designs import design_of
from modelwarden.detectors.learners import auc, folds_of, out_of_sample
from modelwarden.detectors.trees import Boosted
from modelwarden.targets.data import DataSet
from modelwarden.targets.frames import Floats, Frame, Labels
from modelwarden.targets.labels import missing, positions
from modelwarden.targets.spec import Task

NAME = "data"
ALPHA = 1e-4
CHANGE = 0.05  # of the share of a class
SPREAD = 0.15  # of a regression's label, in standard deviations
_MOST_CLASSES = 20
_MOST = 8000
_EARLIER = 0.6


def run(given: Given) -> StageResult:
    """Look at the training set and at the test set, each by itself."""
    found: list[Finding] = []
    gaps: list[Gap] = []
    for data in (given.train, given.test):
        if data is not None and len(data):
            found += _ordered(given, data)
            gaps += _unreadable(given, data)
    return StageResult(findings=tuple(found), gaps=tuple(gaps))


def _unreadable(given: Given, data: DataSet) -> Iterator[Gap]:
    order, name = order_of(given, data)
    if order is None and name is not None:
        yield Gap(
            what=given.path(data) or data.name,
            why=f"{name!r} of [data] order holds text that is neither numbers nor plain "
            "dates: changes along the rows were not looked for",
            kind=GapKind.NOT_ASSESSABLE,
            stage=NAME,
        )


def _ordered(given: Given, data: DataSet) -> Iterator[Finding]:
    order, name = order_of(given, data)
    if order is None or data.y is None:
        return
    order = order[~missing(data.y)[order]]
    sequences = list(_sequences(given, data, order))
    if not sequences:
        return
    alpha = ALPHA / len(sequences)
    margin = SPREAD if given.project.task is Task.REGRESSION else CHANGE
    best: tuple[ChangePoint, str] | None = None
    for told, values in sequences:
        point = change_point(values)
        if point is not None and point.p <= alpha:
            point = change_point(values, as_positions(entities_in(given, data), order))
        if point is None or point.p > alpha or abs(point.after - point.before) < margin:
            continue
        if best is None or point.p < best[0].p:
            best = (point, told)
    if best is None:
        return
    point, told = best
    scores = _both_ways(given, data, order)
    seen = Ordered(
        path=given.path(data),
        location=Location(
            path=given.path(data), row=int(order[point.at]), terms={"frame": data.name}
        ),
        frame=data.name,
        name=told,
        at=point.at,
        before=point.before,
        after=point.after,
        low=point.low,
        high=point.high,
        p=point.p,
        n=len(order),
        order=name,
        shuffled=None if scores is None else scores[0],
        in_order=None if scores is None else scores[1],
    )
    yield from findings(order_effect, seen, NAME)


def _sequences(given: Given, data: DataSet, order: Labels) -> Iterator[tuple[str, Floats]]:
    if data.y is None or not len(order):
        return
    y = data.y[order]
    if given.project.task is Task.REGRESSION:
        if y.dtype.kind != "O":
            values = as_numbers(y)
            yield "the mean of the label", (values - values.mean()) / (float(values.std()) or 1.0)
        return
    names, place = positions(y)
    if 2 <= len(names) <= _MOST_CLASSES:
        for c in range(1 if len(names) == 2 else 0, len(names)):
            yield f"the share of class {names[c]}", (place == c).astype(np.float64)


def _both_ways(given: Given, data: DataSet, order: Labels) -> tuple[float, float] | None:
    """Return the ROC AUC of a learner on rows at random and on the later ones, two classes."""
    if not isinstance(data.inputs, Frame) or given.project.task is Task.REGRESSION:
        return None
    step = -(-len(order) // _MOST)
    rows = order[::step]
    _, _, k = classes_of(data)
    if k != 2 or data.y is None or len(rows) < 200:
        return None
    y = positions(data.y[rows])[1]
    design = design_of(data.inputs.without([given.data.order or ""]).take(rows))
    learner = Boosted(rounds=40)
    fold = folds_of(y, 3, np.random.default_rng(0))
    shuffled = out_of_sample(learner, design, y, 2, fold)
    cut = int(_EARLIER * len(rows))
    earlier, later = np.arange(cut), np.arange(cut, len(rows))
    if min(len(np.unique(y[earlier])), len(np.unique(y[later]))) < 2:
        return None
    after = learner(design, earlier, y[earlier], 2, later)
    return auc(shuffled[:, 1], y == 1), auc(after[:, 1], y[later] == 1)
