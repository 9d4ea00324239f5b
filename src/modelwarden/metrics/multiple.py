"""Many tests at once."""

from __future__ import annotations

from collections.abc import Sequence


def adjusted(p_values: Sequence[float]) -> list[float]:
    """Return p values that control the share of false discoveries.

    Source: Benjamini and Hochberg 1995, "Controlling the false discovery rate".
    """
    m = len(p_values)
    order = sorted(range(m), key=lambda i: p_values[i], reverse=True)
    result, least = [1.0] * m, 1.0
    for rank, i in enumerate(order):
        least = min(least, p_values[i] * m / (m - rank))
        result[i] = least
    return result
