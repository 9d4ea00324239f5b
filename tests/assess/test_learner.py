"""The small learner learns what can be learned, and nothing where there is nothing."""

from __future__ import annotations

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score

from assess.fakes import table
from modelwarden.assess.learner import learn
from modelwarden.assess.slices.features import features_of


def made(n=4000, seed=0):
    rng = np.random.default_rng(seed)
    columns = {f"n{i}": rng.normal(size=n) for i in range(4)}
    columns["c"] = np.array(list("abcdef"), object)[rng.integers(0, 6, n)]
    raw = 2 * columns["n0"] * (columns["n1"] > 0) + 2.0 * np.isin(columns["c"], ["b", "e"]) - 0.7
    return columns, raw, rng


def test_it_is_about_as_good_as_a_real_one():
    columns, raw, rng = made()
    y = (rng.random(4000) < 1 / (1 + np.exp(-raw))).astype(float)
    features = features_of(table(columns).inputs)
    x = np.stack([f.codes for f in features], axis=1)

    ours = learn(features, y, np.arange(2000), logistic=True).of(features, np.arange(2000, 4000))
    theirs = HistGradientBoostingClassifier(max_iter=60, random_state=0).fit(x[:2000], y[:2000])

    auc = roc_auc_score(y[2000:], ours)
    assert auc > roc_auc_score(y[2000:], theirs.predict_proba(x[2000:])[:, 1]) - 0.02
    assert auc > 0.75
    assert np.abs(ours.mean() - y[2000:].mean()) < 0.05


def test_it_says_which_columns_told_it():
    columns, raw, _ = made()
    features = features_of(table(columns).inputs)

    learned = learn(features, raw, np.arange(4000), logistic=False)

    assert set(np.argsort(-learned.gains)[:3].tolist()) == {0, 1, 4}
    assert learned.gains.sum() == 1
    assert np.corrcoef(learned.of(features, np.arange(4000)), raw)[0, 1] > 0.95


def test_of_a_constant_and_of_no_columns_it_says_the_mean():
    columns, _, _ = made()
    features = features_of(table(columns).inputs)

    for some in (features, ()):
        learned = learn(some, np.full(4000, 3.0), np.arange(4000), logistic=False)
        assert learned.of(some, np.arange(10)).tolist() == [3.0] * 10
        assert not learned.gains.any()
