"""A robust model passes in silence; every brittle one is named, with column and operator."""

from __future__ import annotations

import unicodedata
from dataclasses import replace

import numpy as np
import pytest

from assess.fakes import context, named, table, vectors
from modelwarden.assess.abnormal import images, stage, tables, texts, trials, words
from modelwarden.assess.config import AbnormalConfig, AssessConfig
from modelwarden.core import GapKind, Severity
from modelwarden.targets.data import DataSet
from modelwarden.targets.errors import TargetError
from modelwarden.targets.frames import Frame
from modelwarden.targets.local import function_target
from modelwarden.targets.spec import Modality, TargetSpec, Task

JOBS = {"clerk": -2.0, "nurse": 2.0, "smith": 0.0}
BACK = {other: chr(latin) for latin, other in words._ALIKE.items()}


def people(n=600, seed=0):
    rng = np.random.default_rng(seed)
    job = np.empty(n, object)
    job[:] = rng.choice(sorted(JOBS), n)
    return {
        "age": rng.integers(18, 80, n),
        "pay": rng.normal(3000, 800, n),
        "job": job,
        "since": rng.integers(0, 9000, n).astype("datetime64[D]").astype("datetime64[us]"),
    }


def both(score):
    p = 1 / (1 + np.exp(-np.clip(score, -50, 50)))
    return np.stack([1 - p, p], axis=1)


def clean(word):
    if word is None:
        return ""
    if not isinstance(word, str):
        raise TypeError("job must be text")
    plain = "".join(BACK.get(c, c) for c in word if c not in words.INVISIBLE)
    return unicodedata.normalize("NFKC", plain).strip().lower()


def number(column, name, otherwise):
    found = []
    for value in column.tolist():
        try:
            real = float(str(value).strip().replace(",", "."))
        except ValueError:
            raise ValueError(f"{name} must be a number, not {value!r:.40}") from None
        found.append(real if abs(real) < 1e7 else otherwise)
    return np.array(found)


def columns(frame):
    for name in ("age", "pay", "job"):
        if name not in frame.names:
            raise ValueError(f"column {name} is missing")
    return (
        number(frame["age"], "age", 45.0),
        number(frame["pay"], "pay", 3000.0),
        np.array([JOBS.get(clean(v), 0.0) for v in frame["job"].tolist()]),
    )


def robust(frame):
    age, pay, job = columns(frame)
    return both((age - 45) / 15 + job + (pay - 3000) / 4000)


def target_of(function, inputs, task=Task.BINARY, modality=Modality.TABULAR, classes=(0, 1)):
    made = TargetSpec(
        task=task,
        modality=modality,
        classes=() if task is Task.REGRESSION else classes,
        positive=1 if task is Task.BINARY else None,
    )
    return function_target(function, made, inputs)


def result_of(function, data=None, *, train=None, assess=None, sample=None, **more):
    data = table(people()) if data is None else data
    target = target_of(function, data.inputs if sample is None else sample, **more)
    return stage.run(context(target, data, train, assess=assess))


def found(result):
    return {
        (f.location.feature, f.location.terms["operator"], f.evidence["outcome"])
        for f in result.findings
    }


def test_the_robust_control_passes_in_silence_and_its_trials_stand_in_the_table():
    result = result_of(robust)

    assert result.findings == ()
    assert result.gaps == ()
    assert result.notes == ()
    (shown,) = result.tables
    tried = {row[0] for row in shown.rows}
    assert {o.name for o in tables.OPERATORS} <= tried
    assert {"repeat", "order", "batch-of-one", "duplicate-rows", "one-bad-row"} <= tried
    assert {row[3] for row in shown.rows} == {"answered", "refused"}
    assert named(result)["abnormal_inputs_survived"].value == 1.0
    of_null = named(result, {"operator": "null"})["abnormal_inputs_survived"]
    assert of_null.n == 400
    # Four calls that end alike are four answers, not four hundred: 1 / (1 + z² / 4).
    assert of_null.low == pytest.approx(1 / (1 + 1.959964**2 / 4), abs=1e-6)


def test_there_are_at_least_fifteen_operators_for_tables_and_twelve_for_texts_and_images():
    assert len(tables.OPERATORS) >= 15
    assert len({o.name for o in texts.OPERATORS}) >= 12
    assert len({o.name for o in images.OPERATORS}) >= 12


