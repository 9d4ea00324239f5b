"""Classes written down wrongly: how many, between which, and of which rows.

The truth of a row is softmax(a·s + b) of a learner's scores s; a class i was written down as j with
probability T_ij. Five kinds of T are fitted by EM and held against none at all, by likelihood: one
share for all classes, one for each class, and one for each pair of classes; of these pairs also one
alone, and for each class the one other class that it is taken for most. What was chosen from many
must tell more than what was not. Without flips an uncertain row may still bear any class a little
more often than the learner says, as grades do that are drawn with heavy tails: the less sure the
row, the more.

Source: Dawid and Skene 1979; Angluin and Laird 1988.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import optimize, special

from modelwarden.targets.frames import Floats, Labels

MOST_SHARE = 0.45  # of a class that is written down wrongly
_FEW = 6  # classes that each have a shift of their own
_ROUNDS = 60
_STEEP = (0.05, 20.0)
_KINDS = ("one", "class", "pair", "each", "cell")
_CELLS = frozenset(("each", "cell"))
SEVERAL = 4  # classes, of which some are not turned into each other
_PAIRS = _CELLS | {"pair"}
_LEAST = 1e-12
_UNSEEN = 3.84 / 2  # what the log likelihood may lose at the end of a 95 % interval


@dataclass(frozen=True, slots=True, eq=False)
class Noise:
    """What fits the labels best.

    Attributes:
        p: that nothing was written down wrongly.
        wrong: (k, k) T, rows the truth, columns the label.
        truth: (n, k) probabilities of the true class, before the label is looked at.
        chosen: few cells of T were chosen from all, and the others are nothing.
    """

    p: float
    wrong: Floats
    truth: Floats
    chosen: bool = False

    def share(self) -> float:
        """Return the share of all labels that are wrong."""
        return float((self.truth @ (1 - np.diag(self.wrong))).mean())

    def chances(self, y: Labels) -> tuple[Floats, Labels]:
        """Return the chance (n,) that each label is wrong, and the likeliest other class."""
        joint = self.truth * self.wrong[:, y].T
        at = np.arange(len(y))
        whole = np.maximum(joint.sum(axis=1), 1e-300)
        chance = 1.0 - joint[at, y] / whole
        joint[at, y] = -1.0
        return chance, joint.argmax(axis=1).astype(np.int64)

    def surplus(self, y: Labels) -> tuple[Floats, Floats]:
        """Return by how much each label (n,) is likelier wrong than expected, and the variance.

        The expectation is that of the row before its label is looked at, with a share for each pair
        of classes: a flip goes by the class alone, not by what else the row is.
        """
        k = len(self.wrong)
        wrong = np.clip(self.wrong, 1e-4, None)
        for _ in range(20):
            joint = self.truth * wrong[:, y].T
            held = joint / np.maximum(joint.sum(axis=1, keepdims=True), 1e-300)
            wrong = _written(held, y, k, "pair")
        said = np.maximum(self.truth @ wrong, 1e-300)
        chance = 1 - self.truth * np.diag(wrong) / said
        expected = (said * chance).sum(axis=1)
        variance = (said * chance**2).sum(axis=1) - expected**2
        return chance[np.arange(len(y)), y] - expected, np.maximum(variance, 0.0)


def fitted(scores: Floats, y: Labels, k: int, some: Labels, *, choose: bool = True) -> Noise:
    """Return what fits best.

    Args:
        scores: (n, k) log probabilities of a learner that did not see the rows.
        y: (n,) labels.
        k: classes.
        some: rows that are fitted to.
        choose: single cells of T may be chosen as well.
    """
    s, labels = scores[some], y[some]
    none = wrong = np.eye(k)
    start = (1.0, np.zeros(k))
    how, plain = start, np.inf
    for steep in (1.0, 0.5):
        found, loss = _calibrated(s, np.eye(k)[labels], (steep, np.zeros(k)))
        if loss < plain:
            how, plain = found, loss
    plain = min(plain, _with_tails(s, labels, how))
    best, cost, p_value, found = (none, how), np.inf, 1.0, how
    kinds = _KINDS[:2] if k == 2 else _KINDS if choose and k >= SEVERAL else _KINDS[:3]
    chosen = False
    for kind in kinds:
        free, choices = _free(kind, k)
        cells = _cells(wrong, _truth(s, found), kind) if kind in _CELLS else None
        wrong, found, loss = _mixed(s, labels, k, kind, how, cells=cells)
        gain = 2 * (plain - loss) * len(labels)
        chance = np.log(max(special.chdtrc(free, max(0.0, gain)), 1e-300)) + choices
        p_value = min(p_value, float(np.exp(min(chance, 0.0))))
        # More shares fit better by chance alone: the simplest that explains it tells the rows.
        dear = free * np.log(len(labels)) + 2 * choices - gain
        if dear < cost:
            best, cost, chosen = (wrong, found), dear, cells is not None
    return Noise(min(1.0, len(kinds) * p_value), best[0], _truth(scores, best[1]), chosen)


def _with_tails(scores: Floats, y: Labels, start: _How) -> float:
    """Return the mean loss where unsure rows bear other classes more often than is said."""
    n, k = scores.shape
    shifted, at = k <= _FEW, np.arange(n)

    def loss(found: Floats) -> float:
        bias = np.concatenate([[0.0], found[2:]]) if shifted else np.zeros(k)
        truth = _truth(scores, (float(np.exp(found[0])), bias))
        tail = special.expit(found[1]) * (1 - truth.max(axis=1))
        return float(-np.log((1 - tail) * truth[at, y] + tail / k + _LEAST).mean())

    shifts = (start[1][1:] - start[1][0]).tolist() if shifted else []
    bounds = [tuple(np.log(_STEEP)), (-8.0, 8.0), *([(-8.0, 8.0)] * len(shifts))]
    first = np.clip([np.log(1.2 * start[0]), -2.0, *shifts], *np.transpose(bounds))
    end = optimize.minimize(loss, first, method="L-BFGS-B", bounds=bounds, options={"maxiter": 30})
    return float(end.fun)


def unseen_share(scores: Floats, y: Labels, k: int) -> float:
    """Return the largest share of wrong labels that the data do not speak against (95 %)."""
    hot = np.eye(k)[y]
    how, plain = _calibrated(scores, hot, (1.0, np.zeros(k)))
    low, high = 0.0, MOST_SHARE
    for _ in range(7):
        middle = (low + high) / 2
        wrong = _spread(np.full(k, middle), k)
        loss = _mixed(scores, y, k, "fixed", how, wrong)[2]
        if (loss - plain) * len(y) > _UNSEEN:
            high = middle
        else:
            low = middle
    return high


_How = tuple[float, Floats]


def _truth(scores: Floats, how: _How) -> Floats:
    made: Floats = special.softmax(how[0] * scores + how[1], axis=1)
    return made


def _free(kind: str, k: int) -> tuple[int, float]:
    """Return how many shares are free, and the log of how many ways there are to choose them."""
    if kind == "cell":
        return 1, float(np.log(k * (k - 1)))
    if kind == "each":
        return k, float(k * np.log(k - 1))
    return {"one": 1, "class": k, "pair": k * (k - 1)}[kind], 0.0


def _cells(wrong: Floats, truth: Floats, kind: str) -> Floats:
    """Return which of T may be above nothing, (k, k): the largest of each class, or of all."""
    k = len(wrong)
    times = truth.sum(axis=0)[:, None] * wrong
    np.fill_diagonal(times, -1.0)
    made = np.zeros((k, k))
    if kind == "each":
        made[np.arange(k), times.argmax(axis=1)] = 1.0
    else:
        made.flat[int(times.argmax())] = 1.0
    return made


def _spread(share: Floats, k: int) -> Floats:
    wrong = np.repeat((share / (k - 1))[:, None], k, axis=1)
    np.fill_diagonal(wrong, 1 - share)
    return wrong


def _calibrated(scores: Floats, weight: Floats, start: _How) -> tuple[_How, float]:
    """Return slope and shifts that make `weight` (n, k) likeliest, and the mean loss."""
    k = scores.shape[1]
    shifted = k <= _FEW
    n = len(scores)

    def loss(found: Floats) -> tuple[float, Floats]:
        bias = np.concatenate([[0.0], found[1:]]) if shifted else np.zeros(k)
        z = np.exp(found[0]) * scores + bias
        top = special.logsumexp(z, axis=1, keepdims=True)
        value = float(-(weight * (z - top)).sum() / n)
        pull = (np.exp(z - top) * weight.sum(axis=1, keepdims=True) - weight) / n
        slope = [float((pull * scores).sum()) * np.exp(found[0])]
        if shifted:
            slope += pull[:, 1:].sum(axis=0).tolist()
        return value + 1e-6 * float(found @ found), np.array(slope) + 2e-6 * found

    first = [np.log(start[0])] + ((start[1][1:] - start[1][0]).tolist() if shifted else [])
    bounds = [tuple(np.log(_STEEP)), *([(-8.0, 8.0)] * (len(first) - 1))]
    end = optimize.minimize(
        loss, first, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 30}
    )
    bias = np.concatenate([[0.0], end.x[1:]]) if shifted else np.zeros(k)
    return (float(np.exp(end.x[0])), bias), float(end.fun)


def _mixed(
    scores: Floats,
    y: Labels,
    k: int,
    kind: str,
    start: _How,
    wrong: Floats | None = None,
    cells: Floats | None = None,
) -> tuple[Floats, _How, float]:
    """Return T, slope and shifts by EM, and the mean negative log likelihood."""
    how = (min(start[0] * 1.7, _STEEP[1]), start[1])
    fixed = kind == "fixed"
    t = _spread(np.full(k, 0.08), k) if wrong is None else wrong
    if cells is not None:
        t = 0.08 * cells + np.diag(1 - 0.08 * cells.sum(axis=1))
    before = np.inf
    for turn in range(_ROUNDS):
        joint = _truth(scores, how) * t[:, y].T
        whole = np.maximum(joint.sum(axis=1, keepdims=True), 1e-300)
        loss = float(-np.log(whole).mean())
        if turn > 5 and before - loss < 1e-7:
            break
        before = loss
        held = joint / whole
        if not fixed:
            t = _written(held, y, k, kind, cells)
        how, _ = _calibrated(scores, held, how)
    return t, how, loss


def _written(held: Floats, y: Labels, k: int, kind: str, cells: Floats | None = None) -> Floats:
    """Return T of what each row is held for, (n, k)."""
    times: Floats = np.stack([np.bincount(y, held[:, i], k) for i in range(k)]).astype(np.float64)
    if cells is not None:
        times = times * (cells + np.eye(k))
    total = np.maximum(times.sum(axis=1), 1e-9)
    if kind in _PAIRS:
        t = times / total[:, None]
        off = np.clip(1 - np.diag(t), 1e-9, None)
        keep = np.minimum(off, MOST_SHARE) / off
        t = t * keep[:, None]
        np.fill_diagonal(t, 1 - np.minimum(off, MOST_SHARE))
        made: Floats = t
        return made
    off = total - np.diag(times)
    share = off / total if kind == "class" else np.full(k, off.sum() / total.sum())
    return _spread(np.minimum(share, MOST_SHARE), k)
