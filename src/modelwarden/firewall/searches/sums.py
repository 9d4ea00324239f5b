"""Cumulative sums: tell when events become more frequent than they normally are.

Source: Page, 1954.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from modelwarden.firewall.searches.edits import BY_HAND, Marks
from modelwarden.firewall.searches.places import Asked
from modelwarden.firewall.searches.reference import Reference

_THRESHOLD = 8.0
_USUAL, _ODD, _FAR = math.log(0.53 / 0.80), math.log(0.12 / 0.10), math.log(0.35 / 0.10)


class Cusum:
    """Tells when events become more frequent than they normally are.

    With `usual` 0.01, `raised` 0.08 and `threshold` 8, an event that happens at its usual rate
    raises the sum above the threshold about once in exp(8) ≈ 3,000 rows at the very most.

    Attributes:
        sum: now; 0 when nothing speaks for more than usual.
    """

    __slots__ = ("_hit", "_miss", "_threshold", "sum")

    def __init__(self, usual: float, raised: float, threshold: float = 8.0) -> None:
        self._hit = math.log(raised / usual)
        self._miss = math.log((1 - raised) / (1 - usual))
        self._threshold = threshold
        self.sum = 0.0

    def update(self, *, event: bool) -> bool:
        """Count one row; tell whether this is an alarm. After an alarm it begins anew."""
        self.sum = max(0.0, self.sum + (self._hit if event else self._miss))
        if self.sum < self._threshold:
            return False
        self.sum = 0.0
        return True

    def step(self, *, event: bool) -> float:
        """Return what one row adds."""
        return self._hit if event else self._miss

    def told(self, events: list[bool]) -> bool:
        """Count rows; tell whether there was an alarm."""
        if True not in events:
            self.sum = max(0.0, self.sum + len(events) * self._miss)
            return False
        return sum([self.update(event=event) for event in events]) > 0


class Strange:
    """Tells when rows become abnormal more often, and more so, than drift would explain.

    A row beyond the alarm says little: that is also what drift looks like, and of honest clients
    whose data are not the reference's one row in ten may be beyond what one normal row in two
    thousand reaches. More of those say much, but not where a few values are all that differ from
    the one before: that is the same strange row again.

    Attributes:
        sum: of the log-likelihood ratios; 0 when nothing speaks for abuse.
    """

    __slots__ = ("_last", "_reference", "sum")

    def __init__(self, reference: Reference) -> None:
        self.sum = 0.0
        self._reference = reference
        self._last: Marks | None = None

    def told(self, asked: Asked, rows: Sequence[int], scores: list[float]) -> bool:
        """Count rows; tell whether there was an alarm. After an alarm it begins anew.

        Args:
            asked: the rows, and maybe others.
            rows: which of them.
            scores: of these.
        """
        alarm, strange = self._reference.normal.alarm, self._reference.strange
        if max(scores) <= alarm:
            self.sum = max(0.0, self.sum + len(scores) * _USUAL)
            return False
        told = False
        for at, score in zip(rows, scores, strict=True):
            step = _USUAL if score <= alarm else _ODD
            if score > strange:
                step = _FAR if self._new(asked.mark(at)) else 0.0
            self.sum = max(0.0, self.sum + step)
            if self.sum >= _THRESHOLD:
                self.sum, told = 0.0, True
        return told

    def _new(self, mark: Marks) -> bool:
        """Tell whether a strange row is another one than the last."""
        last, self._last = self._last, mark
        return last is None or self._reference.features.varied(last[None], mark) > BY_HAND
