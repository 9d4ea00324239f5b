"""All parts of the stage together: none cries where another has found something."""

from __future__ import annotations

import numpy as np
import pytest

from data.sets import given, named, table
from modelwarden.core import GapKind
from modelwarden.data import stage

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