def _nan_of_null(frame):
    age, pay, job = columns(frame)
    scores = both((age - 45) / 15 + job + (pay - 3000) / 4000)
    scores[np.isnan(np.array([float(str(v).replace(",", ".")) for v in frame["pay"].tolist()]))] = (
        np.nan
    )
    return scores


def _breaks_on(test):
    def function(frame):
        for value in frame["job"].tolist():
            if test(value):
                return {}[value]
        return robust(frame)

    return function


def _score_of_range(frame):
    scores = robust(frame)
    scores[number(frame["age"], "age", 45.0) > 90] = [-0.5, 1.5]
    return scores


def _case_matters(frame):
    job = np.array([JOBS.get(v if v is None else v.strip(), -4.0) for v in frame["job"].tolist()])
    return both(columns(frame)[0] / 1e6 + job + 0.1)


def _alike_matters(frame):
    plain = [
        None if v is None else "".join(c for c in v if c not in words.INVISIBLE)
        for v in frame["job"].tolist()
    ]
    job = np.array([JOBS.get((v or "").strip().lower(), -4.0) for v in plain])
    return both(columns(frame)[0] / 1e6 + job + 0.1)


def _comma_matters(frame):
    values = [
        float(str(v).replace(",", "")) if "," in str(v) else float(v) for v in frame["age"].tolist()
    ]
    columns(frame)
    return both((np.nan_to_num(np.array(values), nan=45.0) - 45) / 15)


def _by_position(frame):
    columns(frame)
    return both((number(frame.columns[0], "first", 45.0) - 45) / 15)


def _more_columns_matter(frame):
    return both(columns(frame)[0] - 45 + 100 * (len(frame.names) - 4))


def _by_batch(frame):
    age, _, job = columns(frame)
    return both((age - np.median(age)) / 15 + job)


def _whole_batch(frame):
    scores = robust(frame)
    if any(v != v for v in frame["age"].tolist()):
        scores[:] = [0.9, 0.1]
    return scores


def _squeezed(frame):
    scores = robust(frame)
    return scores.squeeze() if len(frame) > 1 else scores.squeeze()[:1]


def _long_is_lost(frame):
    if any(v is not None and len(v) > 5000 for v in frame["job"].tolist()):
        return np.zeros((3, 2))
    return robust(frame)


def _far_is_infinite(frame):
    scores = robust(frame)
    raw = np.array([float(str(v).replace(",", ".")) for v in frame["age"].tolist()])
    scores[np.abs(raw) > 1e6] = np.inf
    return scores


def _sentinel_divides(frame):
    if (number(frame["pay"], "pay", 3000.0) == -999).any():
        return 1 / 0
    return robust(frame)


@pytest.mark.parametrize(
    ("function", "planted"),
    [
        (_nan_of_null, ("pay", "null", "NaN")),
        (_breaks_on(lambda v: v is None), ("job", "null", "crash")),
        (_breaks_on(lambda v: v == ""), ("job", "empty", "crash")),
        (_breaks_on(lambda v: v == tables.UNSEEN_WORD), ("job", "unseen-category", "crash")),
        (_breaks_on(lambda v: v == "N/A"), ("job", "sentinel", "crash")),
        (_score_of_range, ("age", "out-of-range", "out of range")),
        (_case_matters, ("job", "case-and-space", "changed")),
        (_alike_matters, ("job", "homoglyph", "changed")),
        (_comma_matters, ("age", "decimal-comma", "changed")),
        (_by_position, (None, "reordered-columns", "changed")),
        (_more_columns_matter, (None, "extra-column", "changed")),
        (_by_batch, (None, "batch-of-one", "changed")),
        (_whole_batch, (None, "one-bad-row", "others spoilt")),
        (_squeezed, (None, "batch-of-one", "wrong shape")),
        (_long_is_lost, ("job", "over-long", "wrong shape")),
        (_far_is_infinite, ("age", "outlier", "NaN")),
        (_sentinel_divides, ("pay", "sentinel", "crash")),
    ],
)
def test_a_brittle_model_is_named_with_column_and_operator(function, planted):
    result = result_of(function)

    assert planted in found(result)
    features = {feature for feature, _, _ in found(result)} - {None}
    assert features <= ({planted[0]} if planted[0] else set())


def test_what_breaks_the_code_is_low_while_the_data_hold_none_and_nan_for_nothing_is_info():
    def severity(function):
        return [f.severity for f in result_of(function).findings if f.location.feature]

    assert severity(_breaks_on(lambda v: v == tables.UNSEEN_WORD)) == [Severity.LOW]
    assert severity(_nan_of_null) == [Severity.INFO]


