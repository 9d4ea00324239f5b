"""What `init` writes: it loads, it says what was guessed and why, and `check` can use it."""

from __future__ import annotations

import pickle
import tomllib

import duckdb
import joblib
import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from cli.command import HARMLESS, command
from gate.checks import FakeTools
from modelwarden.core import InputError, Outcome
from modelwarden.gate import guess
from modelwarden.gate.check import CheckHow, check
from modelwarden.gate.draft import draft
from modelwarden.gate.look import Column, Table
from modelwarden.gate.project import load
from modelwarden.targets.spec import Modality, Task
from onnxmodels import graph, model, outside


def parquet(path, query):
    duckdb.sql(f"COPY ({query}) TO '{path}' (FORMAT parquet)")


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / "income"
    place.mkdir()
    x = np.random.default_rng(0).normal(size=(100, 3))
    joblib.dump(LogisticRegression().fit(x, x[:, 0] > 0), place / "clf.joblib")
    people = (
        "SELECT i AS row_id, i % 50 + 18 AS age, ['F','M'][i % 2 + 1] AS sex, i * 0.5 AS fare, "
        "'note number ' || i AS remark, i % 3 % 2 AS label FROM range({}) AS t(i)"
    )
    parquet(place / "train.parquet", people.format(900))
    parquet(place / "holdout.parquet", people.format(300))
    return place


def written(folder):
    text = draft(folder)
    (folder / "modelwarden.toml").write_text(text)
    return load(folder), text


def test_everything_is_told_from_content_and_marked_as_guessed(folder):
    found, text = written(folder)

    assert found.project.task is Task.BINARY
    assert found.project.modality is Modality.TABULAR
    assert (found.model.path, found.model.adapter) == ("clf.joblib", "sklearn")
    assert (found.data.test, found.data.train) == ("holdout.parquet", "train.parquet")
    assert (found.data.label, found.data.positive, found.data.id) == ("label", 1, "row_id")
    assert found.data.protected == ("age", "sex")
    assert '# integer = ["age"]' in text
    assert '# "fare" = [0, 149.5]' in text
    guessed = [line for line in text.splitlines() if "GUESS" in line]
    assert len(guessed) >= 8


def test_the_comments_are_toml_when_their_marks_are_taken_off(folder):
    _, text = written(folder)
    lines = text.splitlines()
    at = lines.index("# [features]")
    freed = [line.removeprefix("# ") for line in lines[at : lines.index("", at)]]

    assert tomllib.loads("\n".join(freed))["features"]["bounds"]["age"] == [18, 67]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("SELECT i AS a, i * 1.5 AS price FROM range(99) t(i)", ("regression", "price", None)),
        ("SELECT i AS a, 'k' || i % 4 AS kind FROM range(99) t(i)", ("multiclass", "kind", None)),
        (
            "SELECT 'a long message about nothing ' || i AS text, "
            "['ham','spam'][i % 2 + 1] AS category FROM range(99) t(i)",
            ("binary", "category", "spam"),
        ),
        (
            "SELECT i AS a, i % 9 = 0 AS broken FROM range(99) t(i)",
            ("binary", "broken", True),
        ),
        (
            "SELECT i AS a, ['x','q'][(i % 9 = 0)::INT + 1] AS z FROM range(99) t(i)",
            ("binary", "z", "q"),
        ),
    ],
)
def test_label_task_and_positive_class_are_guessed(tmp_path, query, expected):
    (tmp_path / "m.pkl").write_bytes(HARMLESS)
    parquet(tmp_path / "test.parquet", query)

    found, _ = written(tmp_path)

    assert (found.project.task.value, found.data.label, found.data.positive) == expected


@pytest.mark.parametrize("form", ["csv", "csv.gz", "jsonl"])
def test_other_forms_of_tables_are_read(tmp_path, form):
    (tmp_path / "m.pkl").write_bytes(HARMLESS)
    kind = "json" if form == "jsonl" else "csv"
    rows = "SELECT i AS a, i % 2 AS label FROM range(50) t(i)"
    duckdb.sql(f"COPY ({rows}) TO '{tmp_path}/test.{form}' (FORMAT {kind})")

    found, _ = written(tmp_path)

    assert (found.data.test, found.data.label) == (f"test.{form}", "label")


