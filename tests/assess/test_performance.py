"""The stage `performance`: what an honest model gets, and what each kind of bad one gets."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats
from sklearn import metrics as oracle

from assess.fakes import (
    Labels,
    Scores,
    Values,
    binary,
    context,
    honest,
    logistic,
    named,
    rules,
    spec,
    table,
    vectors,
)
from modelwarden.assess.asking import ask
from modelwarden.assess.performance import run
from modelwarden.core import GapKind, Severity
from modelwarden.targets.errors import TargetError
from modelwarden.targets.spec import Task
from modelwarden.targets.tiled import padded, tiles


def test_an_honest_model_raises_nothing_and_its_numbers_are_those_of_scikit_learn():
    x, y = binary(2000)

    result = run(context(honest(), vectors(x, y), vectors(*binary(2000, seed=1), name="train")))

    p = logistic(x)[:, 1]
    said = (p >= 0.5).astype(int)
    got = named(result)
    assert rules(result) == []
    assert result.gaps == ()
    for name, value in {
        "accuracy": oracle.accuracy_score(y, said),
        "balanced_accuracy": oracle.balanced_accuracy_score(y, said),
        "precision": oracle.precision_score(y, said),
        "recall": oracle.recall_score(y, said),
        "f1": oracle.f1_score(y, said),
        "roc_auc": oracle.roc_auc_score(y, p),
        "average_precision": oracle.average_precision_score(y, p),
        "log_loss": oracle.log_loss(y, p),
        "brier_score": oracle.brier_score_loss(y, p),
        "matthews_corrcoef": oracle.matthews_corrcoef(y, said),
        "cohen_kappa": oracle.cohen_kappa_score(y, said),
    }.items():
        assert got[name].value == pytest.approx(value), name
        assert got[name].low < value < got[name].high
    assert got["accuracy_over_trivial"].low > 0
    assert got["duplicate_share"].value == 0


def test_a_regression_is_measured_as_scikit_learn_does():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(500, 2))
    y = x[:, 0] * 3 + rng.normal(size=500)
    target = Values(spec(Task.REGRESSION), lambda x: np.asarray(x)[:, 0] * 3)

    result = run(context(target, vectors(x, y)))

    said, got = x[:, 0] * 3, named(result)
    assert rules(result) == []
    assert got["rmse"].value == pytest.approx(oracle.root_mean_squared_error(y, said))
    assert got["mean_squared_error"].value == pytest.approx(oracle.mean_squared_error(y, said))
    assert got["mae"].value == pytest.approx(oracle.mean_absolute_error(y, said))
    assert got["r2"].value == pytest.approx(oracle.r2_score(y, said))
    assert got["pearson"].value == pytest.approx(np.corrcoef(y, said)[0, 1])


def test_many_classes_are_measured_as_scikit_learn_does():
    rng = np.random.default_rng(0)
    p = rng.dirichlet(np.ones(7), 3000)
    y = np.array(list("abcdefg"))[(rng.random(3000)[:, None] > p.cumsum(axis=1)).sum(axis=1)]
    target = Scores(spec(Task.MULTICLASS, tuple("abcdefg")), lambda x: x)

    result = run(context(target, vectors(p, y)))

    got = named(result)
    said = np.array(list("abcdefg"))[p.argmax(axis=1)]
    assert rules(result) == []
    assert got["f1_macro"].value == pytest.approx(oracle.f1_score(y, said, average="macro"))
    assert got["roc_auc_ovr"].value == pytest.approx(
        oracle.roc_auc_score(y, p, multi_class="ovr", average="macro")
    )
    assert got["top_k_accuracy"].value == pytest.approx(oracle.top_k_accuracy_score(y, p, k=5))
    assert got["log_loss"].value == pytest.approx(oracle.log_loss(y, p))


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_model_with_its_classes_the_wrong_way_round_is_worse_than_trivial(share):
    x, y = binary(1500, base=np.log(share / (1 - share)) * 2)
    turned = Scores(spec(), lambda x: logistic(x, base=np.log(share / (1 - share)) * 2)[:, ::-1])

    result = run(context(turned, vectors(x, y)))

    assert "worse-than-trivial" in rules(result)
    found = next(f for f in result.findings if f.rule == "worse-than-trivial")
    assert "turned round" in found.message
    assert found.severity == "high"


def test_a_model_for_rare_cases_that_pays_in_accuracy_is_told_of_in_a_note():
    rng = np.random.default_rng(0)
    y = (rng.random(20_000) < 0.01).astype(int)
    said = np.where(y == 1, rng.random(20_000) < 0.9, rng.random(20_000) < 0.03).astype(int)
    target = Labels(spec(), lambda x: np.asarray(x)[:, 0].astype(int))

    result = run(context(target, vectors(said[:, None], y)))

    assert named(result)["accuracy_over_trivial"].high < 0
    assert rules(result) == []
    assert any("always saying" in note for note in result.notes)


def test_one_answer_to_everything_says_nothing():
    x, y = binary(300)
    result = run(context(Labels(spec(), lambda x: np.zeros(len(x), int)), vectors(x, y)))

    assert "no-better-than-trivial" in rules(result)


def test_a_threshold_that_no_score_reaches_is_told_beside_the_one_answer():
    x, y = binary(300)
    far = Scores(replace(spec(), threshold=50.0), logistic)

    result = run(context(far, vectors(x, y)))

    (found,) = (f for f in result.findings if f.rule == "no-better-than-trivial")
    assert "its positive scores, " in found.message
    assert found.message.endswith("lie below the threshold 50")


def test_answers_by_the_roll_of_a_die_say_nothing_and_are_not_repeatable():
    rng = np.random.default_rng(0)
    x, y = binary(20_000)
    result = run(context(Labels(spec(), lambda x: rng.integers(0, 2, len(x))), vectors(x, y)))

    assert rules(result)[0] == "inconsistent-predictions"
    assert "no-better-than-trivial" in rules(result)
    assert named(result)["accuracy"].conditions["repeatable"] is False


def _by_order(x):
    scores = logistic(x)
    scores[len(x) // 2 :] = scores[len(x) // 2 :, ::-1]
    return scores


def _by_batch(x):
    return logistic(np.asarray(x) - np.asarray(x).mean(axis=0))


@pytest.mark.parametrize(("function", "how"), [(_by_order, "order"), (_by_batch, "batch")])
def test_answers_that_depend_on_the_neighbours_are_named(function, how):
    x, y = binary(300)

    result = run(context(Scores(spec(), function), vectors(x, y)))

    found = [f for f in result.findings if f.rule == "inconsistent-predictions"]
    assert how in [f.location.terms["how"] for f in found]
    assert all("repeat" not in f.location.terms for f in found)


class InTiles(Scores):
    """Asked in whole tiles of 256 rows, or of as many as wished."""

    def __init__(self, function, tile=256):
        super().__init__(spec(), function)
        self.tile = tile

    def sized(self, tile):
        return InTiles(self.function, tile)

    def scores(self, inputs):
        whole = [
            super(InTiles, self).scores(padded(inputs, at, rows, self.tile))[:rows]
            for at, rows in tiles(len(inputs), self.tile)
        ]
        return np.concatenate(whole)


def _by_size(x):
    return logistic(x) if len(x) > 8 else logistic(x)[:, ::-1]


def _squeezed(x):
    return logistic(x) if len(x) > 1 else logistic(x)[0]


@pytest.mark.parametrize(
    ("function", "told"),
    [(_by_size, "answers changed"), (_squeezed, "a batch of one row is not answered")],
)
def test_answers_to_one_row_are_those_to_it_among_others(function, told):
    x, y = binary(512)

    found = run(context(InTiles(function), vectors(x, y))).findings
    honest = run(context(InTiles(logistic), vectors(x, y)))

    (one,) = [f for f in found if f.rule == "inconsistent-predictions"]
    assert one.location.terms["how"] == "batch"
    assert told in one.message
    assert rules(honest) == []


def test_rounding_of_the_last_digits_is_no_inconsistency():
    rng = np.random.default_rng(0)
    x, y = binary(300)
    noisy = Scores(spec(), lambda x: logistic(x) + rng.normal(size=(len(x), 1)) * [[1e-9, -1e-9]])

    assert rules(run(context(noisy, vectors(x, y)))) == []


def test_probabilities_that_do_not_come_true_are_found_and_honest_ones_are_not():
    x, y = binary(3000, slope=1.0)

    sure = run(context(honest(slope=4.0), vectors(x, y)))
    calm = [run(context(honest(slope=1.0), vectors(*binary(3000, s, 1.0)))) for s in range(5)]

    assert rules(sure) == ["miscalibrated"]
    assert "too sure" in sure.findings[0].message
    assert [rules(result) for result in calm] == [[]] * 5
    curve = next(t for t in sure.tables if t.name == "reliability")
    assert sum(row[curve.columns.index("n")] for row in curve.rows) == 3000


def test_scores_that_are_no_probabilities_are_ranked_but_not_calibrated():
    x, y = binary(500)
    margins = Scores(spec(), lambda x: np.stack([-np.asarray(x)[:, 0], np.asarray(x)[:, 0]], 1))

    result = run(context(margins, vectors(x, y)))

    assert "roc_auc" in named(result)
    assert "log_loss" not in named(result)
    assert any("no probabilities" in note for note in result.notes)


def test_a_class_that_is_missed_more_than_the_others_is_named():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 4, 2000)
    told = np.where(rng.random(2000) < 0.05, rng.integers(0, 4, 2000), y)
    swap = (y == 2) & (rng.random(2000) < 0.5)
    target = Labels(spec(Task.MULTICLASS, (0, 1, 2, 3)), lambda x: _swapped(np.asarray(x)))

    result = run(context(target, vectors(np.column_stack([told, swap]), y)))

    assert rules(result) == ["weak-class"]
    assert result.findings[0].location.terms["class"] == 2
    assert result.findings[0].severity is Severity.MEDIUM


def _swapped(x):
    return np.where((x[:, 0] == 2) & (x[:, 1] == 1), 3, x[:, 0]).astype(int)


def test_of_labels_alone_a_class_that_nobody_can_tell_is_a_small_matter():
    """Half of one class looks like another one: a small learner finds it no oftener."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 4, 4000)
    looks = np.where((y == 2) & (rng.random(4000) < 0.4), 3, y)
    x = np.column_stack([looks == c for c in range(4)]) + rng.normal(size=(4000, 4)) * 0.1
    target = Labels(spec(Task.MULTICLASS, (0, 1, 2, 3)), lambda x: np.asarray(x).argmax(axis=1))

    result = run(context(target, vectors(x, y)))

    assert rules(result) == ["weak-class"]
    assert result.findings[0].severity is Severity.INFO
    assert "a small learner finds it as seldom" in result.findings[0].message


