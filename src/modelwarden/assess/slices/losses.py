"""What each row lost, and what it had to be expected to lose.

A row that is hard to answer, and of which the model says so, is no weakness. So the loss is held
against what the model's own score lets one expect, after the score was calibrated: a model that is
too sure everywhere is told so elsewhere, and here all its rows are measured alike. Where there is
no score, a small learner says how well a row can be answered at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from modelwarden.assess.learner import Learned, learn
from modelwarden.assess.slices.features import Feature
from modelwarden.assess.slices.search import Losses
from modelwarden.assess.truth import Judged
from modelwarden.metrics.ranking import Flags
from modelwarden.targets.frames import Floats, Labels

_BINS, _BIN_ROWS = 30, 25
_LEAST_SPREAD = 0.02
_MOST_CLASSES = 10  # that the learner is taught
_AWAY = 4.0  # deviations beyond which a residual counts as that


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Excess:
    """Losses of n rows, and what was to be expected.

    Attributes:
        what: `error` (0 or 1), `above` or `below` (signed residual) or `size` (of it).
        loss: (n,). expected: (n,) of the same.
        losses: beyond expectation, for the search.
        from_scores: the expectation is the model's own; otherwise that of a small learner.
        unit: of the losses, in that of the label.
    """

    what: str
    loss: Floats
    expected: Floats
    losses: Losses
    from_scores: bool = False
    unit: float = 1.0

    def take(self, rows: Labels) -> Excess:
        """Return some rows."""
        return replace(
            self,
            loss=self.loss[rows],
            expected=self.expected[rows],
            losses=self.losses.take(rows),
        )


def of_classes(seen: Judged, features: Sequence[Feature], seed: int) -> Excess:
    """Return the errors of a classifier, and how many of them were to be expected."""
    if seen.y is None or seen.said is None:
        raise TypeError("a regression has no errors")
    wrong = (seen.y != seen.said).astype(np.float64)
    at = seen.at_positive
    if seen.scores is None:
        return _beside_learner(wrong, learned_errors(seen, features, seed))
    if at is not None:
        positive = recalibrated(seen.scores[:, at], seen.y == at)
        expected = np.where(seen.said == at, 1 - positive, positive)
    else:
        stated = seen.scores[np.arange(seen.n), seen.said]
        expected = recalibrated(-stated, wrong > 0)
    expected = np.clip(expected, 0.0, 1.0)
    spread = np.maximum(expected * (1 - expected), _LEAST_SPREAD)
    return Excess(
        what="error",
        loss=wrong,
        expected=expected,
        losses=Losses(wrong - expected, spread),
        from_scores=True,
    )


def _beside_learner(wrong: Floats, other: Floats) -> Excess:
    """Hold errors against those of a small learner on the same rows.

    Where both err alike the rows are hard; a model that is the worse of the two everywhere is
    measured against itself.
    """
    beyond = wrong - other - max(0.0, float((wrong - other).mean()))
    spread = np.full(len(wrong), max(float((wrong != other).mean()), _LEAST_SPREAD))
    return Excess(
        what="error",
        loss=wrong,
        expected=wrong - beyond,
        losses=Losses(beyond, spread),
        from_scores=False,
    )


def of_regression(seen: Judged, features: Sequence[Feature], seed: int) -> list[Excess]:
    """Return the residuals of a regression three ways: too high, too low, and large."""
    if seen.truth is None or seen.values is None:
        raise TypeError("a classifier has no residuals")
    raw = seen.values - seen.truth
    raw = raw - np.median(raw)
    unit = float(np.median(np.abs(raw))) * 1.4826 or float(np.abs(raw).mean())
    if not unit or not np.isfinite(unit):
        return []
    away = np.clip(raw / unit, -_AWAY, _AWAY)
    away = away - away.mean()
    spread = np.maximum(_out_of_fold(features, away**2, seed, logistic=False), 0.25)
    middle = float(np.median(seen.truth))
    truth = (seen.truth - middle) / unit
    edge = max(50.0, float(np.quantile(np.abs(truth), 0.99)))  # a few beyond teach nothing
    truth = np.clip(truth, -edge, edge)
    other = truth - _out_of_fold(features, truth, seed + 1, logistic=False)
    size, reference = np.abs(away), np.minimum(np.abs(other), _AWAY)
    reference = reference + max(0.0, float((size - reference).mean()))
    beyond = size - reference
    ratio = float(beyond.var()) / float(spread.mean())
    signed = Losses(away, spread, counts=False)
    zero = np.zeros(len(away))
    scattered = Losses(beyond, spread * max(ratio, 1e-6), counts=False)
    below = replace(signed, beyond=-away)
    return [
        Excess(what="above", loss=away, expected=zero, losses=signed, unit=unit),
        Excess(what="below", loss=-away, expected=zero, losses=below, unit=unit),
        Excess(what="size", loss=size, expected=reference, losses=scattered, unit=unit),
    ]


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """How often something happened at a score, as far as rows tell.

    Attributes:
        scores: rising means of bins. rates: how often it happened there, never falling.
    """

    scores: Floats
    rates: Floats

    @staticmethod
    def of(scores: Floats, happened: Flags) -> Calibration:
        """Learn from (n,) scores and whether it happened.

        Rows are put into bins of equal size, and neighbours that fall are joined.

        Source: Ayer et al. 1955 for the joining; Zadrozny and Elkan 2002 for its use on scores.
        """
        bins = max(1, min(_BINS, len(scores) // _BIN_ROWS))
        edges = np.unique(np.quantile(scores, np.linspace(0, 1, bins + 1)[1:-1], method="lower"))
        place = np.searchsorted(edges, scores, side="left")
        n = np.bincount(place, minlength=len(edges) + 1).astype(np.float64)
        some = n > 0
        at = np.bincount(place, scores, len(n))[some] / n[some]
        rate = np.bincount(place, happened, len(n))[some] / n[some]
        return Calibration(at, _rising(rate, n[some]))

    def at(self, scores: Floats) -> Floats:
        """Return how often it happens at scores as these; between the bins in a straight line."""
        return np.asarray(np.interp(scores, self.scores, self.rates), np.float64)


def recalibrated(scores: Floats, happened: Flags) -> Floats:
    """Return how often it happened at scores as these, (n,)."""
    return Calibration.of(scores, happened).at(scores)


def _rising(rates: Floats, weights: Floats) -> Floats:
    """Return the nearest rates that never fall (pool adjacent violators)."""
    blocks: list[tuple[float, float, int]] = []
    for rate, weight in zip(rates.tolist(), weights.tolist(), strict=True):
        block = (rate, weight, 1)
        while blocks and blocks[-1][0] >= block[0]:
            last = blocks.pop()
            both = last[1] + block[1]
            block = ((last[0] * last[1] + block[0] * block[1]) / both, both, last[2] + block[2])
        blocks.append(block)
    return np.repeat([b[0] for b in blocks], [b[2] for b in blocks])


def learned_errors(seen: Judged, features: Sequence[Feature], seed: int) -> Floats:
    """Return where a small learner is wrong, taught on the other half of the rows, (n,) 0 or 1."""
    y, classes = seen.y, len(seen.classes)
    if y is None:
        raise TypeError("a regression has no errors")
    sizes = np.bincount(y, minlength=classes)
    known = np.argsort(-sizes, kind="stable")[:_MOST_CLASSES]
    if classes == 2:
        second = _out_of_fold(features, (y == 1).astype(np.float64), seed, logistic=True)
        chances = np.stack([1 - second, second], axis=1)
        known = np.arange(2)
    else:
        each = [
            _out_of_fold(features, (y == c).astype(np.float64), seed, logistic=True) for c in known
        ]
        chances = np.stack(each, axis=1)
        chances /= np.maximum(chances.sum(axis=1, keepdims=True), 1e-9)
    return np.asarray(known[chances.argmax(axis=1)] != y, np.float64)


def _out_of_fold(features: Sequence[Feature], y: Floats, seed: int, *, logistic: bool) -> Floats:
    """Return what is told of each half of the rows by what was learned on the other."""
    order = np.random.default_rng(seed).permutation(len(y))
    halves = order[::2], order[1::2]
    told = np.empty(len(y))
    for ours, other in (halves, halves[::-1]):
        learned: Learned = learn(features, y, np.sort(ours), logistic=logistic)
        told[other] = learned.of(features, other)
    return told
