"""Pictures of numbers: plain geometry that a template draws as SVG, never the only form of them.

Every picture has its table beneath; colour is never the only sign (lines differ in dashes, points
in shape), and the plot areas are sized so that they can be read on paper.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from modelwarden.core import TableKind
from modelwarden.core.values import dataclass
from modelwarden.report.escape import value_text

if TYPE_CHECKING:
    from modelwarden.core import Json, Measurement, Table

STRIP = 120.0  # width of the picture of one interval
_PAD = 5.0
_LEFT, _TOP, _WIDTH, _HEIGHT = 44.0, 10.0, 340.0, 260.0
_MOST_ROWS = 60  # of a picture; the table has all
_MOST_LINES = 6
_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True, slots=True)
class Strip:
    """One interval on its scale, in a view box of `STRIP` × 14.

    Attributes:
        at: of the value. low, high: of the ends; equal to `at` where there is no interval.
        zero: of 0, where the scale crosses it; None otherwise.
    """

    at: float
    low: float
    high: float
    zero: float | None


@dataclass(frozen=True, slots=True)
class Scale:
    """From numbers to places in a picture."""

    low: float
    high: float
    start: float
    end: float

    def place(self, value: float) -> float:
        """Return where a number stands; those beyond the scale stand at its end."""
        share = (value - self.low) / (self.high - self.low) if self.high > self.low else 0.5
        return round(self.start + min(max(share, 0.0), 1.0) * (self.end - self.start), 2)

    def ticks(self, most: int = 6) -> list[tuple[float, str]]:
        """Return places and texts of round numbers along the scale."""
        span = self.high - self.low
        if not 0 < span < math.inf:
            return [(self.place(self.low), f"{self.low:.4g}")]
        rough = span / (most - 1)
        power = 10.0 ** math.floor(math.log10(rough))
        step = next(s * power for s in _STEPS if s * power >= rough * (1 - 1e-9))
        first = math.ceil(self.low / step - 1e-9)
        count = int((self.high - first * step) / step + 1e-9) + 1
        # Adding 0.0 makes a zero of a negative one.
        numbers = [round((first + i) * step, 12) + 0.0 for i in range(min(count, 2 * most))]
        return [(self.place(number), f"{number:.6g}") for number in numbers]


@dataclass(frozen=True, slots=True)
class Point:
    """A mark with its interval, in picture units; `label` names it in words."""

    x: float
    y: float
    low: float
    high: float
    label: str
    size: float = 4.0


@dataclass(frozen=True, slots=True)
class Line:
    """A polyline; `style` (0–5) chooses its dashes and colour, `points` is SVG's own form."""

    label: str
    style: int
    points: str


@dataclass(frozen=True, slots=True)
class Plot:
    """A picture.

    Attributes:
        kind: what the template draws.
        width, height: of the view box.
        left, top, right, bottom: of the plot area.
        x_ticks, y_ticks: places and texts; places of rows for kinds that have a row a line.
        cut: rows that only the table has.
    """

    kind: str
    width: float
    height: float
    left: float
    top: float
    right: float
    bottom: float
    x_ticks: Sequence[tuple[float, str]]
    y_ticks: Sequence[tuple[float, str]] = ()
    points: Sequence[Point] = ()
    lines: Sequence[Line] = ()
    cut: int = 0


def strips(measurements: Sequence[Measurement]) -> list[Strip | None]:
    """Return the picture of each measurement; those that share a name share a scale.

    Shares are drawn from 0 to 1. Others are drawn over the range of their name where it occurs
    more than once; a number without an interval and without others of its name has no picture.
    """
    scales = {
        name: _strip_scale([m for m in measurements if m.name == name])
        for name in _names(measurements)
    }
    return [_strip(m, scales[m.name]) for m in measurements]


def _names(measurements: Iterable[Measurement]) -> list[str]:
    return list(dict.fromkeys(m.name for m in measurements))


def _strip_scale(these: Sequence[Measurement]) -> Scale | None:
    ends = [
        v for m in these for v in (m.value, m.low, m.high) if v is not None and math.isfinite(v)
    ]
    if not ends or (len(these) == 1 and these[0].ends[0] == these[0].ends[1]):
        return None
    if min(ends) >= 0 and max(ends) <= 1 and not any(m.unit for m in these):
        return Scale(0.0, 1.0, _PAD, STRIP - _PAD)
    if min(ends) >= -1 and max(ends) <= 1 and not any(m.unit for m in these):
        return Scale(-1.0, 1.0, _PAD, STRIP - _PAD)
    if len(these) > 1 and max(ends) > min(ends):
        return Scale(min(0.0, *ends), max(0.0, *ends), _PAD, STRIP - _PAD)
    return None


def _strip(m: Measurement, scale: Scale | None) -> Strip | None:
    if scale is None or not math.isfinite(m.value):
        return None
    low, high = max(m.ends[0], scale.low), min(m.ends[1], scale.high)
    zero = scale.place(0.0) if scale.low < 0 < scale.high else None
    return Strip(scale.place(m.value), scale.place(low), scale.place(high), zero)