def test_names_are_tried_in_small_letters_as_well():
    data = {**people(), "job": np.array([str(v).title() for v in people()["job"]], object)}

    def function(frame):
        small = np.array([v is not None and v.islower() for v in frame["job"].tolist()])
        return np.where(small[:, None], [[0.0, 1.0]], robust(frame))

    assert ("job", "case-and-space", "changed") in found(result_of(function, table(data)))


def test_a_heavy_tail_that_is_answered_does_not_make_what_lies_far_beyond_it_common():
    tail = {**people(), "age": np.where(np.arange(600) % 20 == 0, 2000.0, people()["age"])}

    found = result_of(_far_is_infinite, table(tail)).findings

    assert {f.severity for f in found if f.location.terms["operator"] == "outlier"} == {
        Severity.LOW
    }


@pytest.mark.parametrize(
    "error",
    [
        ValueError("Input X contains NaN."),
        TypeError("age must be a number"),
        KeyError("age: unknown value, expected one of clerk, nurse"),
        RuntimeError("age must not be missing"),
    ],
)
def test_a_clear_error_is_a_refusal(error):
    def function(frame):
        plain = number(frame["age"], "age", 45.0)
        if np.isnan(plain).any() or plain.max() > 200:
            raise error
        return robust(frame)

    assert result_of(function).findings == ()


@pytest.mark.parametrize(
    "error",
    [
        ValueError("'never' is not in list"),
        ValueError("math domain error"),
        ValueError(""),
        RuntimeError("boom"),
        KeyError("never"),
        TypeError("'NoneType' object is not iterable"),
        IndexError("age: list index out of range"),
    ],
)
def test_an_accident_of_the_code_is_none(error):
    def function(frame):
        if any(v == tables.UNSEEN_WORD for v in frame["job"].tolist()):
            raise error
        return robust(frame)

    assert found(result_of(function)) == {("job", "unseen-category", "crash")}


def test_severity_is_how_common_it_is_times_how_much_it_does():
    loud = people()
    loud["job"][::10] = [word.upper() for word in loud["job"][::10]]

    def severities(data):
        found = result_of(_case_matters, table(data)).findings
        return {f.location.terms["operator"]: f.severity for f in found}

    assert severities(people())["case-and-space"] is Severity.INFO
    assert severities(loud)["case-and-space"] is Severity.HIGH


def test_rows_of_the_data_that_break_the_model_are_what_is_found():
    holes = people()
    holes["pay"][::20] = np.nan

    def raises(frame):
        if any(v != v for v in frame["pay"].tolist()):
            error = TargetError("the model raised IndexError: list index out of range")
            error.raised = "IndexError"
            raise error
        return robust(frame)

    for function, outcome in ((_nan_of_null, "NaN"), (raises, "crash")):
        result = result_of(function, table(holes), sample=table(people()).inputs)
        (finding,) = [f for f in result.findings if f.location.terms["operator"] == "null"]
        assert finding.location.feature == "pay"
        assert finding.evidence["outcome"] == outcome
        assert finding.evidence["prevalence"] == pytest.approx(0.05)
        assert finding.severity is Severity.HIGH


def test_a_model_that_answers_at_random_is_not_called_brittle_for_it_everywhere():
    rng = np.random.default_rng(0)

    result = result_of(lambda frame: both(rng.normal(size=len(frame))))

    assert {operator for _, operator, _ in found(result)} == {"repeat"}
    assert "otherwise each time" in result.notes[0]


def test_the_same_seed_gives_the_same_result():
    assert result_of(_nan_of_null) == result_of(_nan_of_null)


def test_what_time_leaves_untried_is_a_gap():
    result = result_of(robust, assess=AssessConfig(abnormal=AbnormalConfig(seconds=1e-9)))

    (gap,) = result.gaps
    assert gap.kind is GapKind.BUDGET
    assert "null" in gap.why


def test_a_model_that_fails_on_ordinary_rows_is_not_assessable():
    def only_whole_tiles(frame):
        if len(frame) != 256:
            raise ValueError("give me 256 rows")
        return robust(frame)

    result = result_of(only_whole_tiles)

    assert not result.done
    assert [g.kind for g in result.gaps] == [GapKind.NOT_ASSESSABLE]


