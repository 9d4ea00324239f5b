"""Pictures of one bright square, left or right of the middle, and a model that tells which."""

from __future__ import annotations

import numpy as np

from modelwarden.attacks.engine import Problem
from modelwarden.attacks.images.space import PictureSpace
from modelwarden.targets.local import function_target
from modelwarden.targets.spec import Modality, TargetSpec, Task

SIDE = 20
SPEC = TargetSpec(
    task=Task.BINARY,
    modality=Modality.IMAGE,
    classes=(0, 1),
    positive=1,
    shape=(1, SIDE, SIDE),
    tile=32,
)


def pictures(n=24, kind=np.uint8):
    """Return squares at 2 to 3 pixels beside the middle, and on which side: 0 left, 1 right."""
    y = np.arange(n) % 2
    x = np.zeros((n, 1, SIDE, SIDE), np.float64)
    for i in range(n):
        left = 10 + i % 3 if y[i] else 6 - i % 3
        x[i, 0, 7:11, left : left + 4] = 0.9
    return (np.rint(x * 255) if kind is np.uint8 else x).astype(kind), y.astype(np.int64)


class Weighing:
    """Scores by how much light lies right of the middle: knows exactly what a move does."""

    def __init__(self, n=24, kind=np.uint8, constant=False):
        self.x, self.y = pictures(n, kind)
        self.constant = constant
        self.target = function_target(self.scores, SPEC, self.x)

    def scores(self, x):
        values = np.asarray(x, np.float64).reshape(len(x), SIDE, SIDE)
        values = values / (255 if self.x.dtype == np.uint8 else 1)
        if self.constant:
            values = values * 0
        side = values[:, :, SIDE // 2 :].sum((1, 2)) - values[:, :, : SIDE // 2].sum((1, 2))
        return np.stack([-side, side], axis=1)

    def problem(self, eps=5.0, rows=None):
        rows = np.arange(len(self.x)) if rows is None else np.asarray(rows)
        high = 255.0 if self.x.dtype == np.uint8 else 1.0
        space = PictureSpace(x=self.x[rows], rows=rows, eps=eps, low=0.0, high=high)
        clean = self.scores(self.x[rows])
        return Problem(space=space, y=self.y[rows], rows=rows, classes=2, clean=clean)
