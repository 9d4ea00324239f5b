"""Rows of the test set that come in clusters: each measurement's interval is that of the clusters.

`[data] cluster` names whom a row stands for. Every metric has influences of its own, row by row;
what clusters do to their variance is done to its interval (`metrics.clustered`).
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from modelwarden.assess.truth import Judged
from modelwarden.core import Measurement
from modelwarden.metrics import classification, probabilities, ranking, regression
from modelwarden.metrics.clustered import Design, by_clusters, design, influences_of_cells
from modelwarden.metrics.intervals import Floats, Interval
from modelwarden.targets.frames import Labels

_CLASSES = 30  # up to which influences are taken from cells of the table
_LIMITS = 8  # of clusters, below which a note says that intervals are rough


def widened(seen: Judged, found: Iterable[Measurement]) -> tuple[Measurement, ...]:
    """Return measurements of these rows with intervals by clusters; as they are without."""
    if seen.clusters is None:
        return tuple(found)
    drawn = _Designs(seen, seen.clusters)
    return tuple(by_clusters(one, drawn.of(one)) for one in found)


def ends(seen: Judged, interval: Interval, value: float, influence: Floats) -> Interval:
    """Return the interval of another number that these rows have `influence` (n,) on."""
    if seen.clusters is None:
        return interval
    return design(influence, seen.clusters).widen(interval, value)


def recall_design(seen: Judged, index: int) -> float:
    """Return the design effect of the recall of a class; 1 of rows that are independent."""
    if seen.clusters is None or seen.y is None or seen.said is None:
        return 1.0
    return design(_share(seen.y == seen.said, seen.y == index), seen.clusters).effect


def note(seen: Judged, column: str) -> tuple[str, ...]:
    """Return what is to be known of intervals where rows come in clusters."""
    if seen.clusters is None or not seen.n:
        return ()
    many = len(np.unique(seen.clusters))
    told = (
        f"the {seen.n} rows come in {many} clusters ({column}): intervals and tests of performance "
        "and claims are those of clusters; calibration, slices, fairness and robustness take rows "
        "as independent"
    )
    few = f"; with fewer than {_LIMITS} clusters they are rough" if many < _LIMITS else ""
    return (told + few,)


class _Designs:
    """What clusters do to each metric of these rows; each is worked out once."""

    def __init__(self, seen: Judged, clusters: Labels) -> None:
        self.seen, self.clusters = seen, clusters
        self._kept: dict[str, Design] = {}

    def of(self, one: Measurement) -> Design:
        index = self._class_of(one)
        key = one.name if index is None else f"{one.name} {index}"
        if key not in self._kept:
            found = self._numbers if self.seen.y is None else self._classes
            made = [design(part, self.clusters) for part in found(one.name, index)]
            self._kept[key] = max(made, key=lambda drawn: drawn.effect)
        return self._kept[key]

    def _class_of(self, one: Measurement) -> int | None:
        name = one.conditions.get("class")
        return self.seen.classes.index(name) if name in self.seen.classes else None

    def _numbers(self, name: str, index: int | None) -> list[Floats]:
        """Return the influences of rows on a metric of numbers."""
        del index
        truth, said = self.seen.truth, self.seen.values
        if truth is None or said is None:
            raise TypeError("a classifier has no values")
        unit = float(np.abs(truth - said).max(initial=0.0)) or 1.0
        away = np.abs(truth - said) / unit
        if name == "median_absolute_error":
            return [(away <= np.median(away)).astype(np.float64)]
        if name == "r2":
            around = ((truth - truth.mean()) / unit) ** 2
            base = float(around.mean())
            return [away**2 - (float((away**2).mean()) / base if base else 0.0) * around]
        if name in ("pearson", "spearman"):
            ranked = name == "spearman"
            return [_together(*((regression.ranks(v) if ranked else v) for v in (truth, said)))]
        return [away if name == "mae" else away**2]

    def _classes(self, name: str, index: int | None) -> list[Floats]:
        """Return the influences of rows on a metric of classes; several where none is its own."""
        y, said, scores = self.seen.y, self.seen.said, self.seen.scores
        if y is None or said is None:
            raise TypeError("a regression has no classes")
        right = y == said
        if index is not None:
            rows = {"recall": y == index, "precision": said == index}
            return [_share(right, rows.get(name, (y == index) | (said == index)))]
        if name == "false_positive_rate":
            return [_share(~right, y != self.seen.at_positive)]
        own = self._of_scores(name, y, scores) if scores is not None else None
        if own is not None:
            return [own]
        places = {each: i for i, each in enumerate(classification.AVERAGED)}
        k = len(self.seen.classes)
        if name in (*places, "balanced_accuracy") and k <= _CLASSES:
            table = np.bincount(y * k + said, minlength=k * k).reshape(k, k)
            cells = influences_of_cells(classification.averages, table, y, said)
            return [cells[:, places.get(name, places["recall_macro"])]]
        plain = [right.astype(np.float64)]
        if name in places or name in ("balanced_accuracy", "average_precision"):
            largest = np.argsort(-np.bincount(y, minlength=k))[:_CLASSES]
            plain += [_share(right, y == at) for at in largest]
            plain += [_share(right, said == at) for at in largest]
        return plain

    def _of_scores(self, name: str, y: Labels, scores: Floats) -> Floats | None:
        at = self.seen.at_positive
        if name == "roc_auc" and at is not None:
            return ranking.influences(y == at, scores[:, at])[1]
        if name == "roc_auc_ovr":
            each = (ranking.influences(y == i, scores[:, i])[1] for i in range(scores.shape[1]))
            return np.asarray(sum(each), np.float64)
        if name == "log_loss":
            return probabilities.log_losses(y, scores)
        if name == "brier_score":
            return probabilities.squared_distances(y, scores)
        return None


def _share(right: np.ndarray, rows: np.ndarray) -> Floats:
    """Return the influence of rows on the share of `rows` that are `right`."""
    return np.where(rows, right - (right[rows].mean() if rows.any() else 0.0), 0.0)


def _together(x: Floats, y: Floats) -> Floats:
    """Return the influence of rows on a correlation.

    Source: Devlin, Gnanadesikan and Kettenring 1975, "Robust estimation and outlier detection with
    correlation coefficients".
    """
    both = []
    for values in (x, y):
        # Divided first: the square of a float may be none.
        away = values / (float(np.abs(values).max(initial=0.0)) or 1.0)
        away = away - away.mean()
        both.append(away / (float(away.std()) or 1.0))
    r = float((both[0] * both[1]).mean())
    return np.asarray(both[0] * both[1] - r * (both[0] ** 2 + both[1] ** 2) / 2, np.float64)


__all__ = ["ends", "note", "recall_design", "widened"]
