"""All parts of the stage together: none cries where another has found something."""

from __future__ import annotations

import numpy as np
import pytest

from data.sets import given, named, table
from modelwarden.core import GapKind
from modelwarden.data import drift, leakage, schema, stage

N = 6_000


def columns(seed, shift=0.0):
    rng = np.random.default_rng(seed)
    age, income = rng.normal(size=(2, N))
    town = rng.choice(["a", "b", "c"], N, p=[0.5, 0.3, 0.2])
    y = (rng.random(N) < 1 / (1 + np.exp(-age))).astype(int)
    return {"y": y, "age": age + shift, "income": income, "town": town}


@pytest.mark.slow
@pytest.mark.parametrize(("shift", "expected"), [(0.0, []), (0.3, [("feature-drift", "age")])])
def test_what_is_there_is_named_and_nothing_else(shift, expected):
    later = columns(1, shift)

    result = stage.run(given(train=table("train", **columns(0)), test=table("test", **later)))

    assert named(result) == expected
    assert result.gaps == ()


@pytest.mark.parametrize("form", [int, "CASE-{}".format])
def test_a_column_that_numbers_the_rows_is_told_once_and_only_where_it_tells_the_label(form):
    y = np.sort(columns(0)["y"][:600])
    first, later = ({n: c[:600] for n, c in columns(seed).items()} for seed in (0, 1))
    first["nr"], later["nr"] = ([form(i) for i in range(a, a + 600)] for a in (0, 600))
    clean = given(train=table("train", **first), test=table("test", **later))
    sorted_by_label = given(train=table("train", **first | {"y": y}), test=table("test", **later))
    parts = (schema.run, drift.run, leakage.run)

    silent, told = (
        [f for part in parts for f in part(g).findings] for g in (clean, sorted_by_label)
    )

    assert [(f.rule, f.location.feature) for f in silent] == []
    assert ("target-leakage", "nr") in [(f.rule, f.location.feature) for f in told]
    assert {f.rule for f in told if f.location.feature == "nr"} == {"target-leakage"}
    assert "column 'nr' numbers the rows" in " ".join(schema.run(clean).notes)


def test_a_part_that_fails_is_a_gap_and_the_others_go_on(monkeypatch):
    def broken(given):
        raise ZeroDivisionError("by nothing")

    parts = dict(stage.PARTS)
    monkeypatch.setattr(stage, "PARTS", (("order", broken), ("drift", parts["drift"])))
    later = columns(1, 0.3)

    result = stage.run(given(train=table("train", **columns(0)), test=table("test", **later)))

    assert [(gap.kind, gap.why) for gap in result.gaps] == [
        (GapKind.FAILED, "the part order failed: ZeroDivisionError: by nothing")
    ]
    assert named(result) == [("feature-drift", "age")]
