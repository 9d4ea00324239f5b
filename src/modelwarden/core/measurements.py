"""Numbers that say how they were taken."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import field

from modelwarden.core.findings import Json
from modelwarden.core.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """A number with its interval, `n`, direction and conditions.

    Attributes:
        name: as in scikit-learn and fairlearn where they have it.
        low: lower end of the interval at `level`; None where it lies at infinity, and where no
            interval can be given.
        high: upper end, likewise.
        n: samples that it rests on.
        unit: of the value; None for shares and pure numbers.
        group: the group or slice it belongs to; None for all.
        conditions: everything it depends on: attack, norm, eps, queries, seed, data digest, …
        unbounded: which of `low` and `high` lie at infinity, which JSON cannot say. An end of which
            nothing is known while the other is given counts as one.
    """

    name: str
    value: float
    low: float | None = None
    high: float | None = None
    level: float = 0.95
    n: int
    unit: str | None = None
    higher_is_better: bool
    group: Json = None
    conditions: Mapping[str, Json] = field(default_factory=dict)
    stage: str = "performance"
    unbounded: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Say the same of an interval whether it was just made or comes from a report."""
        given = {"low": self.low, "high": self.high}
        known = {name for name, end in given.items() if end is not None and math.isfinite(end)}
        unbounded = tuple(
            name
            for name, end in given.items()
            if name not in known and (known or end is not None or name in self.unbounded)
        )
        for name in given.keys() - known:
            object.__setattr__(self, name, None)
        object.__setattr__(self, "unbounded", unbounded)

    @property
    def ends(self) -> tuple[float, float]:
        """Both ends of the interval, at infinity too; the value twice where there is none."""
        low = -math.inf if "low" in self.unbounded else self.low
        high = math.inf if "high" in self.unbounded else self.high
        return (self.value if low is None else low, self.value if high is None else high)

    @property
    def pessimistic(self) -> float:
        """The end of the interval that speaks against the model; the value where there is none."""
        return self.ends[0 if self.higher_is_better else 1]


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasureInfo:
    """What the measurements of one name mean, so that a report explains itself.

    Attributes:
        meaning: one line for somebody who has never heard the name.
        interval: how its interval is made.
    """

    name: str
    meaning: str
    higher_is_better: bool
    interval: str = ""
