"""Where a reference lies: axes, a sample, and thresholds that hold on unseen rows.

Thresholds are conformal: every row of the reference is scored by a fit to the other four fifths of
it, so the share of normal rows above `alarm` is the rate that was asked for, also for small
references.

Source: Vovk, "Cross-conformal predictors", 2015.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from modelwarden.core import seed_for
from modelwarden.firewall.normal import (
    FARTHEST,
    NEIGHBOURS,
    REMEMBERED,
    Ratios,
    Scorer,
    distances_to_others,
)
from modelwarden.firewall.profile import Normal
from modelwarden.targets.frames import Floats

_AXES = 32
_WIDEST = 4096
_FIT = 10_000
_SAMPLE = 1000
_MEASURED = 256  # of them: the distances to so few tell as much, at a quarter of the cost
_FOLDS = 5
_NEAR_SHARE = 0.005
_PAIRS = 20
_CERTAIN = 2000
_FEWEST_NEAR = 300
_TAIL = 0.05
_STRANGE, _REFUSED = 0.0005, 0.0001
_LONGEST = 0.2  # shape of a tail of scores
_UNSURE = 2.0  # standard errors
_FEWEST = 50
_WIDE = 8
_FLOOR = 0.25
_LOWEST = 0.2


def normal_of(x: Floats, *, rate: float, seed: int = 0) -> Normal | None:
    """Return where a reference lies.

    Args:
        x: (n, d) rows; NaN where a value is missing.
        rate: share of normal rows that may raise an alarm.
        seed: of the choice of rows and folds.

    Returns:
        None when there are no features or too few rows to say anything.
    """
    if x.shape[1] == 0 or len(x) < _FEWEST:
        return None
    rng = np.random.default_rng(seed_for(seed, "normal"))
    x = x[rng.permutation(len(x))[:_FIT]]
    step = math.ceil(x.shape[1] / _WIDEST)
    x = x[:, ::step]
    fold = np.arange(len(x)) % _FOLDS
    parts = [Scorer(_fit(x[fold != k], rng)).distances(x[fold == k]) for k in range(_FOLDS)]
    found = np.concatenate(parts)
    usual, moved = _steps(found[:, 3], rate)
    whole = _fit(x, rng, len(x) - len(x) // _FOLDS)
    known = replace(
        whole,
        rate=rate,
        step=step,
        within=_quantile(found[:, 0], 1 - rate),
        across=_quantile(found[:, 1], 1 - rate) if whole.across else 0.0,
        nearest=_quantile(found[:, 2], 1 - rate),
        lows=tuple(_low(found[:, i], rate) if _tells(whole, i) else 0.0 for i in range(3)),
        usual=usual if len(whole.mean) >= _WIDE else 0.0,
        moved=moved,
    )
    scores = np.sort(Ratios(known).largest(found.T))
    at = math.ceil((len(scores) + 1) * (1 - rate)) - 1
    alarm = float(scores[at]) if at < len(scores) else float(scores[-1]) * 1.05
    return replace(
        known,
        alarm=alarm,
        strange=max(_beyond(scores), alarm),
        refuse=max(_surely_beyond(scores), alarm),
        near=_near(known, x, rng),
    )


def _beyond(scores: Floats) -> float:
    """Return the score that a share of `_STRANGE` of normal rows has, from the tail's decay.

    The largest score of a reference is an accident; the mean excess over a high quantile is not.

    Source: Pickands, 1975, with an exponential tail.
    """
    start = float(np.quantile(scores, 1 - _TAIL))
    excess = scores[scores > start] - start
    mean = float(excess.mean()) if excess.size else 0.1 * start
    return start + mean * math.log(_TAIL / _STRANGE)


def _surely_beyond(scores: Floats) -> float:
    """Return the score that no larger share of normal rows than `_REFUSED` has, to be sure.

    The mean excess is taken with two standard errors more, which few rows make large, and a tail
    that falls more slowly than an exponential one is carried on as what it is.

    Source: Pickands, 1975; the shape by its moments, Hosking and Wallis, 1987.
    """
    start = float(np.quantile(scores, 1 - _TAIL))
    excess = scores[scores > start] - start
    if not excess.size:
        return _beyond(scores)
    mean, variance = float(excess.mean()), float(excess.var())
    shape = min(max((1 - mean**2 / max(variance, 1e-300)) / 2, 0.0), _LONGEST)
    surely = mean * (1 + _UNSURE / math.sqrt(excess.size)) * (1 - shape)
    rarer = _TAIL / _REFUSED
    grown = math.log(rarer) if shape < 1e-3 else (math.pow(rarer, shape) - 1) / shape
    return start + surely * grown


def _tells(normal: Normal, which: int) -> bool:
    """Tell whether a distance that is too small says anything: in few dimensions many are."""
    wide = len(normal.mean) if which == 1 and normal.across else len(normal.axes)
    return wide >= _WIDE and (which != 1 or normal.across > 0)


def _low(distances: Floats, rate: float) -> float:
    """Return the distance below which a row is too near; 0 where normal rows may be anywhere.

    Where the reference holds rows twice, some of them are at no distance at all.
    """
    low = float(np.quantile(distances, rate))
    return low if float(np.quantile(distances, rate / 10)) > _LOWEST * low else 0.0


def _steps(values: Floats, rate: float) -> tuple[float, float]:
    """Return zero and unit of a measure: 1 is the rate's quantile, 2 what `_beyond` refuses."""
    end = float(np.quantile(values, 1 - rate))
    unit = max(_beyond(values) - end, 0.05 * (end - float(np.median(values))), 1e-9)
    return end - unit, unit


