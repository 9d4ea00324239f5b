"""Pictures as they may look at a severity: what is searched are a few numbers, not pixels.

    candidate = [kind, level, draw, turn, down, right, nearer, patch, top, left, patch pixels …]

`kind` is a corruption (−1: none) at `level`; `draw` chooses among its random looks. `turn`, `down`,
`right`, `nearer` warp the picture, `patch` lays a square of free pixels on it. Amounts are in units
of severity, and the cost of a candidate is the largest of them: a turn by the angle of
severity 3 costs as much as fog of severity 3.

Whatever a search proposes is drawn here, cut to the range of pixels and rounded to the picture's
own grid, so that what is asked is what is delivered.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace

import numpy as np
import numpy.typing as npt

from modelwarden.attacks.engine import Candidates, Mask
from modelwarden.attacks.images.corruptions import CORRUPTIONS, STRONGEST, corrupted
from modelwarden.attacks.images.pixels import grid, sampled
from modelwarden.core import InputError, Json, seed_for
from modelwarden.core.values import dataclass
from modelwarden.targets.frames import Floats, Inputs, Labels

# At severity 5: degrees, shares of the side, factor of size, share of the area.
DEGREES, SHIFT, ZOOM, AREA = 30.0, 0.15, 0.25, 0.05
DRAWS = 8
KIND, LEVEL, DRAW, TURN, DOWN, RIGHT, NEARER, PATCH, TOP, LEFT, FREE = range(11)
_AMOUNTS = (LEVEL, TURN, DOWN, RIGHT, NEARER, PATCH)
Pixels = npt.NDArray[np.generic]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PictureSpace:
    """The pictures within a severity of the true ones.

    Attributes:
        x: (n, C, H, W) in the type and the units of the model.
        rows: (n,) numbers that name them: their draws hang on these.
        eps: the largest severity, above 0 and at most 5.
        low, high: black and white, or the ends of what pixels may be.
        grid: distance of neighbouring values; 0 where any may be.
    """

    x: Pixels
    rows: Labels
    eps: float
    low: float
    high: float
    grid: float = 0.0
    side: int = field(init=False)

    def __post_init__(self) -> None:
        """Settle how large a patch may be.

        Raises:
            InputError: these are no pictures, or the severity is none.
        """
        if self.x.ndim != 4:
            raise InputError("these attacks change pictures of three axes: channels, rows, columns")
        if not 0 < self.eps <= STRONGEST:
            raise InputError(
                f"eps is the severity of changes of pictures here: above 0 and at most 5, "
                f"not {self.eps:g}"
            )
        object.__setattr__(self, "side", int(self.sides(np.array([self.eps]))[0]))

    def sides(self, amount: Floats) -> Labels:
        """Return the side of the square whose area such an amount pays for."""
        h, w = self.x.shape[2:]
        side = np.floor(np.sqrt(AREA * amount / STRONGEST * h * w) + 1e-9)
        return np.asarray(np.clip(side, 0, min(h, w)), np.int64)

    def take(self, at: Labels) -> PictureSpace:
        """Return the space of some of the pictures."""
        return replace(self, x=self.x[at], rows=self.rows[at])

    @property
    def numbers(self) -> int:
        """Of a candidate."""
        channels: int = self.x.shape[1]
        return FREE + channels * self.side**2

    @property
    def origin(self) -> Candidates:
        """(n, …) the pictures as they are."""
        none = np.zeros((len(self.x), self.numbers))
        none[:, KIND] = -1
        return none

    def fit(
        self, at: Labels, candidates: Candidates, *, free: bool = False
    ) -> tuple[Candidates, Mask]:
        """Return candidates with every amount cut to the severity that is allowed."""
        out = np.array(candidates, np.float64)
        most = STRONGEST if free else self.eps
        out[:, KIND] = np.clip(np.rint(out[:, KIND]), -1, len(CORRUPTIONS) - 1)
        out[:, DRAW] = np.clip(np.rint(out[:, DRAW]), 0, DRAWS - 1)
        out[:, LEVEL] = np.where(out[:, KIND] < 0, 0.0, np.clip(out[:, LEVEL], 0, most))
        for name in (TURN, DOWN, RIGHT, NEARER):
            out[:, name] = np.clip(out[:, name], -most, most)
        out[:, PATCH] = np.clip(out[:, PATCH], 0, self.eps)
        out[:, TOP:] = np.clip(out[:, TOP:], 0, 1)
        return out, np.ones(len(at), np.bool_)

    def inside(self, at: Labels, candidates: Candidates) -> Mask:
        """Tell which are within the severity."""
        return np.asarray(self.cost(at, candidates) <= self.eps * (1 + 1e-9))

    def cost(self, at: Labels, candidates: Candidates) -> Floats:  # noqa: ARG002 -- all spaces
        """Return the severity of each: that of its largest amount."""
        amounts = np.abs(np.asarray(candidates, np.float64)[:, _AMOUNTS])
        return np.asarray(amounts.max(axis=1, initial=0.0))

    def inputs(self, at: Labels, candidates: Candidates) -> Inputs:
        """Draw fitted candidates, in the type of the pictures and on their grid."""
        values = np.asarray(candidates, np.float64)
        drawn = np.empty((len(at), *self.x.shape[1:]), self.x.dtype)
        for place, (i, numbers) in enumerate(zip(at.tolist(), values, strict=True)):
            drawn[place] = self._drawn(i, numbers)
        return drawn

    def _drawn(self, i: int, numbers: Floats) -> Pixels:
        real = np.asarray(self.x[i])
        if not np.abs(numbers[list(_AMOUNTS)]).any():
            return real
        picture = (real.astype(np.float64) - self.low) / (self.high - self.low)
        picture = self._patched(warped(picture, numbers), numbers)
        kind = int(numbers[KIND])
        if kind >= 0 and numbers[LEVEL] > 0:
            name = CORRUPTIONS[kind].name
            seed = seed_for(0, "picture", name, int(numbers[DRAW]), int(self.rows[i]))
            picture = corrupted(name, picture, float(numbers[LEVEL]), np.random.default_rng(seed))
        values = self.low + np.clip(picture, 0, 1) * (self.high - self.low)
        step = 1.0 if self.x.dtype.kind in "iu" else self.grid
        if step > 0:
            values = self.low + np.rint((values - self.low) / step) * step
        return np.asarray(np.clip(values, self.low, self.high).astype(self.x.dtype))

    def _patched(self, picture: Floats, numbers: Floats) -> Floats:
        side = int(self.sides(numbers[PATCH : PATCH + 1])[0])
        if side == 0:
            return picture
        c, h, w = picture.shape
        content = numbers[FREE:].reshape(c, self.side, self.side)
        inset = (self.side - side) // 2
        top, left = int(numbers[TOP] * (h - side) + 0.5), int(numbers[LEFT] * (w - side) + 0.5)
        out = picture.copy()
        out[:, top : top + side, left : left + side] = content[
            :, inset : inset + side, inset : inset + side
        ]
        return out

    def conditions(self) -> Mapping[str, Json]:
        """Return the severity, and what it means for what is measured by one number."""
        share = self.eps / STRONGEST
        return {
            "norm": "severity",
            "eps": self.eps,
            "low": self.low,
            "high": self.high,
            "grid": self.grid or None,
            "degrees": DEGREES * share,
            "shift": SHIFT * share,
            "zoom": ZOOM * share,
            "patch_area": AREA * share,
        }


def warped(picture: Floats, numbers: Floats) -> Floats:
    """Return a picture (C, H, W) turned, moved and nearer; what comes in is as its border is dark.

    The corners tell what stands around: their mean fills what comes in from outside.
    """
    if not np.abs(numbers[[TURN, DOWN, RIGHT, NEARER]]).any():
        return picture
    h, w = picture.shape[1:]
    angle = np.deg2rad(numbers[TURN] / STRONGEST * DEGREES)
    size = (1 + ZOOM) ** (numbers[NEARER] / STRONGEST)
    rows, columns = grid(h, w)
    down = rows - (h - 1) / 2 - numbers[DOWN] / STRONGEST * SHIFT * h
    right = columns - (w - 1) / 2 - numbers[RIGHT] / STRONGEST * SHIFT * w
    cos, sin = np.cos(angle) / size, np.sin(angle) / size
    corners = picture[:, [0, 0, -1, -1], [0, -1, 0, -1]].mean()
    return sampled(
        picture,
        (h - 1) / 2 + cos * down - sin * right,
        (w - 1) / 2 + sin * down + cos * right,
        float(corners),
    )
