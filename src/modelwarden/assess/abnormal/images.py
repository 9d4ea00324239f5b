"""Abnormal images: what light, cameras and files do to them, and arrays that are no image.

Corruptions are mild: a person sees the same. They work in the images' own range.

Source: Hendrycks & Dietterich 2019, "Benchmarking neural network robustness to common corruptions",
for the kinds; the strengths and the code are ours.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from modelwarden.assess.abnormal.trials import BAD_ROW, Choice, Meaning, Operator, Trial
from modelwarden.targets.frames import Floats, Frame, Inputs

Rng = np.random.Generator
# (n, C, H, W) in 0 to 1 → the same.
Corruption = Callable[[Floats, Rng], Floats]


def noise(x: Floats, rng: Rng) -> Floats:
    """Add normal noise of 0.04."""
    return x + rng.normal(0, 0.04, x.shape)


def shot(x: Floats, rng: Rng) -> Floats:
    """Count photons, 200 at full light."""
    return rng.poisson(np.clip(x, 0, 1) * 200) / 200.0


def impulse(x: Floats, rng: Rng) -> Floats:
    """Turn one pixel in a hundred black or white."""
    hit = rng.random(x.shape) < 0.01
    return np.where(hit, (rng.random(x.shape) < 0.5).astype(np.float64), x)


def _averaged(x: Floats, steps: list[tuple[int, int]]) -> Floats:
    """Return the mean of the image moved by each step, its border continued."""
    reach = max(max(abs(a), abs(b)) for a, b in steps)
    wide = np.pad(x, ((0, 0), (0, 0), (reach, reach), (reach, reach)), mode="edge")
    h, w = x.shape[2:]
    parts = [wide[:, :, reach + a : reach + a + h, reach + b : reach + b + w] for a, b in steps]
    return np.asarray(np.mean(parts, axis=0), np.float64)


def blur(x: Floats, _: Rng) -> Floats:
    """Blur by a small cross."""
    return _averaged(x, [(0, 0), (0, 0), (0, 1), (0, -1), (1, 0), (-1, 0)])


def motion(x: Floats, _: Rng) -> Floats:
    """Smear along the width."""
    return _averaged(x, [(0, 0), (0, 1), (0, 0), (0, -1)])


def brighter(x: Floats, _: Rng) -> Floats:
    """Add a tenth of the range."""
    return x + 0.1


def darker(x: Floats, _: Rng) -> Floats:
    """Take a fifth of the light."""
    return x * 0.8


def contrast(x: Floats, _: Rng) -> Floats:
    """Bring values nearer to their mean by a quarter."""
    mean = x.mean(axis=(1, 2, 3), keepdims=True)
    return np.asarray(mean + 0.75 * (x - mean), np.float64)


def fog(x: Floats, _: Rng) -> Floats:
    """Lay a veil of light on it, thicker at the top."""
    h = x.shape[2]
    veil = np.linspace(0.2, 0.05, h).reshape(1, 1, h, 1)
    return np.asarray(x * (1 - veil) + veil, np.float64)


def blocks(x: Floats, _: Rng) -> Floats:
    """Keep thirty-two levels, and a tenth of the mean of blocks of four, as coarse files do."""
    h, w = x.shape[2] // 4 * 4, x.shape[3] // 4 * 4
    coarse = np.round(x * 31) / 31
    if h and w:
        part = coarse[:, :, :h, :w]
        means = part.reshape(*part.shape[:2], h // 4, 4, w // 4, 4).mean(axis=(3, 5))
        spread = np.repeat(np.repeat(means, 4, axis=2), 4, axis=3)
        coarse[:, :, :h, :w] = 0.9 * part + 0.1 * spread
    return np.asarray(coarse, np.float64)


def shifted(x: Floats, _: Rng) -> Floats:
    """Move it by one pixel in thirty-two, at least by one."""
    return _averaged(x, [(0, max(1, x.shape[3] // 32))])


def covered(x: Floats, _: Rng) -> Floats:
    """Cover a corner of a tenth of each side."""
    y = x.copy()
    y[:, :, : max(1, x.shape[2] // 10), : max(1, x.shape[3] // 10)] = 0
    return y


def flicker(x: Floats, _: Rng) -> Floats:
    """Darken every fourth line a little, as lamps do to a rolling shutter."""
    y = x.copy()
    y[:, :, ::4] *= 0.9
    return y


_MILD: tuple[tuple[str, str, Corruption], ...] = (
    ("gaussian-noise", "a little noise of the sensor", noise),
    ("shot-noise", "noise of little light", shot),
    ("impulse-noise", "one pixel in a hundred black or white", impulse),
    ("blur", "slightly out of focus", blur),
    ("motion-blur", "slightly moved", motion),
    ("brightness", "a tenth brighter", brighter),
    ("darkness", "a fifth darker", darker),
    ("contrast", "a quarter less contrast", contrast),
    ("fog", "a veil of light", fog),
    ("compression", "coarse levels and blocks", blocks),
    ("shift", "moved by a pixel or so", shifted),
    ("covered-corner", "a small corner covered", covered),
    ("flicker", "lines slightly darker", flicker),
)
NAN = Operator("nan-pixels", Meaning.WRONG, "pixels that are NaN")
SCALED = Operator("out-of-range", Meaning.OTHER, "values 255 times too large")
FLAT = Operator("blank", Meaning.OTHER, "one value everywhere")
OPERATORS = (*(Operator(n, Meaning.SAME, t) for n, t, _ in _MILD), NAN, SCALED, FLAT)


def trials(choice: Choice, rng: Rng) -> Iterator[Trial]:
    """Yield every trial of images (n, C, H, W)."""
    base = _array(choice.inputs)
    low, high = _range(base)
    unit = (base.astype(np.float64) - low) / (high - low)
    for operator, (_, _, corrupt) in zip(OPERATORS, _MILD, strict=False):
        made = np.clip(corrupt(unit, rng), 0, 1) * (high - low) + low
        yield _trial(operator, _like(made, base))
    if base.dtype.kind == "f":
        holes = base.copy()
        holes[:, :, 0, 0] = np.nan
        yield _trial(NAN, holes)
        yield _trial(SCALED, (base.astype(np.float64) * 255).astype(base.dtype))
    yield _trial(FLAT, _like(np.full(base.shape, low), base))
    if len(base) > 1:
        bad = base.copy()
        bad[-1] = np.nan if base.dtype.kind == "f" else 255
        others = np.arange(len(base)) < len(base) - 1
        yield Trial(
            operator=BAD_ROW, feature=None, inputs=bad, like=np.arange(len(base)), judged=others
        )


def _array(inputs: Inputs) -> np.ndarray[tuple[int, ...], np.dtype[np.generic]]:
    if isinstance(inputs, Frame):
        raise TypeError(inputs)
    return inputs


def _range(base: np.ndarray[tuple[int, ...], np.dtype[np.generic]]) -> tuple[float, float]:
    """Return the range of values: that of bytes where they show it, else that of the data."""
    values = base.astype(np.float64)
    low, high = float(values.min(initial=0.0)), float(values.max(initial=1.0))
    if low >= 0 and 1 < high <= 255:
        return 0.0, 255.0
    return low, high if high > low else low + 1


def _like(made: Floats, base: Inputs) -> Inputs:
    kind = _array(base).dtype
    return (np.rint(made) if kind.kind in "iu" else made).astype(kind)


def _trial(operator: Operator, inputs: Inputs) -> Trial:
    return Trial(operator=operator, feature=None, inputs=inputs, like=np.arange(len(inputs)))


__all__ = ["OPERATORS", "trials"]
