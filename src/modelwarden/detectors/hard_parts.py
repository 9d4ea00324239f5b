"""Whether labels look flipped everywhere, or in one part of the data alone.

Flips do not ask what a row looks like. Rows of a kind that is harder than the learners know look
like flips as well, and all of them lie there. So each part that one column cuts off is left out in
turn: where hardly any flip is left among the other rows, though many were to be expected, the rows
are as well a hard part as wrong labels.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from modelwarden.detectors.noise import Noise
from modelwarden.targets.frames import Labels

_LEFT = 0.3  # of the expected flips that are left without the part, at most
_DEVIATIONS = 4.0  # by which too few are left
_KNOWN = 1 / 3  # of all that the labels tell about flips, told by the rows that are left
_MOST_COLUMNS = 400


def in_one_part(bins: npt.NDArray[np.uint8], noise: Noise, y: Labels) -> bool:
    """Tell whether flips are as good as absent outside of one part of the rows.

    Args:
        bins: (n, d) levels of each column.
        noise: how many labels were flipped, as fitted to all rows.
        y: (n,) classes.
    """
    surplus, variance = noise.surplus(y)
    whole = float(variance.sum())
    for column in bins.T[:_MOST_COLUMNS]:
        more = np.bincount(column, surplus).cumsum()
        told = np.bincount(column, variance).cumsum()
        for beyond, known in ((more, told), (more[-1] - more, told[-1] - told)):
            enough = known >= max(_KNOWN * whole, 1e-9)
            few = (beyond < -_DEVIATIONS * np.sqrt(known)) & (beyond < (_LEFT - 1) * known)
            if bool((enough & few).any()):
                return True
    return False
