"""Attacks on rows of a table: every win is feasible after it was saved, and small."""

from __future__ import annotations

import duckdb
import numpy as np
import pandas as pd
import pytest

from attacks.spaces.tables import feasible, rows_of, victim
from attacks.victims import Linear
from modelwarden.attacks.balls import Norm
from modelwarden.attacks.engine import run
from modelwarden.attacks.minimal import minimal
from modelwarden.attacks.tables import (
    Coordinates,
    Evolution,
    MultiFeature,
    Neighbours,
    RandomRows,
    SingleFeature,
    shrunk,
)
from modelwarden.core import InputError
from modelwarden.testing import check_attack

ATTACKS = [RandomRows(), SingleFeature(), MultiFeature(), Neighbours(), Coordinates(), Evolution()]


def _wins(found, problem, frame, known):
    at = np.flatnonzero(found.success)
    after = rows_of(problem.space.inputs(at, found.candidates[at]))
    before = rows_of(frame)
    return [feasible(before[r], a, known) for r, a in zip(problem.rows[at], after, strict=True)]


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_every_attack_keeps_what_attacks_keep_and_every_win_is_feasible(attack):
    target, problem, frame, known = victim()
    alone = [victim(rows=[row])[1] for row in (3, 11)]

    found = check_attack(attack, target, problem, alone=alone, queries=60)

    assert found.success.mean() > 0.5
    assert all(_wins(found, problem, frame, known))


def test_labels_suffice_for_moving_towards_known_rows():
    target, problem, frame, known = victim(labels_only=True)

    found = run(Neighbours(), target, problem, queries=60)

    assert found.success.mean() > 0.9
    assert np.median(found.queries[found.success]) <= 4
    assert all(_wins(found, problem, frame, known))


def test_wins_are_made_small_within_the_same_budget():
    target, problem, frame, known = victim()
    found = run(Coordinates(), target, problem, queries=150)

    small = minimal(target, problem, found.candidates, found.success, 150 - found.queries, shrunk)

    at = np.flatnonzero(found.success)
    space = problem.space
    before, after = space.cost(at, found.candidates[at]), space.cost(at, small.candidates[at])
    assert (after <= before + 1e-12).all()
    assert after.mean() < before.mean() / 2
    assert (small.queries + found.queries).max() <= 150
    labels = target.labels(space.inputs(at, small.candidates[at]))
    assert problem.reached(at, labels).all()
    rows = [rows_of(frame)[r] for r in problem.rows[at]]
    ends = rows_of(space.inputs(at, small.candidates[at]))
    assert all(feasible(b, a, known) for b, a in zip(rows, ends, strict=True))
    # A net that grows takes its total along, and its gross where it would exceed it.
    assert np.median(space.changed(at, small.candidates[at]).sum(axis=1)) <= 3


def test_a_budget_of_features_is_kept_and_still_wins():
    target, problem, frame, known = victim(norm=Norm.L0, eps=1, tile=256)

    found = run(Coordinates(), target, problem, queries=200)

    at = np.flatnonzero(found.success)
    assert found.success.mean() > 0.3
    assert (problem.space.cost(at, found.candidates[at]) <= 1).all()
    assert all(_wins(found, problem, frame, known))


def test_wins_are_wins_after_they_came_back_from_a_parquet_file(tmp_path):
    target, problem, _, _ = victim()
    found = run(Coordinates(), target, problem, queries=100)
    at = np.flatnonzero(found.success)
    out = problem.space.inputs(at, found.candidates[at])
    table = pd.DataFrame({n: list(c) for n, c in zip(out.names, out.columns, strict=True)})
    table["word"] = table["word"].astype(object)
    place = tmp_path / "x.parquet"
    with duckdb.connect() as base:
        base.register("t", table)
        base.execute(f"copy t to '{place}' (format parquet)")
        again = base.sql(f"select * from '{place}'").fetchnumpy()

    for name, column in zip(out.names, out.columns, strict=True):
        back = again[name]
        assert column.dtype.kind == "O" or back.dtype == column.dtype
        both = zip(back.tolist(), column.tolist(), strict=True)
        assert all(a == b or (a is None and b != b) for a, b in both)
    assert problem.reached(at, target.labels(out)).all()


def test_an_attack_on_tables_refuses_arrays():
    linear = Linear()

    with pytest.raises(InputError, match="needs rows of a table"):
        run(Coordinates(), linear.target, linear.problem())


def test_names_are_those_of_the_catalogue():
    from modelwarden.attacks.catalog import fitting
    from modelwarden.targets.spec import Access

    names = [entry.name for entry in fitting("tables", None, Access.SCORES)]

    assert names == [
        attack.name
        for attack in (
            RandomRows(),
            SingleFeature(),
            MultiFeature(),
            Neighbours(),
            Coordinates(),
            Evolution(),
        )
    ]
