"""What light, lenses, weather and files do to a picture, at a severity from 0 to 5.

Every kind takes a picture (C, H, W) in 0 to 1, a severity and a stream of chance; 0 changes nothing
(or no more than rounding), 5 is what a person just about still reads. Sizes go with the picture's
side, so that small pictures suffer no more than large ones.

Source: Hendrycks & Dietterich 2019, "Benchmarking neural network robustness to common corruptions
and perturbations", and Mu & Gilmer 2019, "MNIST-C", for the kinds and for about where severity 5
lies; strengths, the steps between and the code are ours.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from modelwarden.attacks.images.pixels import (
    blurred,
    clouds,
    convolved,
    disk,
    grid,
    sampled,
    stroke,
)
from modelwarden.core.values import dataclass
from modelwarden.targets.frames import Floats, Labels

Rng = np.random.Generator
Corrupt = Callable[[Floats, float, Rng], Floats]
STRONGEST = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Corruption:
    """One kind.

    Attributes:
        name: as reports call it. title: what it looks like. apply: does it.
        random: other draws look other.
    """

    name: str
    title: str
    apply: Corrupt
    random: bool = False


def noise(x: Floats, level: float, rng: Rng) -> Floats:
    """Add normal noise: 0.04 a step."""
    return x + rng.normal(0, 0.04 * level, x.shape) if level > 0 else x


def shot(x: Floats, level: float, rng: Rng) -> Floats:
    """Count photons: 200 at full light at a severity of 1, 40 at 5."""
    if level <= 0:
        return x
    photons = 200.0 / level
    return np.asarray(rng.poisson(np.clip(x, 0, 1) * photons) / photons, np.float64)


def impulse(x: Floats, level: float, rng: Rng) -> Floats:
    """Turn pixels black or white: one in a hundred at 1, seven at 5."""
    hit = rng.random(x.shape) < 0.01 * level + 0.004 * max(level - 1, 0) * level / 4
    return np.where(hit, (rng.random(x.shape) < 0.5).astype(np.float64), x)


def speckle(x: Floats, level: float, rng: Rng) -> Floats:
    """Multiply by noise, which leaves the dark as it is."""
    return x * (1 + rng.normal(0, 0.1 * level, x.shape)) if level > 0 else x


def soft(x: Floats, level: float, _: Rng) -> Floats:
    """Blur as a normal window does."""
    return blurred(x, 0.007 * level * min(x.shape[1:]))


def defocus(x: Floats, level: float, _: Rng) -> Floats:
    """Blur by a disk, as a lens out of focus does."""
    return convolved(x, disk(0.012 * level * min(x.shape[1:])))


def motion(x: Floats, level: float, rng: Rng) -> Floats:
    """Smear along a line."""
    length = 0.04 * level * min(x.shape[1:])
    return convolved(x, stroke(length, float(rng.uniform(0, np.pi)))) if level > 0 else x


def zooming(x: Floats, level: float, _: Rng) -> Floats:
    """Lay pictures from nearer and nearer over each other."""
    h, w = x.shape[1:]
    rows, columns = grid(h, w)
    steps = np.linspace(1.0, 1.0 + 0.05 * level, 6)
    parts = [
        sampled(x, (rows - h / 2) / step + h / 2, (columns - w / 2) / step + w / 2)
        for step in steps
    ]
    return np.asarray(np.mean(parts, axis=0), np.float64)


def glass(x: Floats, level: float, rng: Rng) -> Floats:
    """Let every pixel come from somewhere near, as behind frosted glass."""
    h, w = x.shape[1:]
    reach = 0.012 * level * min(h, w)
    rows, columns = grid(h, w)
    moved = rng.uniform(-reach, reach, (2, h, w))
    return sampled(x, rows + moved[0], columns + moved[1])


def brighter(x: Floats, level: float, _: Rng) -> Floats:
    """Add light: a tenth of the range at 1, a third at 5."""
    return x + 0.04 + 0.06 * level if level > 0 else x


def darker(x: Floats, level: float, _: Rng) -> Floats:
    """Take light: a fifth at 1, three quarters at 5."""
    return x * (1 - min(0.2 * level, 0.06 + 0.14 * level))


def contrast(x: Floats, level: float, _: Rng) -> Floats:
    """Bring values nearer to their mean: by a quarter at 1, by 85 % at 5."""
    mean = x.mean()
    return np.asarray(mean + (1 - min(0.25 * level, 0.1 + 0.15 * level)) * (x - mean), np.float64)


def gamma(x: Floats, level: float, _: Rng) -> Floats:
    """Bend the scale of light, as a wrong profile does."""
    return np.asarray(np.clip(x, 0, 1) ** (1 + 0.3 * level), np.float64)


def inverted_gamma(x: Floats, level: float, _: Rng) -> Floats:
    """Bend the scale of light the other way: the dark grows lighter."""
    return np.asarray(np.clip(x, 0, 1) ** (1 / (1 + 0.3 * level)), np.float64)


def faded(x: Floats, level: float, _: Rng) -> Floats:
    """Take the colours; of grey pictures the black."""
    if x.shape[0] == 1:
        return x * (1 - 0.08 * level) + 0.08 * level
    grey = x.mean(axis=0, keepdims=True)
    return np.asarray(grey + (1 - 0.19 * level) * (x - grey), np.float64)


def fog(x: Floats, level: float, rng: Rng) -> Floats:
    """Lay clouds of light on it."""
    veil = 0.13 * level * (0.4 + 0.6 * clouds(x.shape[1], x.shape[2], rng))
    return np.asarray(x * (1 - veil) + veil, np.float64)


def snow(x: Floats, level: float, rng: Rng) -> Floats:
    """Let flakes fall, smeared along their way."""
    flakes = (rng.random((1, *x.shape[1:])) < 0.012 * level).astype(np.float64)
    flakes = convolved(flakes, stroke(0.05 * min(x.shape[1:]), 1.1)) * 4
    return np.maximum(x, np.clip(flakes, 0, 1))


def shadow(x: Floats, level: float, rng: Rng) -> Floats:
    """Let a shadow with a soft edge fall over a part."""
    h, w = x.shape[1:]
    rows, columns = grid(h, w)
    angle, away = rng.uniform(0, 2 * np.pi), rng.uniform(-0.15, 0.15)
    side = (rows / h - 0.5) * np.sin(angle) + (columns / w - 0.5) * np.cos(angle) - away
    return np.asarray(x * (1 - 0.16 * level * np.clip(side * 10 + 0.5, 0, 1)), np.float64)


def vignette(x: Floats, level: float, _: Rng) -> Floats:
    """Let it grow dark towards the corners."""
    h, w = x.shape[1:]
    rows, columns = grid(h, w)
    far = ((rows + 0.5) / h - 0.5) ** 2 + ((columns + 0.5) / w - 0.5) ** 2
    return np.asarray(x * np.clip(1 - 0.36 * level * far, 0, 1), np.float64)


# The luminance table of ITU-T T.81, annex K: what JPEG encoders use at quality 50.
_TABLE = np.array(
    "16 11 10 16 24 40 51 61 12 12 14 19 26 58 60 55 14 13 16 24 40 57 69 56 14 17 22 29 51 "
    "87 80 62 18 22 37 56 68 109 103 77 24 35 55 64 81 104 113 92 49 64 78 87 103 121 120 101 "
    "72 92 95 98 112 100 103 99".split(),
    np.float64,
).reshape(8, 8)
_K = np.arange(8)
_COSINES = np.cos((2 * _K[None, :] + 1) * _K[:, None] * np.pi / 16) * np.where(
    _K[:, None] == 0, np.sqrt(1 / 8), 0.5
)


def jpeg(x: Floats, level: float, _: Rng) -> Floats:
    """Round the waves of blocks of eight, as JPEG does; channel by channel.

    Source: ITU-T T.81, without chroma subsampling and without the lossless part.
    """
    if level <= 0:
        return x
    quality = max(5.0, 85 - 16 * level)
    scale = 50 / quality if quality < 50 else 2 - quality / 50
    steps = np.maximum(1, np.floor(_TABLE * scale + 0.5)) / 255
    c, h, w = x.shape
    wide = np.pad(x, ((0, 0), (0, -h % 8), (0, -w % 8)), mode="edge") - 0.5
    blocks = wide.reshape(c, wide.shape[1] // 8, 8, wide.shape[2] // 8, 8).transpose(0, 1, 3, 2, 4)
    waves = np.rint(_COSINES @ blocks @ _COSINES.T / steps) * steps
    back = (_COSINES.T @ waves @ _COSINES).transpose(0, 1, 3, 2, 4).reshape(wide.shape)
    return np.asarray(back[:, :h, :w] + 0.5, np.float64)


def pixelate(x: Floats, level: float, _: Rng) -> Floats:
    """Keep fewer pixels: 88 % of each side at 1, 40 % at 5."""
    h, w = x.shape[1:]
    share = 1 - 0.12 * level
    rows, columns = _kept(h, max(1, round(h * share))), _kept(w, max(1, round(w * share)))
    return x[:, rows[:, None], columns[None, :]]


def _kept(size: int, few: int) -> Labels:
    """Return, for each of `size` pixels, the middle one of its block of `few`."""
    block = np.arange(size) * few // size
    return np.asarray(np.floor((block + 0.5) * size / few), np.int64)


def elastic(x: Floats, level: float, rng: Rng) -> Floats:
    """Bend it smoothly."""
    h, w = x.shape[1:]
    rows, columns = grid(h, w)
    reach = 0.04 * level * min(h, w)
    down, over = clouds(h, w, rng) - 0.5, clouds(h, w, rng) - 0.5
    return sampled(x, rows + reach * down, columns + reach * over)


def posterised(x: Floats, level: float, _: Rng) -> Floats:
    """Keep few levels of light: 31 at 1, 2 at 5."""
    if level <= 0:
        return x
    steps = max(1, round(31 * 0.45 ** (level - 1)))
    return np.asarray(np.rint(np.clip(x, 0, 1) * steps) / steps, np.float64)


def flicker(x: Floats, level: float, _: Rng) -> Floats:
    """Darken every fourth line, as lamps do to a rolling shutter."""
    y = x.copy()
    y[:, ::4] *= 1 - 0.15 * level
    return y


def scratches(x: Floats, level: float, rng: Rng) -> Floats:
    """Draw thin lines across, light or dark."""
    h, w = x.shape[1:]
    rows, columns = grid(h, w)
    y = x.copy()
    for _ in range(round(level)):
        angle, away = rng.uniform(0, np.pi), rng.uniform(-0.3, 0.3)
        far = (rows / h - 0.5) * np.sin(angle) + (columns / w - 0.5) * np.cos(angle) - away
        y[:, np.abs(far) * min(h, w) < 0.5] = float(rng.integers(2))
    return y


CORRUPTIONS: tuple[Corruption, ...] = (
    Corruption(name="gaussian-noise", title="noise of the sensor", apply=noise, random=True),
    Corruption(name="shot-noise", title="noise of little light", apply=shot, random=True),
    Corruption(name="impulse-noise", title="black and white pixels", apply=impulse, random=True),
    Corruption(
        name="speckle-noise", title="noise that grows with light", apply=speckle, random=True
    ),
    Corruption(name="gaussian-blur", title="blurred softly", apply=soft),
    Corruption(name="defocus-blur", title="out of focus", apply=defocus),
    Corruption(name="motion-blur", title="moved while it was taken", apply=motion, random=True),
    Corruption(name="zoom-blur", title="came nearer while it was taken", apply=zooming),
    Corruption(name="glass-blur", title="behind frosted glass", apply=glass, random=True),
    Corruption(name="brightness", title="brighter", apply=brighter),
    Corruption(name="darkness", title="darker", apply=darker),
    Corruption(name="contrast", title="less contrast", apply=contrast),
    Corruption(name="gamma", title="the scale of light bent down", apply=gamma),
    Corruption(name="inverse-gamma", title="the scale of light bent up", apply=inverted_gamma),
    Corruption(name="faded", title="colours faded", apply=faded),
    Corruption(name="fog", title="in fog", apply=fog, random=True),
    Corruption(name="snow", title="in snow", apply=snow, random=True),
    Corruption(name="shadow", title="a shadow over a part", apply=shadow, random=True),
    Corruption(name="vignette", title="dark towards the corners", apply=vignette),
    Corruption(name="jpeg", title="compressed as JPEG", apply=jpeg),
    Corruption(name="pixelate", title="fewer pixels", apply=pixelate),
    Corruption(name="elastic", title="bent", apply=elastic, random=True),
    Corruption(name="posterise", title="few levels of light", apply=posterised),
    Corruption(name="flicker", title="dark lines", apply=flicker),
    Corruption(name="scratches", title="scratched", apply=scratches, random=True),
)
BY_NAME: Mapping[str, Corruption] = {one.name: one for one in CORRUPTIONS}


def corrupted(name: str, x: Floats, level: float, rng: Rng) -> Floats:
    """Return a picture (C, H, W) in 0 to 1 under a corruption, cut to 0 to 1."""
    return np.clip(BY_NAME[name].apply(x, level, rng), 0, 1)
