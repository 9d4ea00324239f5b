import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelwarden.targets import tiled
from modelwarden.targets.access import GradientTarget, LabelTarget, ScoreTarget, ValueTarget
from modelwarden.targets.errors import TargetError
from modelwarden.targets.local import function_target
from modelwarden.targets.spec import Modality, TargetSpec, Task

X = np.random.default_rng(0).normal(size=(21, 3))
W = np.array([[1.0, -1.0], [0.5, 0.0], [0.0, 2.0]])


def spec(task=Task.BINARY, tile=4, **more):
    more = {"classes": (0, 1), "positive": 1} | more if task is Task.BINARY else more
    return TargetSpec(task=task, modality=Modality.VECTOR, shape=(3,), tile=tile, **more)


def test_a_function_is_asked_in_whole_tiles_and_only_its_own_rows_are_kept_and_counted():
    seen = []

    def linear(x):
        seen.append(len(x))
        return x @ W

    target = function_target(linear, spec(), X)
    scores = target.scores(X)

    assert set(seen) == {4}
    np.testing.assert_allclose(scores, X @ W)
    assert (target.rows, target.calls) == (21, 6)
    assert target.labels(X[:0]).shape == (0,)
    assert target.labels(X).tolist() == (X @ W).argmax(axis=1).tolist()


def test_more_scores_than_are_held_at_once_are_not_asked_for(monkeypatch):
    monkeypatch.setattr(tiled, "MOST_SCORES", 40)
    asked = []

    def linear(x):
        asked.append(len(x))
        return x @ W

    target = function_target(linear, spec(), X)
    asked.clear()
    with pytest.raises(TargetError, match="21 rows of 2 scores are more than 40") as raised:
        target.scores(X)

    assert raised.value.kind == "over-limit"
    assert asked == []
    assert len(target.scores(X[:20])) == 20


def test_answers_that_are_none_are_counted_without_the_rows_that_fill_a_tile():
    def half(x):
        return np.where(x[:, :1] == X[20, 0], np.nan, x @ W)

    target = function_target(half, spec(), X[:20])

    with pytest.raises(TargetError, match="NaN or infinity to 1 of 1 rows"):
        target.scores(X)


@given(st.integers(1, 9), st.lists(st.integers(0, 20), max_size=30))
def test_who_asks_with_whom_changes_nothing(tile, rows):
    """Answers that depend on how many rows are asked at once are the same for all."""
    target = function_target(lambda x: x @ W + 1 / len(x), spec(tile=tile), X)

    together = target.scores(X[rows])
    alone = [target.scores(X[row : row + 1])[0] for row in rows]

    assert together.tolist() == [one.tolist() for one in alone]


def test_the_kind_of_target_follows_from_the_answers():
    labels = function_target(lambda x: (x[:, 0] > 0).astype(int), spec(), X)
    words = function_target(
        lambda x: np.where(x[:, 0] > 0, "yes", "no"), spec(classes=("no", "yes")), X
    )
    values = function_target(lambda x: x[:, 0], spec(Task.REGRESSION), X)
    smooth = function_target(lambda x: x @ W, spec(), X, gradients=lambda x, w: (x @ W, w @ W.T))

    assert isinstance(labels, LabelTarget)
    assert not isinstance(labels, ScoreTarget)
    assert words.labels(X).tolist() == labels.labels(X).tolist()
    assert isinstance(values, ValueTarget)
    assert not isinstance(values, LabelTarget)
    assert isinstance(smooth, GradientTarget)
    weights = np.random.default_rng(1).normal(size=(21, 2))
    told = smooth.gradients(X, weights)
    np.testing.assert_allclose(told.scores, X @ W)
    np.testing.assert_allclose(told.logits, X @ W)
    np.testing.assert_allclose(told.gradients, weights @ W.T)
    assert smooth.rows == 21


def test_what_is_no_answer_is_refused():
    with pytest.raises(TargetError, match="neither scores nor labels"):
        function_target(lambda x: np.zeros((len(x), 7)), spec(), X)
    with pytest.raises(TargetError, match="no row"):
        function_target(lambda x: x @ W, spec(), X[:0])
    short = function_target(lambda x: (x @ W)[: 3 if x[0, 0] == X[4, 0] else 9], spec(), X)
    with pytest.raises(TargetError, match="not to all 4 rows"):
        short.scores(X)
