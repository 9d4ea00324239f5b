"""Whether labels were flipped, beyond the noise that the task has by itself, and which.

Noise and flips look different. Where a task is uncertain, other labels lie near the boundary and
become rare, without end, the surer a learner is. Flipped labels do not care: however sure the
learner is, the same share of rows says otherwise. So the question is whether the share of other
labels has a floor.

A learner answers out of sample, learns once more without the rows that contradict it, and answers
again: its scores s are then steep. The truth of a row is taken as softmax(a·s + b), and a share η
of each class as written down wrongly. The model with η is held against that without by its
likelihood. Only if the floor is there, and wide enough to matter, are rows named: those that are
more likely flipped than not.

Source: the noise model of Angluin and Laird 1988; EM as in Dawid and Skene 1979.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import optimize, special

from modelwarden.detectors.learners import (
    Boosted,
    Design,
    Learner,
    folds_of,
    log_loss,
    logistic,
    neighbours,
    out_of_sample,
)
from modelwarden.targets.frames import Floats, Labels

# p of no flips, with the share of the named rows that must be flipped as the model itself expects.
# Where a learner is sure of nearly all rows, there is little between its scores that could tell a
# floor from a steep slope, and the precision says more.
LEVELS = ((1e-3, 0.6), (0.01, 0.9), (0.1, 0.95))
# Where the learner is equally sure of all rows, nothing tells at all; a small share is then taken
# for flips, as a rule that holds for nine rows of ten without any in between is no uncertain task.
CLEAR, CLEAR_SHARE = (0.3, 0.75), 0.12
SHARE = 0.01  # of labels that are wrong, or nothing is said
LEAST_ROWS, LEAST_CLASS = 200, 20
MOST_CLASSES = 30
_LEARN = 8000
_FOLDS = 4
_MOST_PARTS, _TREE_CLASSES = 400, 5  # features and classes for trees
_FEW = 6  # classes, each with a share of its own
_FIT = 6000  # rows that the shares are fitted to
_AGREES = 0.5  # of the likeliest class's probability, for a row to be learned from again


@dataclass(frozen=True, slots=True, eq=False)
class Flips:
    """What the labels look like.

    Attributes:
        p: that there are no flips beyond the noise. share: of labels that are flipped.
        rows: that are likelier flipped than not, the surest first; none where there are no flips.
        suspected: the class that each of them is likelier of. chance: that each is flipped.
        expected: flips among all rows. loss: log loss of the learner out of sample.
        learner: its name.
    """

    p: float
    share: float
    rows: Labels
    suspected: Labels
    chance: Floats
    expected: float
    loss: float
    learner: str

    @property
    def precision(self) -> float:
        """Share of the named rows that are flipped, as expected."""
        return float(self.chance.mean()) if len(self.chance) else 0.0

    @property
    def certain(self) -> bool:
        """There are flips, enough of them, and most of the named rows are."""
        levels = (*LEVELS, CLEAR) if self.share <= CLEAR_SHARE else LEVELS
        return (
            self.share >= SHARE
            and len(self.rows) >= 5
            and any(self.p <= p and self.precision >= least for p, least in levels)
        )


def flips(design: Design, y: Labels, k: int, rng: np.random.Generator) -> Flips | None:
    """Return what the labels look like; None where there are too few rows or classes to tell.

    Args:
        design: features of (n,) rows.
        y: (n,) classes 0 to k − 1.
        k: how many.
        rng: draws the folds.
    """
    counts = np.bincount(y, minlength=k)
    if len(y) < LEAST_ROWS or k < 2 or k > MOST_CLASSES or counts.min() < LEAST_CLASS:
        return None
    fold = folds_of(y, _FOLDS, rng)
    learn = np.ones(len(y), np.bool_)
    if len(y) > _LEARN * 4 // 3:
        learn[rng.permutation(len(y))[_LEARN * 4 // 3 :]] = False
    learners: list[tuple[str, Learner]] = [("logistic", logistic), ("neighbours", neighbours)]
    if design.x.shape[1] <= _MOST_PARTS and k <= _TREE_CLASSES:
        learners.append(("trees", Boosted(rounds=50)))
    best: tuple[float, str, Learner, Floats] | None = None
    for name, learner in learners:
        p = out_of_sample(learner, design, y, k, fold, learn)
        loss = log_loss(p, y)
        if best is None or loss < best[0]:
            best = (loss, name, learner, p)
    if best is None:
        return None
    loss, name, learner, p = best
    agrees = p[np.arange(len(y)), y] >= _AGREES * p.max(axis=1)
    again = out_of_sample(learner, design, y, k, fold, learn & agrees)
    scores = np.log(again / again.sum(axis=1, keepdims=True))
    return _judged(scores, y, k, loss, name)


def _judged(scores: Floats, y: Labels, k: int, loss: float, name: str) -> Flips:
    step = -(-len(y) // _FIT)
    some, labels = scores[::step], y[::step]
    plain, _ = _fitted(some, labels, k, flipped=False)
    mixed, found = _fitted(some, labels, k, flipped=True)
    gain = max(0.0, 2 * (plain - mixed) * len(labels))
    truth, eta = _parts(found, scores, k)
    wrong = _wrong(truth, eta, y, k)
    at = np.arange(len(y))
    honest = truth[at, y] * (1 - eta[y])
    chance = wrong / np.maximum(wrong + honest, 1e-300)
    share = float((truth @ eta).mean())
    named = np.flatnonzero(chance >= 0.5)
    named = named[np.argsort(-chance[named], kind="stable")]
    other = truth * eta
    other[at, y] = 0.0
    return Flips(
        p=float(special.chdtrc(k if k <= _FEW else 1, gain)),
        share=share,
        rows=named.astype(np.int64),
        suspected=other[named].argmax(axis=1).astype(np.int64),
        chance=chance[named],
        expected=float(chance.sum()),
        loss=loss,
        learner=name,
    )


def _parts(found: Floats, scores: Floats, k: int) -> tuple[Floats, Floats]:
    """Return the probabilities of the truth, and the share of each class that is flipped.

    Many classes have one share in common and no shift, so that they can be fitted at all.
    """
    many = k > _FEW
    own = 1 if many else k
    bias = np.zeros(k) if many else np.concatenate([[0.0], found[1:k]])
    truth = special.softmax(np.exp(found[0]) * scores + bias, axis=1)
    shares = 0.45 * special.expit(found[own:]) if len(found) > own else np.zeros(1)
    eta = np.broadcast_to(shares, (k,)) if len(shares) == 1 else shares
    return np.asarray(truth, np.float64), np.asarray(eta, np.float64)


def _wrong(truth: Floats, eta: Floats, y: Labels, k: int) -> Floats:
    """Return the chance that a row is of another class and was written down as its label."""
    spread = truth * eta / (k - 1)
    made: Floats = spread.sum(axis=1) - spread[np.arange(len(y)), y]
    return made


def _fitted(scores: Floats, y: Labels, k: int, *, flipped: bool) -> tuple[float, Floats]:
    """Return the mean negative log likelihood at its least, and where it is reached."""
    at = np.arange(len(y))

    def loss(found: Floats) -> float:
        truth, eta = _parts(found, scores, k)
        chance = truth[at, y] * (1 - eta[y]) + _wrong(truth, eta, y, k)
        return float(-np.log(np.maximum(chance, 1e-300)).mean()) + 1e-6 * float(found @ found)

    own = 1 if k > _FEW else k
    best: tuple[float, Floats] | None = None
    starts = (0.0, -0.7) if not flipped else (0.0, 0.7)
    for steep in starts:
        start = np.zeros(2 * own if flipped else own)
        start[0] = steep
        start[own:] = -2.0
        end = optimize.minimize(loss, start, method="L-BFGS-B", options={"maxiter": 80})
        if best is None or end.fun < best[0]:
            best = (float(end.fun), np.asarray(end.x, np.float64))
    if best is None:
        raise AssertionError  # two starts were made
    return best
