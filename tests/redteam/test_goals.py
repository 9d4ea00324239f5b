"""Goals beside evasion: copying a model, telling its members, making it slow."""

from __future__ import annotations

import json
import math
import time
import zlib

import numpy as np
import pytest

from modelwarden.core import InputError
from modelwarden.redteam import run
from tests.redteam.campaigns import campaign, seeded
from tests.redteam.endpoints import Endpoint, named, serving

COLUMNS = ("a", "b", "c")


def _linear(rows):
    """Return what a logistic model of three columns says."""
    return [_pair(1 / (1 + math.exp(-(2 * r[0] - 3 * r[1] + 0.5)))) for r in rows]


def _pair(p):
    return {"0": 1 - p, "1": p}


def _table(place, x, y):
    lines = [",".join((*COLUMNS, "y"))]
    lines += [
        ",".join([*(f"{v:.6f}" for v in row), str(int(t))]) for row, t in zip(x, y, strict=True)
    ]
    place.write_text("\n".join(lines) + "\n")


def _value(report, name, group=None):
    return next(m for m in report.measurements if m.name == name and m.group == group)


@pytest.fixture
def rows():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 3))
    return x, (2 * x[:, 0] - 3 * x[:, 1] + 0.5 > 0).astype(int)


def test_a_linear_model_is_copied(tmp_path, rows):
    _table(tmp_path / "seeds.csv", *rows)
    with serving(Endpoint(_linear)) as endpoint:
        made = campaign(
            tmp_path,
            endpoint.url,
            campaign={"goal": "extract"},
            seeds={"path": "seeds.csv", "label": "y"},
            budget={"rows": 700},
            attack=[],
        )
        done = run(made, output=tmp_path / "out")

    assert endpoint.rows <= 700
    assert _value(done.report, "extraction_agreement").value > 0.9
    assert [f.rule for f in done.report.findings] == ["endpoint-copied"]


def test_what_cannot_be_copied_is_not_said_to_be(tmp_path, rows):
    x, _ = rows
    _table(tmp_path / "seeds.csv", x, np.zeros(len(x)))

    def hashed(asked):
        return [_pair(0.1 if zlib.crc32(str(r).encode()) % 7 else 0.9) for r in asked]

    with serving(Endpoint(hashed)) as endpoint:
        made = campaign(
            tmp_path,
            endpoint.url,
            campaign={"goal": "extract"},
            seeds={"path": "seeds.csv", "label": "y"},
            budget={"rows": 500},
            attack=[],
        )
        done = run(made, output=tmp_path / "out")

    assert not done.report.findings


@pytest.mark.parametrize(("bonus", "rules"), [(2.5, ["members-told"]), (0.0, [])])
def test_a_model_that_remembers_tells_its_members(tmp_path, rows, bonus, rules):
    x, y = rows
    members, others = x[:150], x[150:]
    _table(tmp_path / "members.csv", members, y[:150])
    _table(tmp_path / "others.csv", others, y[150:])
    known = {tuple(f"{v:.6f}" for v in row) for row in members}

    def remembering(asked):
        told = []
        for row in asked:
            margin = (2 * row[0] - 3 * row[1] + 0.5) * 0.3
            inside = tuple(f"{v:.6f}" for v in row[:3]) in known
            sign = 1 if margin > 0 else -1
            told.append(_pair(1 / (1 + math.exp(-margin - sign * bonus * inside))))
        return told

    with serving(Endpoint(remembering)) as endpoint:
        made = campaign(
            tmp_path,
            endpoint.url,
            campaign={"goal": "membership"},
            seeds={"path": "others.csv", "label": "y"},
            knowledge={"sample": "members.csv"},
            attack=[],
        )
        done = run(made, output=tmp_path / "out")

    assert [f.rule for f in done.report.findings] == rules
    area = _value(done.report, "membership_auc")
    assert area.low <= area.value <= area.high
    assert (area.value > 0.9) == bool(rules)
    assert _value(done.report, "membership_tpr_at_1pct_fpr").n == 150


def test_membership_needs_members(tmp_path):
    seeded(tmp_path)
    with (
        serving(Endpoint()) as endpoint,
        pytest.raises(InputError, match=r"needs \[knowledge\] sample"),
    ):
        run(
            campaign(tmp_path, endpoint.url, campaign={"goal": "membership"}, attack=[]),
            output=tmp_path / "out",
        )