@pytest.mark.parametrize(("shift", "severity"), [(0.0, Severity.INFO), (1.5, Severity.MEDIUM)])
def test_a_rare_class_that_the_scores_say_is_hard_to_find_is_a_small_matter(shift, severity):
    """Honest scores say so themselves; those that take from the class are not believed."""
    rng = np.random.default_rng(3)
    x = rng.normal(size=(4000, 1))
    y = (rng.random(4000) < 1 / (1 + np.exp(2.5 - x[:, 0]))).astype(int)

    def answer(rows):
        p = 1 / (1 + np.exp(2.5 + shift - np.asarray(rows)[:, 0]))
        return np.stack([1 - p, p], axis=1)

    result = run(context(Scores(spec(), answer), vectors(x, y)))

    (found,) = [f for f in result.findings if f.rule == "weak-class"]
    assert found.location.terms["class"] == 1
    assert found.severity is severity


def test_a_reference_model_is_compared_row_by_row():
    x, y = binary(2000)
    worse = Scores(spec(), lambda x: logistic(np.add(x, [0.8, 0, 0])))

    lost = run(context(worse, vectors(x, y), reference=honest()))
    equal = run(context(honest(), vectors(x, y), reference=honest()))

    assert "worse-than-reference" in rules(lost)
    assert named(lost)["accuracy_difference"].high < 0
    assert rules(equal) == []
    assert named(equal)["accuracy_difference"].value == 0


