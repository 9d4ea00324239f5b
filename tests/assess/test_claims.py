"""Claims: how they are read, what names and numbers mean, and how they are judged."""

from __future__ import annotations

import contextlib
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from assess.fakes import (
    Labels,
    Scores,
    Values,
    binary,
    context,
    honest,
    logistic,
    rules,
    spec,
    table,
    vectors,
)
from modelwarden.assess.claims.claim import stated
from modelwarden.assess.claims.decide import Test as ClaimTest
from modelwarden.assess.claims.decide import holm, rows_to_settle
from modelwarden.assess.claims.names import readings
from modelwarden.assess.claims.read import claims_of
from modelwarden.assess.claims.verify import run
from modelwarden.assess.config import AssessConfig, ClaimConfig, ClaimsConfig
from modelwarden.core import GapKind, InputError, Measurement
from modelwarden.metrics.intervals import rows_needed
from modelwarden.targets.spec import Task


def claimed(target, data, *claims, strict=False, cards=None, train=None):
    """What the stage says of these claims."""
    assess = AssessConfig(
        claims=tuple(ClaimConfig(**claim) for claim in claims), claiming=ClaimsConfig(strict=strict)
    )
    return run(context(target, data, train, assess=assess, cards=cards or {}))


# Names.


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("acc", ["accuracy"]),
        ("Accuracy", ["accuracy"]),
        ("Test Accuracy", ["accuracy"]),
        ("eval_accuracy", ["accuracy"]),
        ("top-1 accuracy", ["accuracy"]),
        ("f1-macro", ["f1_macro"]),
        ("Macro F1", ["f1_macro"]),
        ("macro avg f1-score", ["f1_macro"]),
        ("f1_weighted", ["f1_weighted"]),
        ("F1macro", ["f1_macro"]),
        ("F1", ["f1", "f1_macro", "f1_weighted", "f1_micro"]),
        ("AUC", ["roc_auc"]),
        ("auroc", ["roc_auc"]),
        ("ROC-AUC", ["roc_auc"]),
        ("Area under the ROC curve", ["roc_auc"]),
        ("PR AUC", ["average_precision"]),
        ("MCC", ["matthews_corrcoef"]),
        ("Matthews Correlation Coefficient", ["matthews_corrcoef"]),
        ("Cohen's kappa", ["cohen_kappa"]),
        ("Sensitivity", ["recall", "recall_macro", "recall_weighted", "recall_micro"]),
        ("specificity", ["specificity"]),
        ("error rate", ["error_rate"]),
        ("log-loss", ["log_loss"]),
        ("Brier score", ["brier_score"]),
        ("ECE", ["expected_calibration_error"]),
        ("Top-5 accuracy", ["top_k_accuracy"]),
        ("balancedAccuracy", ["balanced_accuracy"]),
    ],
)
def test_a_name_is_understood_however_it_is_written(name, expected):
    found, why = readings(name, None, binary=True, regression=False)

    assert [reading.name for reading in found] == expected
    assert why == ""


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("loss", "training run"),
        ("BLEU", "text that is generated"),
        ("rougeL", "text that is generated"),
        ("wer", "speech"),
        ("RMSE", "no metric of a classifier"),
        ("accuracyy", "did it mean accuracy"),
        ("vibes", "no metric of this name"),
        ("f1 samples", "several labels"),
    ],
)
def test_a_name_that_means_nothing_here_is_answered_with_the_reason(name, words):
    found, why = readings(name, None, binary=True, regression=False)

    assert found == ()
    assert words in why


def test_what_needs_a_positive_class_is_not_read_without_one():
    assert readings("specificity", None, binary=False, regression=False)[0] == ()
    assert [r.name for r in readings("AUC", None, binary=False, regression=False)[0]] == [
        "roc_auc_ovr"
    ]
    assert [r.name for r in readings("R²", None, binary=False, regression=True)[0]] == ["r2"]


# Numbers.


@pytest.mark.parametrize(
    ("text", "value", "percent", "spread"),
    [
        ("0.913", 0.913, False, None),
        ("91.3", 0.913, True, None),
        ("91.3%", 0.913, True, None),
        ("91,3 %", 0.913, True, None),
        ("0.9 %", 0.009, True, None),
        ("20.0 ± 1.2", 0.2, True, 0.012),
        ("0.91 (± 0.01)", 0.91, False, 0.01),
        ("0.91 +/- 0.02", 0.91, False, 0.02),
        ("~0.9", 0.9, False, None),
        ("≥ 0.9", 0.9, False, None),
        (".5", 0.5, False, None),
        ("9.1e-1", 0.91, False, None),
        ("1", 1.0, False, None),
        ("100", 1.0, True, None),
    ],
)
def test_a_number_is_read_however_it_is_written(text, value, percent, spread):
    found = stated(text, unit_scale=True)

    assert found.value == pytest.approx(value)
    assert found.percent is percent
    assert found.spread == (None if spread is None else pytest.approx(spread))


