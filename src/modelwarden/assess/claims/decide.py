"""A claim held against a measurement: supported, refuted, inconclusive, and what n would settle it.

With d = measured − claimed, turned so that more is better, and a margin m of no practical matter:

    refuted     d is below −m, one-sided
    supported   d is above −m, one-sided (non-inferiority); strict also below +m (equivalence)

Both tests are made for every claim, and Holm's procedure keeps the chance of any false one among
all claims at 5 %; claims about one measurement imply one another and count once, so that a card is
not harder to refute for saying a thing often. The deviation on each side is that side's half of the
measurement's own interval, so skewed intervals stay skewed.

Source: Schuirmann 1987 for two one-sided tests; Holm 1979, "A simple sequentially rejective
multiple test procedure".
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Sequence
from enum import StrEnum

from scipy import special

from modelwarden.core import Measurement
from modelwarden.core.values import dataclass
from modelwarden.metrics.intervals import z_of

ALPHA = 0.05
POWER = 0.9


class Standing(StrEnum):
    """How a claim stands."""

    SUPPORTED = "supported"
    REFUTED = "refuted"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True, slots=True, kw_only=True)
class Test:
    """A claim beside a measurement.

    Attributes:
        value: claimed. margin: of no practical matter, above 0.
        spread: standard error of the claim itself; 0 takes it for a constant.
        higher_is_better: direction of the metric.
    """

    measured: Measurement
    value: float
    margin: float
    spread: float = 0.0
    higher_is_better: bool = True

    @property
    def better(self) -> float:
        """Measured less claimed, above 0 when the model is better than claimed."""
        gap = self.measured.value - self.value
        return gap if self.higher_is_better else -gap

    def errors(self) -> tuple[float, float]:
        """Return the standard errors towards worse and towards better."""
        m, z = self.measured, z_of(self.measured.level)
        low = math.inf if m.low is None else m.value - m.low
        high = math.inf if m.high is None else m.high - m.value
        worse, better = (low, high) if self.higher_is_better else (high, low)
        return math.hypot(worse / z, self.spread), math.hypot(better / z, self.spread)

    @property
    def p_refuted(self) -> float:
        """Chance of so low a value if the truth were no worse than claimed less the margin."""
        _, error = self.errors()
        return _tail((-self.margin - self.better), error)

    def p_supported(self, *, strict: bool) -> float:
        """Chance of so high a value if the truth were worse than claimed less the margin."""
        below, above = self.errors()
        p = _tail(self.better + self.margin, below)
        return max(p, _tail(self.margin - self.better, above)) if strict else p


def _tail(distance: float, error: float) -> float:
    """Return the one-sided p of a distance beyond the border of what is to be refused."""
    if math.isnan(distance) or math.isinf(error):
        return 1.0
    if error == 0:
        return 0.0 if distance > 0 else 1.0
    return float(special.ndtr(-distance / error))


def holm(p: Sequence[float], nested: Sequence[tuple[Hashable, int]] = ()) -> list[float]:
    """Return p values adjusted so that the chance of any false one is at most their size.

    Args:
        p: of each hypothesis.
        nested: for each, a family of hypotheses that imply one another – accuracy above 0.8, above
            0.9 – and the tests that such a family is worth: however many of it are tested, a false
            one is no more likely than with so many. By default each stands for itself.

    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    >>> holm([0.01, 0.04, 0.03], [("accuracy", 1), ("recall", 1), ("accuracy", 1)])
    [0.02, 0.06, 0.06]
    """
    families = list(nested) or [(i, 1) for i in range(len(p))]
    left = Counter(family for family, _ in families)
    worth = dict(families)
    order = sorted(range(len(p)), key=lambda i: p[i])
    adjusted = [1.0] * len(p)
    so_far = 0.0
    for i in order:
        tests = sum(min(many, worth[family]) for family, many in left.items())
        so_far = max(so_far, min(1.0, p[i] * tests))
        adjusted[i] = so_far
        left[families[i][0]] -= 1
    return adjusted


def stand(refuted: float, supported: float, *, alpha: float = ALPHA) -> Standing:
    """Return how a claim stands, from its two adjusted p values."""
    if refuted <= alpha:
        return Standing.REFUTED
    return Standing.SUPPORTED if supported <= alpha else Standing.INCONCLUSIVE


def rows_to_settle(test: Test, claims: int, *, strict: bool) -> int | None:
    """Return about how many rows would settle an open claim, if the value stayed as it is.

    None where none would: the value is at a border, or the claim's own uncertainty is too large.

    Args:
        test: that is inconclusive.
        claims: how many are tested at once.
        strict: equivalence is asked for.
    """
    borders = [-test.margin, test.margin] if strict else [-test.margin]
    distance = min(abs(test.better - border) for border in borders)
    if not distance or math.isnan(distance):
        return None
    z = float(special.ndtri(1 - ALPHA / max(claims, 1)) + special.ndtri(POWER))
    allowed = (distance / z) ** 2 - test.spread**2
    below, above = test.errors()
    own = ((below + above) / 2) ** 2 - test.spread**2
    if allowed <= 0 or math.isinf(own):
        return None
    return max(test.measured.n + 1, math.ceil(test.measured.n * own / allowed))
