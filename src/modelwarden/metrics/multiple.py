"""Many tests at once: p values adjusted for their number."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from modelwarden.metrics.intervals import Floats


def benjamini_hochberg(p_values: Floats | Sequence[float]) -> Floats:
    """Return p values (n,) adjusted so that at most their size of those flagged are false.

    That holds on average.

    Source: Benjamini and Hochberg 1995, "Controlling the false discovery rate".
    """
    p = np.asarray(p_values, np.float64)
    n = len(p)
    order = np.argsort(p)[::-1]
    scaled = p[order] * n / np.arange(n, 0, -1)
    adjusted = np.empty(n)
    adjusted[order] = np.minimum(np.minimum.accumulate(scaled), 1.0)
    return adjusted
