"""Performance on rows without labels: right where scores are, corrected where there are labels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from assess.fakes import Labels, Values, binary, context, honest, logistic, spec, vectors
from modelwarden.assess.performance import run
from modelwarden.assess.unlabelled import expected_auc
from modelwarden.core import GapKind
from modelwarden.targets.spec import Task


def estimated(result):
    return {m.name: m for m in result.measurements if m.name.startswith("estimated") and m.group}


def test_without_any_label_the_scores_tell_and_the_gap_stays():
    x, y = binary(5000, seed=3)

    result = run(context(honest(), vectors(x)))

    got = estimated(result)
    right = ((logistic(x)[:, 1] >= 0.5) == y).mean()
    assert not result.done
    assert [g.kind for g in result.gaps] == [GapKind.NOT_ASSESSABLE]
    assert got["estimated_accuracy"].low < right < got["estimated_accuracy"].high
    auc = roc_auc_score(y, logistic(x)[:, 1])
    assert got["estimated_roc_auc"].low < auc < got["estimated_roc_auc"].high
    assert any("blind to concept drift" in note for note in result.notes)


@pytest.mark.parametrize("sure", [2.0, 6.0])
def test_a_later_frame_is_estimated_by_scores_that_the_test_set_calibrates(sure):
    x, y = binary(5000)
    later, truth = binary(4000, seed=1)
    later = later * 0.3  # harder rows: nearer to the border
    p = logistic(later)[:, 1]
    truth = (np.random.default_rng(2).random(4000) < p).astype(int)
    made = context(honest(slope=sure), vectors(x, y))

    result = run(replace(made, current=vectors(later, name="current")))

    got = estimated(result)["estimated_accuracy"]
    assert got.group == {"rows": "current"}
    assert got.conditions["calibrated_on"] == "test"
    assert got.value == pytest.approx(((p >= 0.5) == truth).mean(), abs=0.03)
    assert got.value < next(m.value for m in result.measurements if m.name == "accuracy") - 0.1


def test_a_few_labels_correct_an_estimate_that_is_far_off():
    x, y = binary(6000)
    wrong = np.where(np.random.default_rng(0).random(6000) < 0.3, 1 - y, y)  # concept drift
    few = np.where(np.arange(6000) % 10 == 0, wrong, np.nan)
    blind = run(context(honest(), vectors(x)))

    result = run(context(honest(), vectors(x, few)))

    real = ((logistic(x)[:, 1] >= 0.5) == wrong).mean()
    got = estimated(result)["estimated_accuracy"]
    assert got.conditions["method"] == "prediction-powered"
    assert got.low < real < got.high
    assert estimated(blind)["estimated_accuracy"].low > real


def test_labels_of_some_rows_tell_more_together_with_the_scores_of_all():
    x, y = binary(6000)
    few = np.where(np.arange(6000) % 10 == 0, y, np.nan)

    result = run(context(honest(), vectors(x, few)))

    got = estimated(result)["estimated_accuracy"]
    alone = next(m for m in result.measurements if m.name == "accuracy" and m.group is None)
    assert got.high - got.low < 0.97 * (alone.high - alone.low)


def test_the_corrected_interval_holds_the_truth_as_often_as_it_says():
    held = 0
    for seed in range(40):
        x, y = binary(1500, seed)
        few = np.where(np.arange(1500) % 5 == 0, y, np.nan)
        got = estimated(run(context(honest(slope=8.0), vectors(x, few))))["estimated_accuracy"]
        p = logistic(x)[:, 1]
        held += got.low <= np.maximum(p, 1 - p).mean() <= got.high
    assert held >= 34


def test_what_tells_nothing_without_labels_is_said():
    x, _ = binary(300)
    labels = run(context(Labels(spec(), lambda x: np.zeros(len(x), int)), vectors(x)))
    values = run(context(Values(spec(Task.REGRESSION), lambda x: x[:, 0]), vectors(x)))

    assert "gives no scores" in labels.notes[0]
    assert estimated(labels) == estimated(values) == {}
    assert not values.done


def test_the_expected_area_is_the_mean_of_drawn_ones():
    rng = np.random.default_rng(0)
    scores = np.round(rng.random(400), 2)
    chance = np.clip(scores + rng.normal(0, 0.1, 400), 0.02, 0.98)

    drawn = [roc_auc_score(rng.random(400) < chance, scores) for _ in range(400)]

    assert expected_auc(scores, chance) == pytest.approx(np.mean(drawn), abs=0.005)