def test_arrays_are_told_by_their_shape(tmp_path):
    (tmp_path / "m.pkl").write_bytes(HARMLESS)
    np.savez(tmp_path / "test.npz", x=np.zeros((20, 1, 8, 8)), y=np.arange(20) % 5)

    found, _ = written(tmp_path)

    assert (found.project.modality, found.project.task) == (Modality.IMAGE, Task.MULTICLASS)
    assert found.data.label is None


def test_a_function_of_the_user_is_found_without_running_it(tmp_path):
    marker = tmp_path / "ran"
    (tmp_path / "w.pkl").write_bytes(HARMLESS)
    code = f"open({str(marker)!r}, 'w')\n\ndef predict(batch):\n    return batch\n"
    (tmp_path / "predict.py").write_text(code)

    found, _ = written(tmp_path)

    assert (found.model.adapter, found.model.entry) == ("callable", "predict.py:predict")
    assert not marker.exists()


def test_names_that_need_care_are_written_so_that_they_load(tmp_path):
    (tmp_path / "m.pkl").write_bytes(HARMLESS)
    odd = '"a""b\n\u2028 [x] # = é😀"'
    parquet(tmp_path / "test.parquet", f"SELECT i AS {odd}, i % 2 AS label FROM range(50) t(i)")

    found, text = written(tmp_path)
    freed = text.replace("# [features", "[features").replace("# integer", "integer")

    assert found.data.label == "label"
    assert '"a\\"b\\n' in freed


def test_broken_data_files_are_named_and_passed_over(tmp_path):
    (tmp_path / "m.pkl").write_bytes(HARMLESS)
    (tmp_path / "test.parquet").write_bytes(b"PAR1 no")
    (tmp_path / "arrays.npz").write_bytes(b"PK no")
    with (tmp_path / "evil.npz").open("wb") as stream:
        np.savez(stream, x=np.array([{}], object), y=np.zeros(1))

    _, text = written(tmp_path)

    assert text.count("# not read: ") == 3
    assert "# test = " in text


def test_a_vectoriser_is_no_model_and_a_function_that_joins_them_is_shown_both(tmp_path):
    words = TfidfVectorizer().fit(["one text", "another text"] * 40)
    joblib.dump(words, tmp_path / "a_words.joblib")
    x = words.transform(["one text", "another text"])
    joblib.dump(LogisticRegression().fit(x, [0, 1]), tmp_path / "model.joblib")

    alone, text = written(tmp_path)
    (tmp_path / "predict.py").write_text("def predict(texts):\n    return texts\n")
    joined, _ = written(tmp_path)

    assert (alone.model.path, alone.model.adapter) == ("model.joblib", "sklearn")
    assert "a_words.joblib holds a TfidfVectorizer, a step before the model" in text
    assert (joined.model.path, joined.model.adapter) == ("model.joblib", "callable")
    assert joined.model.files == ("a_words.joblib",)


def test_of_several_vectorisers_the_models_own_is_joined(tmp_path):
    words = TfidfVectorizer().fit(["one text", "another text"] * 40)
    model = LogisticRegression().fit(words.transform(["one text", "another text"]), [0, 1])
    for name in ("bayes", "linear"):
        joblib.dump(words, tmp_path / f"{name}_words.joblib")
    joblib.dump(model, tmp_path / "linear_model.joblib")

    _, text = written(tmp_path)

    assert "linear_words.joblib holds a TfidfVectorizer" in text
    assert 'step = joblib.load(HERE / "linear_words.joblib")' in text


def test_without_a_model_nothing_is_written(tmp_path):
    with pytest.raises(InputError, match="no model was found"):
        draft(tmp_path)
    with pytest.raises(InputError, match="no such folder"):
        draft(tmp_path / "nowhere")