def plot_of(table: Table) -> Plot | None:
    """Return the picture of a table; None where it is not drawn or lacks what its kind needs."""
    draw = {
        TableKind.INTERVALS: _intervals,
        TableKind.RELIABILITY: _reliability,
        TableKind.BARS: _bars,
        TableKind.LINES: _lines,
    }.get(table.kind)
    return draw(table) if draw and table.rows and table.columns else None


def _numbers(table: Table, name: str) -> list[float | None]:
    """Return a column as finite numbers, None where there is none; empty if there is no column."""
    if name not in table.columns:
        return []
    at = table.columns.index(name)
    return [_number(row[at]) if at < len(row) else None for row in table.rows]


def _number(value: Json) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _labels(table: Table) -> list[str]:
    at = table.columns.index("label") if "label" in table.columns else 0
    return [value_text(row[at], 40) if at < len(row) else "" for row in table.rows]


def _rows_plot(table: Table, kind: str) -> Plot | None:
    """Lay out pictures with one line for each row: intervals, bars."""
    values = _numbers(table, "value")
    if not values:
        return None
    lows, highs = (_numbers(table, name) or [None] * len(values) for name in ("low", "high"))
    known = [v for column in (values, lows, highs) for v in column if v is not None]
    if not known:
        return None
    low, high = min(known), max(known)
    if low >= 0 and high <= 1:
        low, high = 0.0, 1.0
    elif kind == "bars":
        low, high = min(low, 0.0), max(high, 0.0)
    left = 190.0
    scale = Scale(low, high, left, left + _WIDTH)
    points: list[Point] = []
    ticks: list[tuple[float, str]] = []
    for value, start, end, label in zip(values, lows, highs, _labels(table), strict=True):
        if len(ticks) >= _MOST_ROWS:
            break
        y = _TOP + 12.0 + 22.0 * len(ticks)
        ticks.append((y, label))
        if value is not None:
            ends = [value if v is None else v for v in (start, end)]
            places = (scale.place(value), y, scale.place(ends[0]), scale.place(ends[1]))
            points.append(Point(*places, f"{value:.4g}"))
    bottom = _TOP + 22.0 * len(ticks) + 4.0
    right = left + _WIDTH
    cut = len(values) - len(ticks)
    return Plot(
        kind,
        right + 56.0,
        bottom + 24.0,
        left,
        _TOP,
        right,
        bottom,
        scale.ticks(),
        ticks,
        points,
        (),
        cut,
    )


def _intervals(table: Table) -> Plot | None:
    return _rows_plot(table, "intervals")


def _bars(table: Table) -> Plot | None:
    return _rows_plot(table, "bars")


def _reliability(table: Table) -> Plot | None:
    columns = [_numbers(table, name) for name in ("stated", "happened")]
    if not all(columns):
        return None
    across = Scale(0.0, 1.0, _LEFT, _LEFT + _HEIGHT)
    up = Scale(0.0, 1.0, _TOP + _HEIGHT, _TOP)
    none: list[float | None] = [None] * len(columns[0])
    lows, highs, sizes = (_numbers(table, name) or none for name in ("low", "high", "n"))
    largest = max((n for n in sizes if n), default=1.0)
    points = [
        Point(
            across.place(x),
            up.place(y),
            up.place(y if low is None else low),
            up.place(y if high is None else high),
            f"stated {x:.3f}, happened {y:.3f}",
            round(2.5 + 4.0 * math.sqrt((n or 0.0) / largest), 2),
        )
        for x, y, low, high, n in zip(*columns, lows, highs, sizes, strict=True)
        if x is not None and y is not None
    ]
    right, bottom = _LEFT + _HEIGHT, _TOP + _HEIGHT
    return Plot(
        "reliability",
        right + 16.0,
        bottom + 44.0,
        _LEFT,
        _TOP,
        right,
        bottom,
        across.ticks(),
        up.ticks(),
        points,
    )


def _lines(table: Table) -> Plot | None:
    along = _numbers(table, table.columns[0])
    series = [(name, _numbers(table, name)) for name in table.columns[1:]]
    drawn = [(name, ys) for name, ys in series if any(y is not None for y in ys)][:_MOST_LINES]
    xs = [x for x in along if x is not None]
    ys = [y for _, column in drawn for y in column if y is not None]
    if not xs or not ys:
        return None
    low, high = (0.0, 1.0) if min(ys) >= 0 and max(ys) <= 1 else (min(ys), max(ys))
    across = Scale(min(xs), max(xs), _LEFT, _LEFT + _WIDTH)
    up = Scale(low, high, _TOP + _HEIGHT, _TOP)
    lines = [
        Line(
            value_text(name, 40),
            style,
            " ".join(
                f"{across.place(x)},{up.place(y)}"
                for x, y in zip(along, column, strict=True)
                if x is not None and y is not None
            ),
        )
        for style, (name, column) in enumerate(drawn)
    ]
    right, bottom = _LEFT + _WIDTH, _TOP + _HEIGHT
    return Plot(
        "lines",
        right + 16.0,
        bottom + 44.0,
        _LEFT,
        _TOP,
        right,
        bottom,
        across.ticks(),
        up.ticks(),
        lines=lines,
    )
