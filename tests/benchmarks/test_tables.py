"""The arithmetic and the labels of the benchmarks."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))

from labels import Label, label_of
from tables import markdown, share, wilson


def test_the_interval_of_a_share_is_wilsons():
    # Newcombe 1998, table I: 81 of 263 and 0 of 20 by the score method without correction.
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=5e-5)
    assert wilson(0, 0) == (0.0, 1.0)


def test_a_share_names_hits_per_cent_and_interval():
    assert share(81, 263) == "81 (30.8 %, 26–37)"
    assert share(0, 0) == "none"


def test_a_table_has_a_line_for_each_row():
    assert markdown(["a", "b"], [[1, "x"]]) == "| a | b |\n|---|---|\n| 1 | x |"


def test_every_published_file_has_its_label(shared):
    root = shared / "data" / "corpora"
    files = [p.relative_to(root).as_posix() for p in root.rglob("*") if p.is_file()]

    labels = Counter(label_of(file)[0] for file in files)

    assert labels == {Label.HARMFUL: 147, Label.HARMLESS: 42, Label.LEFT_OUT: 4}


def test_a_file_that_nobody_labelled_is_an_error():
    with pytest.raises(LookupError):
        label_of("elsewhere/model.pkl")
