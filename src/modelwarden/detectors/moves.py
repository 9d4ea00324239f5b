"""What moved from one data set to another: features, correlations, labels, answers, errors.

Each family of tests is corrected for all that it holds; an alarm needs significance and an effect
that matters. What the tests are stands in `detectors.drift` and `detectors.joint`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby

import numpy as np
from scipy import special

from modelwarden.core import Finding, Location, Severity, Table
from modelwarden.core.rules import Rule
from modelwarden.core.seen import findings
from modelwarden.core.stages import StageResult
from modelwarden.detectors.breaks import breaks_of, goes_on, kind_of
from modelwarden.detectors.clustered import (
    worth_of_means,
    worth_of_missing,
    worth_of_words,
    worths_of_numbers,
)
from modelwarden.detectors.clusters import ROWS, Clusters
from modelwarden.detectors.counts import NumberBins, WordCounts, as_numbers
from modelwarden.detectors.drift import Change, Margins, of_missing, of_numbers, of_words
from modelwarden.detectors.joint import changed_pairs, groups_of
from modelwarden.detectors.looks import Look, frame_of, looks
from modelwarden.detectors.margins import USUAL, DataMargins
from modelwarden.detectors.rules._moved import Moved
from modelwarden.detectors.rules.concept_drift import ConceptMoved, concept_drift
from modelwarden.detectors.rules.feature_drift import feature_drift
from modelwarden.detectors.rules.joint_drift import JointMoved, joint_drift
from modelwarden.detectors.rules.label_drift import label_drift
from modelwarden.detectors.rules.missingness_change import missingness_change
from modelwarden.detectors.rules.prediction_drift import prediction_drift
from modelwarden.metrics.intervals import z_of
from modelwarden.metrics.multiple import benjamini_hochberg
from modelwarden.targets.data import DataSet
from modelwarden.targets.frames import Column, Floats, Frame
from modelwarden.targets.labels import all_missing, missing

NAME = "data"
ALPHA = 1e-4  # of each family of tests, after correction: a check has some ten of them
LEAST_ERRORS = 30  # of each side
_SHOWN = 60

Tested = tuple[Look, Change]


def features(reference: DataSet, other: DataSet, margins: DataMargins = USUAL) -> StageResult:
    """Compare every feature, and what of each is missing."""
    return features_of(reference, other, *tested_features(reference, other, margins), margins)


def tested_features(
    reference: DataSet,
    other: DataSet,
    margins: DataMargins = USUAL,  # noqa: PT028 -- no test of pytest's
) -> tuple[list[Tested], list[Tested]]:
    """Return the tests of every feature, and those of what is missing."""
    matters = margins.of_features()
    tested: list[Tested] = []
    gone: list[Tested] = []
    for look in looks(reference, other):
        changes, lost = changes_of(look.here, look.there, matters, look.clusters)
        if look.aspect or not goes_on(look.here, look.there):  # a clock moves, and nothing drifted
            tested += [(look, change) for change in changes]
        if not look.aspect:
            gone.append((look, lost))
    gone += _emptied(reference, other, margins.missing)
    return tested, gone


def features_of(
    reference: DataSet,
    other: DataSet,
    tested: Sequence[Tested],
    gone: Sequence[Tested],
    margins: DataMargins = USUAL,
) -> StageResult:
    """Return what those tests found; of a column that broke, what its break does not explain."""
    beside = tested
    if _has_columns(reference):
        beside = list(_beside_breaks(tested, margins.of_features()))
    found = alarms(reference, other, beside, feature_drift)
    emptied = {look.feature for look, _ in gone if all_missing(look.there)}
    found += [
        replace(lost, severity=Severity.HIGH) if lost.location.feature in emptied else lost
        for lost in alarms(reference, other, gone, missingness_change)
    ]
    return StageResult(findings=tuple(found), tables=tuple(_table(reference, other, tested)))


def changes_of(
    here: Column, there: Column, margins: Margins, clusters: Clusters | None = None
) -> tuple[tuple[Change, ...], Change]:
    """Return what the tests of one column say, and that of its missing values."""
    gone = ROWS if clusters is None else worth_of_missing(here, there, clusters)
    if here.dtype.kind == "O":
        words = WordCounts.of(here), WordCounts.of(there)
        lost = of_missing(
            words[0].missing, words[0].n, words[1].missing, words[1].n, margins.missing, gone
        )
        return _of_words(here, there, margins, clusters, words), lost
    bins = NumberBins.fit(here)
    one, two = bins.count(here), bins.count(there)
    lost = of_missing(one.missing, one.n, two.missing, two.n, margins.missing, gone)
    worths = {} if clusters is None else worths_of_numbers(here, there, one, two, clusters)
    return tuple(of_numbers(one, two, margins, worths)), lost


def _of_words(
    here: Column,
    there: Column,
    margins: Margins,
    clusters: Clusters | None,
    counts: tuple[WordCounts, WordCounts] | None = None,
) -> tuple[Change, ...]:
    counts = counts or (WordCounts.of(here), WordCounts.of(there))
    worth = ROWS if clusters is None else worth_of_words(here, there, *counts, clusters)
    return tuple(of_words(*counts, margins, worth))


def _has_columns(data: DataSet) -> bool:
    """Tell whether `schema-break` judges the inputs: it leaves texts and images alone."""
    return isinstance(data.inputs, Frame) or data.inputs.ndim == 2


def _wholly_broken(here: Column, there: Column, clusters: Clusters | None) -> bool:
    return any(not one.rows for one in breaks_of(here, there, clusters))


def _beside_breaks(tested: Sequence[Tested], margins: Margins) -> Iterator[Tested]:
    """Yield the tests, with those of broken columns made anew without what broke."""
    for look, group in groupby(tested, key=lambda pair: pair[0]):
        changes = tuple(change for _, change in group)
        if not look.aspect and any(one.matters and one.p <= ALPHA for one in changes):
            changes = _unexplained(look, changes, margins)
        yield from ((look, change) for change in changes)


def _unexplained(look: Look, changes: tuple[Change, ...], margins: Margins) -> tuple[Change, ...]:
    """Return the changes of a column that what broke in it leaves; none where all of it did."""
    here, there, clusters = look.here, look.there, look.clusters
    broken = tuple(breaks_of(here, there, clusters))
    if not all(one.rows for one in broken):
        return ()  # every value means something else
    # Values beyond the range may be the tail of what moved; codes and new words are not.
    strange = [one.rows for one in broken if one.kind == "unseen values" or "value" in one.facts]
    if not strange:
        return changes
    rows = np.unique(np.concatenate(strange))
    rest = np.delete(there, rows)
    left = None
    if clusters is not None:
        left = clusters.only(slice(None), np.delete(np.arange(len(there)), rows))
    if here.dtype.kind != "O":
        return changes_of(here, rest, margins, left)[0]
    words, known = WordCounts.of(here), WordCounts.of(rest)
    worth = ROWS if left is None else worth_of_words(here, rest, words, known, left)
    return tuple(of_words(words, _given_back(words, known, len(rows)), margins, worth))


def _given_back(reference: WordCounts, current: WordCounts, rows: int) -> WordCounts:
    """Return the current words, and the rows of new ones as the known words that have too few."""
    scale = (current.known + rows) / reference.known
    lacking = {
        word: max(0.0, times * scale - current.words.get(word, 0))
        for word, times in reference.words.items()
    }
    share = rows / (sum(lacking.values()) or 1.0)
    words = {word: current.words.get(word, 0) + round(lacking[word] * share) for word in lacking}
    return WordCounts(words, current.others, current.missing)


def _emptied(reference: DataSet, other: DataSet, margin: float) -> Iterator[Tested]:
    """Yield columns that lost all their values, or that had none: their type is not known."""
    here, there = reference.inputs, other.inputs
    if not isinstance(here, Frame) or not isinstance(there, Frame):
        return
    clusters = Clusters.of(reference, other)
    for name in here.names:
        if name not in there.names or "nothing" not in (
            kinds := (kind_of(here[name]), kind_of(there[name]))
        ):
            continue
        if kinds[0] == kinds[1]:
            continue
        gone = [int(missing(column).sum()) for column in (here[name], there[name])]
        worth = ROWS if clusters is None else worth_of_missing(here[name], there[name], clusters)
        change = of_missing(gone[0], len(here), gone[1], len(there), margin, worth)
        yield Look(name, "", here[name], there[name]), change


def alarms(
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
                path=other.source or None,
                location=Location(
                    path=other.source or None, feature=name, terms={"frame": other.name}
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
        if known is None or _rank(change, p) < _rank(known[2], known[0]):
            best[look.feature] = (p, look, change)
    ordered = sorted(best.items(), key=lambda item: item[1][0])
    yield Table(
        name=f"drift of {other.name}",
        title=f"What changed from {reference.name} to {other.name}",
        stage=NAME,
        meaning="The test of each feature that speaks loudest. A change is flagged when it is"
        f" significant (p at most {ALPHA:g}, adjusted for all tests) and reaches its margin.",
        columns=("feature", "test", "effect", "low", "high", "p", "what it comes to"),
        rows=tuple(
            (
                f"{name}: {look.aspect}" if look.aspect else name,
                change.kind,
                *(None if math.isinf(v) else v for v in (change.effect, change.low, change.high)),
                p,
                _worth(change, p),
            )
            for name, (p, look, change) in ordered[:_SHOWN]
        ),
    )


def _rank(change: Change, p: float) -> tuple[bool, float]:
    """Return what orders the tests of a feature: a change first, then the surest."""
    return not (p <= ALPHA and change.matters), p


def _worth(change: Change, p: float) -> str:
    if p > ALPHA:
        return "may be chance"
    return "a change" if change.matters else "below the margin"


def joint(reference: DataSet, other: DataSet, margins: DataMargins = USUAL) -> StageResult:
    """Compare how features hang together."""
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
    clusters = Clusters.of(reference, other)
    pairs = changed_pairs(
        _plain(here.only(shared)),
        _plain(there.only(shared)),
        margin=margins.correlation,
        alpha=ALPHA,
        clusters=clusters,
    )
    moved = {name for pair in pairs for name in (pair.first, pair.second)}
    broken = {
        name
        for name in moved
        if _has_columns(reference) and _wholly_broken(here[name], there[name], clusters)
    }
    found: list[Finding] = []
    for group in groups_of([p for p in pairs if not {p.first, p.second} & broken]):
        names = tuple(dict.fromkeys(name for pair in group for name in (pair.first, pair.second)))
        seen = JointMoved(
            path=other.source or None,
            location=Location(
                path=other.source or None, terms={"frame": other.name, "features": list(names[:20])}
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


def labels(
    reference: DataSet,
    other: DataSet,
    name: str,
    *,
    regression: bool,
    margins: DataMargins = USUAL,
) -> StageResult:
    """Compare the labels; `name` is that of their column."""
    if reference.y is None or other.y is None:
        return StageResult()
    clusters = Clusters.of(reference, other)
    matters = margins.of_labels()
    tested = _truth_changes(reference.y, other.y, matters, clusters, regression=regression)
    looked = [(Look(name, "", reference.y, other.y), change) for change in tested]
    return StageResult(findings=tuple(alarms(reference, other, looked, label_drift)))


def _truth_changes(
    here: Column, there: Column, margins: Margins, clusters: Clusters | None, *, regression: bool
) -> tuple[Change, ...]:
    if not regression:
        return _of_words(here, there, margins, clusters)
    if here.dtype.kind == "O" or there.dtype.kind == "O":
        return ()
    return changes_of(here, there, margins, clusters)[0]


def answers(
    reference: DataSet,
    other: DataSet,
    columns: Sequence[tuple[str, Column, Column]],
    margins: DataMargins = USUAL,
) -> list[Finding]:
    """Compare what a model says; a column is named `class` where it holds labels."""
    tested = tested_answers(columns, margins, Clusters.of(reference, other))
    return alarms(reference, other, tested, prediction_drift)


def tested_answers(
    columns: Sequence[tuple[str, Column, Column]],
    margins: DataMargins = USUAL,  # noqa: PT028 -- no test of pytest's
    clusters: Clusters | None = None,  # noqa: PT028 -- no test of pytest's
) -> list[Tested]:
    """Return the tests of what a model says."""
    matters = margins.of_answers()
    tested: list[Tested] = []
    for aspect, one, two in columns:
        changes = (
            _of_words(one, two, matters, clusters)
            if aspect == "class"
            else changes_of(one, two, matters, clusters)[0]
        )
        tested += [(Look("prediction", aspect, one, two), change) for change in changes]
    return tested


def errors_between(
    reference: DataSet,
    other: DataSet,
    what: str,
    before: Floats,
    after: Floats,
    margins: DataMargins = USUAL,
    clusters: Clusters | None = None,
) -> list[Finding]:
    """Compare the errors of a model on two sets, (n,) and (m,), of rows in these clusters."""
    if min(len(before), len(after)) < LEAST_ERRORS:
        return []
    gap = float(after.mean() - before.mean())
    error = math.sqrt(float(before.var()) / len(before) + float(after.var()) / len(after)) or 1e-12
    worth = worth_of_means(before, after, clusters)
    error /= math.sqrt(worth.share)
    p = worth.p(float(2 * special.ndtr(-abs(gap) / error)))
    if p > ALPHA or abs(gap) < margins.errors:
        return []
    half = z_of(0.95) * error
    seen = ConceptMoved(
        path=other.source or None,
        location=Location(path=other.source or None, terms={"frame": other.name}),
        frame=other.name,
        against=reference.name,
        what=what,
        before=float(before.mean()),
        after=float(after.mean()),
        low=gap - half,
        high=gap + half,
        p=p,
        n=len(after),
    )
    return list(findings(concept_drift, seen, NAME))