def test_words_of_the_training_set_tell_which_are_unseen():
    train = people(seed=1)
    train["job"][train["job"] == "smith"] = "clerk"
    job = np.array(train["job"], object)

    def strict(frame):
        known = {*job.tolist(), "smith", ""}
        for value in frame["job"].tolist():
            if clean(value) not in known:
                raise KeyError(value)
        return robust(frame)

    result = result_of(strict, table(people()), train=table(train, name="train"))

    (finding,) = [f for f in result.findings if f.location.terms["operator"] == "unseen-category"]
    assert finding.evidence["prevalence"] == pytest.approx(1 / 3, abs=0.05)
    assert finding.severity is Severity.HIGH


def test_a_regression_and_labels_are_judged_too():
    def values(frame):
        age, pay, _ = columns(frame)
        return np.where(age > 90, np.nan, np.nan_to_num(pay, nan=3000.0))

    def labels(frame):
        return np.where(columns(frame)[0] > 90, "?", np.where(columns(frame)[0] > 45, "b", "a"))

    of_values = result_of(values, task=Task.REGRESSION)
    of_labels = result_of(labels, classes=("a", "b"))

    assert ("age", "out-of-range", "NaN") in found(of_values)
    assert ("age", "out-of-range", "out of range") in found(of_labels)


def texts_of(n=300, seed=0):
    rng = np.random.default_rng(seed)
    made = np.empty(n, object)
    bag = ["Good", "bad", "the", "film", "actor", "was", "plot", "café", "end."]
    made[:] = [" ".join(rng.choice(bag, 12)) for _ in range(n)]
    return DataSet("test", made, None, Frame((), ()), source="test.jsonl")


def _plain(text):
    unescaped = (text or "").replace("\x1b[0m", "")
    plain = "".join(BACK.get(c, c) for c in unescaped if c not in words.INVISIBLE)
    plain = "".join(c for c in plain if c.isprintable() or c.isspace())
    folded = unicodedata.normalize("NFKC", plain).lower()
    return folded.replace("ogod", "good").replace("goood", "good")


def feelings(texts):
    plain = [_plain(t) for t in texts]
    good = np.array([p.count("g") - p.count("b") for p in plain], float)
    return both(good + 0.25)


def test_a_robust_model_of_texts_passes_and_a_brittle_one_is_named():
    def brittle(texts):
        return both(np.array([str(t).count("Good") - str(t).count("bad") + 0.25 for t in texts]))

    def breaks(texts):
        return feelings([t if t.strip() else t[0] for t in texts])

    def capitals(texts):
        return both(np.array([0.5 if any(c.isupper() for c in str(t)) else -0.5 for t in texts]))

    data, text = texts_of(), {"modality": Modality.TEXT}

    assert result_of(feelings, data, **text).findings == ()
    assert {o for _, o, how in found(result_of(brittle, data, **text)) if how == "changed"} >= {
        "case",
        "homoglyph",
        "zero-width",
        "full-width",
    }
    assert ("case", "changed") in {
        (o, how) for _, o, how in found(result_of(capitals, data, **text))
    }
    assert {(o, how) for _, o, how in found(result_of(breaks, data, **text))} >= {
        ("null", "crash"),
        ("empty", "crash"),
    }


