"""Real models of others on real data, scanned, opened in the sandbox, measured and judged."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from modelwarden.core import Outcome
from modelwarden.gate.check import check
from modelwarden.gate.draft import draft

SPAM = """
[project]
name = "spam"
task = "binary"
modality = "text"

[model]
path = "model/"
adapter = "callable"
entry = "predict.py:predict"
card = "README.md"

[limits]
seconds = 300

[data]
test = "sms.parquet"
label = "label"
positive = 1
text = "text"
"""
PREDICT = """
from pathlib import Path

import joblib

HERE = Path(__file__).parent / "model"
MODEL, WORDS = joblib.load(HERE / "{0}_model.joblib"), joblib.load(HERE / "{0}_vectoriser.joblib")


def predict(texts):
    return (MODEL.predict(WORDS.transform(list(texts))) == "spam").astype(int)
"""
CARD = """---
model-index:
- name: spam
  results:
  - dataset: {name: mails of its makers, type: private}
    metrics:
    - {type: accuracy, value: 0.98}
    - {type: recall, value: 0.80}
---
"""


@pytest.fixture
def needs_sandbox():
    pytest.importorskip("joblib")
    pytest.importorskip("pandas")


@pytest.mark.parametrize("name", ["lr", "nb"])
def test_a_published_spam_filter_is_worse_than_saying_ham_to_these_messages(
    shared, tmp_path, name, needs_sandbox
):
    (tmp_path / "model").mkdir()
    zoo = shared / "data/models/sklearn/spam_detector_ai"
    for part in ("model", "vectoriser"):
        shutil.copy(zoo / f"{name}_{part}.joblib", tmp_path / "model")
    shutil.copy(shared / "data/sms-spam/sms.parquet", tmp_path)
    (tmp_path / "predict.py").write_text(PREDICT.format(name))
    (tmp_path / "README.md").write_text(CARD)
    (tmp_path / "modelwarden.toml").write_text(SPAM)

    report = check(tmp_path, stages=["performance", "claims"]).report

    measured = {m.name: m.value for m in report.measurements if m.group is None}
    found = {f.rule: f for f in report.findings if f.stage in {"performance", "claims"}}
    assert report.verdict.outcome is Outcome.FAIL
    assert "worse-than-trivial" in found
    assert found["claim-refuted"].evidence["claimed_on"].startswith("mails of its makers")
    assert measured["accuracy"] == pytest.approx({"lr": 0.336, "nb": 0.548}[name], abs=0.001)
    assert measured["recall"] == pytest.approx({"lr": 0.894, "nb": 0.861}[name], abs=0.001)
    assert report.isolation in {"full", "partial"}
    assert not [
        g for g in report.gaps if g.stage == "performance" and g.kind != "partial-isolation"
    ]


PROFANITY = SPAM.replace('card = "README.md"\n', "").replace("sms.parquet", "comments.parquet")
PROFANITY_PREDICT = """
from pathlib import Path

import joblib

HERE = Path(__file__).parent / "model"
MODEL = joblib.load(HERE / "profanity_model.joblib")
WORDS = joblib.load(HERE / "profanity_vectorizer.joblib")


def predict(texts):
    return MODEL.predict_proba(WORDS.transform(list(texts)))
"""


def test_a_published_profanity_filter_is_refused_for_three_words_and_no_other(
    shared, tmp_path, needs_sandbox
):
    (tmp_path / "model").mkdir()
    for part in ("model", "vectorizer"):
        name = f"profanity_{part}.joblib"
        shutil.copy(shared / "data/models/sklearn" / name, tmp_path / "model")
    shutil.copy(shared / "data/toxicity/wiki_comments.parquet", tmp_path / "comments.parquet")
    (tmp_path / "predict.py").write_text(PROFANITY_PREDICT)
    (tmp_path / "modelwarden.toml").write_text(PROFANITY)

    report = check(tmp_path, stages=["fairness"]).report

    found = [f for f in report.findings if f.stage == "fairness"]
    assert report.verdict.outcome is Outcome.FAIL
    assert {f.rule for f in found} == {"identity-term-bias"}
    assert {f.location.terms["term"] for f in found} == {"gay", "homosexual", "queer"}
    assert all(f.evidence["share"] > 0.5 for f in found)


def test_a_model_of_digits_passes_from_init_to_the_verdict(shared, tmp_path, needs_sandbox):
    datasets = pytest.importorskip("sklearn.datasets")
    shutil.copy(shared / "data/models/sklearn/digits_svm.joblib", tmp_path)
    digits = datasets.load_digits()
    np.savez(tmp_path / "test.npz", x=digits.data, y=digits.target)
    text = draft(tmp_path)
    (tmp_path / "modelwarden.toml").write_text(
        text + '[policy.measure]\n"accuracy" = {min = 0.95}\n[limits]\nseconds = 300\n'
    )

    report = check(tmp_path).report

    measured = {m.name: m for m in report.measurements if m.group is None}
    assert report.verdict.outcome in {Outcome.PASS, Outcome.INCOMPLETE}, report.verdict.reasons
    assert measured["accuracy"].value == pytest.approx(0.984, abs=0.002)
    assert measured["latency"].value > 0
    assert {"artifacts", "performance", "cost"} <= set(report.stages)
    assert "sandbox-attempt" in {rule.id for rule in report.rules}