def test_what_is_no_number_and_no_share_is_none():
    assert stated("n/a", unit_scale=True) is None
    assert stated("good", unit_scale=False) is None
    assert stated("250", unit_scale=True) is None
    assert stated("250", unit_scale=False).value == 250


def test_half_a_unit_of_the_last_digit_is_known():
    assert stated("0.9", unit_scale=True).half == pytest.approx(0.05)
    assert stated("91", unit_scale=True).half == pytest.approx(0.005)
    assert stated("9.12e-1", unit_scale=True).half == pytest.approx(0.0005)


@given(st.text(max_size=40), st.booleans())
def test_any_text_is_a_number_or_none(text, unit):
    found = stated(text, unit_scale=unit)
    assert found is None or not unit or abs(found.value) <= 1


# Judging.


def test_honest_claims_hold_and_inflated_ones_are_refuted():
    x, y = binary(20_000)
    right = float((logistic(x).argmax(axis=1) == y).mean())

    result = claimed(
        honest(),
        vectors(x, y),
        {"metric": "accuracy", "value": round(right, 3)},
        {"metric": "acc", "value": f"{100 * right + 5:.1f} %"},
    )

    assert rules(result) == ["claim-supported", "claim-refuted"]
    assert [f.severity for f in result.findings] == ["info", "high"]
    assert result.findings[1].location.terms["metric"] == "acc"


def test_few_rows_settle_nothing_and_the_rows_that_would_are_named():
    x, y = binary(60)

    result = claimed(honest(), vectors(x, y), {"metric": "accuracy", "value": 0.85})

    assert rules(result) == ["claim-inconclusive"]
    assert result.findings[0].evidence["rows_that_would_settle_it"] > 60


def test_a_model_better_than_claimed_supports_unless_strict():
    x, y = binary(5000)
    claim = {"metric": "accuracy", "value": 0.6}

    assert rules(claimed(honest(), vectors(x, y), claim)) == ["claim-supported"]
    assert rules(claimed(honest(), vectors(x, y), claim, strict=True)) == ["claim-inconclusive"]


def test_an_unstated_averaging_is_tried_in_every_reading():
    rng = np.random.default_rng(0)
    y = (rng.random(20_000) < 0.1).astype(int)
    said = np.where(rng.random(20_000) < 0.05, 1 - y, y)
    target = Labels(spec(), lambda x: np.asarray(x)[:, 0].astype(int))
    data = vectors(said[:, None], y)

    result = claimed(
        target,
        data,
        {"metric": "f1", "value": 0.95},
        {"metric": "f1", "value": 0.95, "averaging": "macro"},
    )

    assert rules(result) == ["claim-supported", "claim-refuted"]
    assert "read as f1_" in result.findings[0].message
    assert result.findings[0].confidence == "low"
    assert "f1" in result.findings[0].evidence["other_readings"]


def test_a_claim_about_a_slice_is_measured_on_its_rows():
    rng = np.random.default_rng(0)
    age = rng.integers(18, 90, 8000)
    y = rng.integers(0, 2, 8000)
    said = np.where((age >= 65) & (rng.random(8000) < 0.4), 1 - y, y)
    target = Labels(spec(), lambda frame: frame["said"])
    data = table({"age": age, "said": said}, y)
    old = ({"column": "age", "op": ">=", "value": 65},)

    result = claimed(
        target,
        data,
        {"metric": "accuracy", "value": 0.85},
        {"metric": "accuracy", "value": 0.85, "slice": old},
        {"metric": "accuracy", "value": 0.85, "slice": ({"column": "size", "value": 1},)},
    )

    assert rules(result) == ["claim-supported", "claim-refuted", "claim-not-checkable"]
    assert result.measurements[0].n == int((age >= 65).sum())
    assert "no column 'size'" in result.findings[2].message


