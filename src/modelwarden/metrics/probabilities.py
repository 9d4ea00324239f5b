"""Metrics of stated probabilities: log loss, Brier score, calibration with interval and tests."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from scipy import special

from modelwarden.core import InputError, Measurement
from modelwarden.core.values import dataclass
from modelwarden.metrics.bootstrap import DRAWS
from modelwarden.metrics.counts import Labels
from modelwarden.metrics.intervals import SHARE, Floats, Interval, mean_of, z_of
from modelwarden.metrics.values import Difference, measured

NON_NEGATIVE = Interval(0.0, math.inf)
BINS = 15


def log_losses(y: Labels, scores: Floats) -> Floats:
    """Return −ln of the score of the true class, (n,); scores below 2.2e-16 count as that.

    Args:
        y: (n,) positions of the true classes.
        scores: (n, k) probabilities.
    """
    tiny = np.finfo(np.float64).eps
    chosen = np.clip(scores[np.arange(len(y)), y], tiny, 1 - tiny)
    return -np.log(chosen)


def log_loss(y: Labels, scores: Floats, *, level: float = 0.95) -> Measurement:
    """Return the mean log loss in nats, (n,) classes and (n, k) probabilities that add up to 1.

    Raises:
        InputError: shapes disagree, or a score is no probability.
    """
    _check(y, scores)
    losses = log_losses(y, scores)
    return _mean("log_loss", losses, NON_NEGATIVE, level)


def squared_distances(y: Labels, scores: Floats) -> Floats:
    """Return the Brier score of each row, (n,) in 0–1.

    For two classes (1 − p)² of the true class; for more ½ Σ (pₖ − yₖ)², so that both are 0–1.
    """
    rows = np.arange(len(y))
    if scores.shape[1] == 2:
        return np.asarray((1 - scores[rows, y]) ** 2, np.float64)
    total = np.einsum("ij,ij->i", scores, scores)
    return np.asarray((total - 2 * scores[rows, y] + 1) / 2, np.float64)


def brier_score(y: Labels, scores: Floats, *, level: float = 0.95) -> Measurement:
    """Return the mean squared distance of the scores from what happened.

    Source: Brier 1950, "Verification of forecasts expressed in terms of probability"; halved for
    more than two classes, as scikit-learn's `scale_by_half`.

    Raises:
        InputError: shapes disagree, or a score is no probability.
    """
    _check(y, scores)
    return _mean("brier_score", squared_distances(y, scores), SHARE, level)


def beyond_prior(y: Labels, scores: Floats, *, level: float = 0.95) -> Difference:
    """Return the Brier score that the model saves over always stating the class shares, paired."""
    _check(y, scores)
    shares = np.bincount(y, minlength=scores.shape[1]) / max(len(y), 1)
    saved = squared_distances(y, np.broadcast_to(shares, scores.shape))
    saved = saved - squared_distances(y, scores)
    value = float(saved.mean()) if len(saved) else math.nan
    ends = mean_of(saved, level=level, within=Interval(-1.0, 1.0))
    return Difference("brier_score", value, ends, len(saved), level)


def _mean(name: str, losses: Floats, within: Interval, level: float) -> Measurement:
    value = float(losses.mean()) if len(losses) else math.nan
    ends = mean_of(losses, level=level, within=within)
    return measured(name, value, ends, len(losses), level=level)


def _check(y: Labels, scores: Floats) -> None:
    if scores.ndim != 2 or scores.shape[0] != len(y):
        raise InputError(f"{np.shape(y)} labels do not go with {scores.shape} scores")
    if not (scores.min(initial=0.0) >= 0 and scores.max(initial=1.0) <= 1):
        raise InputError("a score lies outside 0 to 1: it is no probability")
    if len(y) and np.abs(scores.sum(axis=1) - 1).max() > 1e-4:
        raise InputError("the scores of a row do not add up to 1")


@dataclass(frozen=True, slots=True, eq=False)
class Reliability:
    """Counts by bins of the stated probability; parts of the data add up.

    Attributes:
        n: (bins,) rows.
        stated: (bins,) sum of the stated probabilities.
        happened: (bins,) rows in which it happened.
    """

    n: Labels
    stated: Floats
    happened: Labels

    @property
    def error(self) -> float:
        """Σ |happened − stated| / n: the expected calibration error; NaN with no rows."""
        total = int(self.n.sum())
        return float(np.abs(self.happened - self.stated).sum() / total) if total else math.nan


def reliability(happened: npt.ArrayLike, stated: npt.ArrayLike, *, bins: int = BINS) -> Reliability:
    """Count (n,) booleans by (n,) stated probabilities in 0–1, in bins of equal width.

    For more than two classes: the largest score, and whether its class was right.
    """
    truth, score = np.asarray(happened, np.bool_), np.asarray(stated, np.float64)
    if truth.shape != score.shape or truth.ndim != 1:
        raise InputError(f"{truth.shape} labels do not go with {score.shape} scores")
    if not (score.min(initial=0.0) >= 0 and score.max(initial=1.0) <= 1):
        raise InputError("a score lies outside 0 to 1: it is no probability")
    place = np.minimum((score * bins).astype(np.int64), bins - 1)
    return Reliability(
        np.bincount(place, minlength=bins).astype(np.int64),
        np.bincount(place, weights=score, minlength=bins).astype(np.float64),
        np.bincount(place[truth], minlength=bins).astype(np.int64),
    )


def expected_calibration_error(
    curve: Reliability, rng: np.random.Generator, *, level: float = 0.95, draws: int = DRAWS
) -> Measurement:
    """Return the calibration error with a conservative interval, and a test in the conditions.

    The error of a perfectly calibrated model is above 0, by chance, so the plain percentiles of
    replicates lie too high. The error cannot exceed the truth by more than the noise of the bins
    added up, whose quantile is taken off below; above, the value errs upwards already, and the
    normal quantile of its deviation is added. `p_value` is the share of draws in which outcomes
    made *with* the stated probabilities look as far off: small means miscalibrated.
    `beyond_chance` is the value less what chance alone gives, 0 at the least.

    Args:
        curve: counts by bins.
        rng: draws the outcomes of each bin.
        level: nominal coverage.
        draws: replicates, and draws of the test.

    Source: Bröcker and Smith 2007, "Increasing the reliability of reliability diagrams", for the
    test. The lower end is the triangle inequality over bins; ours.
    """
    total, value = int(curve.n.sum()), curve.error
    if not total:
        return measured("expected_calibration_error", value, SHARE, 0, level=level)
    used = curve.n > 0
    n, stated = curve.n[used], curve.stated[used]
    seen = (curve.happened[used] + 0.5) / (n + 1)
    drawn = rng.binomial(n, seen, size=(draws, len(n)))
    errors = np.abs(drawn - stated).sum(axis=1) / total
    noise = np.abs(drawn - n * seen).sum(axis=1) / total
    low = value - float(np.quantile(noise, (1 + level) / 2))
    high = value + z_of(level) * float(errors.std())
    ends = Interval(max(0.0, low), high)
    honest = rng.binomial(n, np.clip(stated / n, 0, 1), size=(draws, len(n)))
    farther = np.abs(honest - stated).sum(axis=1) / total >= value * (1 - 1e-12)
    p_value = (1 + int(farther.sum())) / (draws + 1)
    excess = max(0.0, value - float(np.abs(honest - stated).sum(axis=1).mean()) / total)
    return measured(
        "expected_calibration_error",
        value,
        ends,
        total,
        level=level,
        conditions={
            "bins": len(curve.n),
            "draws": draws,
            "p_value": p_value,
            "beyond_chance": excess,
        },
    )


def spiegelhalter(happened: npt.ArrayLike, stated: npt.ArrayLike) -> tuple[float, float]:
    """Return z and the two-sided p of the test that stated probabilities are right, without bins.

    z = Σ (y − p)(1 − 2p) / √Σ (1 − 2p)² p (1 − p); (0, 1) where every p is 0, ½ or 1 and right.

    Source: Spiegelhalter 1986, "Probabilistic prediction in patient management and clinical
    trials".
    """
    truth, score = np.asarray(happened, np.float64), np.asarray(stated, np.float64)
    tilt = 1 - 2 * score
    top = float(((truth - score) * tilt).sum())
    spread = math.sqrt(float((tilt**2 * score * (1 - score)).sum()))
    if spread == 0:
        return (0.0, 1.0) if abs(top) < 1e-12 else (math.copysign(math.inf, top), 0.0)
    z = top / spread
    return z, float(2 * special.ndtr(-abs(z)))
