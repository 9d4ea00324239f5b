"""A learner for codes of a few kinds, each of which follows a rule of its own.

Shops in which a column counts for the one thing and shops in which it counts for the other, or
sites that write a class the other way round: of each code there are too few rows to learn a rule
from, but all codes of a kind together have enough, and a dozen rows tell the kind of a code well.

Source: Wedel and DeSarbo 1995, "A mixture likelihood approach for generalized linear models".
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import optimize, special

from modelwarden.detectors.designs import Design
from modelwarden.targets.frames import Floats, Labels

_ROUNDS = 25
_STEPS = 12  # of the search for weights, in each round
_ENOUGH = 1e-4  # mean log loss that a round must win


@dataclass(frozen=True, slots=True)
class KindsOfCodes:
    """Logistic regressions of two kinds of codes, and of which kind each code is, by EM.

    Attributes:
        weight: of the ridge, in rows.
        most: columns that the rules are made of. products: up to how many of them, their squares
            and products as well. codes: columns of codes that are tried.
    """

    weight: float = 5.0
    most: int = 20
    products: int = 8
    codes: int = 4

    def __call__(self, design: Design, train: Labels, y: Labels, k: int, ask: Labels) -> Floats:
        """Learn from `train` and return probabilities of `ask`."""
        x = self._features(design, train)
        best, made = np.inf, np.full((len(ask), k), 1.0 / k)
        for places in design.codes[: self.codes]:
            found = _Kinds(x[train], y, k, places[train], self.weight)
            if found.loss < best:
                best, made = found.loss, found.of(x[ask], places[ask])
        return made

    def _features(self, design: Design, train: Labels) -> Floats:
        """Return columns (n, d) of most levels, with products of few, and one of ones."""
        levels = np.array([len(np.unique(column)) for column in design.bins.T])
        x = design.x[:, np.sort(np.argsort(-levels, kind="stable")[: self.most])]
        if x.shape[1] <= self.products:
            one, two = np.triu_indices(x.shape[1])
            x = np.column_stack([x, x[:, one] * x[:, two]])
            spread = x[train].std(axis=0)
            x = (x - x[train].mean(axis=0)) / np.where(spread > 0, spread, 1.0)
        return np.column_stack([np.clip(x, -8, 8), np.ones(len(x))])


class _Kinds:
    """Two rules, their shares, and the kind of each code, as fitted to (n, d) rows."""

    def __init__(self, x: Floats, y: Labels, k: int, places: Labels, weight: float) -> None:
        self._hot = np.eye(k)[y]
        self._at = places + 1  # 0: a value that stands nowhere else
        self._many = int(self._at.max(initial=0)) + 1
        self._ridge = weight / len(x)
        held = self._start(x)
        self.rules = [np.zeros((x.shape[1], k)) for _ in range(2)]
        self.shares = np.full(2, 0.5)
        self.loss = np.inf
        for _ in range(_ROUNDS):
            rows = held[self._at]
            self.rules = [self._rule(x, rows[:, t], rule) for t, rule in enumerate(self.rules)]
            self.shares = (held.sum(axis=0) + 1) / (held.sum() + 2)
            told = np.stack([self._told(x, rule) for rule in self.rules], axis=1)
            odds = np.log(self.shares) + told
            loss = -float(special.logsumexp(odds, axis=1).sum()) / len(x)
            held = np.asarray(special.softmax(odds, axis=1), np.float64)
            held[0] = self.shares
            if self.loss - loss < _ENOUGH:
                break
            self.loss = loss
        self.held = held

    def of(self, x: Floats, places: Labels) -> Floats:
        """Return probabilities (m, k) of other rows; codes never seen are of any kind."""
        at = np.where(places + 1 < self._many, places + 1, 0)
        said = [special.softmax(x @ rule, axis=1) for rule in self.rules]
        made: Floats = sum(self.held[at][:, [t]] * p for t, p in enumerate(said))
        return made

    def _start(self, x: Floats) -> Floats:
        """Return kinds (codes, 2), by the side of each code in what sets codes apart most."""
        pull = (x[:, :, None] * (self._hot - self._hot.mean(axis=0))[:, None, :]).reshape(
            len(x), -1
        )
        sums = np.zeros((self._many, pull.shape[1]))
        np.add.at(sums, self._at, pull)
        n = np.bincount(self._at, minlength=self._many)
        sums /= np.sqrt(np.maximum(n, 1))[:, None]
        turned = np.linalg.svd(sums, full_matrices=False)[2][0]
        side = sums @ turned
        first = special.expit(4 * side / max(float(np.abs(side).mean()), 1e-9))
        return np.column_stack([first, 1 - first])

    def _told(self, x: Floats, rule: Floats) -> Floats:
        """Return the log likelihood (codes,) of the labels of each code."""
        own = (special.log_softmax(x @ rule, axis=1) * self._hot).sum(axis=1)
        made: Floats = np.bincount(self._at, own, self._many).astype(np.float64)
        return made

    def _rule(self, x: Floats, held: Floats, start: Floats) -> Floats:
        ridge = np.full((x.shape[1], 1), self._ridge)
        ridge[-1] = 1e-6
        hot, n = self._hot, len(x)

        def loss(flat: Floats) -> tuple[float, Floats]:
            weights = flat.reshape(start.shape)
            scores = x @ weights
            top = special.logsumexp(scores, axis=1, keepdims=True)
            value = float((held * (top[:, 0] - (scores * hot).sum(axis=1))).sum()) / n
            slope = x.T @ ((np.exp(scores - top) - hot) * held[:, None]) / n + ridge * weights
            return value + float((ridge * weights**2).sum()) / 2, slope.ravel()

        end = optimize.minimize(
            loss, start.ravel(), jac=True, method="L-BFGS-B", options={"maxiter": _STEPS}
        )
        return np.asarray(end.x.reshape(start.shape), np.float64)
