"""Whether the rule behind the labels changed: errors of the model, or of one that was just learned.

Where the rows themselves moved, errors change though the rule did not: what is rare before and hard
becomes frequent. So the errors before are weighted to the rows of now, by a second learner that
tells the two sets apart; what is left is the rule.

Source: Shimodaira 2000, "Improving predictive inference under covariate shift"; weights from a
classifier as in Bickel, Brückner and Scheffer 2009.
"""

from __future__ import annotations

from collections import Counter

import numpy as np
import numpy.typing as npt

from modelwarden.core.values import dataclass
from modelwarden.detectors.clusters import Clusters
from modelwarden.detectors.designs import Design, design_of
from modelwarden.detectors.learners import folds_of, out_of_sample
from modelwarden.detectors.looks import frame_of
from modelwarden.detectors.trees import Boosted
from modelwarden.targets.data import DataSet
from modelwarden.targets.frames import Floats, Frame, Labels
from modelwarden.targets.labels import missing, positions, same

MOST_ROWS = 5_000  # of each set
_LEAST = 200
_MOST_CLASSES = 20
_MOST_FEATURES = 100  # that are learnt from; of more, every second, third, …
_OVERLAP = 0.02  # of the current rows, beyond coincidence, that the reference may hold too
_FARTHEST = 20.0  # that a row before counts more, or less, than another


@dataclass(frozen=True, slots=True, eq=False)
class Errors:
    """Errors of a learner, row by row.

    Attributes:
        before: (n,) on rows of the reference that it did not see, drawn by their weights.
        after: (m,) on the current rows.
        effective: rows of the reference that the weights are worth.
        clusters: of these rows; None where they count as independent.
    """

    before: Floats
    after: Floats
    effective: float
    clusters: Clusters | None = None


def learned_errors(reference: DataSet, current: DataSet, seed: int) -> Errors | str:
    """Learn the labels from the reference and try what was learned on both.

    Returns:
        The errors, or why there are none.
    """
    if reference.y is None or current.y is None:
        return "one side has no labels"
    here, there = _some(reference, seed), _some(current, seed + 1)
    if min(len(here), len(there)) < _LEAST:
        return f"fewer than {_LEAST} labelled rows on one side"
    coded = _codes(here, there)
    if coded is None:
        return f"the labels are no classes, or more than {_MOST_CLASSES}"
    y, k = coded
    design = _design(here, there)
    if design is None:
        return "the features of both sides differ"
    n = len(here)
    old, new = np.arange(n), n + np.flatnonzero(~_held_twice(design, n))
    if len(new) < _LEAST:
        return f"fewer than {_LEAST} labelled rows of current are not in the reference as well"
    fold = folds_of(y[:n], 2, np.random.default_rng(seed))
    wrong = np.empty(n)
    for one in (0, 1):
        ask, train = old[fold == one], old[fold != one]
        answer = Boosted()(design, train, y[train], k, ask)
        wrong[ask] = answer.argmax(axis=1) != y[ask]
    said = Boosted()(design, old, y[old], k, new)
    after = (said.argmax(axis=1) != y[new]).astype(np.float64)
    weights = _weights(design, n, seed)
    effective = float(weights.sum() ** 2 / (weights**2).sum())
    rng = np.random.default_rng(seed + 2)
    drawn = rng.choice(n, size=max(1, int(effective)), p=weights / weights.sum())
    clusters = Clusters.of(here, there)
    kept = None if clusters is None else clusters.only(drawn, new - n)
    return Errors(wrong[drawn], after, effective, kept)


def _some(data: DataSet, seed: int) -> DataSet:
    rows = np.flatnonzero(~missing(data.y)) if data.y is not None else np.arange(len(data))
    if len(rows) > MOST_ROWS:
        rows = np.sort(np.random.default_rng(seed).choice(rows, MOST_ROWS, replace=False))
    return data.take(rows)


def _codes(here: DataSet, there: DataSet) -> tuple[Labels, int] | None:
    """Return the classes of all rows; a label that the reference lacks is a class of no learner."""
    if here.y is None or there.y is None:
        return None
    names, place = positions(here.y)
    k = len(names)
    numeric = here.y.dtype.kind == "f" and bool((np.asarray(here.y, np.float64) % 1 != 0).any())
    if numeric or not 2 <= k <= _MOST_CLASSES:
        return None
    known = {same(name): i for i, name in enumerate(names)}
    later, at = positions(there.y)
    codes = np.array([known.get(same(name), -1) for name in later], np.int64)
    return np.concatenate([place, codes[at]]), k


def _design(here: DataSet, there: DataSet) -> Design | None:
    one, two = frame_of(here.inputs), frame_of(there.inputs)
    shared = [
        name
        for name in one.names
        if name in two.names and (one[name].dtype.kind == "O") == (two[name].dtype.kind == "O")
    ]
    if not shared:
        return None
    shared = shared[:: -(-len(shared) // _MOST_FEATURES)]
    both = (np.concatenate([one[name], two[name]]) for name in shared)
    return design_of(Frame(tuple(shared), tuple(both)))


def _held_twice(design: Design, n: int) -> npt.NDArray[np.bool_]:
    """Return (m,) which current rows are rows of the reference: the learner would know them.

    None are where as many rows of the reference equal another one of it: that is coincidence.
    """
    keys = [row.tobytes() for row in design.x]
    times = Counter(keys[:n])
    twice = np.array([key in times for key in keys[n:]], np.bool_)
    by_chance = sum(count for count in times.values() if count > 1) / n
    return twice if twice.mean() > by_chance + _OVERLAP else np.zeros_like(twice)


def _weights(design: Design, n: int, seed: int) -> Floats:
    """Return (n,) how much more often rows like each of the reference occur now."""
    side = (np.arange(len(design)) >= n).astype(np.int64)
    fold = folds_of(side, 2, np.random.default_rng(seed + 3))
    later = out_of_sample(Boosted(rounds=20), design, side, 2, fold)[:n, 1]
    ratio = later / (1 - later) * n / (len(design) - n)
    return np.asarray(np.clip(ratio, 1 / _FARTHEST, _FARTHEST), np.float64)
