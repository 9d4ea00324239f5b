"""Light and pose: a picture as another camera, lamp or stance would show it.

A look is nine numbers in −1 … 1, 0 changes nothing; at 1 they are as far as `MOST` says.

Source: Hendrycks and Dietterich 2019 for the choice of photometric changes; amounts are ours, such
that a person still knows the face.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from modelwarden.targets.frames import Floats

# Shares of the range, factors around 1, degrees, shares of the side.
MOST: Mapping[str, float] = {
    "brightness": 0.25,
    "contrast": 0.4,
    "gamma": 0.5,
    "warmth": 0.12,
    "turn": 15.0,
    "down": 0.08,
    "right": 0.08,
    "nearer": 0.15,
    "blur": 1.5,
}
NAMES = tuple(MOST)


def shown(picture: Floats, look: Floats) -> Floats:
    """Return a picture (C, H, W) of values 0 … 255 under a look (9,); not rounded yet."""
    amount = dict(zip(NAMES, np.asarray(look) * np.array(list(MOST.values())), strict=True))
    out = _warped(picture / 255.0, amount)
    out = _blurred(out, abs(amount["blur"]))
    out = np.clip(out, 0, 1) ** (2.0 ** amount["gamma"])
    out = (out - 0.5) * (1 + amount["contrast"]) + 0.5 + amount["brightness"]
    if len(out) == 3:
        out = out + amount["warmth"] * np.array([1.0, 0.0, -1.0])[:, None, None]
    return np.asarray(np.clip(out, 0, 1) * 255.0)


def _warped(picture: Floats, amount: Mapping[str, float]) -> Floats:
    """Return the picture turned, moved and brought nearer, by bilinear sampling."""
    keys = ("turn", "down", "right", "nearer")
    if not any(amount[key] for key in keys):
        return picture
    height, width = picture.shape[1:]
    angle = np.deg2rad(amount["turn"])
    size = 1.0 / (1.0 + amount["nearer"])
    rows = np.arange(height)[:, None] - (height - 1) / 2 - amount["down"] * height
    columns = np.arange(width)[None, :] - (width - 1) / 2 - amount["right"] * width
    y = size * (np.cos(angle) * rows + np.sin(angle) * columns) + (height - 1) / 2
    x = size * (-np.sin(angle) * rows + np.cos(angle) * columns) + (width - 1) / 2
    return _sampled(picture, np.clip(y, 0, height - 1), np.clip(x, 0, width - 1))


def _sampled(picture: Floats, y: Floats, x: Floats) -> Floats:
    height, width = picture.shape[1:]
    top, left = np.floor(y).astype(np.int64), np.floor(x).astype(np.int64)
    down, right = np.minimum(top + 1, height - 1), np.minimum(left + 1, width - 1)
    v, h = y - top, x - left
    above = picture[:, top, left] * (1 - h) + picture[:, top, right] * h
    below = picture[:, down, left] * (1 - h) + picture[:, down, right] * h
    return np.asarray(above * (1 - v) + below * v)


def _blurred(picture: Floats, sigma: float) -> Floats:
    """Return the picture under a Gaussian of so many pixels."""
    if sigma <= 0:
        return picture
    reach = max(1, int(np.ceil(3 * sigma)))
    weights = np.exp(-(np.arange(-reach, reach + 1) ** 2) / (2 * sigma**2))
    weights /= weights.sum()
    out = picture
    for axis in (1, 2):
        pad = [(0, 0)] * 3
        pad[axis] = (reach, reach)
        wide = np.pad(out, pad, mode="edge")
        size = out.shape[axis]
        out = sum(
            (w * np.take(wide, np.arange(k, k + size), axis=axis) for k, w in enumerate(weights)),
            np.zeros_like(out),
        )
    return np.asarray(out)
