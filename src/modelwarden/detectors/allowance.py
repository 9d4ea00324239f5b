"""How much of something that comes is taken: all of what is quiet, of a flood so much a second."""

from __future__ import annotations


class Allowance:
    """A bucket that holds `burst`, and gets back `rate` a second.

    Args:
        rate: that is given back in a second.
        burst: that may be taken at once.
    """

    __slots__ = ("_at", "_burst", "_left", "_rate")

    def __init__(self, rate: float, burst: float) -> None:
        self._rate, self._burst = rate, burst
        self._left, self._at = burst, 0.0  # the clock begins anywhere

    def limit(self, rate: float, burst: float) -> None:
        """Go by other bounds from now on."""
        self._rate, self._burst = rate, burst

    def take(self, amount: float, now: float) -> bool:
        """Tell whether so much may be taken, and take it.

        Args:
            amount: all of it or nothing is taken.
            now: by a clock that never goes back.
        """
        self._left = min(self._burst, self._left + (now - self._at) * self._rate)
        self._at = now
        if self._left < amount:
            return False
        self._left -= amount
        return True
