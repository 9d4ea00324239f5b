"""Whether labels of one class that look like another are flips, or an outcome that is uncertain.

Where a part of one class is called by the name of one other, learners learn that share as if it
were a rule. Flips are told from classes that shade into each other by this: among the rows that
look like the one class, nothing tells which of them bear the other name. Where so many do that an
outcome of chance would look the same, they are taken for flips only if classes are several and what
is called so is a kind of its own: the other class has rows that look like no class but itself, and
no single column sets the rows apart whose names are mixed.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from modelwarden.detectors.designs import Design
from modelwarden.detectors.learners import Bent, Learner, Ridge, auc
from modelwarden.detectors.noise import SEVERAL, Noise
from modelwarden.targets.frames import Floats, Labels

_SURE = 0.8  # truth of a row, to look like a class
_FEW = 5  # rows under the other name, fewer tell nothing
_EVEN, _ERRORS = 0.06, 2.5  # area under the ROC curve above one half, and its standard errors
_ASKED: tuple[Learner, ...] = (Ridge(10.0), Bent())
_OWN = 0.4  # of the rows of the other class, that look like it
_CUT = 0.98  # of the rows on both sides, that one column tells


def evenly(design: Design, noise: Noise, scores: Floats, y: Labels, fold: Labels) -> bool:
    """Tell whether nothing tells which of the rows that look like a class bear the other name.

    Args:
        design: features of (n,) rows.
        noise: how many labels of which class were flipped.
        scores: (n, k) log probabilities out of sample.
        y: (n,) classes.
        fold: (n,) of each row: what tells names apart is learned from the others.
    """
    weights, errors, areas = [], [], []
    for one, other in _pairs(noise.wrong):
        looks = (noise.truth[:, one] >= _SURE) & ((y == one) | (y == other))
        rows = np.flatnonzero(looks)
        moved = y[rows] == other
        n, m = int(moved.sum()), int((~moved).sum())
        if n < _FEW or m < _FEW:
            continue
        guesses = [_guess(learner, design, rows, moved, fold) for learner in _ASKED]
        guesses.append(scores[rows, other] - scores[rows, one])
        areas.append([auc(guess, moved) for guess in guesses])
        errors.append(np.sqrt((n + m + 1) / (12 * n * m)))
        weights.append(n)
    if not weights:
        return True
    share, error, area = np.array(weights) / sum(weights), np.array(errors), np.array(areas)
    if bool((area > 0.5 + np.maximum(2 * _EVEN, (_ERRORS + 1) * error)[:, None]).any()):
        return False
    pooled = max(_EVEN, _ERRORS * float(np.sqrt((share**2 * error**2).sum())))
    return bool((share @ area <= 0.5 + pooled).all())


def _guess(
    learner: Learner, design: Design, rows: Labels, moved: npt.NDArray[np.bool_], fold: Labels
) -> Floats:
    """Return the chance (n,) that each of the rows bears the other name, out of sample."""
    made = np.full(len(rows), 0.5)
    for part in np.unique(fold):
        ask = fold[rows] == part
        known = moved[~ask].astype(np.int64)
        if ask.any() and 0 < known.sum() < len(known):
            made[ask] = learner(design, rows[~ask], known, 2, rows[ask])[:, 1]
    return made


def of_its_own(design: Design, noise: Noise, y: Labels, large: float) -> bool:
    """Tell whether classes of which more than `large` bear another name are kinds of their own."""
    if len(noise.wrong) < SEVERAL:
        return False
    for one, other in _pairs(noise.wrong):
        if noise.wrong[one, other] <= large:
            continue
        own = (noise.truth[:, other] >= _SURE) & (y == other)
        if own.sum() < _OWN * (y == other).sum() or _one_column(
            design, noise.truth[:, one] >= _SURE
        ):
            return False
    return True


def _pairs(wrong: Floats) -> list[tuple[int, int]]:
    off = wrong - np.diag(np.diag(wrong))
    return [(int(i), int(j)) for i, j in np.argwhere(off > 0)]


def _one_column(design: Design, looks: npt.NDArray[np.bool_]) -> bool:
    """Tell whether levels of one column are as good as those rows (n,)."""
    n = int(looks.sum())
    for column in (*design.bins.T, *(places + 1 for places in design.codes)):
        inside = np.bincount(column, looks)
        whole = np.bincount(column, minlength=len(inside))
        here = inside > whole / 2
        if inside[here].sum() >= _CUT * max(n, int(whole[here].sum()), 1):
            return True
    return False
