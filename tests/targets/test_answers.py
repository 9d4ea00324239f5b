from __future__ import annotations

import contextlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from modelwarden.protocols import Tensor
from modelwarden.targets.answers import (
    Form,
    decided,
    labels_in,
    scores_in,
    settle,
    values_in,
)
from modelwarden.targets.errors import TargetError
from modelwarden.targets.spec import Task


def answer(values, name="", columns=()):
    return (Tensor(name, np.asarray(values), tuple(columns)),)


def binary(given, classes=(0, 1), positive=1, listed=()):
    return settle(given, task=Task.BINARY, classes=classes, positive=positive, listed=listed)


def multi(given, classes=("a", "b", "c"), listed=()):
    return settle(given, task=Task.MULTICLASS, classes=classes, positive=None, listed=listed)


def test_two_columns_are_scores_of_two_classes():
    given = answer([[0.2, 0.8], [0.9, 0.1]])

    reading = binary(given)

    assert reading.form is Form.SCORES
    assert decided(scores_in(given, reading, 2), reading, None).tolist() == [1, 0]
    assert decided(scores_in(given, reading, 2), reading, 0.95).tolist() == [0, 0]


def test_a_model_that_lists_no_classes_has_those_of_training_where_the_data_have_more():
    def reading(values, classes, task=Task.MULTICLASS, positive=None):
        return settle(
            answer(values), task=task, classes=classes, positive=positive, taught=("a", "c")
        )

    for scores in ([[0.2, 0.8], [0.9, 0.1]], [1, 0]):
        assert reading(scores, ("a", "b", "c")).classes == ("a", "c")
    one = reading([0.2, 0.9], ("a", "b", "c"), Task.BINARY, "c")
    assert (one.classes, one.positive) == (("a", "c"), 1)
    words = np.array(["a", "b"], object)
    assert reading(words, ("a", "b", "c")).classes == ("a", "b", "c")
    assert reading([[0.1, 0.2, 0.7]], ("a", "b", "c")).classes == ("a", "b", "c")


@pytest.mark.parametrize("shape", [(3,), (3, 1)])
def test_one_probability_a_row_is_that_of_the_positive_class(shape):
    given = answer(np.array([0.2, 0.5, 0.75]).reshape(shape))

    reading = binary(given)

    scores = scores_in(given, reading, 3)
    assert reading.form is Form.POSITIVE
    assert scores.tolist() == [[0.8, 0.2], [0.5, 0.5], [0.25, 0.75]]


def test_the_positive_class_may_be_the_first():
    given = answer([0.9, 0.2])

    reading = binary(given, classes=("bad", "good"), positive="bad")

    assert scores_in(given, reading, 2)[0].tolist() == pytest.approx([0.9, 0.1])
    assert decided(scores_in(given, reading, 2), reading, 0.5).tolist() == [0, 1]


def test_a_model_that_lists_its_classes_scores_the_second_of_them():
    given = answer([0.9, 0.2])

    reading = binary(given, classes=("bad", "good"), positive="bad", listed=("bad", "good"))
    assumed = binary(given, classes=("bad", "good"), positive="bad")

    assert scores_in(given, reading, 2)[0].tolist() == pytest.approx([0.1, 0.9])
    assert decided(scores_in(given, reading, 2), reading, 0.5).tolist() == [1, 0]
    assert (reading.positive, reading.notes) == (0, ())
    assert assumed.notes == ("one score a row is taken as that of the class 'bad'",)


def test_an_answer_of_more_classes_than_can_be_counted_is_refused_at_once():
    wide = Tensor("", np.zeros((4, 120_000), np.float32))

    with pytest.raises(TargetError, match="120,000 classes, more than can be counted") as raised:
        settle([wide], task=Task.MULTICLASS, classes=(0, 1, 2), positive=None)

    assert raised.value.kind == "over-limit"
    assert "(3)" in raised.value.hint


def test_margins_decide_at_nought():
    given = answer([-3.0, 0.5, 2.0])

    reading = binary(given)

    assert reading.margins
    assert decided(scores_in(given, reading, 3), reading, None).tolist() == [0, 1, 1]


@pytest.mark.parametrize(
    ("values", "classes"),
    [
        ([0, 1, 1], (0, 1)),
        ([0.0, 1.0, 1.0], (0, 1)),
        (["0", "1", "1"], (0, 1)),
        ([False, True, True], (0, 1)),
        ([0, 1, 1], ("0", "1")),
        ([0, 1, 1], (False, True)),
        (["no", "yes", "yes"], ("no", "yes")),
    ],
)
def test_labels_are_known_however_they_are_spelled(values, classes):
    values = np.array(values, dtype=object) if isinstance(values[0], str) else np.array(values)

    reading = binary((Tensor("", values),), classes=classes, positive=classes[1])

    assert reading.form is Form.LABELS
    assert labels_in((Tensor("", values),), reading, 3).tolist() == [0, 1, 1]


def test_positions_of_named_classes_are_a_stated_assumption():
    given = answer([2, 0, 1])

    reading = multi(given)

    assert reading.positions
    assert reading.notes == ("labels are taken as positions in the sorted classes",)
    assert labels_in(given, reading, 3).tolist() == [2, 0, 1]


