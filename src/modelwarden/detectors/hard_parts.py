"""Whether labels look flipped everywhere, or in one part of the data alone.

Flips do not ask what a row looks like. Rows of a kind that is harder than the learners know look
like flips as well, and all of them lie there. So each part that one column cuts off is left out in
turn, and so are the rows where trees on all columns together, or the values of a code, tell of
flips out of sample: where hardly any flip is left among the other rows, though many were to be
expected, the rows are as well a hard part, or a rule that the learners missed, as wrong labels.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from modelwarden.detectors.designs import Design, levels_of
from modelwarden.detectors.noise import Noise
from modelwarden.detectors.trees import regressed
from modelwarden.targets.frames import Floats, Labels

_LEFT = 0.3  # of the expected flips that are left without the part, at most
_DEVIATIONS = 4.0  # by which too few are left
_KNOWN = 1 / 3  # of all that the labels tell about flips, told by the rows that are left
_MOST_COLUMNS = 400


def in_one_part(design: Design, noise: Noise, y: Labels, fold: Labels) -> bool:
    """Tell whether flips are as good as absent outside of one part of the rows.

    Args:
        design: features of (n,) rows.
        noise: how many labels were flipped, as fitted to all rows.
        y: (n,) classes.
        fold: (n,) of each row: what is learned of flips is learned from the others.
    """
    surplus, variance = noise.surplus(y)
    whole = float(variance.sum())
    for column in _parts(design, surplus, variance, fold):
        more = np.bincount(column, surplus).cumsum()
        told = np.bincount(column, variance).cumsum()
        for beyond, known in ((more, told), (more[-1] - more, told[-1] - told)):
            enough = known >= max(_KNOWN * whole, 1e-9)
            few = (beyond < -_DEVIATIONS * np.sqrt(known)) & (beyond < (_LEFT - 1) * known)
            if bool((enough & few).any()):
                return True
    return False


def _parts(
    design: Design, surplus: Floats, variance: Floats, fold: Labels
) -> Iterator[npt.NDArray[np.uint8]]:
    """Yield levels (n,) of what may cut rows off: columns, and guesses of the surplus."""
    yield from design.bins.T[:_MOST_COLUMNS]
    guesses = [_of_values(places, surplus, variance, fold) for places in design.codes]
    guesses.append(regressed(design, surplus, variance, fold))
    yield from levels_of(np.column_stack(guesses)).T


def _of_values(places: Labels, surplus: Floats, variance: Floats, fold: Labels) -> Floats:
    """Return what the other rows of the same value tell, drawn towards nothing."""
    made = np.zeros(len(places))
    for one in np.unique(fold):
        ask = fold == one
        more = np.bincount(places[~ask] + 1, surplus[~ask], places.max() + 2)
        told = np.bincount(places[~ask] + 1, variance[~ask], places.max() + 2)
        made[ask] = (more / (told + 1.0))[places[ask] + 1]
    return made
