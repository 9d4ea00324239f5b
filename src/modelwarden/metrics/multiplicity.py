"""Many tests at once: p values adjusted for their number."""

from __future__ import annotations

import numpy as np

from modelwarden.metrics.intervals import Floats


def benjamini_hochberg(p: Floats) -> Floats:
    """Return p values adjusted so that at most their size of those flagged are false, on average.

    Source: Benjamini and Hochberg 1995, "Controlling the false discovery rate".
    """
    n = len(p)
    order = np.argsort(p)[::-1]
    scaled = p[order] * n / np.arange(n, 0, -1)
    adjusted = np.empty(n)
    adjusted[order] = np.minimum(np.minimum.accumulate(scaled), 1.0)
    return adjusted
