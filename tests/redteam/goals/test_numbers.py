"""What is told of an attack beside its rate."""

from __future__ import annotations

from modelwarden.redteam.engagement import Unit
from modelwarden.redteam.goals.numbers import line_of


def unit(**changes):
    known = {"target": "digits", "seeds": "seeds.npz", "attack": "square", "floor": False}
    return Unit(**known, attacked=20, fell=1, queries=(5,), rows=100, calls=50, **changes)


def test_a_success_that_was_refused_in_the_end_is_told_beside_the_rate():
    told = line_of(unit(gone=1, refused=90))

    assert "1 of 20 seeds of seeds.npz evade digits" in told
    assert "90 rows were refused" in told
    assert "1 of the 1 did not get past when asked for the last time" in told


def test_nothing_is_told_where_every_success_stood():
    assert "last time" not in line_of(unit())