def test_the_rows_of_a_claim_widen_its_uncertainty():
    x, y = binary(3000)
    right = float((logistic(x).argmax(axis=1) == y).mean())
    claim = {"metric": "accuracy", "value": right + 0.03}

    alone = claimed(honest(), vectors(x, y), claim)
    small = claimed(honest(), vectors(x, y), {**claim, "n": 100})

    assert rules(alone) == ["claim-refuted"]
    assert rules(small) == ["claim-inconclusive"]


def test_an_error_rate_and_a_specificity_are_turned_the_right_way():
    x, y = binary(20_000)
    said = logistic(x).argmax(axis=1)
    error = float((said != y).mean())
    spared = float((said[y == 0] == 0).mean())

    result = claimed(
        honest(),
        vectors(x, y),
        {"metric": "error rate", "value": round(error, 3)},
        {"metric": "error rate", "value": round(error - 0.05, 3)},
        {"metric": "specificity", "value": round(spared, 3)},
    )

    assert rules(result) == ["claim-supported", "claim-refuted", "claim-supported"]


def test_a_claim_about_calibration_is_measured():
    x, y = binary(20_000)

    result = claimed(honest(), vectors(x, y), {"metric": "ECE", "value": 0.02})

    assert rules(result) == ["claim-supported"]


def test_claims_about_a_regression_are_held_in_their_own_direction():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(5000, 1))
    y = x[:, 0] + 0.5 * rng.normal(size=5000)
    target = Values(spec(Task.REGRESSION), lambda x: np.asarray(x)[:, 0])

    result = claimed(
        target,
        vectors(x, y),
        {"metric": "RMSE", "value": 0.5},
        {"metric": "RMSE", "value": 0.3},
        {"metric": "R²", "value": 0.8},
        {"metric": "accuracy", "value": 0.8},
    )

    assert rules(result) == [
        "claim-supported",
        "claim-refuted",
        "claim-supported",
        "claim-not-checkable",
    ]


def test_nothing_is_held_against_a_model_that_changes_its_mind():
    rng = np.random.default_rng(0)
    x, y = binary(500)
    target = Labels(spec(), lambda x: rng.integers(0, 2, len(x)))

    result = claimed(target, vectors(x, y), {"metric": "accuracy", "value": 0.5})

    assert rules(result) == ["claim-not-checkable"]
    assert "depend on more than the row" in result.findings[0].message


def test_agreement_on_rows_of_the_training_set_is_told_with_little_confidence():
    x, y = binary(3000)

    result = claimed(
        honest(), vectors(x, y), {"metric": "acc", "value": 0.7}, train=vectors(x, y, "train")
    )

    assert rules(result) == ["claim-supported"]
    assert result.findings[0].confidence == "low"
    assert result.findings[0].evidence["test_rows_in_training"] is True


def test_without_a_claim_the_stage_has_not_run():
    x, y = binary(50)

    result = claimed(honest(), vectors(x, y))

    assert not result.done
    assert result.findings == ()


# The arithmetic.


def share(right, n):
    from modelwarden.metrics.intervals import wilson

    low, high = wilson(right, n)
    return Measurement(
        name="accuracy", value=right / n, low=low, high=high, n=n, higher_is_better=True
    )


def test_the_p_values_are_near_those_of_the_binomial_test():
    for right, n, claim, margin in [(880, 1000, 0.92, 0.01), (9_100, 10_000, 0.9, 0.01)]:
        test = ClaimTest(measured=share(right, n), value=claim, margin=margin)
        exact = stats.binomtest(right, n, claim - margin, alternative="less").pvalue
        other = stats.binomtest(right, n, claim - margin, alternative="greater").pvalue

        assert test.p_refuted == pytest.approx(exact, rel=0.3, abs=1e-3)
        assert test.p_supported(strict=False) == pytest.approx(other, rel=0.3, abs=1e-3)


def test_holm_equals_the_reference():
    p = [0.01, 0.02, 0.03, 0.04, 0.5]
    assert holm(p) == pytest.approx([0.05, 0.08, 0.09, 0.09, 0.5])
    assert holm([]) == []


def test_the_rows_that_settle_a_claim_are_about_those_of_the_textbook():
    n = 1000
    test = ClaimTest(measured=share(900, n), value=0.9, margin=0.01)

    found = rows_to_settle(test, 1, strict=False)

    assert found == pytest.approx(rows_needed(0.9 * 0.1, 0.01), rel=0.05)


# Cards.

FRONT = """---
license: mit
model-index:
- name: spam
  results:
  - task:
      type: text-classification
    dataset:
      name: SMS Spam
      type: sms_spam
      split: test
    metrics:
    - type: accuracy
      value: 0.91
      verified: true
    - type: f1
      name: F1 Macro
      value: "20.0 ± 1.2"
    - type: roc_auc
---
# A model

| Metric | Value |
|--------|------:|
| recall | **0.8** |
| mcc    | 0.7 |

No table.
"""


