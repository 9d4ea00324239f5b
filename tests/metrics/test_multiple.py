"""Corrections for many tests."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import false_discovery_control

from modelwarden.metrics.multiple import benjamini_hochberg


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_adjusted_p_values_are_those_of_scipy(p):
    assert benjamini_hochberg(p) == pytest.approx(false_discovery_control(p))


def test_of_no_test_there_is_none():
    assert benjamini_hochberg([]).tolist() == []
