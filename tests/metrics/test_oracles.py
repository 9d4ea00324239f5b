"""Every measurement of this room beside the library that has it: its value, and its interval."""

from __future__ import annotations

import math
from collections.abc import Callable

import fairlearn.metrics as fair
import numpy as np
import pytest
from scipy import stats
from sklearn import metrics as sk
from tests.metrics.test_catalog import OF_STAGES

from metricdata import labels, named
from modelwarden.metrics import MEASURES
from modelwarden.metrics.classification import performance
from modelwarden.metrics.counts import count
from modelwarden.metrics.groups import gaps, per_group
from modelwarden.metrics.probabilities import (
    brier_score,
    expected_calibration_error,
    log_loss,
    reliability,
)
from modelwarden.metrics.ranking import average_precision, roc_auc, roc_auc_ovr, top_k_accuracy
from modelwarden.metrics.regression import regression

RNG = np.random.default_rng(0)
N = 1_500
Y, SAID, GROUP = labels(N, 2)
SCORE = np.clip(RNG.beta(2, 2, N) * 0.6 + 0.3 * Y, 0.001, 0.999)
P = np.stack([1 - SCORE, SCORE], axis=1)
TRUTH = RNG.normal(size=N)
VALUE = TRUTH + 0.5 * RNG.normal(size=N)
ERROR = np.abs(TRUTH - VALUE)
LEAST = 1e-9  # ours stay within what floats and the tails of a distribution differ by

Ends = tuple[float, float]


def wilson(hits: object, of: object) -> Ends:
    """The interval of a share, by scipy."""
    found = stats.binomtest(int(np.sum(hits)), int(np.sum(of))).proportion_ci(method="wilson")
    return found.low, found.high


def student(losses: np.ndarray) -> Ends:
    """The interval of a mean, by scipy."""
    found = stats.ttest_1samp(losses, 0).confidence_interval()
    return found.low, found.high


def of_logarithm(squares: np.ndarray) -> Ends:
    """Student's interval of a mean, for its logarithm, carried back."""
    mean = squares.mean()
    wide = stats.t.ppf(0.975, len(squares) - 1) * stats.sem(squares) / mean
    return mean * math.exp(-wide), mean * math.exp(wide)


def of_jaccard(hits: object, of: object) -> Ends:
    low, high = wilson(hits, of)
    return 2 * low / (1 + low), 2 * high / (1 + high)


def root(ends: Ends) -> Ends:
    return math.sqrt(ends[0]), math.sqrt(ends[1])


