"""What may be changed of the first picture of a pair, as balls that the attacks on arrays know.

    noise     every pixel by at most eps (l∞), or all by eps together (l2)
    sticker   the pixels of a rectangle, freely
    glasses   the pixels of a frame around the eyes, freely
    light     brightness, contrast, gamma, warmth, turn, shift, distance, blur: nine numbers

Candidates are what is searched: the crop, or the nine numbers. What is asked is the pair with the
first picture whole again, in 8 bits, and as it comes back from a JPEG where that is wanted: a win
is then a win of the file that would be delivered. The second picture is never touched.
"""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from modelwarden.attacks.balls import Ball, Norm
from modelwarden.attacks.engine import Candidates, Mask
from modelwarden.core import InputError, Json, MissingExtraError
from modelwarden.redteam.faces import looks
from modelwarden.targets.frames import Floats, Inputs, Labels

Pixels = npt.NDArray[np.uint8]
CHANGES = ("noise", "sticker", "glasses", "light")
# Shares of the height and width of an aligned face: top, left, bottom, right.
STICKER, GLASSES = (0.05, 0.3, 0.25, 0.7), (0.28, 0.08, 0.52, 0.92)
_RIM, _BRIDGE = 0.16, 0.2


@dataclass(frozen=True, kw_only=True, eq=False)
class PairBall(Ball):
    """A ball around crops of the first pictures of pairs.

    Attributes:
        pairs: (n, 2, C, H, W) whole.
        top, left: of the crop.
        mask: (h, w) which pixels of the crop are changed.
        jpeg: quality that the first picture is saved with before it is asked; None: it is not.
    """

    pairs: Pixels
    top: int = 0
    left: int = 0
    mask: Mask
    jpeg: int | None = None

    def _box(self, at: Labels) -> tuple[Floats, Floats]:
        """Return the bounds without eps, which here differ from input to input."""
        return np.asarray(self.low, np.float64)[at], np.asarray(self.high, np.float64)[at]

    def inputs(self, at: Labels, candidates: Candidates) -> Inputs:
        """Return pairs with the first picture as it would be delivered."""
        out = np.array(self.pairs[at])
        height, width = self.mask.shape
        place = out[:, 0, :, self.top : self.top + height, self.left : self.left + width]
        place[:] = np.where(self.mask, np.asarray(candidates, np.uint8), place)
        return delivered(out, self.jpeg)

    def conditions(self) -> dict[str, Json]:
        """Return norm and eps, with what is changed."""
        said: dict[str, Json] = dict(super().conditions())
        return {**said, "pixels": int(self.mask.sum()), "jpeg": self.jpeg}


@dataclass(frozen=True, kw_only=True, eq=False)
class LookBall(Ball):
    """Looks of the first pictures of pairs; x is (n, 9) of zeros.

    Attributes:
        pairs: (n, 2, C, H, W) whole. jpeg: as of `PairBall`.
    """

    pairs: Pixels
    jpeg: int | None = None

    def inputs(self, at: Labels, candidates: Candidates) -> Inputs:
        """Return pairs with the first picture under its look."""
        out = np.array(self.pairs[at])
        for row, look in enumerate(np.asarray(candidates, np.float64)):
            if look.any():
                out[row, 0] = np.rint(looks.shown(out[row, 0].astype(np.float64), look))
        return delivered(out, self.jpeg)

    def conditions(self) -> dict[str, Json]:
        """Return how far looks may go."""
        said: dict[str, Json] = dict(super().conditions())
        most: dict[str, Json] = {name: self.eps * most for name, most in looks.MOST.items()}
        return {**said, "looks": most, "jpeg": self.jpeg}