def test_the_errors_of_a_regression_and_of_its_reference_differ_as_scipy_has_it():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(400, 2))
    y = x[:, 0] + rng.normal(size=400)
    ours = Values(spec(Task.REGRESSION), lambda x: 0.7 * np.asarray(x)[:, 0])
    theirs = Values(spec(Task.REGRESSION), lambda x: np.asarray(x)[:, 0] + 0.4)

    got = named(run(context(ours, vectors(x, y), reference=theirs)))["mae_difference"]

    one, two = 0.7 * x[:, 0], x[:, 0] + 0.4
    known = stats.ttest_rel(np.abs(y - one), np.abs(y - two)).confidence_interval(0.95)
    value = oracle.mean_absolute_error(y, one) - oracle.mean_absolute_error(y, two)
    assert (got.value, got.low, got.high) == pytest.approx((value, known.low, known.high))
    assert got.n == 400


def test_a_reference_with_its_classes_in_another_order_is_matched_by_name():
    x, y = binary(2000)
    other = Scores(spec(classes=(1, 0), positive=0), lambda x: logistic(x)[:, ::-1])

    result = run(context(honest(), vectors(x, y), reference=other))

    assert named(result)["accuracy_difference"].value == 0
    assert named(result)["roc_auc_difference"].value == 0


