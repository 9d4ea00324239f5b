"""Metrics of a contingency table, for one table or for thousands of replicates at once.

Every function takes `table`, (..., k, k) counts with the true class on the last axis but one, and
returns (...) float64, or (..., k) where it names each class. What cannot be computed (a recall
without a case) is NaN in the rates of a class; in averages it counts as scikit-learn counts it.

Source: scikit-learn 1.7, "Metrics and scoring", for the averages and for what is 0 by agreement.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Table = npt.NDArray[np.int64] | Floats


def share(part: npt.ArrayLike, whole: npt.ArrayLike, *, empty: float = np.nan) -> Floats:
    """Return part / whole, and `empty` where the whole is 0."""
    top, bottom = np.asarray(part, np.float64), np.asarray(whole, np.float64)
    result = np.full(np.broadcast_shapes(top.shape, bottom.shape), empty)
    np.divide(top, bottom, out=result, where=bottom != 0)
    return result


def diagonal(table: Table) -> Floats:
    """Return the right answers of each class, (..., k)."""
    return np.asarray(np.diagonal(table, axis1=-2, axis2=-1), np.float64)


def sizes(table: Table) -> Floats:
    """Return the cases of each class, (..., k)."""
    return np.asarray(table.sum(axis=-1), np.float64)


def calls(table: Table) -> Floats:
    """Return how often each class was predicted, (..., k)."""
    return np.asarray(table.sum(axis=-2), np.float64)


def accuracy(table: Table) -> Floats:
    """Return the share of right answers."""
    return share(diagonal(table).sum(-1), sizes(table).sum(-1))


def recalls(table: Table) -> Floats:
    """Return the share of each class's cases that was found."""
    return share(diagonal(table), sizes(table))


def precisions(table: Table) -> Floats:
    """Return the share of each class's calls that was right."""
    return share(diagonal(table), calls(table))


def f1s(table: Table) -> Floats:
    """Return 2 TP / (2 TP + FP + FN) of each class."""
    return share(2 * diagonal(table), sizes(table) + calls(table))


def balanced_accuracy(table: Table) -> Floats:
    """Return the mean recall of the classes that have cases."""
    known = sizes(table) > 0
    return share(np.where(known, recalls(table), 0.0).sum(-1), known.sum(-1))


def macro(rates: Floats, table: Table) -> Floats:
    """Return the even mean over classes that occur, what is undefined counting as 0."""
    seen = (sizes(table) + calls(table)) > 0
    return share(np.where(seen, np.nan_to_num(rates), 0.0).sum(-1), seen.sum(-1))


def weighted(rates: Floats, table: Table) -> Floats:
    """Return the mean over classes by their number of cases, what is undefined counting as 0."""
    cases = sizes(table)
    return share((np.nan_to_num(rates) * cases).sum(-1), cases.sum(-1))


def matthews_corrcoef(table: Table) -> Floats:
    """Return the correlation of truth and answer, -1 to 1; 0 where either is constant.

    (c·s − Σ tₖpₖ) / √((s² − Σ pₖ²)(s² − Σ tₖ²)), c right answers of s, tₖ cases, pₖ calls.

    Source: Gorodkin 2004, "Comparing two K-category assignments by a K-category correlation
    coefficient".
    """
    cases, said = sizes(table), calls(table)
    total = cases.sum(-1)
    top = diagonal(table).sum(-1) * total - (cases * said).sum(-1)
    spread = np.sqrt((total**2 - (said**2).sum(-1)) * (total**2 - (cases**2).sum(-1)))
    return share(top, spread, empty=0.0)


def cohen_kappa(table: Table) -> Floats:
    """Return (p − e) / (1 − e), p the accuracy and e what chance gives; NaN where e is 1.

    Source: Cohen 1960, "A coefficient of agreement for nominal scales".
    """
    cases, said = sizes(table), calls(table)
    total = cases.sum(-1)
    chance = (cases * said).sum(-1)
    return share(diagonal(table).sum(-1) * total - chance, total**2 - chance)


def positive_rates(table: Table, positive: int) -> tuple[Floats, Floats, Floats]:
    """Return selection rate, true positive rate and false positive rate of class `positive`.

    A rate without a case to rest on is NaN: not estimable is not the same as equal.
    """
    said = calls(table)[..., positive]
    cases = sizes(table)[..., positive]
    found = np.asarray(table[..., positive, positive], np.float64)
    total = sizes(table).sum(-1)
    return share(said, total), share(found, cases), share(said - found, total - cases)