def test_what_init_writes_can_be_checked(tmp_path):
    (tmp_path / "weights.pkl").write_bytes(pickle.dumps({"w": [1.0]}))
    (tmp_path / "predict.py").write_text("def predict(x):\n    return x\n")
    x = np.random.default_rng(0).normal(size=(200, 3))
    np.savez(tmp_path / "test.npz", x=x, y=(x[:, 0] > 0).astype(int))
    (tmp_path / "modelwarden.toml").write_text(
        draft(tmp_path).replace("predict.py:predict", "predict.py:honest")
    )

    report = check(tmp_path, how=CheckHow(tools=FakeTools())).report

    assert report.verdict.outcome in {Outcome.PASS, Outcome.FAIL}
    assert "performance" in report.stages


# The command.


def test_the_command_writes_once_and_never_over_a_file_of_the_user(folder):
    first = command("init", str(folder))
    (folder / "modelwarden.toml").write_text("# mine\n")
    second = command("init", str(folder))
    kept = (folder / "modelwarden.toml").read_text()
    third = command("init", "--force", str(folder))

    assert first.code == 0
    assert first.out == ""
    assert "look at the lines marked GUESS" in first.err
    assert second.code == 2
    assert "is there already" in second.line
    assert kept == "# mine\n"
    assert third.code == 0
    assert load(folder).data.label == "label"


def test_the_command_refuses_what_is_no_folder_in_one_line(tmp_path):
    assert "no such folder" in command("init", str(tmp_path / "x")).line
    assert "no model was found" in command("init", str(tmp_path)).line


@pytest.mark.parametrize("kind", ["adult", "sms-spam", "spambase", "nsl-kdd", "german-credit"])
def test_the_label_of_real_data_is_found(shared, tmp_path, kind):
    (tmp_path / "m.pkl").write_bytes(HARMLESS)
    for path in (shared / "data" / kind).glob("*.parquet"):
        (tmp_path / path.name).write_bytes(path.read_bytes())

    found, _ = written(tmp_path)

    assert found.data.label == "label"
    assert found.project.task is Task.BINARY
    assert found.data.positive == 1


def csv(path, header, rows):
    path.write_text("\n".join([header, *rows]) + "\n")


@pytest.mark.parametrize(
    ("no", "yes", "positive"),
    [("no", "yes", "yes"), ("n", "y", "y"), ("f", "t", "t"), ("False", "True", True)],
)
def test_labels_of_a_csv_are_spelt_as_a_check_reads_them(tmp_path, no, yes, positive):
    joblib.dump(LogisticRegression(), tmp_path / "clf.joblib")
    csv(tmp_path / "test.csv", "a,churn", [f"{i},{yes if i % 3 else no}" for i in range(60)])

    found, _ = written(tmp_path)

    assert found.data.positive == positive
    assert type(found.data.positive) is type(positive)


def test_a_class_that_one_of_both_sets_lacks_is_one_of_the_task(tmp_path):
    joblib.dump(LogisticRegression(), tmp_path / "clf.joblib")
    csv(tmp_path / "test.csv", "a,target", [f"{i},{i % 2}" for i in range(60)])
    csv(tmp_path / "train.csv", "a,target", [f"{i},{i % 3}" for i in range(60)])

    found, text = written(tmp_path)

    assert found.project.task is Task.MULTICLASS
    assert "target has 3 values" in text


@pytest.mark.parametrize(
    ("adapter", "task"), [("catboost", Modality.TABULAR), ("sklearn", Modality.TEXT)]
)
def test_a_text_among_other_columns_is_one_column_for_a_model_of_tables(adapter, task):
    text = Column(name="text", kind="text", rows=50, missing=0, distinct=50, length=80.0)
    length = Column(name="length", kind="integer", rows=50, missing=0, distinct=40)
    table = Table(path="test.csv", rows=50, columns=(text, length))

    found = guess.modality(table, (), frames=adapter in guess.OF_TABLES)

    assert found.value == task.value
    assert ("not given length" in found.why) == (task is Modality.TEXT)


def test_files_that_an_onnx_model_keeps_tensors_in_are_named_as_its_own(tmp_path):
    (tmp_path / "m.onnx").write_bytes(model(graph(tensors=(outside("w.bin"),))))
    (tmp_path / "w.bin").write_bytes(bytes(8))

    project, text = written(tmp_path)

    assert (project.model.path, project.model.files) == ("m.onnx", ("w.bin",))
    assert "GUESS: the model says that it keeps tensors there" in text
