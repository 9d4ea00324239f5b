"""Claims that hold are hardly ever refuted, and claims far off hardly ever supported."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT / "benchmarks"))

from claims import WORLDS, rates  # noqa: E402

CASES = [(name, None) for name in sorted(WORLDS)] + [("balanced", 2_000)]


@pytest.mark.parametrize(("name", "own_n"), CASES)
def test_the_two_errors_are_rare(name, own_n):
    row = rates(WORLDS[name], 500, 60, seed=3, own_n=own_n)

    assert row["any_honest_refuted_interval"][0] <= 0.05
    assert row["any_false_supported_interval"][0] <= 0.05


def test_with_enough_rows_honest_claims_are_supported():
    row = rates(WORLDS["balanced"], 30_000, 5, seed=4, own_n=None)

    assert row["honest_supported"] > 0.9
    assert row["any_false_supported"] == 0
