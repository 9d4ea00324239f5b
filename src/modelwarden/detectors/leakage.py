"""Whether one column alone gives the label away, and whether the rows' order does.

A strong feature is no leak. What tells them apart: a leak is nearly perfect, and all else together
comes nowhere near it. So a column is suspected only when it alone separates the classes almost
without error out of sample, *and* everything that is not as suspicious leaves several times as
much.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from modelwarden.detectors.counts import as_numbers, plain_text
from modelwarden.detectors.designs import design_of
from modelwarden.detectors.learners import auc, folds_of, logistic, out_of_sample
from modelwarden.detectors.trees import Boosted
from modelwarden.targets.frames import Column, Floats, Frame, Labels
from modelwarden.targets.labels import missing

AUC = 0.985  # of one column, two classes
BALANCED = 0.97  # share right of one column, more classes, each counting as much
EXPLAINED = 0.99  # of the variance, a regression
REST = 4.0  # times as much error that everything else leaves
EASY, EASY_VALUE = 0.95, 0.9  # from here on all else tells the label well enough by itself
PURE = 0.97
COVERED = 0.25  # of a class that a pure sign of missing values must show
IDENTIFIER = 0.75
ORDER = 0.9
LEAST_ROWS = 60
_MANY = 3
_LEAST_CLASS = 10
_MOST = 6000
_BINS = 48
_TAIL = re.compile(r"^(.*?)(\d{1,18})\D*$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Leak:
    """What gives the label away.

    Attributes:
        feature: the column; `row order` of the rows' order.
        kind: `value`, `identifier`, `missing values` or `order`.
        score: how well it tells the label alone. rest: how well all else does; None where it
            does not matter.
        measure: of both.
        told: for people.
    """

    feature: str
    kind: str
    score: float
    rest: float | None
    measure: str
    told: str


def leaks(frame: Frame, y: Labels, k: int, seed: int) -> Iterator[Leak]:
    """Yield what tells the class of a row too well.

    Args:
        frame: (n,) rows of features.
        y: (n,) classes 0 to k − 1.
        k: how many.
        seed: draws the folds.
    """
    counts = np.bincount(y, minlength=k)
    if len(y) < LEAST_ROWS or int((counts >= _LEAST_CLASS).sum()) < 2:
        return
    order = order_leak(y, k)
    if order is not None:
        yield order
    if len(y) > _MOST * 3:
        rows = np.sort(np.random.default_rng(seed).choice(len(y), _MOST * 3, replace=False))
        frame, y = frame.take(rows), y[rows]
    fold = folds_of(y, 4, np.random.default_rng(seed))
    told: set[str] = set()
    for name, column in zip(frame.names, frame.columns, strict=True):
        found = _identifier(name, column, y, k, fold) or _missing(name, column, y, k)
        if found is not None:
            told.add(name)
            yield found
    scores = {
        name: _alone(column, y, k, fold)
        for name, column in zip(frame.names, frame.columns, strict=True)
        if name not in told
    }
    bar = AUC if k == 2 else BALANCED
    suspects = {name: score for name, score in scores.items() if score >= bar}
    if not suspects or (len(suspects) >= _MANY and 2 * len(suspects) >= len(scores)):
        return  # where most columns do, none of them gives the label away: the task is easy
    rest = frame.without([*suspects, *told])
    other = _together(rest, y, k, fold, seed) if rest.names else 0.5 if k == 2 else 1 / k
    measure = "ROC AUC" if k == 2 else "balanced accuracy"
    for name, score in suspects.items():
        if other < EASY and 1 - other >= REST * max(1 - score, 1e-3):
            yield Leak(
                feature=name,
                kind="value",
                score=score,
                rest=other,
                measure=measure,
                told=f"alone tells the label with {measure} {score:.3f}, all else together "
                f"with {other:.3f}",
            )


def _alone(column: Column, y: Labels, k: int, fold: Labels) -> float:
    """Return how well one column tells the class, by shares in its bins out of sample."""
    codes, size = _binned(column)
    p = np.empty((len(y), k))
    for one in np.unique(fold):
        train = fold != one
        table = np.bincount(codes[train] * k + y[train], minlength=size * k).reshape(size, k)
        prior = np.bincount(y[train], minlength=k) / train.sum()
        shares = (table + prior) / (table.sum(axis=1, keepdims=True) + 1)
        p[fold == one] = shares[codes[fold == one]]
    return _score(p, y, k)


def _score(p: Floats, y: Labels, k: int) -> float:
    if k == 2:
        return auc(p[:, 1], y == 1)
    prior = np.bincount(y, minlength=k) / len(y)
    said = (p / np.maximum(prior, 1e-12)).argmax(axis=1)
    present = np.flatnonzero(np.bincount(y, minlength=k) >= _LEAST_CLASS)
    return float(np.mean([(said[y == c] == c).mean() for c in present]))


def _binned(column: Column) -> tuple[Labels, int]:
    gone = missing(column)
    if column.dtype.kind == "O":
        known: dict[str, int] = {}
        codes = np.array(
            [
                0 if lost else 1 + known.setdefault(value, len(known))
                for value, lost in zip(column.tolist(), gone, strict=True)
            ],
            np.int64,
        )
        if len(known) > len(codes) / 2:
            return np.zeros(len(codes), np.int64), 1  # names: no value comes again
        return codes, len(known) + 1
    values = as_numbers(column)
    present = np.isfinite(values)
    if not present.any():
        return np.zeros(len(values), np.int64), 1
    distinct = np.unique(values[present])
    if len(distinct) <= _BINS:
        cuts = distinct
    else:
        cuts = np.unique(np.quantile(values[present], np.linspace(0, 1, _BINS)[1:-1]))
    codes = np.zeros(len(values), np.int64)
    codes[present] = 1 + np.searchsorted(cuts, values[present], side="left")
    return codes, len(cuts) + 2


def _together(rest: Frame, y: Labels, k: int, fold: Labels, seed: int) -> float:
    """Return how well all of these columns together tell the class, by the better learner."""
    rows = np.arange(len(y))
    if len(rows) > _MOST:
        rows = np.sort(np.random.default_rng(seed).choice(len(y), _MOST, replace=False))
    design = design_of(rest.take(rows))
    return max(
        _score(out_of_sample(learner, design, y[rows], k, fold[rows]), y[rows], k)
        for learner in (logistic, Boosted(rounds=40))
    )


def _missing(name: str, column: Column, y: Labels, k: int) -> Leak | None:
    """Return a leak where a missing value, or one that is there, is nearly the label itself."""
    gone = missing(column)
    n = len(y)
    counts = np.bincount(y, minlength=k)
    for state, word in ((~gone, "there"), (gone, "missing")):
        m = int(state.sum())
        if m < _LEAST_CLASS or n - m < _LEAST_CLASS:
            continue
        inside = np.bincount(y[state], minlength=k)
        for c in range(k):
            purity, base = inside[c] / m, counts[c] / n
            covered = inside[c] / max(counts[c], 1)
            outside = (counts[c] - inside[c]) / (n - m)
            # A common class fills any subset; the two states must differ in earnest.
            if (
                purity >= PURE
                and covered >= COVERED
                and purity - outside >= 0.3
                and m * (purity - base) >= _LEAST_CLASS
                and (1 - base) * m >= 4 * max(m - inside[c], 1)
            ):
                return Leak(
                    feature=name,
                    kind="missing values",
                    score=float(purity),
                    rest=None,
                    measure="share of one class",
                    told=f"{purity:.1%} of the rows where it is {word} are of one class, "
                    f"{outside:.1%} of the others; it may be filled in after the outcome",
                )
    return None


def _identifier(name: str, column: Column, y: Labels, k: int, fold: Labels) -> Leak | None:
    """Return a leak where a column of names or numbers of rows tells the class by its order."""
    numbers = identifier_order(name, column)
    if numbers is None:
        return None
    score = _alone(numbers, y, k, fold)
    chance = 0.5 if k == 2 else 1 / k
    if score - chance < (IDENTIFIER - 0.5) / 0.5 * (1 - chance):
        return None
    return Leak(
        feature=name,
        kind="identifier",
        score=score,
        rest=None,
        measure="ROC AUC" if k == 2 else "balanced accuracy",
        told=f"identifies rows, and its order tells the label ({score:.2f})",
    )


def identifier_order(name: str, column: Column) -> Floats | None:
    """Return the order in which identifiers were given; None of a column that is none.

    All values differ, and they are whole numbers that stand close together or bear the name of an
    identifier, or words of one form that end in a number.
    """
    if len(set(column[:LEAST_ROWS].tolist())) < LEAST_ROWS or bool(missing(column).any()):
        return None
    named = re.search(r"(?:^|[_\W])(?:id|uuid|guid|key|no|nr|index|row)(?:$|[_\W\d])|Id$", name)
    real = column.dtype.kind == "f" and bool(np.isfinite(column).all())
    if column.dtype.kind in "iu" or (real and bool((column % 1 == 0).all())):
        values = as_numbers(column)
        distinct = len(np.unique(values))
        if distinct < len(values):
            return None
        close = float(np.ptp(values)) <= 10 * len(values)
        return values if close or named else None
    if column.dtype.kind != "O" or len(set(column.tolist())) < len(column):
        return None
    parts = [_TAIL.match(plain_text(value)) for value in column.tolist()]
    matched = [part for part in parts if part is not None]
    if len(matched) < len(parts):
        return None
    prefixes = {part[1]: i for i, part in enumerate(matched)}
    if len(prefixes) > 20:
        return None
    order = {prefix: i for i, prefix in enumerate(sorted(prefixes))}
    top = max(float(part[2]) for part in matched) + 1
    return np.array([order[part[1]] * top + float(part[2]) for part in matched], np.float64)


def numbers_rows(name: str, column: Column) -> bool:
    """Return whether a column only numbers or names the rows: an order, not a property."""
    return identifier_order(name, column) is not None


def gives_away(column: Column, y: Labels, k: int, seed: int) -> bool:
    """Return whether a column alone tells the class of a row nearly without error."""
    if len(y) < LEAST_ROWS or int((np.bincount(y, minlength=k) >= _LEAST_CLASS).sum()) < 2:
        return False
    fold = folds_of(y, 4, np.random.default_rng(seed))
    return _alone(column, y, k, fold) >= (AUC if k == 2 else BALANCED)


def order_leak(y: Labels, k: int) -> Leak | None:
    """Return a leak where the labels of the rows around a row tell its own."""
    n, around = len(y), 5
    hot = np.eye(k)[y]
    total = np.vstack([np.zeros((1, k)), hot.cumsum(axis=0)])
    low = np.maximum(np.arange(n) - around, 0)
    high = np.minimum(np.arange(n) + around + 1, n)
    near = total[high] - total[low] - hot
    score = _score(near / np.maximum(near.sum(axis=1, keepdims=True), 1), y, k)
    chance = 0.5 if k == 2 else 1 / k
    if score - chance < (ORDER - 0.5) / 0.5 * (1 - chance):
        return None
    return Leak(
        feature="row order",
        kind="order",
        score=score,
        rest=None,
        measure="ROC AUC" if k == 2 else "balanced accuracy",
        told=f"the labels of the five rows before and after tell a row's own ({score:.2f}): the "
        "rows are sorted by label, or in blocks",
    )


def number_leaks(frame: Frame, y: Floats, seed: int) -> Iterator[Leak]:
    """Yield columns that alone give the value of a regression, while all else does not."""
    known = np.isfinite(y)
    if int(known.sum()) < LEAST_ROWS or float(y[known].std()) == 0:
        return
    rows = np.flatnonzero(known)
    truth = y[rows]
    fold = np.random.default_rng(seed).integers(0, 4, len(rows))
    scores = {
        name: _explained_alone(frame[name][rows], truth, fold)
        for name in frame.names
        if frame[name].dtype.kind != "O"
    }
    suspects = [name for name, score in scores.items() if score >= EXPLAINED]
    if not suspects or (len(suspects) >= _MANY and 2 * len(suspects) >= len(scores)):
        return  # where most columns do, none of them gives the label away: the task is easy
    rest = frame.without(suspects).take(rows)
    other = _explained_together(rest, truth, fold) if rest.names else 0.0
    for name in suspects:
        if other < EASY_VALUE and 1 - other >= REST * (1 - scores[name]) + 0.01:
            yield Leak(
                feature=name,
                kind="value",
                score=scores[name],
                rest=other,
                measure="R²",
                told=f"alone explains {scores[name]:.1%} of the label, all else together "
                f"{max(other, 0):.1%}",
            )


def _explained_alone(column: Column, y: Floats, fold: npt.NDArray[np.int64]) -> float:
    """Return R² out of sample of the means in bins, joined by straight lines."""
    values = as_numbers(column)
    known = np.isfinite(values)
    if known.mean() < 0.9 or len(np.unique(values[known])) < 3:
        return 0.0
    said = np.full(len(y), float(y.mean()))
    for one in np.unique(fold):
        train = known & (fold != one)
        cuts = np.unique(np.quantile(values[train], np.linspace(0, 1, 64)))
        place = np.clip(np.searchsorted(cuts, values[train], side="right") - 1, 0, len(cuts) - 1)
        rows = np.bincount(place, minlength=len(cuts))
        used = rows > 0
        middle = np.bincount(place, values[train], len(cuts))[used] / rows[used]
        mean = np.bincount(place, y[train], len(cuts))[used] / rows[used]
        ask = known & (fold == one)
        said[ask] = np.interp(values[ask], middle, mean)
    return 1 - float(((y - said) ** 2).sum() / ((y - y.mean()) ** 2).sum())


def _explained_together(rest: Frame, y: Floats, fold: npt.NDArray[np.int64]) -> float:
    """Return R² out of sample of a ridge regression on all columns and their bends."""
    design = design_of(rest)
    x = np.column_stack([design.x, design.x**2, np.ones(len(y))])
    said = np.empty(len(y))
    for one in np.unique(fold):
        train, ask = fold != one, fold == one
        square = x[train].T @ x[train] + np.eye(x.shape[1])
        said[ask] = x[ask] @ np.linalg.solve(square, x[train].T @ y[train])
    return 1 - float(((y - said) ** 2).sum() / ((y - y.mean()) ** 2).sum())
