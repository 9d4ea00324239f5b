"""Plain operations on one picture, (C, H, W) float64, by numpy alone."""

from __future__ import annotations

import numpy as np

from modelwarden.targets.frames import Floats


def convolved(x: Floats, weights: Floats) -> Floats:
    """Return the picture under a small window (k, k) of odd size, its border continued."""
    reach = weights.shape[0] // 2
    wide = np.pad(x, ((0, 0), (reach, reach), (reach, reach)), mode="edge")
    h, w = x.shape[1:]
    out = np.zeros_like(x)
    for (i, j), weight in np.ndenumerate(weights):
        if weight:
            out += weight * wide[:, i : i + h, j : j + w]
    return out


def blurred(x: Floats, sigma: float) -> Floats:
    """Return the picture under a normal window, rows and columns in turn."""
    if sigma <= 0:
        return x
    reach = max(1, int(np.ceil(3 * sigma)))
    line = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    line /= line.sum()
    wide = np.pad(x, ((0, 0), (reach, reach), (0, 0)), mode="edge")
    h, w = x.shape[1:]
    down = sum((line[i] * wide[:, i : i + h] for i in range(len(line))), np.zeros_like(x))
    wide = np.pad(down, ((0, 0), (0, 0), (reach, reach)), mode="edge")
    zero = np.zeros_like(x)
    return np.asarray(sum((line[i] * wide[:, :, i : i + w] for i in range(len(line))), zero))


def disk(radius: float) -> Floats:
    """Return an even window of the shape of a disk; its rim counts in part.

    >>> disk(0.3).shape
    (3, 3)
    """
    reach = max(1, int(np.ceil(radius)))
    span = np.arange(-reach, reach + 1)
    far = np.sqrt(span[:, None] ** 2 + span[None, :] ** 2)
    weights = np.clip(radius + 0.5 - far, 0, 1)
    weights[reach, reach] = max(weights[reach, reach], 1e-9)
    return np.asarray(weights / weights.sum(), np.float64)


def stroke(length: float, angle: float) -> Floats:
    """Return a window of the shape of a line."""
    reach = max(1, int(np.ceil(length / 2)))
    weights = np.zeros((2 * reach + 1, 2 * reach + 1))
    steps = np.linspace(-length / 2, length / 2, 8 * reach + 1)
    rows = np.rint(reach + steps * np.sin(angle)).astype(np.int64)
    columns = np.rint(reach + steps * np.cos(angle)).astype(np.int64)
    np.add.at(weights, (rows, columns), 1.0)
    return np.asarray(weights / weights.sum(), np.float64)


def sampled(x: Floats, rows: Floats, columns: Floats, outside: float | None = None) -> Floats:
    """Return the picture read at places between pixels, bilinear.

    Args:
        x: (C, H, W).
        rows: (H, W) where each pixel is read.
        columns: likewise.
        outside: what stands beyond the border; None continues the border.
    """
    h, w = x.shape[1:]
    r, c = np.clip(rows, 0, h - 1), np.clip(columns, 0, w - 1)
    top, left = np.floor(r).astype(np.int64), np.floor(c).astype(np.int64)
    low, right = np.minimum(top + 1, h - 1), np.minimum(left + 1, w - 1)
    down, over = r - top, c - left
    out = (x[:, top, left] * (1 - over) + x[:, top, right] * over) * (1 - down)
    out += (x[:, low, left] * (1 - over) + x[:, low, right] * over) * down
    if outside is not None:
        beyond = (rows < -0.5) | (rows > h - 0.5) | (columns < -0.5) | (columns > w - 0.5)
        out = np.where(beyond, outside, out)
    return np.asarray(out, np.float64)


def grid(h: int, w: int) -> tuple[Floats, Floats]:
    """Return the row and the column of every pixel."""
    rows, columns = np.mgrid[0:h, 0:w]
    return rows.astype(np.float64), columns.astype(np.float64)


def clouds(h: int, w: int, rng: np.random.Generator) -> Floats:
    """Return smooth noise of many sizes in 0 to 1, (h, w): fog, or what bends a picture."""
    out, weight = np.zeros((1, h, w)), 1.0
    cells = 2
    rows, columns = grid(h, w)
    while cells <= max(h, w) and weight > 0.1:
        coarse = rng.random((1, cells + 1, cells + 1))
        out += weight * sampled(coarse, rows * cells / max(h, 1), columns * cells / max(w, 1))
        cells, weight = cells * 2, weight * 0.55
    spread = float(np.ptp(out))
    return np.asarray((out[0] - out.min()) / (spread if spread > 0 else 1.0), np.float64)
