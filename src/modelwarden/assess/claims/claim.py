"""One claim, wherever it was read: a metric, a value, and what else it says of itself."""

from __future__ import annotations

import math
import re

from modelwarden.core.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What somebody says of a model.

    Attributes:
        metric: as they name it. value: as they write it.
        source: the file. place: where in it, for people.
        margin: the largest difference of no practical matter; None takes the metric's default.
        averaging: `binary`, `macro`, `micro`, `weighted`; None when unstated.
        slice: conditions that select rows; words: a slice that is only named.
        n: rows that it rests on. low, high: ends of the interval that it states.
        data: what it was measured on, in its own words.
    """

    metric: str
    value: str
    source: str
    place: str = ""
    margin: float | None = None
    averaging: str | None = None
    slice: tuple[dict[str, object], ...] = ()
    words: str | None = None
    n: int | None = None
    low: float | None = None
    high: float | None = None
    data: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """The number of a claim.

    Attributes:
        value: as written, or a hundredth of it where `percent`.
        percent: it was written as a percentage.
        spread: what stands behind `±`, on the scale of `value`; None without one.
        half: half a unit of the last digit that was written, on the same scale; 0 for a number
            that is not known as text.
    """

    value: float
    percent: bool
    spread: float | None
    half: float


_NUMBER = r"[-+]?(?:\d+(?:[.,]\d+)?|[.,]\d+)(?:[eE][-+]?\d+)?"
_FIRST = re.compile(rf"\s*[~≈=<>≥≤]*\s*({_NUMBER})\s*(%|percent|pct)?(?!\w|[.,:]\d)", re.IGNORECASE)
_COARSEST = 0.05
_SPREAD = re.compile(rf"(?:±|\+/-|\+-|\(\s*±)\s*({_NUMBER})\s*(%)?")


def stated(text: str, *, unit_scale: bool) -> Stated | None:
    """Return the number that a claim states; None when there is none.

    A metric that lies within −1 to 1 and is stated beyond that is a percentage, whether it says so
    or not.

    Args:
        text: as written: `0.913`, `91.3 %`, `20.0 ± 1.2`, `91,3`.
        unit_scale: the metric lies within −1 to 1.
    """
    found = _FIRST.match(text)
    if found is None:
        return None
    number = found[1].replace(",", ".")
    value = float(number)
    if math.isinf(value):
        return None
    percent = unit_scale and (found[2] is not None or abs(value) > 1)
    scale = 100.0 if percent else 1.0
    if percent and abs(value) > 100:
        return None
    beside = _SPREAD.search(text, found.end())
    spread = float(beside[1].replace(",", ".")) / scale if beside else None
    mantissa, _, exponent = number.lower().partition("e")
    digits = len(mantissa.partition(".")[2])
    half = 0.5 * 10.0 ** (int(exponent or 0) - digits) / scale
    if unit_scale:
        half = min(half, _COARSEST)  # nobody rounds an accuracy to 0 or 1
    return Stated(value=value / scale, percent=percent, spread=spread, half=half)
