"""How many alerts of one sort are told: the first ones at once, of a flood a few and a count."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from modelwarden.core.values import dataclass
from modelwarden.detectors.allowance import Allowance

Sort = TypeVar("Sort", bound=Hashable)


@dataclass(slots=True)
class _Count:
    allowance: Allowance
    out: int = 0
    told: float = 0.0


class Flood(Generic[Sort]):
    """Tells which alerts are told now, and of which a count is.

    A sort that was quiet has `burst` at once and `rate` a second from then on; what is beyond is
    left out and counted, and `due` gives the counts every `pause` seconds. Memory: a few numbers
    for each sort, of which there have to be few.

    Attributes:
        left_out: alerts that only the counts tell of.
    """

    def __init__(
        self,
        rate: float,
        burst: int,
        pause: float = 10.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.left_out = 0
        self._clock = clock
        self._pause = pause
        self._counts: dict[Sort, _Count] = {}
        self.limit(rate, burst)

    def limit(self, rate: float, burst: int) -> None:
        """Go by other bounds from now on."""
        self._bounds = rate, burst
        for count in self._counts.values():
            count.allowance.limit(rate, burst)

    def take(self, sort: Sort) -> bool:
        """Tell whether an alert of this sort is told now; else it is counted."""
        now = self._clock()
        count = self._counts.get(sort)
        if count is None:
            count = self._counts[sort] = _Count(Allowance(*self._bounds))
        if count.allowance.take(1, now):
            return True
        if not count.out:
            count.told = now
        count.out += 1
        self.left_out += 1
        return False

    def due(self, *, all_of_them: bool = False) -> list[tuple[Sort, int]]:
        """Return sorts and how many of each were left out since that was told last."""
        now, found = self._clock(), []
        for sort, count in self._counts.items():
            if count.out and (all_of_them or now - count.told >= self._pause):
                found.append((sort, count.out))
                count.out, count.told = 0, now
        return found
