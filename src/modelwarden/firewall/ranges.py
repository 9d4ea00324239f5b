"""Between which bounds a value may be, learnt from a reference: with room, but not past an end.

What the reference does not have is not yet wrong – `normal` judges how far away it is – so there is
as much room on both sides as the reference is wide, and more above and below where its tails are
long. Some values end by nature, though: no age, amount or count is below nothing, no share above
the whole. That is taken for true only where something says so: the type, the name, or a reference
that comes as close to its end as its own density there has it, and does not thin out towards it. A
mild winter's temperatures end near 0 as well, but not at it.
"""

from __future__ import annotations

import math
import re

import numpy as np

from modelwarden.protocols.tensors import Array
from modelwarden.targets.frames import Floats

_EDGE = 0.05  # of the width
_DENSE, _LEAST = 0.01, 20
_REACH = 5.0  # spacings of a Poisson process are longer in one case of 150
_THIN = 0.5  # of the density a little further in
_SKEWED = 1.5
_TIMES = 4.0
_WHOLES = (1.0, 100.0)
_TAIL, _FEWEST = 0.05, 20
_BEYOND = 1e-6  # share of values beyond what a long tail may reach
_LONGEST = 0.9  # shape of a tail; of 1 and more there is no mean
_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_NEVER_BELOW = frozenset(
    "age ages area bedrooms bytes children clicks cost costs count counts debt distance duration"
    " fare fee income length mass num number perimeter population price prices probability quantity"
    " qty radius rent retries rooms salary share size speed tries visits volume wage wages weight"
    " width years".split()
)
_MAY_BE_BELOW = frozenset(
    "altitude angle balance celsius change charge correlation db decibel decibels deg degrees delta"
    " dev deviation diff difference drift elevation error fahrenheit flow gain growth lat latitude"
    " log logit lon longitude loss margin net offset profit residual return returns slope surplus"
    " temp temperature trend voltage z zscore".split()
)


def roomy(values: Array, low: float, high: float, name: str = "") -> tuple[float, float]:
    """Return the least and the largest that a value may be.

    Args:
        values: the reference.
        low: the least finite one.
        high: the largest finite one.
        name: of the input; it may tell that values are never below nothing, or that they may be.
    """
    width = high - low
    known = _numbers(values)
    if not width or len(known) == 0:
        room = width or max(1.0, abs(high))
        return low - room, high + room
    least = min(low - width, -_reached(-known))
    most = max(high + width, _reached(known))
    return _from(values, known, low, high, least, name), _to(known, low, high, most)


def _from(values: Array, known: Floats, low: float, high: float, least: float, name: str) -> float:
    """Return the least that a value may be, nothing where values end there."""
    words = {word.lower() for word in _WORDS.findall(name)}
    if low < 0 or words & _MAY_BE_BELOW:
        return least
    edge = _EDGE * (high - low)
    told = bool(words & _NEVER_BELOW) or values.dtype.kind == "u"
    if low <= edge or (low <= 1 and _whole(known)):
        return max(least, 0.0) if told or _ends(known, low, 0.0, edge) else least
    # Where an amount begins well above nothing, there is as much room as most of it is wide, but in
    # times: amounts are never nothing by that.
    if (told or _skewed(known)) and _dense(known, low + edge):
        most = min(high, max(float(np.quantile(known, 1 - _TAIL)), _TIMES * low))
        return max(least, low * (low / most))
    return max(least, 0.0) if told else least


def _to(known: Floats, low: float, high: float, most: float) -> float:
    """Return the most that a value may be, 1 or 100 where values end there."""
    edge = _EDGE * (high - low)
    ends = [w for w in _WHOLES if low >= 0 and w >= high and _ends(-known, -high, -w, edge)]
    return min([most, *ends])


def _dense(known: Floats, end: float) -> bool:
    """Tell whether many values are below a place: 1 % of them, 20 at the least."""
    return bool(np.count_nonzero(known <= end) >= max(_LEAST, _DENSE * len(known)))


def _ends(known: Floats, low: float, end: float, edge: float) -> bool:
    """Tell whether values end at a place by nature, and not below it.

    Were it by chance that nothing lies beyond, the density would have to break off just there: so
    many are near to it (`_dense`), they do not thin out towards it, and the least is no further
    away from it than values there are from each other.

    Args:
        known: the reference.
        low: the least of it.
        end: not above it.
        edge: how wide its edge is.
    """
    if not _dense(known, low + edge):
        return False
    near = np.sort(known[known <= low + edge])
    steps = np.diff(np.unique(near))
    grid = 1.0 if _whole(known) else float(steps.min()) if len(steps) else 0.0
    at = min(len(near), _LEAST) - 1
    spacing = max(float(near[at] - low) / at, 0.0)
    if low - end > max(_REACH * spacing, grid * (1 + 1e-9)):
        return False
    half = max(edge / 2, grid)
    first = np.count_nonzero(known < low + half)
    second = np.count_nonzero((known >= low + half) & (known < low + 2 * half))
    return bool(first >= _THIN * second)


def _whole(known: Floats) -> bool:
    return bool((known % 1 == 0).all())


def _skewed(known: Floats) -> bool:
    """Tell whether values reach further up than down, as amounts do."""
    few, middle, many = np.quantile(known, (0.05, 0.5, 0.95))
    return bool(many - middle > _SKEWED * (middle - few))


def _reached(known: Floats) -> float:
    """Return what one value of a million is above, from how the upper tail falls.

    Source: Hosking and Wallis, 1987: probability-weighted moments of a generalised Pareto tail.
    """
    count = max(_FEWEST, int(_TAIL * len(known)))
    if len(known) < 2 * count:
        return -math.inf
    tail = np.sort(np.partition(known, len(known) - count - 1)[-count - 1 :])
    excess = tail[1:] - tail[0]
    mean = float(excess.mean())
    falling = (count - np.arange(1, count + 1) + 0.5) / count
    weighted = float((falling * excess).mean())
    if mean <= 2 * weighted * (1 + 1e-9):
        return -math.inf
    shape = min(2 - mean / (mean - 2 * weighted), _LONGEST)
    if shape <= 0:
        return -math.inf
    scale = mean * (1 - shape)
    rarer = count / len(known) / _BEYOND
    return float(tail[0]) + scale * (math.pow(rarer, shape) - 1) / shape


def _numbers(values: Array) -> Floats:
    """Return the finite numbers of a column; of objects none are looked at."""
    flat = np.asarray(values).reshape(-1)
    if flat.dtype.kind not in "biuf":
        return np.empty(0)
    numbers = flat.astype(np.float64)
    return numbers[np.isfinite(numbers)]
