from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from metricdata import labels, probabilities, scored
from modelwarden.core import MissingExtraError, UnknownNameError
from modelwarden.metrics import MEASURES, measure, require
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

# Taken by the stages themselves, from more than the arrays of one model; tested there.
OF_STAGES = {
    "accuracy_over_trivial",
    "accuracy_difference",
    "roc_auc_difference",
    "mae_difference",
    "duplicate_share",
    "roc_auc_score_difference",
    "mean_prediction_difference",
    "mean_error_difference",
    "mean_absolute_error_difference",
    "counterfactual_change_rate",
    "protected_attribute_auc",
    "identity_flip_rate",
    "abnormal_inputs_survived",
    "estimated_accuracy",
    "estimated_roc_auc",
    "excess_error",
    "excess_residual",
    "clean_accuracy",
    "robust_accuracy",
    "robust_accuracy_change",
    "attack_success_rate",
    "median_changes",
    "median_queries",
    "latency",
    "latency_p95",
    "throughput",
    "peak_memory",
    "distribution_shift",
    "mean_shift",
    "missing_share_change",
    "mix_shift",
    "prediction_shift",
    "rows_asked",
    "repeated_rows",
    "retried_rows",
    "evasions_fixed",
    "evasions_arrived",
    "rows_until_refused",
    "extraction_agreement",
    "membership_auc",
    "membership_tpr_at_1pct_fpr",
    "unanswered",
}


def test_the_catalogue_holds_what_is_measured_and_nothing_else():
    rng = np.random.default_rng(0)
    y, predicted, group = labels(200, 2)
    counts = count(y, predicted, group=group)
    truth, p = probabilities(200, 2)

    taken = [
        *performance(counts, rng, positive=1, draws=20),
        *per_group(counts, positive=1),
        *gaps(counts, rng, positive=1, draws=20),
        *regression(*scored()),
        roc_auc(*scored()),
        roc_auc_ovr(truth, p),
        top_k_accuracy(truth, p, 1),
        average_precision(*scored(), rng),
        log_loss(truth, p),
        brier_score(truth, p),
        expected_calibration_error(reliability(truth, p[:, 1]), rng),
    ]

    own = {entry.name for entry in MEASURES if entry.name not in OF_STAGES}
    assert {m.name for m in taken} == own
    assert all(m.higher_is_better == measure(m.name).higher_is_better for m in taken)


def test_an_unknown_name_is_answered_with_the_nearest():
    with pytest.raises(UnknownNameError) as raised:
        measure("acuracy")

    assert raised.value.nearest == "accuracy"


def test_what_measurements_mean_is_known_without_numpy():
    script = "import sys, modelwarden.metrics; sys.exit('numpy' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def test_without_numpy_the_extra_is_named(monkeypatch):
    require()
    monkeypatch.setattr("modelwarden.metrics.find_spec", lambda name: None)

    with pytest.raises(MissingExtraError) as raised:
        require()

    assert raised.value.hint.endswith("'modelwarden[assess]'")
