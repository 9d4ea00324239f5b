"""Numbers that say how they were taken."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from modelwarden.core.findings import Json
from modelwarden.core.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """A number with its interval, `n`, direction and conditions.

    Attributes:
        name: as in scikit-learn and fairlearn where they have it.
        low: lower end of the interval at `level`; None where no interval can be given.
        high: upper end.
        n: samples that it rests on.
        unit: of the value; None for shares and pure numbers.
        group: the group or slice it belongs to; None for all.
        conditions: everything it depends on: attack, norm, eps, queries, seed, data digest, …
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

    @property
    def pessimistic(self) -> float:
        """The end of the interval that speaks against the model; the value where there is none."""
        end = self.low if self.higher_is_better else self.high
        return self.value if end is None else end


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