def test_margins_are_margins_also_where_a_sample_does_not_show_it():
    given = answer([0.2, 0.9])

    told = settle(given, task=Task.BINARY, classes=(0, 1), positive=1, margins=True)
    untold = binary(given)

    assert decided(scores_in(given, told, 2), told, None).tolist() == [1, 1]
    assert decided(scores_in(given, untold, 2), untold, None).tolist() == [0, 1]
    with pytest.raises(TargetError, match="outside 0 to 1"):
        scores_in(answer([0.2, 1.5]), untold, 2)


def test_named_columns_and_listed_classes_put_scores_in_their_place():
    rows = [[0.1, 0.2, 0.7]]
    named = answer(rows, columns=("c", "a", "b"))
    plain = answer(rows)

    by_name = scores_in(named, multi(named), 1)
    listed = multi(plain, listed=("b", "c", "a"))

    assert by_name.tolist() == [[0.2, 0.7, 0.1]]
    assert listed.classes == ("b", "c", "a")
    assert listed.notes == ()


def test_a_model_may_have_classes_that_the_data_lack():
    listed = multi(answer([[0.1, 0.2, 0.3, 0.4]]), listed=("a", "b", "c", "z"))
    digits = multi(answer(np.full((1, 10), 0.1)), classes=(1, 3, 7))

    assert listed.classes == ("a", "b", "c", "z")
    assert digits.classes == tuple(range(10))


def test_scores_are_preferred_to_labels_and_names_that_say_so_to_others():
    given = (
        Tensor("output_label", np.array([1, 0])),
        Tensor("hidden", np.array([[5.0, 1.0], [2.0, 2.0]])),
        Tensor("output_probability", np.array([[0.2, 0.8], [0.9, 0.1]])),
    )

    assert binary(given).at == 2


def test_a_regression_takes_the_first_single_numbers():
    given = answer([[1.5], [2.5]])

    reading = settle(given, task=Task.REGRESSION, classes=(), positive=None)

    assert values_in(given, reading, 2).tolist() == [1.5, 2.5]


@pytest.mark.parametrize(
    "values",
    [np.zeros((4, 7)), np.zeros((4, 2, 2)), np.array(["x"] * 4, dtype=object), np.arange(4)],
)
def test_what_can_be_read_in_no_way_is_refused(values):
    with pytest.raises(TargetError, match="neither scores nor labels"):
        binary((Tensor("", values),))


def test_later_answers_are_held_to_what_was_settled():
    reading = binary(answer([[0.2, 0.8]]))

    for bad in (
        answer([[0.2]]),
        answer([0.2, 0.8]),
        answer(np.array([["a", "b"]], dtype=object)),
        (),
    ):
        with pytest.raises(TargetError):
            scores_in(bad, reading, 1)
    with pytest.raises(TargetError, match="NaN or infinity to 1 of 2 rows"):
        scores_in(answer([[0.2, np.nan], [0.1, 0.9]]), reading, 2)
    labels = multi(answer(np.array(["a", "b"], dtype=object)))
    with pytest.raises(TargetError, match="'z', which is none of its 3 classes"):
        labels_in(answer(np.array(["a", "z"], dtype=object)), labels, 2)


@given(
    hnp.arrays(
        st.sampled_from([np.float64, np.int64, np.bool_]),
        hnp.array_shapes(min_dims=1, max_dims=3, max_side=4),
    )
)
def test_any_answer_is_read_in_one_way_or_refused(values):
    given = (Tensor("", values),)
    with contextlib.suppress(TargetError):
        reading = multi(given, classes=(0, 1, 2))
        if reading.form is Form.LABELS:
            labels = labels_in(given, reading, len(values))
            assert ((labels >= 0) & (labels < len(reading.classes))).all()
        else:
            shape = scores_in(given, reading, len(values)).shape
            assert shape == (len(values), len(reading.classes))


@pytest.mark.parametrize("only", [0, 1, 1.0])
def test_labels_of_one_class_leave_a_binary_model_readable(only):
    scores = binary(answer([[0.2, 0.8]]), classes=(only,), positive=None)
    labels = binary(answer([1, 0]), classes=(only,), positive=None)

    assert (scores.form, scores.classes, scores.positive) == (Form.SCORES, (0, 1), 1)
    assert (labels.form, labels.classes) == (Form.LABELS, (0, 1))


def test_rows_without_any_label_say_why_the_answers_cannot_be_read():
    with pytest.raises(TargetError, match=r"no row has a label, .* does not list its classes"):
        binary(answer([[0.2, 0.8]]), classes=(), positive=None)


def test_labels_of_one_word_say_why_the_answers_cannot_be_read():
    with pytest.raises(TargetError, match=r"all labels are 'yes', .* does not list its classes"):
        binary(answer([[0.2, 0.8]]), classes=("yes",), positive=None)


def test_a_class_that_the_model_cannot_answer_is_named():
    with pytest.raises(TargetError, match=r"the 3 classes that the data have \('maybe', 'no'"):
        multi(answer([[0.2, 0.8]]), classes=("maybe", "no", "yes"))