def test_a_hugging_face_card_is_read_with_its_tables():
    found = claims_of("README.md", FRONT.encode())

    assert [(c.metric, c.value, c.data) for c in found] == [
        ("accuracy", "0.91", "SMS Spam / sms_spam / test"),
        ("F1 Macro", "20.0 ± 1.2", "SMS Spam / sms_spam / test"),
        ("recall", "0.8", None),
        ("mcc", "0.7", None),
    ]
    assert found[0].place == "model-index[0].results[0].metrics[0]"


def test_evaluation_files_are_read_and_a_benchmark_without_a_metric_is_named():
    text = "- dataset:\n    id: org/bench\n    task_id: main\n  value: 20.9\n"
    text += "- dataset:\n    id: org/bench\n  metric: accuracy\n  value: 0.9\n"

    found = claims_of(".eval_results/bench.yaml", text.encode())

    assert [(c.metric, c.value) for c in found] == [
        ("the benchmark org/bench / main", "20.9"),
        ("accuracy", "0.9"),
    ]


def test_cyclonedx_and_google_cards_are_read():
    metric = {
        "type": "Accuracy",
        "value": "0.9",
        "slice": "men",
        "confidenceInterval": {"lowerBound": "0.88", "upperBound": "0.92"},
    }
    cyclonedx = {
        "bomFormat": "CycloneDX",
        "components": [
            {"modelCard": {"quantitativeAnalysis": {"performanceMetrics": [metric, "junk"]}}}
        ],
    }
    google = {
        "quantitative_analysis": {
            "performance_metrics": [{"type": "auc", "value": 0.8, "slice": ""}]
        }
    }

    one = claims_of("bom.json", json.dumps(cyclonedx).encode())
    two = claims_of("card.json", json.dumps(google).encode())

    assert [(c.metric, c.value, c.words, c.low, c.high) for c in one] == [
        ("Accuracy", "0.9", "men", 0.88, 0.92)
    ]
    assert [(c.metric, c.value, c.words) for c in two] == [("auc", "0.8", None)]


def test_claims_of_a_card_are_judged():
    x, y = binary(20_000)
    target = Scores(spec(), logistic)

    result = claimed(target, vectors(x, y), cards={"README.md": FRONT.encode()})

    assert len(result.findings) == 4
    assert "claim-refuted" in rules(result)  # accuracy 0.91
    assert any("SMS Spam" in note for note in result.notes)
    assert result.findings[0].location.path == "README.md"


def test_a_coarsely_rounded_claim_is_held_against_its_rounding():
    x, y = binary(20_000)
    right = float((logistic(x).argmax(axis=1) == y).mean())
    card = f"| Metric | Value |\n|---|---|\n| accuracy | {right + 0.03:.1f} |\n"

    result = claimed(honest(), vectors(x, y), cards={"README.md": card.encode()})

    assert rules(result) == ["claim-supported"]
    assert result.findings[0].evidence["margin_from"] == "the rounding of the claim"


def test_broken_cards_are_told_of():
    with pytest.raises(InputError, match="no valid JSON"):
        claims_of("card.json", b'{"a": ')
    with pytest.raises(InputError, match="YAML"):
        claims_of("card.yaml", b"a: [")


@given(st.binary(max_size=300))
def test_any_bytes_are_a_card_or_refused(data):
    for name in ("README.md", "card.json", "card.yaml"):
        with contextlib.suppress(InputError):
            claims_of(name, data)


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(
                st.sampled_from(
                    "model-index results metrics type value dataset args performanceMetrics slice"
                    " performance_metrics confidenceInterval".split()
                ),
                inner,
                max_size=4,
            )
        ),
        max_leaves=20,
    )
)
def test_any_shape_of_json_is_passed_over(document):
    text = json.dumps({"model-index": document, "x": document}).encode()
    assert isinstance(claims_of("card.json", text), tuple)


def test_a_real_card_is_read(shared):
    data = (shared / "data/models/cards/phishing_url_README.md").read_bytes()

    found = claims_of("README.md", data)

    assert [(c.metric, c.value) for c in found] == [
        ("roc_auc", "0.986844"),
        ("accuracy", "0.948568"),
        ("f1", "0.948623"),
        ("precision", "0.947619"),
        ("recall", "0.949629"),
    ]