def pictures(n=120, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.uniform(0, 60, (n, 1, 16, 16))
    x[np.arange(n) % 2 == 0, :, 4:12, 4:12] += 120
    return DataSet("test", np.round(x).astype(np.float32), None, Frame((), ()), source="t.npz")


def test_a_robust_model_of_images_passes_and_one_that_looks_at_a_pixel_is_named():
    def whole(x):
        x = np.nan_to_num(x)
        inner, outer = x[:, 0, 4:12, 4:12].mean(axis=(1, 2)), x[:, 0, :3].mean(axis=(1, 2))
        return both((inner - outer - 60) / 10)

    def pixel(x):
        return both((np.nan_to_num(x)[:, 0, 4, 5] - x[:, 0, 4, 3] - 40) / 3)

    data, picture = pictures(), {"modality": Modality.IMAGE}
    robust_result, brittle = result_of(whole, data, **picture), result_of(pixel, data, **picture)

    assert robust_result.findings == ()
    assert len({row[0] for row in robust_result.tables[0].rows}) >= 16
    assert {o for _, o, _ in found(brittle)} >= {"shift"}


def test_vectors_are_tried_too():
    x = np.random.default_rng(0).normal(size=(400, 5))

    def plain(x):
        return both(x[:, 0] * 2)

    def together(x):
        return both(np.nan_to_num(x - x.mean(axis=0))[:, 0] * 2)

    vector = {"modality": Modality.VECTOR}

    assert result_of(plain, vectors(x), **vector).findings == ()
    assert (None, "one-bad-row", "others spoilt") in found(
        result_of(together, vectors(x), **vector)
    )


def test_a_table_of_one_row_and_one_column_and_one_of_nothing_but_gaps_are_answered():
    one = DataSet("test", Frame(("a",), (np.array([1.0]),)), None, Frame((), ()), source="t")
    gaps = table({"a": np.full(30, np.nan), "b": np.array([None] * 30, object)})

    def constant(frame):
        return both(np.zeros(len(frame)) + 1)

    for data in (one, gaps):
        result = result_of(constant, data)
        assert result.done
        assert result.findings == ()


def test_findings_of_one_operator_are_bounded():
    wide = table({f"f{i}": np.random.default_rng(i).normal(size=50) for i in range(30)})

    def naive(frame):
        return both(sum(column.astype(float) for column in frame.columns))

    result = result_of(naive, wide)

    nulls = [f for f in result.findings if f.location.terms["operator"] == "null"]
    assert 0 < len(nulls) <= 20
    assert len([r for r in result.tables[0].rows if r[0] == "null"]) == 30
    assert any("20 of 30 columns" in note and "null" in note for note in result.notes)


def test_pages_keep_their_markup_and_huge_texts_are_tried_on_fewer_rows():
    made = np.empty(40, object)
    made[:] = [
        f"<p class='a{i}'>Some words {i}</p><script>var a = {i};</script>" for i in range(40)
    ]
    seen = []

    def reads_markup(pages):
        seen.extend(p for p in pages if p is not None)
        return both(np.array([1.0 if "<p class='a" in (p or "<p class='a") else -1 for p in pages]))

    pages = DataSet("test", made, None, Frame((), ()), source="pages")
    target = target_of(reads_markup, made, modality=Modality.HTML)
    here = context(target, pages)
    html = replace(here, project=replace(here.project, modality=Modality.HTML))
    same = {o.name for o in texts.OPERATORS if o.meaning is trials.Meaning.SAME}

    result = stage.run(html)

    assert not {o for _, o, how in found(result) if how == "changed"} & same
    assert any("SOME WORDS" in page and "<p class='a" in page for page in seen)
    assert any("var a = 1;" in page and "\u200b" in page for page in seen)
    huge = np.empty(30, object)
    huge[:] = ["x" * 1_000_000] * 30
    data = DataSet("test", huge, None, Frame((), ()), source="t")
    result = result_of(lambda t: both(np.ones(len(t))), data, modality=Modality.TEXT)
    assert max(row[4] for row in result.tables[0].rows if row[0] != "duplicate-rows") == 2


def test_columns_that_we_lay_out_ourselves_are_not_turned_round():
    here = context(target_of(_by_position, table(people()).inputs), table(people()))
    onnx = replace(here, model=replace(here.model, adapter="onnx"))

    result = stage.run(onnx)

    assert "reordered-columns" not in {row[0] for row in result.tables[0].rows}
    assert (None, "reordered-columns", "changed") in found(stage.run(here))


def test_columns_are_turned_round_among_those_of_one_type():
    columns = {
        "pay": np.arange(4.0),
        "job": np.array(list("abcd"), object),
        "left": np.array([True, False] * 2),
        "age": np.arange(4),
        "town": np.array(list("wxyz"), object),
    }

    (turned,) = (
        trial.inputs.names
        for trial in tables._whole(Frame(tuple(columns), tuple(columns.values())))
        if trial.operator is tables.REORDERED
    )

    assert turned == ("age", "town", "left", "pay", "job")


def test_what_a_protocol_cannot_say_was_not_asked_and_a_server_that_is_gone_ends_the_trials():
    state = {"gone": False}

    def served(frame):
        if any(value != value for value in frame["pay"].tolist()):
            error = TargetError("a number that JSON cannot hold")
            error.unsent = True
            raise error
        if state["gone"] or max(number(frame["pay"], "pay", 3000.0)) > 8000:
            state["gone"] = True
            error = TargetError("nothing listens")
            error.lost = True
            raise error
        return robust(frame)

    result = result_of(served)

    assert found(result) == {("pay", "out-of-range", "process lost")}
    (gap,) = result.gaps
    assert "no longer answers" in gap.why
    said = {(row[0], row[1]): row[3] for row in result.tables[0].rows}
    assert said["null", "pay"] == "not sent"
    assert named(result, {"operator": "null"})["abnormal_inputs_survived"].n < 200
