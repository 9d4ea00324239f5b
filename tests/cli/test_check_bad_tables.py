"""Tables that are odd where it matters: `modelwarden check` answers them, with a real model."""

from __future__ import annotations

import csv

import numpy as np
import pytest

from cli.command import Ran, command

PREDICT = """
import numpy as np

def predict(rows):
    score = 1 / (1 + np.exp(-np.asarray(rows["a"], float)))
    return np.column_stack([1 - score, score])
"""
TOML = """
[project]
name = "odd"
task = "{task}"
modality = "{modality}"

[model]
path = "model/"
adapter = "callable"
entry = "predict.py:predict"

[limits]
seconds = 60

[data]
test = "test.csv"
train = "train.csv"
label = "y"
{data}
"""
STAGES = "data,performance"


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def drawn(n: int, seed: int) -> dict[str, list]:
    """Columns of n rows; what `a` says decides `y` for the most part."""
    rng = np.random.default_rng(seed)
    a = rng.normal(size=n)
    y = (rng.random(n) < 1 / (1 + np.exp(-a))).astype(int)
    return {"a": a.round(4).tolist(), "b": rng.normal(size=n).round(4).tolist(), "y": y.tolist()}


def check(
    folder,
    *,
    n=120,
    test=None,
    train=None,
    task="binary",
    modality="tabular",
    data="",
    predict=PREDICT,
    stages=STAGES,
) -> Ran:
    """Write a project whose tables are changed by `test` and `train`, and check it."""
    (folder / "model").mkdir(parents=True)
    (folder / "model" / "predict.py").write_text(predict)
    for seed, (name, change) in enumerate({"test": test, "train": train}.items()):
        table = drawn(n, seed)
        if change is not None:
            change(table)
        with (folder / f"{name}.csv").open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(table)
            writer.writerows(zip(*table.values(), strict=True))
    if task == "binary":
        data += "\npositive = 1"
    (folder / "modelwarden.toml").write_text(TOML.format(task=task, modality=modality, data=data))
    return command("check", "--format", "json", "--stage", stages, str(folder), timeout=300)


def column(name, make):
    """Return a change of both tables that gives them one more column, a cell from its row."""

    def change(table):
        table[name] = [make(row) for row in range(len(table["y"]))]

    return {"test": change, "train": change}


def answered(ran: Ran) -> dict:
    """Return the report of a check in which nothing crashed."""
    assert "Traceback" not in ran.err + ran.out
    assert [why for _, kind, why in ran.gaps() if kind == "failed" or "failed" in why] == []
    return ran.report


@pytest.mark.parametrize(
    ("n", "make", "words"),
    [
        (120, lambda row: "x", "all rows are of 'x'"),
        (120, lambda row: "", "all rows are of 'missing'"),
        (120, lambda row: f"g{row}", "120 groups are too small"),
        (6000, lambda row: f"g{row % 5000}", "5,000 groups are too small"),
    ],
    ids=["one value", "all missing", "groups of one row", "5,000 values"],
)
def test_a_protected_column_that_cannot_be_compared_is_a_gap_and_not_fair(tmp_path, n, make, words):
    more = column("g", make)

    ran = check(tmp_path, n=n, data='protected = ["g"]', stages="fairness", **more)

    answered(ran)
    assert ran.code == 3
    assert [why for what, _, why in ran.gaps() if what == "g"] == [
        f"{words}: there is nothing to compare, which is not fairness"
    ]


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ('protected = ["B"]', "data.protected names 'B', which is no column of the test data"),
        ('[features]\ninteger = ["B"]', "features.integer names 'B', which is no column"),
    ],
)
def test_a_column_that_is_named_and_not_there_is_told_before_anything_runs(tmp_path, data, told):
    ran = check(tmp_path, task="multiclass", data=data, stages="performance")

    assert ran.code == 2
    assert told in ran.line
    assert "Did you mean 'b'?" in ran.line


