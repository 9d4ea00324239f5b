"""Drift of features, of what is missing, of their correlations, of labels, answers and errors."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
from scipy import special

from modelwarden.core import Finding, Gap, Location, Table
from modelwarden.core.rules import Rule
from modelwarden.core.seen import findings
from modelwarden.core.stages import StageResult
from modelwarden.data.given import Given, Said
from modelwarden.data.looks import Look, frame_of, looks
from modelwarden.data.rules._moved import Moved
from modelwarden.data.rules.concept_drift import ConceptMoved, concept_drift
from modelwarden.data.rules.feature_drift import feature_drift
from modelwarden.data.rules.joint_drift import JointMoved, joint_drift
from modelwarden.data.rules.label_drift import label_drift
from modelwarden.data.rules.missingness_change import missingness_change
from modelwarden.data.rules.prediction_drift import prediction_drift
from modelwarden.detectors.breaks import kind_of
from modelwarden.detectors.change_point import ChangePoint, change_point
from modelwarden.detectors.counts import NumberBins, WordCounts, as_numbers
from modelwarden.detectors.drift import Change, Margins, of_missing, of_numbers, of_words
from modelwarden.detectors.joint import changed_pairs, groups_of
from modelwarden.metrics.intervals import z_of
from modelwarden.metrics.multiplicity import benjamini_hochberg
from modelwarden.targets.data import DataSet
from modelwarden.targets.errors import TargetError
from modelwarden.targets.frames import Column, Floats, Frame, Labels
from modelwarden.targets.labels import missing, positions, same
from modelwarden.targets.spec import Task

NAME = "data"
ALPHA = 0.001  # of each family of tests, after correction
CORRELATION = 0.10
ERROR = 0.05  # of an error rate that changes, or a share of the spread of a regression
LABELS = Margins(mix=0.02, distribution=0.03)
ANSWERS = Margins(mix=0.03)
FEATURES = Margins()
_SHOWN = 60

Tested = tuple[Look, Change]


def run(given: Given) -> StageResult:
    """Compare the training set with test and current set, and answers along the rows."""
    result = StageResult()
    for reference, other in given.pairs():
        if len(reference) and len(other):
            result += _features(given, reference, other)
            result += _joint(given, reference, other)
            result += _labels(given, reference, other)
    return result + _answers(given)


def _features(given: Given, reference: DataSet, other: DataSet) -> StageResult:
    shown = looks(reference, other)
    tested: list[Tested] = []
    gone: list[Tested] = []
    for look in shown:
        changes, lost = changes_of(look.here, look.there, FEATURES)
        tested += [(look, change) for change in changes]
        if not look.aspect:
            gone.append((look, lost))
    gone += [(look, change) for look, change in _emptied(reference, other)]
    found = _alarms(given, reference, other, tested, feature_drift)
    found += _alarms(given, reference, other, gone, missingness_change)
    return StageResult(findings=tuple(found), tables=tuple(_table(reference, other, tested)))


def changes_of(here: Column, there: Column, margins: Margins) -> tuple[tuple[Change, ...], Change]:
    """Return what the tests of one column say, and that of its missing values."""
    if here.dtype.kind == "O":
        words = WordCounts.of(here), WordCounts.of(there)
        lost = of_missing(
            words[0].missing, words[0].n, words[1].missing, words[1].n, margins.missing
        )
        return tuple(of_words(*words, margins)), lost
    bins = NumberBins.fit(here)
    one, two = bins.count(here), bins.count(there)
    lost = of_missing(one.missing, one.n, two.missing, two.n, margins.missing)
    return tuple(of_numbers(one, two, margins)), lost


def _emptied(reference: DataSet, other: DataSet) -> Iterator[Tested]:
    """Yield columns that lost all their values, or that had none: their type is not known."""
    here, there = reference.inputs, other.inputs
    if not isinstance(here, Frame) or not isinstance(there, Frame):
        return
    for name in here.names:
        if name not in there.names or "nothing" not in (
            kinds := (kind_of(here[name]), kind_of(there[name]))
        ):
            continue
        if kinds[0] == kinds[1]:
            continue
        gone = [int(missing(column).sum()) for column in (here[name], there[name])]
        change = of_missing(gone[0], len(here), gone[1], len(there), FEATURES.missing)
        yield Look(name, "", here[name], there[name]), change


def _alarms(
    given: Given,
    reference: DataSet,
    other: DataSet,
    tested: Sequence[Tested],
    rule: Rule[Moved],
) -> list[Finding]:
    """Return a finding for each feature with a change that is significant and matters."""
    if not tested:
        return []
    adjusted = benjamini_hochberg(np.array([change.p for _, change in tested]))
    by_name: dict[str, list[tuple[Change, str, float]]] = {}
    for (look, change), p in zip(tested, adjusted.tolist(), strict=True):
        if p <= ALPHA and change.matters:
            by_name.setdefault(look.feature, []).append((change, look.aspect, p))
    return [
        found
        for name, changes in by_name.items()
        for found in findings(
            rule,
            Moved(
                path=given.path(other),
                location=Location(
                    path=given.path(other), feature=name, terms={"frame": other.name}
                ),
                frame=other.name,
                against=reference.name,
                name=name,
                changes=tuple(changes),
                n=len(other),
            ),
            NAME,
        )
    ]


def _table(reference: DataSet, other: DataSet, tested: Sequence[Tested]) -> Iterator[Table]:
    """Yield what every feature did, the surest change first."""
    if not tested:
        return
    adjusted = benjamini_hochberg(np.array([change.p for _, change in tested]))
    best: dict[str, tuple[float, Look, Change]] = {}
    for (look, change), p in zip(tested, adjusted.tolist(), strict=True):
        known = best.get(look.feature)
        if known is None or (not change.matters, p) < (not known[2].matters, known[0]):
            best[look.feature] = (p, look, change)
    ordered = sorted(best.items(), key=lambda item: item[1][0])
    yield Table(
        name=f"drift of {other.name}",
        title=f"What changed from {reference.name} to {other.name}",
        stage=NAME,
        meaning="The test of each feature that speaks loudest. A change is flagged when it is"
        f" significant (p at most {ALPHA:g}, adjusted for all tests) and reaches its margin.",
        columns=("feature", "test", "effect", "low", "high", "p", "reaches the margin"),
        rows=tuple(
            (
                f"{name}: {look.aspect}" if look.aspect else name,
                change.kind,
                *(None if math.isinf(v) else v for v in (change.effect, change.low, change.high)),
                p,
                "yes" if change.matters else "no",
            )
            for name, (p, look, change) in ordered[:_SHOWN]
        ),
    )


def _joint(given: Given, reference: DataSet, other: DataSet) -> StageResult:
    here, there = frame_of(reference.inputs), frame_of(other.inputs)
    shared = [
        name
        for name in here.names
        if name in there.names
        and (kind := kind_of(here[name])) == kind_of(there[name])
        and kind != "nothing"
    ]
    if len(shared) < 2:
        return StageResult()
    pairs = changed_pairs(
        _plain(here.only(shared)), _plain(there.only(shared)), margin=CORRELATION, alpha=ALPHA
    )
    found: list[Finding] = []
    for group in groups_of(pairs):
        names = tuple(dict.fromkeys(name for pair in group for name in (pair.first, pair.second)))
        seen = JointMoved(
            path=given.path(other),
            location=Location(
                path=given.path(other), terms={"frame": other.name, "features": list(names[:20])}
            ),
            frame=other.name,
            against=reference.name,
            pairs=group,
            features=names,
            n=len(other),
        )
        found += findings(joint_drift, seen, NAME)
    return StageResult(findings=tuple(found))


def _plain(frame: Frame) -> Frame:
    columns = (as_numbers(c) if c.dtype.kind in "mM" else c for c in frame.columns)
    return Frame(frame.names, tuple(columns))


def _labels(given: Given, reference: DataSet, other: DataSet) -> StageResult:
    if reference.y is None or other.y is None:
        return StageResult()
    tested = _truth_changes(given, reference.y, other.y, LABELS)
    name = given.data.label or "y"
    looked = [(Look(name, "", reference.y, other.y), change) for change in tested]
    return StageResult(findings=tuple(_alarms(given, reference, other, looked, label_drift)))


def _truth_changes(
    given: Given, here: Column, there: Column, margins: Margins
) -> tuple[Change, ...]:
    if given.project.task is not Task.REGRESSION:
        return tuple(of_words(WordCounts.of(here), WordCounts.of(there), margins))
    if here.dtype.kind == "O" or there.dtype.kind == "O":
        return ()
    return changes_of(here, there, margins)[0]


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
    for one in sets:
        if one.name in said:
            result += _errors_along(given, one, said[one.name])
    return result


def _predictions(given: Given, said: dict[str, Said]) -> StageResult:
    test, current = given.test, given.current
    if current is None:
        return StageResult()
    here, there = said[test.name], said[current.name]
    tested: list[Tested] = []
    for aspect, one, two in _answer_columns(here, there):
        changes = (
            tuple(of_words(WordCounts.of(one), WordCounts.of(two), ANSWERS))
            if aspect == "class"
            else changes_of(one, two, ANSWERS)[0]
        )
        tested += [(Look("prediction", aspect, one, two), change) for change in changes]
    return StageResult(findings=tuple(_alarms(given, test, current, tested, prediction_drift)))


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
        spread = float(as_numbers(data.y)[rows].std()) or 1.0
        return "absolute error in standard deviations of the label", rows, error / spread
    if said.labels is None:
        return None
    names, place = positions(data.y[rows])
    known = {same(name): i for i, name in enumerate(given.spec.classes)}
    codes = np.array([known.get(same(name), -1) for name in names], np.int64)
    return "error rate", rows, (codes[place] != said.labels[rows]).astype(np.float64)


def _errors_between(given: Given, said: dict[str, Said]) -> StageResult:
    test, current = given.test, given.current
    if current is None:
        return StageResult()
    one, two = (
        errors_of(given, test, said[test.name]),
        errors_of(given, current, said[current.name]),
    )
    if one is None or two is None or min(len(one[2]), len(two[2])) < 30:
        return StageResult()
    what, _, before = one
    after = two[2]
    gap = float(after.mean() - before.mean())
    error = math.sqrt(float(before.var()) / len(before) + float(after.var()) / len(after)) or 1e-12
    p = float(2 * special.ndtr(-abs(gap) / error))
    if p > ALPHA or abs(gap) < ERROR:
        return StageResult()
    half = z_of(0.95) * error
    seen = ConceptMoved(
        path=given.path(current),
        location=Location(path=given.path(current), terms={"frame": current.name}),
        frame=current.name,
        against=test.name,
        what=what,
        before=float(before.mean()),
        after=float(after.mean()),
        low=gap - half,
        high=gap + half,
        p=p,
        n=len(after),
    )
    return StageResult(findings=tuple(findings(concept_drift, seen, NAME)))


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
        point = change_point(values)
        if point is None or point.p > ALPHA / 2 or abs(point.after - point.before) < ERROR:
            continue
        at = int(rows[ranked[point.at]])
        return StageResult(findings=tuple(_concept(given, data, told, point, at, name)))
    return StageResult()


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

    Rows that stand sorted by their label have no order of time: None.
    """
    name = given.data.order
    if name is not None:
        frame = data.inputs if isinstance(data.inputs, Frame) else data.context
        frame = frame if name in frame.names else data.context
        if name in frame.names:
            column = frame[name]
            keys = as_numbers(column) if column.dtype.kind != "O" else column.astype(str)
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
