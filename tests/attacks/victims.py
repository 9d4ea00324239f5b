"""Small models whose robustness is known, as targets."""

from __future__ import annotations

import numpy as np

from modelwarden.attacks.balls import Ball, Norm
from modelwarden.attacks.engine import Problem
from modelwarden.targets.local import function_target
from modelwarden.targets.spec import Modality, TargetSpec, Task


def spec(classes=2, tile=32, **more):
    task = Task.BINARY if classes == 2 else Task.MULTICLASS
    return TargetSpec(
        task=task,
        modality=Modality.VECTOR,
        classes=tuple(range(classes)),
        positive=1 if classes == 2 else None,
        tile=tile,
        **more,
    )


class Linear:
    """Scores 0 and w·x + b: the distance to the boundary is |w·x + b| / |w|, in the dual norm."""

    def __init__(self, d=8, seed=0, scale=1.0, tile=32):
        rng = np.random.default_rng(seed)
        self.w, self.b, self.scale = rng.normal(size=d), 0.1, scale
        self.asked = []
        self.x = rng.uniform(-1, 1, (40, d)).astype(np.float32)
        self.target = function_target(
            self.scores, spec(tile=tile), self.x, gradients=self.gradients
        )
        self.asked.clear()

    def scores(self, x):
        self.asked.append(np.array(x))
        z = (np.asarray(x, np.float64).reshape(len(x), -1) @ self.w + self.b) * self.scale
        return np.stack([-z, z], axis=1)

    def gradients(self, x, weights):
        z = self.scores(x)
        slope = np.stack([-self.w, self.w]) * self.scale
        return z, (weights @ slope).reshape(np.shape(x))

    @property
    def y(self):
        return (self.x.astype(np.float64) @ self.w + self.b > 0).astype(np.int64)

    def distance(self, norm):
        """(n,) the smallest change that reaches the boundary, without a box."""
        margin = np.abs(self.x.astype(np.float64) @ self.w + self.b)
        if norm is Norm.LINF:
            return margin / np.abs(self.w).sum()
        if norm is Norm.L2:
            return margin / np.sqrt((self.w**2).sum())
        return margin / np.abs(self.w).max()

    def problem(self, norm=Norm.LINF, eps=0.3, rows=None, low=-2.0, high=2.0, **more):
        rows = np.arange(len(self.x)) if rows is None else np.asarray(rows)
        ball = Ball(x=self.x[rows], norm=norm, eps=eps, low=low, high=high, **more)
        return Problem(space=ball, y=self.y[rows], rows=rows, classes=2)


class Pictures:
    """8-bit pictures whose class is decided by a smooth linear picture."""

    def __init__(self, n=12, side=12, tile=32):
        rng = np.random.default_rng(1)
        ramp = np.sin(np.linspace(0, 6, side))
        self.w = (ramp[:, None] * ramp[None, :]).ravel() / 255
        self.x = rng.integers(60, 190, (n, 1, side, side)).astype(np.uint8)
        task = TargetSpec(
            task=Task.BINARY,
            modality=Modality.IMAGE,
            classes=(0, 1),
            positive=1,
            shape=(1, side, side),
            tile=tile,
        )
        self.target = function_target(self.scores, task, self.x)

    def scores(self, x):
        z = np.asarray(x, np.float64).reshape(len(x), -1) @ self.w
        z = z - 127 * self.w.sum()
        return np.stack([-z, z], axis=1)

    def problem(self, eps, rows=None):
        rows = np.arange(len(self.x)) if rows is None else np.asarray(rows)
        x = self.x[rows]
        clean = self.scores(x)
        ball = Ball(x=x, norm=Norm.LINF, eps=eps, low=0, high=255)
        return Problem(space=ball, y=clean.argmax(axis=1), rows=rows, classes=2, clean=clean)


def forest(n=40):
    """A small forest on scikit-learn's digits, and digits that it knows."""
    from sklearn.datasets import load_digits
    from sklearn.ensemble import RandomForestClassifier

    digits = load_digits()
    x, y = (digits.data / 16).astype(np.float32), digits.target.astype(np.int64)
    model = RandomForestClassifier(30, random_state=0).fit(x[:1200], y[:1200])
    x, y = x[1200:], y[1200:]
    right = np.flatnonzero(model.predict(x) == y)[:n]
    target = function_target(model.predict_proba, spec(10, tile=64), x)
    return target, x[right], y[right]
