"""Drift of features, of what is missing, of their correlations, of labels, answers and errors."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import numpy as np

from modelwarden.core import Finding, Gap, Location
from modelwarden.core.seen import findings
from modelwarden.core.stages import StageResult
from modelwarden.data.clustering import as_positions, by_entities, entities_in
from modelwarden.data.given import Given, Said
from modelwarden.data.numbering import without_numbering
from modelwarden.data.times import keys_of_time
from modelwarden.detectors import moves
from modelwarden.detectors.change_point import ChangePoint, change_point
from modelwarden.detectors.clusters import Clusters
from modelwarden.detectors.counts import as_numbers
from modelwarden.detectors.moves import ALPHA, changes_of
from modelwarden.detectors.rules.concept_drift import ConceptMoved, concept_drift
from modelwarden.targets.data import DataSet
from modelwarden.targets.errors import TargetError
from modelwarden.targets.frames import Column, Floats, Frame, Labels
from modelwarden.targets.labels import missing, positions, same
from modelwarden.targets.spec import Task

NAME = "data"
_ASKED = 20_000  # training rows that the model is asked
_BY_HEART = 0.02  # of the error rate, that is less on training rows


def run(given: Given) -> StageResult:
    """Compare the training set with test and current set, and answers along the rows."""
    result = StageResult()
    for reference, other in given.pairs():
        if len(reference) and len(other):
            here, there, _ = without_numbering(reference, other)
            result += by_entities(here, there, partial(_between, given))
    return result + _answers(given)


def _between(given: Given, reference: DataSet, other: DataSet) -> StageResult:
    result = moves.features(reference, other, given.margins)
    result += moves.joint(reference, other, given.margins)
    return result + moves.labels(
        reference,
        other,
        given.data.label or "y",
        regression=given.project.task is Task.REGRESSION,
        margins=given.margins,
    )


def _answers(given: Given) -> StageResult:
    """Compare what the model says to test and current set, and its errors along the rows."""
    if given.ask is None or given.spec is None:
        return StageResult()
    sets = [one for one in (given.test, given.current) if one is not None and len(one)]
    result = StageResult()
    said: dict[str, Said] = {}
    for one in sets:
        try:
            said[one.name] = given.ask(one)
        except TargetError as error:
            gap = Gap(
                what=given.path(one) or one.name, why=error.message, kind=error.kind, stage=NAME
            )
            result += StageResult(gaps=(gap,))
    if len(said) == 2:
        result += _predictions(given, said)
        result += _errors_between(given, said)
    elif said:
        result += _against_training(given, said[given.test.name])
    for one in sets:
        if one.name in said:
            result += _errors_along(given, one, said[one.name])
    return result


def _predictions(given: Given, said: dict[str, Said]) -> StageResult:
    test, current = given.test, given.current
    if current is None:
        return StageResult()
    columns = list(_answer_columns(said[test.name], said[current.name]))
    return by_entities(test, current, partial(_answered, given, columns))


def _answered(
    given: Given, columns: list[tuple[str, Column, Column]], one: DataSet, two: DataSet
) -> StageResult:
    return StageResult(findings=tuple(moves.answers(one, two, columns, given.margins)))


def _against_training(given: Given, said: Said) -> StageResult:
    """Compare what the model decides on the test set with what it decides on training rows.

    A model that learned by heart answers training rows as they are labelled and others by what it
    understood, which is no drift: where it errs less on training rows nothing is compared.
    """
    train, test = given.train, given.test
    if train is None or given.ask is None or not len(train):
        return StageResult()
    rows = np.arange(0, len(train), -(-len(train) // _ASKED))
    some = replace(train.take(rows), name="train, some rows")
    try:
        known = given.ask(some)
    except TargetError:
        return StageResult(notes=("the model did not answer training rows to compare with",))
    one, two = errors_of(given, some, known), errors_of(given, test, said)
    if one is None or two is None:
        return StageResult()
    if float(two[2].mean() - one[2].mean()) > _BY_HEART:
        why = "answers were not held against those to training rows, on which the model errs less"
        return StageResult(notes=(why,))
    columns = [part for part in _answer_columns(known, said) if part[0] == "class"]
    return by_entities(some, test, partial(_answered, given, columns))


def _answer_columns(here: Said, there: Said) -> Iterator[tuple[str, Column, Column]]:
    if here.values is not None and there.values is not None:
        yield "value", here.values, there.values
    if here.labels is not None and there.labels is not None:
        yield "class", here.labels, there.labels
    if here.scores is not None and there.scores is not None:
        k = here.scores.shape[1]
        for i in range(1 if k == 2 else 0, min(k, 20)):
            yield f"score of class {i}", here.scores[:, i], there.scores[:, i]


def errors_of(given: Given, data: DataSet, said: Said) -> tuple[str, Labels, Floats] | None:
    """Return what is called an error, the labelled rows, and the error of each."""
    if data.y is None or given.spec is None:
        return None
    rows = np.flatnonzero(~missing(data.y)).astype(np.int64)
    if not len(rows):
        return None
    if given.project.task is Task.REGRESSION:
        if said.values is None or data.y.dtype.kind == "O":
            return None
        error = np.abs(said.values[rows] - as_numbers(data.y)[rows])
        spread = _spread(given.test) or _spread(data) or 1.0
        return "absolute error in standard deviations of the label", rows, error / spread
    if said.labels is None:
        return None
    names, place = positions(data.y[rows])
    known = {same(name): i for i, name in enumerate(given.spec.classes)}
    codes = np.array([known.get(same(name), -1) for name in names], np.int64)
    return "error rate", rows, (codes[place] != said.labels[rows]).astype(np.float64)


def _spread(data: DataSet) -> float:
    """Return the standard deviation of a set's labels, 0 where it has none.

    Errors of all sets are counted in that of the test set: a set whose labels spread more is no set
    on which the model errs less.
    """
    if data.y is None or data.y.dtype.kind == "O":
        return 0.0
    known = as_numbers(data.y)[~missing(data.y)]
    return float(known.std()) if len(known) else 0.0


def _errors_between(given: Given, said: dict[str, Said]) -> StageResult:
    test, current = given.test, given.current
    if current is None:
        return StageResult()
    one = errors_of(given, test, said[test.name])
    two = errors_of(given, current, said[current.name])
    if one is None or two is None:
        return StageResult()

    def compare(here: DataSet, there: DataSet) -> StageResult:
        clusters = Clusters.of(here, there)
        kept = None if clusters is None else clusters.only(one[1], two[1])
        found = moves.errors_between(
            here, there, one[0], one[2], two[2], given.margins, clusters=kept
        )
        return StageResult(findings=tuple(found))

    return by_entities(test, current, compare)


def _errors_along(given: Given, data: DataSet, said: Said) -> StageResult:
    found = errors_of(given, data, said)
    if found is None:
        return StageResult()
    what, rows, errors = found
    order, name = order_of(given, data)
    if order is None:
        return StageResult()
    placed = np.empty(len(data), np.int64)
    placed[order] = np.arange(len(data))
    ranked = np.argsort(placed[rows], kind="stable")
    sequences = [(what, errors[ranked])]
    residual = _residual(given, data, said, rows)
    if residual is not None:
        sequences.append(("outcome less what the score expects", residual[ranked]))
    for told, values in sequences:
        if not _levels_differ(change_point(values), given):
            continue
        point = change_point(values, as_positions(entities_in(given, data), rows[ranked]))
        if point is None or not _levels_differ(point, given):
            continue
        at = int(rows[ranked[point.at]])
        return StageResult(findings=tuple(_concept(given, data, told, point, at, name)))
    return StageResult()


def _levels_differ(point: ChangePoint | None, given: Given) -> bool:
    return (
        point is not None
        and point.p <= ALPHA / 2
        and abs(point.after - point.before) >= given.margins.errors
    )


def _concept(
    given: Given, data: DataSet, what: str, point: ChangePoint, row: int, order: str | None
) -> Iterator[Finding]:
    seen = ConceptMoved(
        path=given.path(data),
        location=Location(path=given.path(data), row=row, terms={"frame": data.name}),
        frame=data.name,
        against=None,
        what=what,
        before=point.before,
        after=point.after,
        low=point.low,
        high=point.high,
        p=point.p,
        n=len(data),
        at=point.at,
        order=order,
    )
    yield from findings(concept_drift, seen, NAME)


def _residual(given: Given, data: DataSet, said: Said, rows: Labels) -> Floats | None:
    """Return, of a binary task with probabilities, the outcome less the score."""
    spec, scores = given.spec, said.scores
    if spec is None or spec.positive is None or scores is None or data.y is None:
        return None
    score = scores[rows, spec.positive]
    if score.min() < 0 or score.max() > 1:
        return None
    names, place = positions(data.y[rows])
    positive = np.array([same(n) == same(spec.classes[spec.positive]) for n in names])
    return np.asarray(positive[place] - score, np.float64)


def order_of(given: Given, data: DataSet) -> tuple[Labels | None, str | None]:
    """Return the rows in order, by the column that is named, else as they stand.

    Rows that stand sorted by their label have no order of time: None. Nor have those whose column
    of time cannot be read as one.
    """
    name = given.data.order
    if name is not None:
        frame = data.inputs if isinstance(data.inputs, Frame) else data.context
        frame = frame if name in frame.names else data.context
        if name in frame.names:
            keys = keys_of_time(frame[name])
            if keys is None:
                return None, name
            return np.argsort(keys, kind="stable").astype(np.int64), name
    if data.y is not None and sorted_by_label(data.y):
        return None, None
    return np.arange(len(data)), None


def sorted_by_label(y: Column) -> bool:
    """Tell whether equal labels stand together, far more than rows of any order of time would."""
    known = y[~missing(y)]
    if len(known) < 2:
        return False
    words = [str(v) for v in known.tolist()] if known.dtype.kind == "O" else known.tolist()
    changes = sum(a != b for a, b in zip(words[1:], words[:-1], strict=True))
    counts = np.unique(np.array(words), return_counts=True)[1]
    expected = (len(words) - 1) * (1 - float(((counts / len(words)) ** 2).sum()))
    return bool(len(counts) > 1 and changes < 0.1 * expected)


__all__ = ["ALPHA", "changes_of", "errors_of", "order_of", "run", "sorted_by_label"]
