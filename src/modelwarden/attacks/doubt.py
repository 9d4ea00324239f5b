"""What a linear regression does not know yet, of many inputs at once, at little cost an answer.

The covariance of what is believed starts as the identity, and every answer takes a rank away from
it: P = I − Aᵀ·A. While an input has had fewer answers than there are features, the rows of A are
kept in place of P, which is exact and costs what was answered so far; afterwards P itself. Several
answers of an input are taken in together, through the Cholesky factor of their own covariance.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from modelwarden.targets.frames import Floats, Labels

Singles = npt.NDArray[np.float32]

# Rows of A that are used come in steps of so many, the last ones zero: equal shapes give equal
# bytes, whatever other inputs are asked beside.
_BLOCK = 8
_WHOLE = -1  # P is kept


class Doubt:
    """The covariances.

    Attributes:
        variance: (n, features) their diagonals.
    """

    def __init__(self, n: int, features: int, noise: float) -> None:
        """Begin knowing nothing; `noise` is the variance of an answer beyond the picture."""
        self.variance: Singles = np.ones((n, features), np.float32)
        self._noise = noise
        # A in its first rows, or P where an input has had more answers than rows of A fit.
        self._rows: Singles = np.zeros((n, features, features), np.float32)
        self._most = features
        self._count = np.zeros(n, np.int64)

    def spread(self, at: Labels) -> Singles:
        """Return the square roots of the diagonals, (m, features)."""
        deviation = self.variance.take(at, axis=0)
        return np.sqrt(deviation, out=deviation)

    def update(self, at: Labels, seen: Singles, missed: Floats) -> tuple[Floats, Floats]:
        """Take in answers of some inputs, `count` of each.

        Args:
            at: (m,) inputs, none twice.
            seen: (m, count, features); one of zeros only teaches nothing.
            missed: (m, count) how far the answers are from what was believed before them.

        Returns:
            (m, features) how far the belief moves, and (m,) the sum of the squares by which each
            answer missed what was believed after those before it.
        """
        self._make_room(at, seen.shape[1])
        have = self._count[at]
        used = np.where(have < 0, _WHOLE, np.minimum(-(-have // _BLOCK) * _BLOCK, self._most))
        if (used == used[0]).all():
            return self._taken(at, seen, missed, int(used[0]))
        step = np.empty((len(at), seen.shape[2]))
        wrong = np.empty(len(at))
        for rows in np.unique(used).tolist():
            part = np.flatnonzero(used == rows)
            step[part], wrong[part] = self._taken(at[part], seen[part], missed[part], rows)
        return step, wrong

    def _make_room(self, at: Labels, count: int) -> None:
        """Go over from A to P where A would grow beyond its rows."""
        have = self._count[at]
        full = at[(have >= 0) & (have + count > self._most)]
        if len(full):
            rows = self._rows[full]
            eye = np.eye(rows.shape[1], dtype=np.float32)
            self._rows[full] = eye - rows.transpose(0, 2, 1) @ rows
            self._count[full] = _WHOLE

    def _taken(self, at: Labels, seen: Singles, missed: Floats, rows: int) -> tuple[Floats, Floats]:
        """Take in answers of inputs that have the same form: so many rows of A, or P."""
        gain = self._gain(at, seen, rows)
        own = (gain @ seen.transpose(0, 2, 1)).astype(np.float64)
        each = np.arange(own.shape[1])
        own[:, each, each] += self._noise
        if len(each) == 1:
            root = np.sqrt(own)
            back = 1 / root
        else:
            root = np.linalg.cholesky(own)
            back = np.linalg.inv(root)
        white = (back @ missed[:, :, None])[:, :, 0]
        taken = back.astype(np.float32) @ gain
        self._keep(at, taken, rows)
        self.variance[at] = np.maximum(self.variance[at] - (taken * taken).sum(axis=1), 0)
        wrong = ((root[:, each, each] * white) ** 2).sum(axis=1)
        return (white[:, None, :] @ taken)[:, 0], wrong

    def _gain(self, at: Labels, seen: Singles, rows: int) -> Singles:
        """Return what is seen times P, (m, count, features)."""
        if rows == 0:
            return seen
        if rows == _WHOLE:
            return seen @ self._rows[at]
        known = self._rows[at, :rows]
        return np.asarray(seen - (seen @ known.transpose(0, 2, 1)) @ known, np.float32)

    def _keep(self, at: Labels, taken: Singles, rows: int) -> None:
        """Append to A, or take away from P."""
        count = taken.shape[1]
        if rows == _WHOLE:
            self._rows[at] -= taken.transpose(0, 2, 1) @ taken
            return
        places = self._count[at][:, None] + np.arange(count)
        self._rows[at[:, None], places] = taken
        self._count[at] += count
