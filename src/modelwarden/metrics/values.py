"""What the metrics return: measurements of the catalogue, and differences on the same rows."""

from __future__ import annotations

from collections.abc import Mapping

from modelwarden.core import Measurement
from modelwarden.core.findings import Json
from modelwarden.core.values import dataclass
from modelwarden.metrics.catalog import measure
from modelwarden.metrics.intervals import Interval


def measured(
    name: str,
    value: float,
    interval: Interval | None,
    n: int,
    *,
    level: float = 0.95,
    unit: str | None = None,
    group: Json = None,
    conditions: Mapping[str, Json] | None = None,
) -> Measurement:
    """Return a measurement of the catalogue, saying how its interval was made.

    Value and interval are cut to the range of the metric. None for the interval says that there is
    none: the value was counted, not estimated.
    """
    entry = measure(name)
    ends = None if interval is None else interval.within(entry.low, entry.high)
    return Measurement(
        name=name,
        value=min(max(value, entry.low), entry.high),
        low=None if ends is None else ends.low,
        high=None if ends is None else ends.high,
        level=level,
        n=n,
        unit=unit,
        higher_is_better=entry.higher_is_better,
        group=group,
        conditions={"interval": entry.interval, **(conditions or {})},
        stage="fairness" if entry.of_groups else entry.stage,
    )


@dataclass(frozen=True, slots=True)
class Difference:
    """By how much one thing is better than another on the same rows.

    Attributes:
        name: of the metric.
        value: ours minus theirs, in the metric's own unit.
        interval: at `level`.
    """

    name: str
    value: float
    interval: Interval
    n: int
    level: float = 0.95
