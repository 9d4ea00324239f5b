"""The search for rows whose losses add up to more than they should, by counting.

Every set of codes of every one, two and three features is tried: rows are counted once into a table
of the features' codes, and the sums over all ranges of both are two products of matrices. What
stands out is then fitted to the data by moving its edges, adding a condition, and leaving out
those that are not needed.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from modelwarden.assess.derived import CLUSTER
from modelwarden.assess.slices.features import Coarse, Condition, Feature, Mask, coarse, rows_in
from modelwarden.targets.frames import Floats, Labels

# Codes of a feature beside one and beside two others.
_PAIR, _TRIPLE = 10, 5
_WIDE = 24  # features that are tried in threes; of more, those that stand out in pairs
_PAIRED = 40  # features that are tried in pairs; of more, those that stand out alone
_TRIPLE_ROWS, _FITTED_ROWS = 100_000, 200_000
_FITTED = 6  # of what stands out, that is fitted to the data
_ROUNDS = 4
# By how much the squared z must grow for one more condition, and may fall for one less.
_WORTH, _NEEDLESS = 20.0, 12.0
_AS_GOOD = 0.9  # of z, that words for rows may cost where a cluster tells them
_OPEN = 4.0  # what an open end of a range may cost of it
_MOST_CONDITIONS = 4
_LEAST_Z = 3.0


@dataclass(frozen=True, slots=True, eq=False)
class Losses:
    """What each row lost beyond what was to be expected.

    Attributes:
        beyond: (n,) the loss less its expectation.
        spread: (n,) its variance where nothing is wrong, > 0.
        counts: the loss is an error or none, so that few of them are far from normal.
    """

    beyond: Floats
    spread: Floats
    counts: bool = True

    def take(self, rows: Labels | slice) -> Losses:
        """Return some rows."""
        return Losses(self.beyond[rows], self.spread[rows], self.counts)

    def z(self, total: Floats, spread: Floats) -> Floats:
        """Return how far sums stand out, in deviations; 0 where they do not.

        Of errors √(2 V h(t / V)), h(u) = (1 + u) ln(1 + u) − u, t the sum and V its variance: as
        large as t / √V where rows are many, and less where a few errors were hardly expected.

        Source: Bennett 1962, "Probability inequalities for the sum of independent random
        variables".
        """
        var = np.maximum(spread, 1e-12)
        above = np.maximum(total, 0.0)
        if not self.counts:
            return np.asarray(above / np.sqrt(var), np.float64)
        u = above / var
        return np.asarray(np.sqrt(2 * var * np.maximum((1 + u) * np.log1p(u) - u, 0)), np.float64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """Rows that stand out.

    Attributes:
        conditions: that select them.
        z: how far the sum of their losses beyond expectation stands out, in deviations.
        mean: of them.
    """

    conditions: tuple[Condition, ...]
    z: float
    mean: float


def search(
    features: Sequence[Feature], losses: Losses, *, least: int, margin: float
) -> Candidate | None:
    """Return the rows that stand out most; None where none do by 3 deviations and `margin`.

    Args:
        features: of the rows.
        losses: of the rows.
        least: rows that a slice must have.
        margin: of the mean loss beyond expectation.
    """
    found = sorted(
        _stand_out(features, losses, least, margin / 2),
        key=lambda c: (-c.z, tuple(part.feature for part in c.conditions)),
    )
    step = max(1, len(losses.beyond) // _FITTED_ROWS)
    fewer = [replace(f, codes=np.ascontiguousarray(f.codes[::step])) for f in features]
    some, enough = losses.take(slice(None, None, step)), max(1, least // step)
    # A fourth condition is sought among the features that stand out most.
    among = list(dict.fromkeys(part.feature for c in found for part in c.conditions))[:_PAIRED]
    seen: list[Mask] = []
    best: Candidate | None = None
    for candidate in found:
        if len(seen) >= 2 * _FITTED or (best and candidate.z < best.z * math.sqrt(step) / 2):
            break
        rows = rows_in(fewer, candidate.conditions, len(some.beyond))
        if any((rows & other).sum() > 0.5 * (rows | other).sum() for other in seen):
            continue
        fitted = _fit(fewer, some, candidate, enough, among)
        seen += [rows, rows_in(fewer, fitted.conditions, len(some.beyond))]
        if fitted.mean >= margin and (best is None or fitted.z > best.z):
            best = fitted
    if best is not None:
        best = _exchanged(fewer, some, best, enough, among)
    return best if best is None or step == 1 else measure(features, losses, best.conditions)


def _stand_out(
    features: Sequence[Feature], losses: Losses, least: int, margin: float
) -> Iterator[Candidate]:
    """Yield the best set of each one, two and three features."""
    alone = {i: c for i, f in enumerate(features) if (c := coarse(f, _PAIR, least)) is not None}
    promise = np.zeros(len(features))
    for i, part in alone.items():
        best = _best(losses, {i: part}, least, margin)
        if best is not None:
            promise[i] = best.z
            yield best
    paired = _most(list(alone), promise, _PAIRED)
    for chosen in combinations(paired, 2):
        best = _best(losses, {i: alone[i] for i in chosen}, least, margin)
        if best is not None:
            promise[list(chosen)] = np.maximum(promise[list(chosen)], best.z)
            yield best
    step = max(1, len(losses.beyond) // _TRIPLE_ROWS)
    fewer = {
        i: c.thinned(step)
        for i in _most(paired, promise, _WIDE)
        if (c := coarse(features[i], _TRIPLE, least)) is not None
    }
    some = losses.take(slice(None, None, step))
    for three in combinations(fewer, 3):
        best = _best(some, {i: fewer[i] for i in three}, max(1, least // step), margin)
        if best is not None:
            yield replace(best, z=best.z * math.sqrt(step))


def _most(these: Sequence[int], promise: Floats, most: int) -> list[int]:
    if len(these) <= most:
        return list(these)
    return sorted(sorted(these, key=lambda i: (-promise[i], i))[:most])


def _best(losses: Losses, parts: dict[int, Coarse], least: int, margin: float) -> Candidate | None:
    """Return the best combination of sets of these features; None where none stands out."""
    first, *others = parts.values()
    place = first.codes.astype(np.int32)
    for part in others:
        place *= part.size
        place += part.codes
    shape = [part.size for part in parts.values()]
    cells = math.prod(shape)
    tables = np.empty((3, cells))
    for row, weights in zip(tables, (None, losses.beyond, losses.spread), strict=True):
        row[:] = np.bincount(place, weights, cells)
    n, total, spread = _over_sets(tables.reshape(3, *shape), list(parts.values()))
    z = np.where((n >= least) & (total >= margin * n), losses.z(total, spread), 0.0)
    at = int(z.argmax())
    if z.flat[at] < _LEAST_Z:
        return None
    picked = np.unravel_index(at, z.shape)
    return Candidate(
        conditions=tuple(
            Condition(feature=i, chosen=part.chosen(int(k)))
            for (i, part), k in zip(parts.items(), picked, strict=True)
        ),
        z=float(z.flat[at]),
        mean=float(total.flat[at] / n.flat[at]),
    )


def _over_sets(tables: Floats, parts: Sequence[Coarse]) -> Floats:
    """Return the sums of (3, *sizes) tables over every combination of sets, (3, *sets)."""
    shape = tables.shape
    sums = np.matmul(parts[0].weights, tables.reshape(3, shape[1], -1))
    if len(parts) == 1:
        return np.asarray(sums[..., 0], np.float64)
    sums = sums.reshape(*sums.shape[:2], *shape[2:])
    if len(parts) == 3:
        sums = np.matmul(parts[1].weights, sums)
    return np.asarray(np.matmul(sums, parts[-1].weights.T), np.float64)


def measure(
    features: Sequence[Feature], losses: Losses, conditions: tuple[Condition, ...]
) -> Candidate:
    """Return how far the rows of these conditions stand out."""
    mask = rows_in(features, conditions, len(losses.beyond))
    total, spread = losses.beyond[mask].sum(), losses.spread[mask].sum()
    n = int(mask.sum())
    return Candidate(
        conditions=conditions,
        z=float(losses.z(total, spread)),
        mean=float(total) / n if n else 0.0,
    )


def _fit(
    features: Sequence[Feature], losses: Losses, start: Candidate, least: int, among: Sequence[int]
) -> Candidate:
    """Move edges, add and drop conditions until nothing stands out more."""
    now = measure(features, losses, start.conditions)
    for _ in range(_ROUNDS):
        before = now.z
        for at in range(len(now.conditions)):
            now = _moved(features, losses, now, at, least)
        now = _narrowed(features, losses, now, least, among)
        if now.z <= before + 1e-9:
            break
    wider = _widened(features, losses, now)
    if len(wider.conditions) < len(now.conditions):
        for at in range(len(wider.conditions)):
            wider = _moved(features, losses, wider, at, least)
    return wider


def _moved(
    features: Sequence[Feature], losses: Losses, now: Candidate, at: int, least: int
) -> Candidate:
    """Choose anew the codes of one condition, the others left as they are."""
    others = (*now.conditions[:at], *now.conditions[at + 1 :])
    rows = np.flatnonzero(rows_in(features, others, len(losses.beyond)))
    chosen = _best_codes(features[now.conditions[at].feature], losses, rows, least)
    if chosen is None:
        return now
    new = Condition(feature=now.conditions[at].feature, chosen=chosen)
    other = measure(features, losses, (*now.conditions[:at], new, *now.conditions[at + 1 :]))
    opened = other.z**2 >= now.z**2 - _OPEN and chosen.sum() > now.conditions[at].chosen.sum()
    return other if other.z > now.z or opened else now


def _narrowed(
    features: Sequence[Feature], losses: Losses, now: Candidate, least: int, among: Sequence[int]
) -> Candidate:
    """Add the condition that is worth it most; none may be."""
    if len(now.conditions) >= _MOST_CONDITIONS:
        return now
    rows = np.flatnonzero(rows_in(features, now.conditions, len(losses.beyond)))
    used = {c.feature for c in now.conditions}
    best = now
    for i in among:
        if i in used:
            continue
        chosen = _best_codes(features[i], losses, rows, least)
        if chosen is not None:
            new = Condition(feature=i, chosen=chosen)
            other = measure(features, losses, (*now.conditions, new))
            if other.z > best.z and other.z**2 >= now.z**2 + _WORTH:
                best = other
    return best


def _exchanged(
    features: Sequence[Feature], losses: Losses, now: Candidate, least: int, among: Sequence[int]
) -> Candidate:
    """Put another feature in the place of one, as long as it tells the rows better.

    Sets that share most rows are fitted once, and the first of them may be told by a feature that
    hangs together with the one that matters. A cluster says nothing in words, so what tells the
    rows about as well is put in its place.
    """
    among = [i for i in among if features[i].name != CLUSTER]
    for _ in range(_ROUNDS):
        best, worth = now, now.z
        for at in range(len(now.conditions)):
            others = (*now.conditions[:at], *now.conditions[at + 1 :])
            rows = np.flatnonzero(rows_in(features, others, len(losses.beyond)))
            used = {c.feature for c in now.conditions}
            if features[now.conditions[at].feature].name == CLUSTER:
                worth = _AS_GOOD * now.z if best is now else worth
            for i in (i for i in among if i not in used):
                chosen = _best_codes(features[i], losses, rows, least)
                if chosen is not None:
                    new = Condition(feature=i, chosen=chosen)
                    parts = (*now.conditions[:at], new, *now.conditions[at + 1 :])
                    other = measure(features, losses, parts)
                    if other.z > worth and other.mean >= now.mean / 2:
                        best, worth = other, other.z
        if best is now:
            break
        now = best
        for at in range(len(now.conditions)):
            now = _moved(features, losses, now, at, least)
    return now


def _widened(features: Sequence[Feature], losses: Losses, now: Candidate) -> Candidate:
    """Drop conditions that are not needed: the rows beyond them are as bad, or nearly."""
    n = len(losses.beyond)
    while len(now.conditions) > 1:
        inside = rows_in(features, now.conditions, n)
        options = []
        for at in range(len(now.conditions)):
            rest = (*now.conditions[:at], *now.conditions[at + 1 :])
            wider = measure(features, losses, rest)
            outside = rows_in(features, rest, n) & ~inside
            beyond = float(losses.beyond[outside].mean()) if outside.any() else now.mean
            if wider.z**2 >= now.z**2 - _NEEDLESS or beyond >= 0.6 * now.mean:
                options.append(wider)
        if not options:
            break
        now = max(options, key=lambda c: c.z)
    return now


def _best_codes(feature: Feature, losses: Losses, rows: Labels, least: int) -> Mask | None:
    """Return the codes of one feature whose rows, of these, stand out most."""
    codes = feature.codes[rows]
    n, total, spread = (
        np.bincount(codes, weights, feature.size).astype(np.float64)
        for weights in (None, losses.beyond[rows], losses.spread[rows])
    )
    best = (_best_range if feature.ordered else _best_names)(
        losses, feature.selectable, n, total, spread, least
    )
    z, at = best or (0.0, None)
    empty = feature.empty
    if empty is not None and n[empty] >= least and losses.z(total[empty], spread[empty]) > z:
        at = np.array([empty])
    if at is None:
        return None
    flags = np.zeros(feature.size, np.bool_)
    flags[at] = True
    return flags


def _best_range(
    losses: Losses, places: Labels, n: Floats, total: Floats, spread: Floats, least: int
) -> tuple[float, Labels] | None:
    """Return z and places of the best range; one that is open at an end if it is about as good."""
    sums = [np.r_[0.0, column[places].cumsum()] for column in (n, total, spread)]
    rows, lost, var = (s[None, :] - s[:, None] for s in sums)
    z = np.where((rows >= least) & (lost > 0), losses.z(lost, var), -1.0)
    z[0, -1] = -1.0  # everything is no condition
    best = float(z.max())
    if best <= 0:
        return None
    first, last = (int(k) for k in np.unravel_index(int(z.argmax()), z.shape))
    lower, upper = int(z[0].argmax()), int(z[:, -1].argmax())
    ends = [(float(z[0, lower]), 0, lower), (float(z[upper, -1]), upper, len(places))]
    one = max(ends)
    if one[0] > 0 and one[0] ** 2 >= best**2 - _OPEN:
        best, first, last = one
    return best, places[first:last]


def _best_names(
    losses: Losses, places: Labels, n: Floats, total: Floats, spread: Floats, least: int
) -> tuple[float, Labels] | None:
    """Return z and places of the values that stand out together.

    They are the first in the order of loss to spread.

    Source: Neill 2012, "Fast subset scan for spatial pattern detection", for the order.
    """
    some = [int(c) for c in places if n[c] > 0 and total[c] > 0]
    order = sorted(some, key=lambda c: (-total[c] / spread[c], c))
    best: tuple[float, Labels] | None = None
    lost = var = rows = 0.0
    for k, c in enumerate(order):
        if k and total[c] / n[c] < 0.4 * lost / rows:
            break
        lost, var, rows = lost + total[c], var + spread[c], rows + n[c]
        z = float(losses.z(np.array(lost), np.array(var)))
        if rows >= least and k + 1 < len(places) and (best is None or z > best[0]):
            best = z, np.array(order[: k + 1])
    return best