def delivered(pairs: Pixels, jpeg: int | None) -> Pixels:
    """Return pairs whose first pictures went through a JPEG of this quality."""
    if jpeg is None:
        return pairs
    try:
        import PIL.Image
    except ImportError as error:
        raise MissingExtraError("Pillow", "image") from error
    for row in range(len(pairs)):
        picture = pairs[row, 0]
        flat = picture[0] if len(picture) == 1 else picture.transpose(1, 2, 0)
        stream = io.BytesIO()
        PIL.Image.fromarray(np.ascontiguousarray(flat)).save(stream, "JPEG", quality=jpeg)
        with PIL.Image.open(stream, formats=("JPEG",)) as again:
            back = np.asarray(again, np.uint8)
        pairs[row, 0] = back[None] if back.ndim == 2 else back.transpose(2, 0, 1)
    return pairs


def ball_for(
    change: str,
    pairs: Pixels,
    *,
    norm: Norm = Norm.LINF,
    eps: float | None = None,
    region: tuple[float, float, float, float] | None = None,
    jpeg: int | None = None,
) -> Ball:
    """Return what a change allows.

    Args:
        change: one of `CHANGES`.
        pairs: (n, 2, C, H, W) that are attacked.
        norm: of noise.
        eps: of noise in pixel values, by default 8 (l∞) or 1,000 (l2); of light a share, by
            default 1.
        region: of sticker and glasses: top, left, bottom, right as shares of the picture.
        jpeg: quality of the file that is delivered.

    Raises:
        InputError: the options do not go with the change.
    """
    if change == "light":
        far = 1.0 if eps is None else eps
        if not 0 < far <= 1:
            raise InputError(f"eps of light is a share, above 0 and at most 1, not {far:g}")
        zeros = np.zeros((len(pairs), len(looks.NAMES)))
        return LookBall(
            x=zeros, norm=Norm.LINF, eps=far, low=-1.0, high=1.0, pairs=pairs, jpeg=jpeg
        )
    height, width = pairs.shape[3:]
    if change == "noise":
        far = eps if eps is not None else 8.0 if norm is Norm.LINF else 1000.0
        box, mask = (0, 0, height, width), np.ones((height, width), np.bool_)
    else:
        if norm is not Norm.LINF or eps is not None:
            raise InputError(f"{change} changes its pixels freely: leave norm and eps out")
        far = 255.0
        box = _box(region or (GLASSES if change == "glasses" else STICKER), height, width)
        size = (box[2] - box[0], box[3] - box[1])
        mask = frame(*size) if change == "glasses" else np.ones(size, np.bool_)
    top, left, bottom, right = box
    crop = np.ascontiguousarray(pairs[:, 0, :, top:bottom, left:right])
    return PairBall(
        x=crop,
        norm=norm,
        eps=far,
        # What is outside of the mask stays what it is, so that it costs nothing either.
        low=np.where(mask, 0.0, crop.astype(np.float64)),
        high=np.where(mask, 255.0, crop.astype(np.float64)),
        grid=1.0,
        pairs=pairs,
        top=top,
        left=left,
        mask=mask,
        jpeg=jpeg,
    )


def _box(
    region: tuple[float, float, float, float], height: int, width: int
) -> tuple[int, int, int, int]:
    top, left, bottom, right = region
    if not (0 <= top < bottom <= 1 and 0 <= left < right <= 1):
        raise InputError(
            f"region = {list(region)} is no rectangle: top, left, bottom, right as shares"
        )
    box = (round(top * height), round(left * width), round(bottom * height), round(right * width))
    if box[2] - box[0] < 2 or box[3] - box[1] < 2:
        raise InputError(f"region = {list(region)} holds less than two by two pixels")
    return box


def frame(height: int, width: int) -> Mask:
    """Return which pixels of a rectangle belong to the frame of glasses: two rims and a bridge."""
    y = (np.arange(height)[:, None] + 0.5) / height * 2 - 1
    x = (np.arange(width)[None, :] + 0.5) / width
    found = np.zeros((height, width), np.bool_)
    for middle in (0.26, 0.74):
        away = np.sqrt(((x - middle) / 0.24) ** 2 + (y / 0.95) ** 2)
        found |= (away <= 1) & (away >= 1 - 2 * _RIM)
    return found | ((np.abs(y) <= _BRIDGE) & (x > 0.44) & (x < 0.56))
