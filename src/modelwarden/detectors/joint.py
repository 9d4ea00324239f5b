"""Whether columns hang together otherwise than before, whatever each of them does alone.

Every column becomes a few standardised parts: of a number the normal score of its rank *within its
own set* and the square of that, of words an indicator of each frequent one. A change of a column
alone leaves the parts as they are; what moves is the mean product of two parts, their correlation.
Each product is tested with its own variance, so no law of the values is assumed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special

from modelwarden.detectors.clusters import Clusters
from modelwarden.detectors.counts import NumberBins, word_of, words_in
from modelwarden.metrics.intervals import z_of
from modelwarden.metrics.multiple import benjamini_hochberg
from modelwarden.targets.frames import Column, Floats, Frame, Labels

MOST_ROWS = 50_000  # of each set; more would only tell trifles
MOST_COLUMNS = 200
_MOST_PARTS = 600
_WORDS = 8
_LEAST_SHARE = 0.02
_LEAST_ROWS = 100
_MOST_SUSPECTS = 3000  # products that are worked out anew where rows come in clusters
_BENT = 1.5  # by which a square must move more than a straight part: its products are heavier


@dataclass(frozen=True, slots=True, kw_only=True)
class PairChange:
    """Two columns whose correlation moved.

    Attributes:
        before, after: the correlation of the two parts that moved most.
        low, high: 95 % interval of the difference.
        adjusted: p of no change, adjusted for all products that were tested.
        first, second: the columns, with the word where the part is one.
    """

    first: str
    second: str
    first_part: str
    second_part: str
    before: float
    after: float
    low: float
    high: float
    adjusted: float


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    column: int
    told: str
    bent: bool
    here: Floats
    there: Floats


def changed_pairs(
    reference: Frame,
    current: Frame,
    *,
    margin: float,
    alpha: float,
    clusters: Clusters | None = None,
) -> tuple[PairChange, ...]:
    """Return the pairs of columns whose correlation changed, the largest change first.

    Args:
        reference: columns of numbers, flags or words.
        current: the same columns, each of the same kind.
        margin: least change of a correlation that matters.
        alpha: of the family of all products.
        clusters: of the rows; None where they are independent.
    """
    here, there = _sampled(reference), _sampled(current)
    if min(len(here), len(there)) < _LEAST_ROWS:
        return ()
    parts = [
        part
        for i, name in enumerate(here.names[:MOST_COLUMNS])
        for part in _parts(i, here[name], there[name])
    ][:_MOST_PARTS]
    if len(parts) < 2:
        return ()
    owner = np.array([part.column for part in parts])
    bent = np.array([part.bent for part in parts])
    before, noise = _products([part.here for part in parts])
    after, other = _products([part.there for part in parts])
    first, second = np.triu_indices(len(parts), 1)
    apart = owner[first] != owner[second]
    # A square of a number with the square of another moves with their plain product: not twice.
    first, second = first[apart], second[apart]
    gap = (after - before)[first, second]
    error = np.sqrt((noise + other)[first, second])
    p = 2 * special.ndtr(-np.abs(gap) / np.maximum(error, 1e-12))
    adjusted = benjamini_hochberg(np.asarray(p, np.float64))
    needed = margin * np.where(bent[first] | bent[second], _BENT, 1.0)
    suspects = (adjusted <= alpha) & (np.abs(gap) >= needed)
    if clusters is not None and suspects.any():
        kept = clusters.only(_every(len(reference)), _every(len(current)))
        at = np.flatnonzero(suspects)
        at = at[np.argsort(-np.abs(gap[at]), kind="stable")][:_MOST_SUSPECTS]
        pairs = [(parts[first[i]], parts[second[i]]) for i in at]
        adjusted, error = _of_clusters(gap, error, at, pairs, kept)
        suspects &= adjusted <= alpha
    found = np.flatnonzero(suspects)
    best: dict[tuple[int, int], int] = {}
    for i in found[np.argsort(-np.abs(gap[found]), kind="stable")]:
        best.setdefault((int(owner[first[i]]), int(owner[second[i]])), int(i))
    half = z_of(0.95) * error
    return tuple(
        PairChange(
            first=here.names[pair[0]],
            second=here.names[pair[1]],
            first_part=parts[first[i]].told,
            second_part=parts[second[i]].told,
            before=float(before[first[i], second[i]]),
            after=float(after[first[i], second[i]]),
            low=float(gap[i] - half[i]),
            high=float(gap[i] + half[i]),
            adjusted=float(adjusted[i]),
        )
        for pair, i in best.items()
    )


def _of_clusters(
    gap: Floats,
    error: Floats,
    suspects: Labels,
    pairs: Sequence[tuple[_Part, _Part]],
    clusters: Clusters,
) -> tuple[Floats, Floats]:
    """Return the adjusted p of all products and their errors, clusters drawn instead of rows.

    Only what is suspect is worked out anew; all else counts as no evidence at all.
    """
    made, wider = np.ones(len(gap)), error.copy()
    for i, (one, two) in zip(suspects.tolist(), pairs, strict=True):
        worth = clusters.worth(one.here * two.here, one.there * two.there)
        wider[i] = error[i] / np.sqrt(worth.share)
        made[i] = worth.p(float(2 * special.ndtr(-abs(gap[i]) / max(wider[i], 1e-12))))
    return benjamini_hochberg(made), wider


def _every(rows: int) -> slice:
    return slice(None, None, max(1, -(-rows // MOST_ROWS)))


def _sampled(frame: Frame) -> Frame:
    step = -(-len(frame) // MOST_ROWS)
    return frame.take(np.arange(0, len(frame), step)) if step > 1 else frame


def _parts(column: int, here: Column, there: Column) -> list[_Part]:
    if here.dtype.kind == "O":
        return _word_parts(column, here, there)
    made = []
    scores = [_scores(values) for values in (here, there)]
    if scores[0] is None or scores[1] is None:
        return []
    pair = [(s if s is not None else np.empty(0)) for s in scores]
    made.append(_Part(column, "", False, _standard(pair[0]), _standard(pair[1])))
    squares = [values**2 for values in pair]
    if min(float(values.std()) for values in squares) > 0.1:
        made.append(_Part(column, "distance from the middle", True, *map(_standard, squares)))
    return made


def _scores(values: Column) -> Floats | None:
    """Return normal scores of ranks within the set, 0 of what is missing; None of a constant."""
    bins = NumberBins.fit(values)
    places = bins.places(values)
    known = places >= 0
    total = int(known.sum())
    counts = np.bincount(places[known], minlength=bins.bins + 2)
    if total < _LEAST_ROWS / 2 or counts.max() > (1 - _LEAST_SHARE) * total:
        return None
    below = counts.cumsum() - counts / 2
    table = special.ndtri(np.clip(below / total, 0.5 / total, 1 - 0.5 / total))
    scores = np.clip(table, -3.0, 3.0)[np.maximum(places, 0)]
    scores[~known] = 0.0
    return np.asarray(scores, np.float64)


def _word_parts(column: int, here: Column, there: Column) -> list[_Part]:
    sides = [here.tolist(), there.tolist()]
    counted = [words_in(here), words_in(there)]
    common = [
        word
        for word, _ in counted[0].most_common(_WORDS + 1)
        if all(
            _LEAST_SHARE <= c[word] / len(side) <= 1 - _LEAST_SHARE
            for c, side in zip(counted, sides, strict=True)
        )
    ][:_WORDS]
    if len(common) == 2 and sum(counted[0][word] for word in common) == len(sides[0]):
        common = common[:1]  # the other one says the same
    return [
        _Part(
            column,
            repr(word[:60]),
            False,
            *(_standard(_holds(side, word)) for side in sides),
        )
        for word in common
    ]


def _holds(values: list[object], word: str) -> Floats:
    """Return 1.0 where a value is the word, however it is spelled, else 0.0."""
    spelled = {value for value in set(values) if word_of(value) == word}
    return np.array([value in spelled for value in values], np.float64)


def _standard(values: Floats) -> Floats:
    made: Floats = (values - values.mean()) / (float(values.std()) or 1.0)
    return made


def _products(parts: Sequence[Floats]) -> tuple[Floats, Floats]:
    """Return the mean product of every two parts, and the variance of each mean."""
    table = np.stack(parts, axis=1).astype(np.float32)
    n = len(table)
    mean = (table.T @ table).astype(np.float64) / n
    table *= table
    square = (table.T @ table).astype(np.float64) / n
    return mean, np.maximum(square - mean**2, 1e-12) / n


def groups_of(pairs: Sequence[PairChange]) -> tuple[tuple[PairChange, ...], ...]:
    """Return pairs that share a column together: one column that was scrambled moves many pairs."""
    left: list[tuple[set[str], list[PairChange]]] = []
    for pair in pairs:
        both = {pair.first, pair.second}
        touching = [group for group in left if group[0] & both]
        left = [group for group in left if not group[0] & both]
        names = both.union(*(group[0] for group in touching))
        left.append((names, [*(p for group in touching for p in group[1]), pair]))
    return tuple(tuple(group) for _, group in left)


__all__ = ["PairChange", "changed_pairs", "groups_of"]
