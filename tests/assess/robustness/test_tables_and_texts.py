"""The stage on tables under `[features]` and on texts: what it delivers holds, by its own file."""

from __future__ import annotations

import base64
from dataclasses import replace

import duckdb
import numpy as np
import pytest

from assess.fakes import Labels, Scores, context, named, spec
from attacks.spaces.tables import CONFIG, NAMES, feasible, loans, ranges, rows_of, scores
from attacks.text import victims
from modelwarden.assess.config import AssessConfig, RobustnessConfig
from modelwarden.assess.robustness.stage import run
from modelwarden.core import ConfigError, InputError
from modelwarden.targets.config import FeaturesConfig
from modelwarden.targets.data import DataSet
from modelwarden.targets.frames import Frame
from modelwarden.targets.spec import Modality

NONE = Frame((), ())


def _context(target, inputs, y, train, train_y, features=None, **config):
    test = DataSet("test", inputs, y, NONE, source="test.parquet")
    known = None if train is None else DataSet("train", train, train_y, NONE, source="t.parquet")
    settings = {"queries": 60, "samples": 60, **config}
    made = context(
        target,
        test,
        known,
        assess=AssessConfig(robustness=RobustnessConfig(**settings)),
        features=features or FeaturesConfig(),
    )
    modality = Modality.TABULAR if isinstance(inputs, Frame) else Modality.TEXT
    return replace(made, project=replace(made.project, modality=modality))


def _table(target=None, features=CONFIG, trained=True, **config):
    frame, y = loans()
    train, train_y = loans(300, seed=1) if trained else (None, None)
    target = target or Scores(spec(), scores)
    return _context(target, frame, y, train, train_y, features, **config)


def _file(result, tmp_path):
    (file,) = result.attachments
    assert file.name == "adversarial.parquet"
    place = tmp_path / file.name
    place.write_bytes(base64.b64decode(file.data))
    rows = duckdb.sql(f"select * from '{place}'")
    types = dict(zip(rows.columns, [str(t) for t in rows.types], strict=True))
    return types, [dict(zip(rows.columns, row, strict=True)) for row in rows.fetchall()]


@pytest.mark.parametrize("labels_only", [False, True], ids=["scores", "labels"])
def test_every_win_on_a_table_is_feasible_as_it_comes_from_the_file(tmp_path, labels_only):
    if labels_only:
        target = Labels(spec(), lambda f: scores(f).argmax(axis=1))
    else:
        target = Scores(spec(), scores)

    result = run(_table(target))

    types, rows = _file(result, tmp_path)
    frame, y = loans()
    known = ranges(loans(300, seed=1)[0])
    assert list(types) == ["index", "x", "x_adv", "y", "success", "queries", "attack"]
    assert " count BIGINT" in types["x_adv"]
    assert "kind_a BOOLEAN" in types["x_adv"]
    assert "word VARCHAR" in types["x_adv"]
    before = rows_of(frame)
    for row in rows:
        old = {n: _plain(n, v) for n, v in row["x"].items()}
        new = {n: _plain(n, v) for n, v in row["x_adv"].items()}
        assert all(_same(old[n], before[row["index"]][n]) for n in NAMES)
        assert row["y"] == y[row["index"]]
        assert feasible(old, new, known)
        if row["success"]:
            columns = [np.array([new["net"]]), np.array([new["count"]])]
            said = scores(Frame(("net", "count"), tuple(columns))).argmax()
            assert said != row["y"]
            assert row["attack"]
    found = named(result)
    assert found["robust_accuracy"].value == sum(not r["success"] for r in rows) / len(rows)
    assert found["attack_success_rate"].value > 0.9
    assert found["median_changes"].value <= 3
    assert found["robust_accuracy"].conditions["rules"]["relations"] == 3
    carried = next(t for t in result.tables if t.name == "changed_features")
    assert {row[0] for row in carried.rows[:3]} & {"net", "count"}


def _plain(name, value):
    return float("nan") if value is None and name == "up" else value


def _same(first, second):
    return first == second or (first != first and (second is None or second != second))


def test_a_budget_in_original_units_is_kept(tmp_path):
    result = run(_table(eps=1.0, norm="linf"))

    _, rows = _file(result, tmp_path)
    assert any(row["success"] for row in rows)
    for row in rows:
        for name in ("net", "gross", "count", "part", "total", "up"):
            if row["x"][name] is not None:
                assert abs(row["x_adv"][name] - row["x"][name]) <= 1 + 1e-9
    assert named(result)["robust_accuracy"].conditions["eps"] == 1.0


def test_the_same_seed_gives_the_same_file():
    assert run(_table()).attachments == run(_table()).attachments


@pytest.mark.parametrize(
    ("features", "trained", "why"),
    [
        (FeaturesConfig(relations=("net <",)), True, "lacks a column or a number"),
        (FeaturesConfig(relations=("gross <= net",)), True, "is broken by .* of 60 test rows"),
        (FeaturesConfig(relations=("net < gross", "gross < net")), True, "contradict each other"),
        (FeaturesConfig(bounds={"nett": (0, 1)}), True, "'nett', which is no column"),
        (FeaturesConfig(), False, "'word' holds words, and there is no training set"),
    ],
)
def test_rules_that_cannot_be_used_are_said_before_anything_is_asked(features, trained, why):
    target = Scores(spec(), scores)

    with pytest.raises(ConfigError, match=why):
        run(_table(target, features, trained))

    assert target.rows == 0


def _texts(target, **config):
    texts = np.array([*victims.SPAM, *victims.HAM] * 3, object)
    y = victims.scores(texts).argmax(axis=1)
    return _context(target, texts, y, texts, y, samples=24, **config)


@pytest.mark.parametrize("labels_only", [False, True], ids=["scores", "labels"])
def test_texts_fall_by_a_few_words_and_the_file_holds_them(tmp_path, labels_only):
    if labels_only:
        target = Labels(spec(), lambda t: victims.scores(t).argmax(axis=1))
    else:
        target = Scores(spec(), victims.scores)

    result = run(_texts(target, queries=100))

    types, rows = _file(result, tmp_path)
    assert types["x"] == types["x_adv"] == "VARCHAR"
    assert all(row["success"] for row in rows)
    said = victims.scores([row["x_adv"] for row in rows]).argmax(axis=1)
    assert (said != [row["y"] for row in rows]).all()
    assert named(result)["robust_accuracy"].value == 0
    assert 1 <= named(result)["median_changes"].value <= 3
    assert named(result)["robust_accuracy"].conditions["norm"] == "edited words"
    shown = next(t for t in result.tables if t.name == "adversarial_examples")
    assert all("\u200b" not in row[2] for row in shown.rows)


def test_a_model_that_falls_without_an_eps_is_told_in_words():
    result = run(_table(features=FeaturesConfig(), samples=20))

    (told,) = (f.message for f in result.findings if f.rule == "not-robust")
    assert "right answers (100%) fall to the changes that are allowed, more of them" in told


def test_a_budget_of_less_than_one_edit_is_refused():
    with pytest.raises(InputError, match="must be at least 1"):
        run(_texts(Scores(spec(), victims.scores), eps=0.5))


def test_a_table_of_which_nothing_may_be_changed_is_refused():
    every = FeaturesConfig(immutable=loans()[0].names)

    with pytest.raises(InputError, match="no column that could be changed"):
        run(_table(features=every))
