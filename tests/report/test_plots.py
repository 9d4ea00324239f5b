from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelwarden.core import TableKind
from modelwarden.report.plots import STRIP, Scale, plot_of, strips

from .samples import measurement, table


def test_a_share_is_drawn_from_nought_to_one():
    strip = strips([measurement(value=0.5, low=0.25, high=1.0)])[0]

    assert (strip.at, strip.low, strip.high, strip.zero) == (STRIP / 2, 32.5, STRIP - 5, None)


def test_a_coefficient_is_drawn_with_its_zero():
    strip = strips([measurement("matthews_corrcoef", -0.5, low=-1.0, high=0.0)])[0]

    assert (strip.low, strip.at, strip.zero) == (5, 32.5, STRIP / 2)


def test_numbers_of_one_name_share_a_scale_and_a_lone_one_without_interval_has_none():
    alone = measurement("log_loss", 0.4, low=None, high=None)
    pair = [measurement("rmse", v, low=None, high=None, unit="EUR") for v in (10.0, 40.0)]

    assert strips([alone]) == [None]
    first, second = strips(pair)
    assert second.at == STRIP - 5
    assert first.at == pytest.approx(5 + (STRIP - 10) / 4)


def test_what_is_not_finite_is_not_drawn():
    assert strips([measurement(value=float("nan"), low=0.1, high=0.2)]) == [None]


def test_an_end_without_bound_reaches_the_edge():
    assert strips([measurement(value=0.1, low=float("-inf"), high=0.2)])[0].low == 5.0
    assert strips([measurement(value=0.1, low=0.05, high=float("inf"))])[0].high == 115.0


@pytest.mark.parametrize(
    ("low", "high", "texts"),
    [
        (0.0, 1.0, ["0", "0.2", "0.4", "0.6", "0.8", "1"]),
        (-1.0, 1.0, ["-1", "-0.5", "0", "0.5", "1"]),
        (0.0, 73.0, ["0", "20", "40", "60"]),
        (3.0, 3.0, ["3"]),
    ],
)
def test_ticks_are_round_numbers_within_the_scale(low, high, texts):
    assert [text for _, text in Scale(low, high, 0.0, 100.0).ticks()] == texts


def test_a_reliability_curve_that_is_perfect_lies_on_the_diagonal():
    rows = [(p, p, p, p, 10) for p in (0.1, 0.5, 0.9)]

    plot = plot_of(table(TableKind.RELIABILITY, "stated happened low high n", *rows))

    for point in plot.points:
        assert point.x - plot.left == pytest.approx(plot.bottom - point.y)
        assert point.low == point.high == point.y


def test_a_point_of_more_cases_is_larger():
    plot = plot_of(table(TableKind.RELIABILITY, "stated happened n", (0.1, 0.2, 1), (0.9, 0.8, 99)))

    assert plot.points[0].size < plot.points[1].size


def test_rows_beyond_what_can_be_read_are_only_in_the_table():
    plot = plot_of(table(TableKind.BARS, "label value", *((str(i), i) for i in range(100))))

    assert len(plot.points) == 60
    assert plot.cut == 40


def test_a_line_skips_what_is_missing():
    rows = [(0.0, 1.0, None), (0.5, None, 0.5), (1.0, 0.0, 1.0)]

    lines = plot_of(table(TableKind.LINES, "x falling rising", *rows)).lines

    assert [(line.label, len(line.points.split())) for line in lines] == [
        ("falling", 2),
        ("rising", 2),
    ]


@pytest.mark.parametrize("kind", TableKind)
def test_a_table_without_what_its_kind_needs_is_shown_as_a_table_only(kind):
    assert plot_of(table(kind, "word other", ("a", "b"))) is None
    assert plot_of(table(kind, "")) is None


NUMBERS = st.none() | st.floats() | st.integers() | st.text(max_size=2) | st.booleans()


@given(
    kind=st.sampled_from(TableKind),
    columns=st.lists(
        st.sampled_from("label value low high n stated happened x".split()), max_size=6, unique=True
    ),
    rows=st.lists(st.lists(NUMBERS, max_size=7), max_size=5),
)
def test_every_place_of_any_table_lies_within_its_picture(kind, columns, rows):
    plot = plot_of(table(kind, " ".join(columns), *map(tuple, rows)))

    if plot is not None:
        for point in plot.points:
            assert plot.left <= point.x <= plot.right
            assert plot.top <= point.y <= plot.bottom
        for line in plot.lines:
            for place in line.points.split():
                x, y = map(float, place.split(","))
                assert plot.left <= x <= plot.right
                assert plot.top <= y <= plot.bottom