# What a test set may lack.


def test_rows_without_a_label_are_left_out_and_said():
    x, y = binary(200)
    labels = np.where(np.arange(200) < 50, None, y.astype(object))

    result = run(context(honest(), vectors(x, labels)))

    assert named(result)["accuracy"].n == 150
    assert any("50 of 200 test rows have no label" in note for note in result.notes)


def test_a_set_without_any_label_is_a_gap_and_the_stage_has_not_run():
    x, _ = binary(20)
    for y, words in ((np.full(20, np.nan), "no row has a label"), (None, "has no labels")):
        result = run(context(honest(), vectors(x, y)))
        assert not result.done
        assert [g.kind for g in result.gaps] == [GapKind.NOT_ASSESSABLE]
        assert words in result.gaps[0].why


def test_a_class_that_the_model_does_not_know_counts_as_wrong_and_is_named():
    x, y = binary(300)
    labels = np.where(np.arange(300) < 30, 7, y)

    result = run(context(Scores(spec(), logistic), vectors(x, labels)))

    assert named(result)["accuracy"].n == 300
    assert any("no class 7; the 30 test rows" in note for note in result.notes)


def test_a_class_that_training_never_saw_is_named():
    x, y = binary(300)
    train = vectors(x[y == 0] + 9, y[y == 0], name="train")

    result = run(context(honest(), vectors(x, y), train))

    assert any("does not occur in the training set" in note for note in result.notes)


@pytest.mark.parametrize("only", [0, 1])
def test_a_set_of_one_class_is_a_gap_and_no_crash(only):
    x, y = binary(400)

    result = run(context(honest(), vectors(x[y == only], y[y == only])))

    assert {g.kind for g in result.gaps} == {GapKind.NOT_ASSESSABLE}
    assert any("of class" in g.why for g in result.gaps)
    assert rules(result) == []
    assert "roc_auc" in named(result)


@pytest.mark.parametrize("n", [1, 2, 9])
@pytest.mark.parametrize("task", list(Task))
def test_a_handful_of_rows_shows_nothing(n, task):
    x, y = binary(n, seed=4)
    if task is Task.REGRESSION:
        target = Values(spec(task), lambda x: np.asarray(x)[:, 0])
    else:
        target = honest() if task is Task.BINARY else Scores(spec(task), logistic)

    result = run(context(target, vectors(x, y), vectors(*binary(50, seed=1), name="train")))

    assert any("too few to show anything" in g.why for g in result.gaps)
    assert [r for r in rules(result) if r != "weak-class"] == []


