"""What a row of a column is worth in each test of drift, where rows come in clusters."""

from __future__ import annotations

import numpy as np

from modelwarden.detectors.clusters import ROWS, Clusters, Worth
from modelwarden.detectors.counts import NumberCounts, WordCounts, word_of
from modelwarden.detectors.drift import beyond, cells, middle_of
from modelwarden.targets.frames import Column, Floats, Labels
from modelwarden.targets.labels import missing

_CUTS = 16  # at which two distributions are compared: the worst of them is taken


def worths_of_numbers(
    here: Column, there: Column, one: NumberCounts, two: NumberCounts, clusters: Clusters
) -> dict[str, Worth]:
    """Return, by kind of test, what a row of a number is worth."""
    bins = one.bins
    places = bins.places(here), bins.places(there)
    known = places[0] >= 0, places[1] >= 0
    kept = clusters.only(*known)
    x, y = places[0][known[0]], places[1][known[1]]
    if not len(x) or not len(y):
        return {}
    scale, last = bins.scale(), bins.bins + 1
    away = [np.abs(scale - scale[middle_of(counts)]) for counts in (one, two)]
    low, high = beyond(one, high=False), beyond(one, high=True)
    return {
        "distribution": _worst(x, y, one, two, kept),
        "mean": kept.worth(scale[x], scale[y]),
        "spread": kept.worth(away[0][x], away[1][y]),
        "low tail": kept.worth_of_share(x < low, y < low),
        "high tail": kept.worth_of_share(x > last - high, y > last - high),
    }


def _worst(x: Labels, y: Labels, one: NumberCounts, two: NumberCounts, clusters: Clusters) -> Worth:
    total = (one.counts + two.counts).cumsum()
    levels = (np.arange(1, _CUTS) / _CUTS) * total[-1]
    cuts = np.unique(np.searchsorted(total, levels))
    found = [clusters.worth_of_share(x <= cut, y <= cut) for cut in cuts if total[cut] < total[-1]]
    return min(found, key=lambda worth: worth.share, default=ROWS)


def worth_of_words(
    here: Column, there: Column, one: WordCounts, two: WordCounts, clusters: Clusters
) -> Worth:
    """Return what a row of a column of words is worth."""
    if not one.known or not two.known:
        return ROWS
    names, *_ = cells(one, two)
    if len(names) < 2:
        return ROWS
    at = {name: i for i, name in enumerate(names)}
    rest = at.get("any other", len(names) - 1)
    sides = []
    for column in (here, there):
        place: dict[object, int] = {}
        for value in set(column.tolist()):
            word = word_of(value)
            place[value] = -1 if word is None else at.get(word[:80], rest)
        sides.append(np.array([place.get(value, -1) for value in column.tolist()], np.int64))
    known = sides[0] >= 0, sides[1] >= 0
    kept = clusters.only(*known)
    return kept.worth_of_words(sides[0][known[0]], sides[1][known[1]], len(names))


def worth_of_missing(here: Column, there: Column, clusters: Clusters) -> Worth:
    """Return what a row is worth where it is asked how many lack a value."""
    gone = missing(here), missing(there)
    if not gone[0].any() and not gone[1].any():
        return ROWS
    return clusters.worth_of_share(*gone)


def worth_of_means(before: Floats, after: Floats, clusters: Clusters | None) -> Worth:
    """Return what a row is worth where two means are compared."""
    return ROWS if clusters is None else clusters.worth(before, after)


__all__ = ["worth_of_means", "worth_of_missing", "worth_of_words", "worths_of_numbers"]