def card_of(*values: str, metric: str = "accuracy") -> bytes:
    rows = "".join(f"| {metric} | {value} |\n" for value in values)
    return f"| Metric | Value |\n|---|---|\n{rows}".encode()


def test_a_card_is_not_harder_to_refute_for_saying_much_that_is_true():
    x, y = binary(400)
    right = float((logistic(x).argmax(axis=1) == y).mean())
    lie = f"{right + 0.09:.3f}"

    alone = claimed(honest(), vectors(x, y), cards={"R.md": card_of(lie)})
    padded = claimed(honest(), vectors(x, y), cards={"R.md": card_of(lie, *["0.30"] * 900)})

    assert rules(alone) == ["claim-refuted"]
    assert rules(padded).count("claim-refuted") == 1
    assert padded.findings[0].rule == "claim-refuted"
    one, many = (result.findings[0].evidence["p_adjusted"] for result in (alone, padded))
    assert many == one


@pytest.mark.parametrize(
    "value", ["0.9 ± 0.5", "0.2 ± 0.5", "90 % ± 30", "0.9 ± -0.5", "0.9 ± 1e400"]
)
def test_a_claim_so_wide_that_nothing_speaks_against_it_is_told_and_never_supported(value):
    x, y = binary(2_000)

    result = claimed(honest(), vectors(x, y), cards={"R.md": card_of(value)})

    assert rules(result) == ["claim-not-checkable"]
    assert "says nothing" in result.findings[0].message
    assert [(gap.what, gap.kind) for gap in result.gaps] == [
        (f"R.md: accuracy {value}", GapKind.NOT_ASSESSABLE)
    ]


def test_a_wide_claim_is_refuted_where_it_can_be_and_a_narrow_one_is_judged():
    x, y = binary(2_000)
    right = float((logistic(x).argmax(axis=1) == y).mean())

    wrong = claimed(
        Labels(spec(), lambda x: np.zeros(len(x), np.int64) + (logistic(x)[:, 1] < 0.5)),
        vectors(x, y),
        cards={"R.md": card_of("0.99 ± 0.15")},
    )
    narrow = claimed(honest(), vectors(x, y), cards={"R.md": card_of(f"{right - 0.2:.3f} ± 0.02")})

    assert rules(wrong) == ["claim-refuted"]
    assert rules(narrow) == ["claim-supported"]
    assert (wrong.gaps, narrow.gaps) == ((), ())


def test_a_wide_claim_about_a_metric_without_a_scale_is_told():
    x = np.random.default_rng(0).normal(size=(500, 3))
    target = Values(spec(Task.REGRESSION), lambda x: np.asarray(x)[:, 0])
    cards = {"R.md": card_of("100 ± 40", "100 ± 1.2", metric="rmse")}

    result = claimed(target, vectors(x, x.sum(axis=1)), cards=cards)

    assert rules(result) == ["claim-supported", "claim-not-checkable"]


def test_what_a_card_claims_beyond_the_limit_is_a_gap():
    x, y = binary(400)

    result = claimed(honest(), vectors(x, y), cards={"R.md": card_of(*["0.30"] * 1_000, "0.999")})
    whole = claimed(honest(), vectors(x, y), cards={"R.md": card_of(*["0.30"] * 1_000)})

    assert [(gap.what, gap.kind) for gap in result.gaps] == [("R.md", GapKind.OVER_LIMIT)]
    assert whole.gaps == ()


@pytest.mark.parametrize("value", ["1", "1e0", "0.1e1"])
def test_an_accuracy_of_one_is_no_rounding_of_a_half(value):
    x, y = binary(2_000)

    result = claimed(honest(), vectors(x, y), cards={"R.md": card_of(value)})

    assert rules(result) == ["claim-refuted"]


@pytest.mark.parametrize("value", ["1e400", "0.9e99999999999", "0x1", "1_0", "60:30", "0.90.9"])
def test_what_is_no_number_is_not_checkable_and_the_other_claims_are(value):
    x = np.random.default_rng(0).normal(size=(500, 3))
    target = Values(spec(Task.REGRESSION), lambda x: np.asarray(x)[:, 0])
    claims = ({"metric": "rmse", "value": 100}, {"metric": "mae", "value": 100})
    cards = {"R.md": card_of(value, metric="rmse")}

    result = claimed(target, vectors(x, x.sum(axis=1)), *claims, cards=cards)

    assert rules(result) == ["claim-supported", "claim-supported", "claim-not-checkable"]