def test_scores_that_are_nan_or_of_a_wrong_shape_are_told():
    x, y = binary(50)
    for function, words in (
        (lambda x: np.full((len(x), 2), np.nan), "NaN"),
        (lambda x: np.zeros(len(x)), "answered"),
        (lambda x: np.zeros((len(x), 3)), "answered"),
    ):
        with pytest.raises(TargetError, match=words):
            run(context(Scores(spec(), function), vectors(x, y)))


def test_a_constant_regression_and_a_constant_label_do_not_crash():
    x, _ = binary(100)
    flat = Values(spec(Task.REGRESSION), lambda some: np.full(len(some), x[:, 0].mean()))

    varied = run(context(flat, vectors(x, x[:, 0])))
    equal = run(context(flat, vectors(x, np.full(100, 3.0))))

    assert rules(varied) == ["no-better-than-trivial"]
    assert any("does not vary" in g.why for g in equal.gaps)


def test_a_regression_below_the_mean_is_worse_than_trivial():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(400, 1))
    target = Values(spec(Task.REGRESSION), lambda x: -2 * np.asarray(x)[:, 0])

    assert "worse-than-trivial" in rules(run(context(target, vectors(x, x[:, 0]))))


# Rows of the test set that stand in training.


def test_planted_duplicates_are_found_with_their_rows():
    x, y = binary(500)
    other, labels = binary(2000, seed=1)
    other[100:130] = x[10:40]

    result = run(context(honest(), vectors(x, y), vectors(other, labels, name="train")))

    assert rules(result) == ["duplicate-rows"]
    assert result.findings[0].location.terms["frame"] == "test"
    assert [(m.row, m.detail) for m in result.rows][:2] == [
        (10, "equal to row 100 of the training set"),
        (11, "equal to row 101 of the training set"),
    ]
    assert len(result.rows) == 30
    assert named(result, {"rows": "not in training"})["accuracy"].n == 470


def test_rows_that_coincide_because_there_are_few_kinds_raise_no_alarm():
    rng = np.random.default_rng(0)
    flags = [rng.integers(0, 2, (n, 6)) for n in (500, 2000)]
    sets = [
        table({f"c{i}": x[:, i] for i in range(6)}, (x[:, 0] | x[:, 1]).astype(int), name)
        for x, name in zip(flags, ("test", "train"), strict=True)
    ]
    target = Labels(spec(), lambda frame: (frame["c0"] | frame["c1"]).astype(int))

    result = run(context(target, *sets))

    assert rules(result) == []
    assert any("coincide" in note for note in result.notes)
    assert named(result)["duplicate_share"].value == 1.0


def test_decisions_are_the_targets_own_where_it_has_a_rule():
    x, _ = binary(10)

    class Decides(Scores):
        def decided(self, scores):
            return np.ones(len(scores), int)

    assert set(ask(Scores(spec(), logistic), x).labels) == {0, 1}
    assert set(ask(Decides(spec(), logistic), x).labels) == {1}


@pytest.mark.parametrize("wrong", [1e200, 1.79e308])
@pytest.mark.parametrize("rare", [True, False])
def test_numbers_whose_squares_are_infinite_are_worse_than_the_mean(wrong, rare):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(700, 1))

    def answers(x):
        said = np.array(x)[:, 0]
        return np.where((said > 2.0) | (not rare), np.sign(said) * wrong, said)

    target = Values(spec(Task.REGRESSION), answers)
    result = run(context(target, vectors(x, x[:, 0])))

    assert "worse-than-trivial" in rules(result)
    assert "inconsistent-predictions" not in rules(result)


def test_scores_whose_sum_is_infinite_are_ranked_as_any():
    x, y = binary(400)
    target = Scores(spec(), lambda x: logistic(x) * 1e308)

    got = named(run(context(target, vectors(x, y))))

    assert got["roc_auc"].value == pytest.approx(oracle.roc_auc_score(y, logistic(x)[:, 1]))
