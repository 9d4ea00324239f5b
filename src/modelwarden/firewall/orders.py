"""Which of two columns is never above the other: years at work and age, debt and income.

Each value may be within its range, and the row near to others, and yet no such row can be. What is
learnt must be no chance: were the two columns dealt anew, one would often be above the other, and
between them there is more room than the closest rows differ by, or the rows lie dense right up to
where the two are alike.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from modelwarden.firewall.errors import Reason, RefusedError
from modelwarden.firewall.profile import Input, Kind, Order
from modelwarden.protocols.tensors import Array
from modelwarden.targets.frames import Floats

_COLUMNS = 64
_ROWS = 300
_OFTEN = 0.05  # of rows dealt anew, that would have them the other way round
_CLOSEST, _LEAST = 0.01, 20
_EDGE = 0.05  # of the width of the differences


def orders_of(inputs: Sequence[Input], values: Mapping[str, Array]) -> tuple[Order, ...]:
    """Return which columns of a reference are never above which others.

    Args:
        inputs: of the model.
        values: (rows, …) by their names.
    """
    numeric = [spec for spec in inputs if spec.kind in (Kind.NUMBER, Kind.INTEGER)]
    single = [spec.name for spec in numeric if spec.shape in ((), (1,))][:_COLUMNS]
    columns = {name: np.asarray(values[name], np.float64).reshape(-1) for name in single}
    return tuple(
        Order(lower=lower, upper=upper)
        for lower in single
        for upper in single
        if lower != upper and _ordered(columns[lower], columns[upper])
    )


def _ordered(lower: Floats, upper: Floats) -> bool:
    both = np.isfinite(lower) & np.isfinite(upper)
    if int(both.sum()) < _ROWS:
        return False
    a, b = lower[both], upper[both]
    if bool((a > b).any()):
        return False
    # What is the least of the one or the most of the other could not be the other way round, and
    # tells nothing: pixels at a picture's rim are both 0 nearly always.
    telling = (a > a.min()) & (b < b.max())
    a, b = a[telling], b[telling]
    if len(a) < _ROWS:
        return False
    apart = b - a
    least = float(apart.min())
    if float(apart.max()) == least:
        return False
    below = np.searchsorted(np.sort(b), a, side="left")  # rows of the one that the other is above
    if float(below.mean()) < _OFTEN * len(b):
        return False
    enough = max(_LEAST, int(_CLOSEST * len(a)))
    closest = float(np.partition(apart, enough - 1)[enough - 1])
    width = float(apart.max()) - least
    dense = closest <= _EDGE * width
    return least > 2 * (closest - least) or (dense and least <= _EDGE * width)


def check_orders(orders: Sequence[Order], values: Mapping[str, Array]) -> None:
    """Hold rows against the order of their columns; what is missing is in no order.

    Raises:
        RefusedError: a value is above another one that it never is above.
    """
    for order in orders:
        if bool(np.greater(values[order.lower], values[order.upper]).any()):
            detail = f"input {order.lower!r} is above {order.upper!r}"
            raise RefusedError(Reason.RANGE, detail)