def test_inputs_that_make_a_model_fail_are_named(tmp_path):
    seeded(tmp_path, tuple(f"free prize cash number {i} today" for i in range(8)))

    def fault(number, asked):
        return (-1, {}, b"") if any(len(text) > 50_000 for text in asked) else None

    with serving(Endpoint(named, fault=fault)) as endpoint:
        made = campaign(tmp_path, endpoint.url, campaign={"goal": "degrade"}, attack=[])
        done = run(made, output=tmp_path / "out")

    changes = {f.evidence["change"] for f in done.report.findings}
    assert changes == {"a hundred thousand characters", "one endless word"}
    failed = _value(done.report, "unanswered", {"change": "one endless word"})
    assert failed.value == 1


def test_inputs_that_make_a_model_slow_are_named(tmp_path):
    seeded(tmp_path, ("free prize cash today", "cash and a free prize"))

    def slow(texts):
        if any("((((" in text for text in texts):
            time.sleep(1.3)
        return named(texts)

    with serving(Endpoint(slow)) as endpoint:
        made = campaign(tmp_path, endpoint.url, campaign={"goal": "degrade"}, attack=[])
        done = run(made, output=tmp_path / "out")

    assert [f.evidence["change"] for f in done.report.findings] == ["nested marks"]


@pytest.mark.parametrize(
    ("features", "option"), [({"immutable": ["c"]}, {}), ({}, {"keep": ["c*"]})]
)
def test_a_table_is_evaded_within_its_rules(tmp_path, rows, features, option):
    x, y = rows
    _table(tmp_path / "seeds.csv", x[:20], y[:20])
    _table(tmp_path / "known.csv", x[20:], y[20:])
    with serving(Endpoint(_linear)) as endpoint:
        made = campaign(
            tmp_path,
            endpoint.url,
            seeds={"path": "seeds.csv", "label": "y"},
            knowledge={"sample": "known.csv"},
            features=features,
            attack=[{"name": "coordinates", "norm": "linf", "eps": 1.0, "queries": 80} | option],
        )
        done = run(made, output=tmp_path / "out")

    assert done.evasions
    for name in done.evasions:
        folder = done.folder / "evasions" / name
        before = json.loads((folder / "original.json").read_text())
        after = json.loads((folder / "changed.json").read_text())
        assert before["c"] == after["c"]
        assert all(abs(before[k]["value"] - after[k]["value"]) <= 1 + 1e-9 for k in COLUMNS)


def test_a_column_to_keep_that_is_none_is_refused(tmp_path, rows):
    _table(tmp_path / "seeds.csv", *rows)
    with serving(Endpoint(_linear)) as endpoint:
        made = campaign(
            tmp_path,
            endpoint.url,
            seeds={"path": "seeds.csv", "label": "y"},
            attack=[{"name": "random-rows", "keep": ["cc"]}],
        )
        with pytest.raises(InputError, match=r"attack\.keep names an unknown column 'cc'"):
            run(made, output=tmp_path / "out")


def test_vectors_are_evaded_and_the_smallest_change_is_kept(tmp_path, rows):
    x, y = rows
    np.savez(tmp_path / "seeds.npz", x=x[:20], y=y[:20])
    with serving(Endpoint(_linear)) as endpoint:
        made = campaign(
            tmp_path,
            endpoint.url,
            campaign={"goal": "minimise"},
            seeds={"path": "seeds.npz"},
            target={"classes": [0, 1]},
            attack=[{"name": "signs", "norm": "linf", "eps": 2.0, "queries": 100}],
        )
        done = run(made, output=tmp_path / "out")

    assert done.evasions
    for name in done.evasions:
        about = json.loads((done.folder / "evasions" / name / "evasion.json").read_text())
        before = np.load(done.folder / "evasions" / name / "original.npy")
        changed = np.load(done.folder / "evasions" / name / "changed.npy")
        assert np.abs(changed - before).max() == pytest.approx(about["cost"])
        assert about["cost"] <= about["cost_when_found"] <= 2.0 + 1e-9
