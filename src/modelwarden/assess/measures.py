"""The measurements of judged rows, all of them by name; what claims and comparisons choose from."""

from __future__ import annotations

from collections.abc import Container

import numpy as np

from modelwarden.assess.alike import widened
from modelwarden.assess.truth import Judged
from modelwarden.core import Measurement, seed_for
from modelwarden.metrics import classification, probabilities, ranking, regression
from modelwarden.metrics.bootstrap import DRAWS
from modelwarden.metrics.counts import Counts, count
from modelwarden.metrics.intervals import Floats

_TOP = 5
# Cells of all replicates together: with a thousand classes a hundred replicates are left.
_CELLS, _FEWEST = 40_000_000, 100
# Of a thousand replicates an end is off by a tenth of a deviation, and with a seed that most
# people never change by the same tenth for all of them: small tables get more.
_MORE, _CHEAP = 10_000, 400_000


def table_of(seen: Judged) -> Counts:
    """Return the contingency table of a classifier's rows."""
    if seen.y is None or seen.said is None:
        raise TypeError("a regression has no table")
    k = len(seen.classes)
    codes = count(seen.y, seen.said, classes=tuple(range(k)))
    return Counts(codes.table, seen.classes, codes.groups)


def are_probabilities(scores: Floats | None) -> bool:
    """Tell whether every row of scores lies in 0–1 and adds up to 1."""
    if scores is None or not len(scores) or scores.shape[1] < 2:
        return False
    inside = scores.min() >= 0 and scores.max() <= 1
    return bool(inside and np.abs(scores.sum(axis=1) - 1).max() <= 1e-4)


def of_regression(seen: Judged) -> tuple[Measurement, ...]:
    """Return the metrics of a regression."""
    if seen.truth is None or seen.values is None:
        raise TypeError("a classifier has no values")
    return widened(seen, regression.regression(seen.truth, seen.values))


def of_classes(
    seen: Judged, counts: Counts, seed: int, *, wanted: Container[str] | None = None
) -> tuple[Measurement, ...]:
    """Return the metrics of a classifier's answers, and of its scores where it gives them.

    Args:
        seen: its answers.
        counts: their table.
        seed: root of all chance.
        wanted: names; others that cost much are left out. None wants all.
    """
    rng = np.random.default_rng(seed_for(seed, "performance", "cells"))
    size = counts.table.size
    draws = max(_FEWEST, min(max(DRAWS, min(_MORE, _CHEAP // size)), _CELLS // size))
    found = list(classification.performance(counts, rng, positive=seen.positive, draws=draws))
    if seen.scores is not None and seen.y is not None:
        found += _of_scores(seen, seed, wanted)
    return widened(seen, found)


def _of_scores(seen: Judged, seed: int, wanted: Container[str] | None) -> list[Measurement]:
    y, scores = seen.y, seen.scores
    if y is None or scores is None:
        return []
    found: list[Measurement] = []
    at = seen.at_positive
    if at is not None:
        truth = y == at
        rng = np.random.default_rng(seed_for(seed, "performance", "average_precision"))
        found.append(ranking.roc_auc(truth, scores[:, at]))
        if wanted is None or "average_precision" in wanted:
            found.append(ranking.average_precision(truth, scores[:, at], rng))
    elif scores.shape[1] > 1:
        found.append(ranking.roc_auc_ovr(y, scores))
    if scores.shape[1] > _TOP:
        found.append(ranking.top_k_accuracy(y, scores, _TOP))
    if are_probabilities(scores):
        found.append(probabilities.log_loss(y, scores))
        found.append(probabilities.brier_score(y, scores))
    return found
