"""The next step after an error of the model's own code names what was given and what to change."""

from __future__ import annotations

import numpy as np
import pytest

from modelwarden.sandbox import ModelError
from modelwarden.targets.next_step import next_step
from targets.opening import frame_of

TABLE = frame_of({"number": [1, 2], "age": [30.0, None], "town": ["Ulm", None]})
TEXTS = np.array(["win a prize", "see you"], object)


@pytest.mark.parametrize(
    ("kind", "message", "given", "told"),
    [
        (
            "Fail",
            "[ONNXRuntimeError] : 1 : FAIL : Failed to allocate memory for requested buffer",
            None,
            "Raise [limits] memory",
        ),
        ("RuntimeError", "DefaultCPUAllocator: can't allocate memory", None, "[limits] memory"),
        ("Exception", "std::bad_alloc", TABLE, "Raise [limits] memory"),
        (
            "ValueError",
            "X has 3 features, but StandardScaler is expecting 2 features as input.",
            TABLE,
            "It was given 3 columns: number, age, town; [data] id and drop leave out those",
        ),
        (
            "ValueError",
            "Input X contains NaN. LogisticRegression does not accept missing values",
            TABLE,
            "Some rows that it was given have no value in age, town: fill them in",
        ),
        (
            "TypeError",
            "column 'income' holds '27839,44', which is no number, and this model takes numbers",
            TABLE,
            "Write numbers with a decimal point",
        ),
        (
            "TypeError",
            "column 'since' holds '2024-01-31', which is no number, and this model takes numbers",
            TABLE,
            "Leave the column out with [data] drop",
        ),
        (
            "ValueError",
            "could not convert string to float: 'win a prize'",
            TEXTS,
            "what turns texts into numbers (a vectoriser) was saved apart",
        ),
        (
            "AttributeError",
            "This 'SVC' has no attribute 'predict_proba'",
            TEXTS,
            "It gives no scores by predict_proba",
        ),
        ("ModuleNotFoundError", "No module named 'sklearn'", None, "Install scikit-learn beside"),
        ("ValueError", "of its own", None, "Run the model outside Modelwarden"),
    ],
)
def test_the_next_step_fits_what_the_model_raised(kind, message, given, told):
    assert told in next_step(ModelError(kind, message), given)


def test_a_wide_table_is_named_by_its_first_columns():
    wide = frame_of({f"column {i}": [0.5] for i in range(40)})

    told = next_step(ModelError("ValueError", "no"), wide)

    assert "40 columns: column 0, " in told
    assert "column 11 and 28 more;" in told
    assert "column 12" not in told