RIGHT, FOUND, CALLED = Y == SAID, (Y == 1) & (SAID == 1), SAID == 1
OWN = GROUP == 0  # whose rates are looked at
GAP = {"sensitive_features": GROUP}
# What the value is, and the interval where a library has one of this kind; None where none has.
ORACLES: dict[str, tuple[Callable[[], float], Callable[[], Ends] | None]] = {
    "accuracy": (lambda: sk.accuracy_score(Y, SAID), lambda: wilson(RIGHT, Y >= 0)),
    "balanced_accuracy": (lambda: sk.balanced_accuracy_score(Y, SAID), None),
    "precision": (lambda: sk.precision_score(Y, SAID), lambda: wilson(FOUND, CALLED)),
    "recall": (lambda: sk.recall_score(Y, SAID), lambda: wilson(FOUND, Y)),
    "f1": (lambda: sk.f1_score(Y, SAID), lambda: of_jaccard(FOUND, (Y == 1) | CALLED)),
    "precision_macro": (lambda: sk.precision_score(Y, SAID, average="macro"), None),
    "recall_macro": (lambda: sk.recall_score(Y, SAID, average="macro"), None),
    "f1_macro": (lambda: sk.f1_score(Y, SAID, average="macro"), None),
    "precision_micro": (
        lambda: sk.precision_score(Y, SAID, average="micro"),
        lambda: wilson(RIGHT, Y >= 0),
    ),
    "recall_micro": (
        lambda: sk.recall_score(Y, SAID, average="micro"),
        lambda: wilson(RIGHT, Y >= 0),
    ),
    "f1_micro": (lambda: sk.f1_score(Y, SAID, average="micro"), lambda: wilson(RIGHT, Y >= 0)),
    "precision_weighted": (lambda: sk.precision_score(Y, SAID, average="weighted"), None),
    "recall_weighted": (
        lambda: sk.recall_score(Y, SAID, average="weighted"),
        lambda: wilson(RIGHT, Y >= 0),
    ),
    "f1_weighted": (lambda: sk.f1_score(Y, SAID, average="weighted"), None),
    "matthews_corrcoef": (lambda: sk.matthews_corrcoef(Y, SAID), None),
    "cohen_kappa": (lambda: sk.cohen_kappa_score(Y, SAID), None),
    "roc_auc": (lambda: sk.roc_auc_score(Y, SCORE), None),
    "roc_auc_ovr": (lambda: sk.roc_auc_score(Y, SCORE), None),
    "average_precision": (lambda: sk.average_precision_score(Y, SCORE), None),
    "log_loss": (lambda: sk.log_loss(Y, P), lambda: student(-np.log(P[np.arange(N), Y]))),
    "brier_score": (lambda: sk.brier_score_loss(Y, SCORE), lambda: student((SCORE - Y) ** 2)),
    "top_k_accuracy": (
        lambda: sk.accuracy_score(Y, SCORE > 0.5),
        lambda: wilson((SCORE > 0.5) == Y, Y >= 0),
    ),
    "rmse": (
        lambda: sk.root_mean_squared_error(TRUTH, VALUE),
        lambda: root(of_logarithm(ERROR**2)),
    ),
    "mean_squared_error": (
        lambda: sk.mean_squared_error(TRUTH, VALUE),
        lambda: of_logarithm(ERROR**2),
    ),
    "mae": (lambda: sk.mean_absolute_error(TRUTH, VALUE), lambda: student(ERROR)),
    "median_absolute_error": (
        lambda: sk.median_absolute_error(TRUTH, VALUE),
        lambda: tuple(stats.quantile_test(ERROR, q=0, p=0.5).confidence_interval(0.95)),
    ),
    "r2": (lambda: sk.r2_score(TRUTH, VALUE), None),
    "spearman": (lambda: stats.spearmanr(TRUTH, VALUE).statistic, None),
    "pearson": (
        lambda: stats.pearsonr(TRUTH, VALUE).statistic,
        lambda: tuple(stats.pearsonr(TRUTH, VALUE).confidence_interval()),
    ),
    "selection_rate": (
        lambda: fair.selection_rate(Y[OWN], SAID[OWN]),
        lambda: wilson(CALLED & OWN, OWN),
    ),
    "true_positive_rate": (
        lambda: fair.true_positive_rate(Y[OWN], SAID[OWN]),
        lambda: wilson(FOUND & OWN, Y[OWN]),
    ),
    "false_positive_rate": (
        lambda: fair.false_positive_rate(Y[OWN], SAID[OWN]),
        lambda: wilson((Y == 0) & CALLED & OWN, (Y == 0) & OWN),
    ),
    "demographic_parity_difference": (
        lambda: fair.demographic_parity_difference(Y, SAID, **GAP),
        None,
    ),
    "equal_opportunity_difference": (
        lambda: fair.equal_opportunity_difference(Y, SAID, **GAP),
        None,
    ),
    "equalized_odds_difference": (lambda: fair.equalized_odds_difference(Y, SAID, **GAP), None),
    "false_positive_rate_difference": (
        lambda: fair.MetricFrame(metrics=fair.false_positive_rate, y_true=Y, y_pred=SAID, **GAP)
        .difference(),
        None,
    ),
    "predictive_parity_difference": (
        lambda: fair.MetricFrame(metrics=sk.precision_score, y_true=Y, y_pred=SAID, **GAP)
        .difference(),
        None,
    ),
    "accuracy_score_difference": (
        lambda: fair.MetricFrame(metrics=sk.accuracy_score, y_true=Y, y_pred=SAID, **GAP)
        .difference(),
        None,
    ),
}  # fmt: skip
# No library has it; worked out by its definition in test_probabilities.py.
BY_DEFINITION = {"expected_calibration_error"}


@pytest.fixture(scope="module")
def ours():
    rng = np.random.default_rng(0)
    counts = count(Y, SAID, group=GROUP)
    rates = [m for m in per_group(counts, positive=1) if m.group == 0]
    return named(
        [
            *rates,
            *performance(counts, rng, positive=1, draws=200),
            *gaps(counts, rng, positive=1, draws=200),
            *regression(TRUTH, VALUE),
            roc_auc(Y, SCORE),
            roc_auc_ovr(Y, P),
            top_k_accuracy(Y, P, 1),
            average_precision(Y, SCORE, rng),
            log_loss(Y, P),
            brier_score(Y, P),
            expected_calibration_error(reliability(Y, SCORE), rng),
        ]
    )


def test_every_measurement_of_this_room_has_an_oracle(ours):
    own = {entry.name for entry in MEASURES} - OF_STAGES

    assert own == ORACLES.keys() | BY_DEFINITION
    assert own <= set(ours)


@pytest.mark.parametrize("name", ORACLES)
def test_value_and_interval_are_those_of_the_library(ours, name):
    value, ends = ORACLES[name]

    assert ours[name].value == pytest.approx(value(), abs=LEAST)
    if ends is not None:
        assert (ours[name].low, ours[name].high) == pytest.approx(ends(), abs=LEAST)
