"""Thresholds on measurements, judged at the end of the interval that speaks against the model."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from statistics import NormalDist

from modelwarden.core import Measurement, Reason, ReasonKind, Threshold
from modelwarden.core.values import dataclass

_WHOLE = 1e-6


@dataclass(frozen=True, slots=True)
class Measured:
    """What thresholds say about a report.

    Attributes:
        fails: bounds that are not kept.
        lacks: measurements that were required and not taken.
        unsettled: those of `fails` whose bound lies inside the interval.
    """

    fails: tuple[Reason, ...]
    lacks: tuple[Reason, ...]
    unsettled: tuple[Reason, ...] = ()


def apply(thresholds: Sequence[Threshold], measurements: Sequence[Measurement]) -> Measured:
    """Hold every threshold against the measurements that it is about; all of them must keep it."""
    fails: list[Reason] = []
    lacks: list[Reason] = []
    unsettled: list[Reason] = []
    for threshold in thresholds:
        taken = [m for m in measurements if _about(threshold, m)]
        usable = [m for m in taken if math.isfinite(m.value)]
        if not usable or len(usable) < len(taken):
            lacks.append(_missing(threshold, taken, {m.name for m in measurements}))
        for reason, inside in (broken for m in usable for broken in _broken(threshold, m)):
            fails.append(reason)
            unsettled += [reason] if inside else []
    return Measured(tuple(fails), tuple(lacks), tuple(unsettled))


def n_to_settle(measurement: Measurement, bound: float, end: float) -> int | None:
    """Return how many samples would bring `end` of the interval to `bound`.

    Intervals narrow with the square root of n: n' = n · ((value − end) / (value − bound))², and a
    value that stays as it is settles there. The interval of a share narrows faster near 0 and 1: it
    ends where (value − end)² = z² end (1 − end) / n, so that n' = z² bound (1 − bound) / (value −
    bound)², times what this interval is wider than that one. By the other rule 20 right of 20 would
    need 5,674 to show 0.99, and they need about 400. None when the value is at the bound itself,
    where no number of samples decides.

    Source: Wilson 1927, "Probable inference, the law of succession, and statistical inference".
    """
    distance = abs(measurement.value - bound)
    width = abs(measurement.value - end)
    ratio = width / distance if distance else math.inf
    if distance and _is_share(measurement) and 0 < bound < 1 and 0 < measurement.level < 1:
        z = NormalDist().inv_cdf((1 + measurement.level) / 2)
        least = abs(measurement.value - _score_end(measurement, z, above=end > measurement.value))
        wider = width / least if least else 1.0
        ratio = wider * z * math.sqrt(bound * (1 - bound) / measurement.n) / distance
    needed = measurement.n * ratio * ratio  # a product that is too large is infinite, no error
    if not math.isfinite(needed):
        return None
    # Twelve digits, so that what rounding adds to 400 is not a 401st sample.
    return max(measurement.n + 1, math.ceil(float(f"{needed:.12g}")))


def _is_share(measurement: Measurement) -> bool:
    """Tell whether a value may be so many of n cases."""
    if measurement.n < 1:
        return False
    cases = measurement.value * measurement.n
    return 0 <= measurement.value <= 1 and abs(cases - round(cases)) < _WHOLE


def _score_end(measurement: Measurement, z: float, *, above: bool) -> float:
    """Return an end of Wilson's interval of a share of n independent cases."""
    p, n = measurement.value, measurement.n
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return middle + half if above else middle - half


def _about(threshold: Threshold, measurement: Measurement) -> bool:
    if measurement.name != threshold.name:
        return False
    group = measurement.group
    parts = dict(group) if isinstance(group, Mapping) else {}
    named = "group" in threshold.where or (bool(parts) and parts.keys() <= threshold.where.keys())
    if group is not None and not named:
        return False
    known = {**measurement.conditions, "group": group, **parts}
    return all(key in known and known[key] == value for key, value in threshold.where.items())


def _broken(threshold: Threshold, measurement: Measurement) -> Iterator[tuple[Reason, bool]]:
    """Yield a reason for each bound that the pessimistic end does not keep.

    With it, whether the bound lies inside the interval.
    """
    low, high = measurement.ends
    if threshold.min is not None and not low >= threshold.min:
        inside = high >= threshold.min and low != high
        yield _reason(measurement, "below the minimum", threshold.min, inside, low, high), inside
    if threshold.max is not None and not high <= threshold.max:
        inside = low <= threshold.max and low != high
        yield _reason(measurement, "above the maximum", threshold.max, inside, high, low), inside


def _reason(
    measurement: Measurement, how: str, bound: float, straddles: bool, worst: float, best: float
) -> Reason:
    shown = f"{measurement.name} is {measurement.value:.4g}"
    low, high = measurement.ends
    if low != high:
        ends = f"{_end(low)} to {_end(high)}"
        shown += f" ({measurement.level:.0%} interval {ends}, n = {measurement.n})"
    if math.isinf(worst):
        side = "lower" if worst < 0 else "upper"
        detail = f"{shown}: its {side} end has no bound, and {bound:.4g} is asked for"
        return Reason(kind=ReasonKind.MEASUREMENT, name=measurement.name, detail=detail)
    detail = f"{shown}: {worst:.4g} is {how} {bound:.4g}"
    if straddles:
        good = (measurement.value - bound) * (worst - bound) < 0
        settle = n_to_settle(measurement, bound, worst if good else best)
        detail += ", which lies inside the interval"
        detail += f"; about n = {settle} would settle it" if settle else "; no n would settle it"
    return Reason(kind=ReasonKind.MEASUREMENT, name=measurement.name, detail=detail)


def _end(value: float) -> str:
    return "no bound" if math.isinf(value) else f"{value:.4g}"


def _missing(threshold: Threshold, taken: Sequence[Measurement], others: Collection[str]) -> Reason:
    where = ", ".join(f"{key} = {value}" for key, value in threshold.where.items())
    about = f"{threshold.name} ({where})" if where else threshold.name
    what = "is not a number" if taken else "was not taken"
    detail = f"{about} is required and {what}{_nearest(threshold.name, others)}"
    return Reason(kind=ReasonKind.MEASUREMENT, name=threshold.name, detail=detail)


def _nearest(name: str, others: Collection[str]) -> str:
    """Return the measurement that is spelt most alike, as a question; nothing where it is there."""
    from difflib import get_close_matches

    near = [] if name in others else get_close_matches(name, sorted(others), n=1, cutoff=0.8)
    return f" (did you mean {near[0]}?)" if near else ""
