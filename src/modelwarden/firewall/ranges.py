"""Between which bounds a value may be, learnt from a reference: with room, but not past an end.

What the reference does not have is not yet wrong – `normal` judges how far away it is – so there is
as much room on both sides as the reference is wide. Many values end somewhere by nature, though: no
age, amount or count is below nothing, no share above the whole. Such an end is sharp: the reference
is dense right up to it, where other values thin out.
"""

from __future__ import annotations

import numpy as np

from modelwarden.protocols.tensors import Array
from modelwarden.targets.frames import Floats

_EDGE = 0.05  # of the width
_DENSE, _LEAST = 0.01, 20
_WHOLES = (1.0, 100.0)


def roomy(values: Array, low: float, high: float) -> tuple[float, float]:
    """Return the least and the largest that a value may be.

    An end is sharp when the last 5 % of the width hold 1 % of the values, 20 at the least: were it
    by chance that nothing lies beyond, the density would have to break off just there.

    Args:
        values: the reference.
        low: the least finite one.
        high: the largest finite one.
    """
    width = high - low
    room = width or max(1.0, abs(high))
    known = _numbers(values)
    least, most = low - room, high + room
    if not width or low < 0 or len(known) == 0:
        return least, most
    edge = _EDGE * width
    enough = max(_LEAST, _DENSE * len(known))
    if np.count_nonzero(known <= low + edge) >= enough:
        # Where the reference begins well above nothing, there is as much room as it is wide, but
        # in times: amounts are never nothing by that.
        least = max(least, 0.0 if low <= edge else low * (low / high))
    if np.count_nonzero(known >= high - edge) >= enough:
        most = min([most, *(whole for whole in _WHOLES if high <= whole <= high + edge)])
    return least, most


def _numbers(values: Array) -> Floats:
    """Return the finite numbers of a column; of objects none are looked at."""
    flat = np.asarray(values).reshape(-1)
    if flat.dtype.kind not in "biuf":
        return np.empty(0)
    numbers = flat.astype(np.float64)
    return numbers[np.isfinite(numbers)]