def _quantile(values: Floats, share: float) -> float:
    found = float(np.quantile(values, share))
    positive = values[values > 0]
    return found if found > 0 else float(positive.min()) if positive.size else 1.0


def _fit(x: Floats, rng: np.random.Generator, most: int = _SAMPLE) -> Normal:
    """Return mean, scale, axes and a sample of at most so many rows; thresholds come later."""
    with np.errstate(all="ignore"):
        counts = np.isfinite(x).sum(axis=0)
        filled = np.where(np.isfinite(x), x, 0.0)
        mean = filled.sum(axis=0) / np.maximum(counts, 1)
    centred = np.where(np.isfinite(x), x - mean, 0.0)
    spread = centred.std(axis=0)
    positive = spread[spread > 0]
    # What never changes in the reference must not change, but rounding is no change.
    floor = _FLOOR * float(np.median(positive)) if positive.size else 1.0
    scale = np.maximum(np.maximum(spread, floor), 1e-9 * np.abs(mean))
    z = np.clip(centred / scale, -FARTHEST, FARTHEST)
    axes, variance = _axes(z, rng)
    sample = z[rng.permutation(len(z))[: min(most, _SAMPLE)]] @ axes.T
    held = float(variance.sum()) / max(float((z**2).sum() / len(z)), 1e-12)
    return Normal(
        rate=0.0,
        alarm=math.inf,
        refuse=math.inf,
        step=1,
        mean=_listed(mean),
        scale=_listed(scale),
        axes=tuple(map(_listed, axes)),
        variance=_listed(variance),
        sample=tuple(map(_listed, sample)),
        within=1.0,
        across=1.0 if held < 0.999 else 0.0,
        nearest=1.0,
        lows=(0.0, 0.0, 0.0),
        usual=0.0,
        moved=1.0,
        near=0.0,
        measured=min(_MEASURED, len(sample)),
    )


def _listed(values: Floats) -> tuple[float, ...]:
    """Return numbers with as many digits as matter, so that a profile can be looked at."""
    return tuple(float(f"{value:.9g}") for value in values)


def _axes(z: Floats, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Return the directions of most variance, and the variance along each, by subspace iteration.

    Source: Halko, Martinsson and Tropp, 2011, algorithm 4.4.
    """
    count = max(1, min(_AXES, z.shape[1], len(z) // 10))
    basis = rng.normal(size=(z.shape[1], min(count + 8, z.shape[1])))
    for _ in range(4):
        basis, _ = np.linalg.qr(z.T @ (z @ basis))
    _, singular, right = np.linalg.svd(z @ basis, full_matrices=False)
    axes = (right @ basis.T)[:count]
    variance = singular[:count] ** 2 / len(z)
    kept = variance > 1e-9 * max(float(variance[0]), 1e-12)
    kept[0] = True
    return axes[kept], np.maximum(variance[kept], 1e-12)


def _near(normal: Normal, x: Floats, rng: np.random.Generator) -> float:
    """Return the share of its distance to the sample below which a row seldom meets another one.

    Seldom is once in two hundred rows among the `REMEMBERED` of a client. So few pairs of a small
    reference are as close as that, so the share is taken from more of them and carried on by the
    power law that their distances follow; the fewer rows, the more careful.

    Source: Hill, 1975; Levina and Bickel, 2004, for distances.
    """
    if len(x) < _FEWEST_NEAR:
        return 0.0
    places = Scorer(normal).places(x)
    order = rng.permutation(len(x))
    half = len(x) // 2
    asked, others = places[order[:half][:_SAMPLE]], places[order[half:][:_SAMPLE]]
    # A row of the reference may be in the sample itself, and twice: it is no neighbour of itself.
    local = np.sort(distances_to_others(asked, np.array(normal.sample)), axis=1)[
        :, :NEIGHBOURS
    ].mean(axis=1)
    whole = np.isfinite(local)
    ratios = (distances_to_others(asked[whole], others) / local[whole, None]).reshape(-1)
    pairs = np.sort(ratios[np.isfinite(ratios)])
    wanted = _NEAR_SHARE / REMEMBERED * min(1.0, len(x) / _CERTAIN)
    at = max(_PAIRS, math.ceil(wanted * len(pairs)))
    if at >= len(pairs):
        return 0.0
    reach = float(pairs[at])
    dimension = at / max(float(np.log(reach / pairs[:at]).sum()), 1e-9)
    share = min(1.0, wanted / (at / len(pairs)))
    return min(0.5, reach * math.pow(share, 1 / max(dimension, 0.5)))
