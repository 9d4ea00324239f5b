"""Columns of which one is never above the other."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from modelwarden.firewall import Meta, Protocol, dumped, load, profile_of
from modelwarden.firewall.checks import Checks
from modelwarden.firewall.errors import ProfileError, Reason, RefusedError
from modelwarden.firewall.orders import orders_of
from modelwarden.firewall.profile import Input, Kind, Order
from modelwarden.targets.frames import Frame

RNG = np.random.default_rng(3)
AGE = RNG.integers(18, 75, 1500).astype(float)
YEARS = (RNG.random(1500) * (AGE - 17)).astype(int).astype(float)
LONGEST = RNG.lognormal(2, 1, 1500)
MEAN = LONGEST * RNG.random(1500)


def orders(**columns):
    specs = [Input(name=name, kind=Kind.NUMBER) for name in columns]
    return [(o.lower, o.upper) for o in orders_of(specs, columns)]


@pytest.mark.parametrize(
    ("columns", "found"),
    [
        ({"age": AGE, "years": YEARS}, [("years", "age")]),
        ({"mean": MEAN, "longest": LONGEST}, [("mean", "longest")]),
        ({"age": AGE, "more": AGE + 200}, []),  # no dealing anew would turn them round
        ({"age": AGE, "again": AGE}, []),
        ({"a": RNG.normal(size=1500), "b": RNG.normal(size=1500)}, []),
        ({"a": MEAN[:200], "b": LONGEST[:200]}, []),  # too few rows
        ({"age": AGE, "years": np.where(AGE < 70, YEARS, np.nan)}, [("years", "age")]),
    ],
)
def test_an_order_is_learnt_where_it_is_no_chance(columns, found):
    assert orders(**columns) == found


def test_what_is_only_rarely_the_other_way_round_is_no_order():
    """It thins out towards the place where the two are alike, so rows beyond it will come."""
    a = RNG.normal(0, 1, 1500)
    b = a + RNG.normal(3.6, 1, 1500)
    b = np.maximum(b, a + 1e-6 * RNG.random(1500))

    assert orders(a=a, b=b) == []


@pytest.fixture
def profile():
    meta = Meta(name="loan", protocol=Protocol.MLFLOW)
    reference = Frame(("age", "years"), (AGE.astype(int), YEARS.astype(int)))
    return profile_of(reference, meta, digest="sha256:0", version="0")


def body(*rows):
    return json.dumps({"dataframe_split": {"columns": ["age", "years"], "data": rows}}).encode()


def test_a_row_in_which_it_is_above_is_refused(profile):
    checks = Checks(profile)

    assert checks.verdict(body([40, 12], [60, 41])).request.rows == 2
    with pytest.raises(RefusedError) as refused:
        checks.verdict(body([40, 12], [20, 50]))

    assert refused.value.reason is Reason.RANGE
    assert refused.value.detail == "input 'years' is above 'age'"


def test_a_profile_keeps_its_orders_and_one_without_them_is_read(profile, tmp_path):
    path = tmp_path / "profile.json"
    path.write_bytes(dumped(profile))
    document = json.loads(path.read_text())

    assert load(path).orders == (Order(lower="years", upper="age"),)
    del document["orders"]
    path.write_text(json.dumps(document))
    assert load(path).orders == ()
    path.write_bytes(dumped(replace(profile, orders=(Order(lower="years", upper="no"),))))
    with pytest.raises(ProfileError, match="orders inputs that are no numbers"):
        load(path)


def test_rows_in_which_no_order_could_be_broken_tell_of_none():
    """Two pixels at a picture's rim are 0 in nearly every one; where not, either may be more."""
    rng = np.random.default_rng(8)
    one, other = np.zeros(1500), np.zeros(1500)
    lit = rng.random(1500) < 0.15
    one[lit] = rng.integers(0, 12, lit.sum())
    other[lit] = one[lit] + rng.integers(0, 5, lit.sum())

    assert orders(one=one, other=other) == []