def test_labels_that_are_no_class_of_the_model_are_a_gap_that_says_so(tmp_path):
    def words(table):
        table["y"] = ["yes" if y else "no" for y in table["y"]]

    ran = check(tmp_path, task="multiclass", test=words, stages="performance")

    answered(ran)
    told = [why for _, _, why in ran.gaps() if "no label is a class of the model" in why]
    assert told
    assert "it knows 0, 1, the labels are" in told[0]


def test_weights_are_no_key_and_a_column_of_negative_ones_is_a_column(tmp_path):
    more = column("weight", lambda row: -1.5 - row % 7)

    asked = check(tmp_path / "key", data='weights = "weight"', **more)
    held = check(tmp_path / "column", **more)

    assert asked.code == 2
    assert "unknown key 'data.weights'" in asked.line
    answered(held)
    assert held.code == 0


def test_dates_that_stand_as_text_are_ordered_where_they_can_be_read(tmp_path):
    plain = check(
        tmp_path / "points",
        data='order = "when"',
        **column("when", lambda row: f"{1 + row % 28:02}.{1 + row % 12:02}.2021"),
    )
    unclear = check(
        tmp_path / "slashes",
        data='order = "when"',
        **column("when", lambda row: f"{1 + row % 12:02}/{1 + row % 7:02}/2021"),
    )

    answered(plain)
    assert plain.code == 0
    answered(unclear)
    assert unclear.code == 3
    assert {what for what, kind, _ in unclear.gaps() if kind == "not-assessable"} == {
        "train.csv",
        "test.csv",
    }
    assert "'when' of [data] order holds text" in unclear.gaps()[0][2]


def cut(table):
    for name in table:
        table[name] = [1]


def test_tables_of_one_row_show_nothing(tmp_path):
    ran = check(tmp_path, train=cut, test=cut)

    answered(ran)
    assert ran.code == 3
    assert {kind for _, kind, _ in ran.gaps()} == {"not-assessable"}


def noted(table):
    n = len(table["y"])
    table["note"] = [f"xyz {row} " * (120_000 if row < 5 else 2) for row in range(n)]


GOOD = """
import numpy as np

def predict(texts):
    score = np.array([0.9 if "good" in str(text) else 0.1 for text in texts])
    return np.column_stack([1 - score, score])
"""


def written(table):
    n = len(table["y"])
    table.clear()
    table["text"] = [f"{'good' if row % 2 else 'bad'} word{row % 17} {row} " for row in range(n)]
    table["text"][:3] = [text * 60_000 for text in table["text"][:3]]
    table["y"] = [row % 2 for row in range(n)]


def test_cells_of_a_megabyte_are_read(tmp_path):
    beside = check(tmp_path / "column", test=noted, train=noted)
    alone = check(
        tmp_path / "texts",
        test=written,
        train=written,
        modality="text",
        data='text = "text"',
        predict=GOOD,
    )

    answered(beside)
    assert beside.code == 0
    answered(alone)
    assert alone.code in (0, 1, 3)


THREE = """
import numpy as np

def predict(rows):
    a = np.asarray(rows["a"], float)
    scores = np.exp(np.stack([-2 * a, np.zeros(len(a)), 2 * a - 2], axis=1))
    return scores / scores.sum(axis=1, keepdims=True)
"""


def of_three(table):
    table["y"] = [int(a > 0) + int(a > 1) for a in table["a"]]


def of_two(table):
    table["y"] = [int(a > 0) for a in table["a"]]


def third_class(table):
    table["y"][:30] = [2] * 30


def test_a_class_that_training_never_saw_is_told(tmp_path):
    several = check(
        tmp_path / "several", test=of_three, train=of_two, task="multiclass", predict=THREE
    )
    two = check(tmp_path / "two", test=third_class)

    told = [f["message"] for f in answered(several)["findings"] if f["rule"] == "schema-break"]
    assert told == ["column y of test: 22 of 120 rows hold values never seen before ('2')"]
    assert several.code == 0
    told = {f["rule"]: f for f in answered(two)["findings"]}
    assert "30 of 120 rows hold values never seen before ('2')" in told["schema-break"]["message"]
    assert "class 2, which the model does not have" in told["weak-class"]["message"]
    assert two.code == 1
