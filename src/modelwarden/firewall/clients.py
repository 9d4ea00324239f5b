"""One client's requests over time: is somebody searching for a way past the model?

Attacks ask again and again nearly the same (evasion), or what nobody asks (extraction). Each is
counted by a one-sided cumulative sum of log-likelihood ratios, which notices a small steady share
as surely as a burst. What is byte for byte the same is a retry or a hot item: it does not count.

Source: Page, 1954 (CUSUM); Chen, Carlini and Wagner, 2019, for the distance to earlier queries.
"""

from __future__ import annotations

import math
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from modelwarden.core.values import dataclass
from modelwarden.firewall.normal import REMEMBERED, Flags, Judged
from modelwarden.firewall.profile import Normal
from modelwarden.targets.frames import Floats

_FIRST = 16
_DIGEST_BYTES = 120  # of one remembered digest in a dictionary


class Pattern(StrEnum):
    """What a client does."""

    NEAR_DUPLICATES = "near-duplicates"
    ABNORMAL_STREAM = "abnormal-stream"
    SPREAD_SEARCH = "spread-search"


@dataclass(frozen=True, slots=True)
class Alarm:
    """A pattern that a client's requests showed.

    Attributes:
        pattern: which.
        statistic: the sum.
        rows: the client had sent.
    """

    pattern: Pattern
    statistic: float
    rows: int


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

    def quiet(self, rows: int) -> None:
        """Count rows without an event."""
        self.sum = max(0.0, self.sum + rows * self._miss)


class Places:
    """Rows on the axes that later ones are compared with; the oldest go first."""

    __slots__ = ("_near", "_rows", "filled")

    def __init__(self, normal: Normal) -> None:
        self.filled = 0
        self._near = normal.near**2
        # −2p and |p|² of each row: one product with a place gives all distances to it.
        self._rows: npt.NDArray[np.float32] = np.empty((_FIRST, len(normal.axes) + 1), np.float32)

    @property
    def bytes(self) -> int:
        """Memory that is held."""
        return self._rows.nbytes

    def near(self, places: Floats, local: Floats) -> Flags:
        """Return which of these rows are nearly the same as an earlier one, and remember all."""
        count, width = places.shape
        asked = np.ones((count, width + 1), np.float32)
        asked[:, :width] = places
        squares = np.einsum("ij,ij->i", asked, asked) - 1
        nearest = np.full(count, np.inf)
        seen = self._rows[: min(self.filled, len(self._rows))]
        if len(seen):
            nearest = np.minimum.reduce(asked @ seen.T, axis=1) + squares
        if count > 1:
            apart = squares[:, None] + squares - 2 * (asked @ asked.T - 1)
            apart[np.triu_indices(count)] = np.inf
            nearest = np.minimum(nearest, np.minimum.reduce(apart, axis=1))
        self._remember(asked, squares)
        return np.asarray(nearest < self._near * local * local)

    def _remember(self, asked: npt.NDArray[np.float32], squares: Floats) -> None:
        count, size = len(asked), len(self._rows)
        while size < REMEMBERED and self.filled + count > size:
            size = min(4 * size, REMEMBERED)
        if size > len(self._rows):
            grown = np.empty((size, asked.shape[1]), np.float32)
            grown[: len(self._rows)] = self._rows
            self._rows = grown
        asked *= -2
        asked[:, -1] = squares
        if count == 1:
            self._rows[self.filled % size] = asked[0]
        else:
            kept = asked[-size:]
            at = (self.filled + count - len(kept) + np.arange(len(kept))) % size
            self._rows[at] = kept
        self.filled += count


class Client:
    """What is remembered of one client: at most `REMEMBERED` rows on the axes, and their digests.

    Attributes:
        rows: seen so far.
    """

    __slots__ = ("_abnormal", "_digests", "_duplicates", "_places", "rows")

    def __init__(self, normal: Normal) -> None:
        self.rows = 0
        self._places = Places(normal)
        self._digests: dict[int, None] = {}
        self._duplicates = Cusum(0.01, 0.08)
        self._abnormal = Cusum(max(0.05, normal.rate), max(0.25, 2 * normal.rate))

    @property
    def bytes(self) -> int:
        """Memory that is held, roughly."""
        return 500 + self._places.bytes + _DIGEST_BYTES * len(self._digests)

    def update(self, matrix: Floats, judged: Judged, abnormal: Flags) -> list[Alarm]:
        """Count the rows of one request, in order.

        Args:
            matrix: (n, d) as they were sent, to tell what is the very same.
            judged: of these rows.
            abnormal: (n,) whether a row is.
        """
        before = self.rows
        self.rows += len(matrix)
        fresh = self._fresh(matrix)
        if not fresh:
            return []
        places, local = judged.places, judged.local
        if len(fresh) < len(matrix):
            places, local, abnormal = places[fresh], local[fresh], abnormal[fresh]
        near = self._places.near(places, local)
        return [
            *_alarms(Pattern.NEAR_DUPLICATES, self._duplicates, near, fresh, before),
            *_alarms(Pattern.ABNORMAL_STREAM, self._abnormal, abnormal, fresh, before),
        ]

    def _fresh(self, matrix: Floats) -> list[int]:
        """Return which rows this client has not sent before, byte for byte, and remember them."""
        data = matrix.tobytes()
        width = len(data) // len(matrix)
        known, fresh = self._digests, []
        for number in range(len(matrix)):
            # Keyed by the process, so that nobody can make two rows meet on purpose.
            digest = hash(data[number * width : (number + 1) * width])
            if digest in known:
                del known[digest]
            else:
                fresh.append(number)
            known[digest] = None
        while len(known) > REMEMBERED:
            del known[next(iter(known))]
        return fresh


def _alarms(
    pattern: Pattern, sum_: Cusum, events: Flags, fresh: list[int], before: int
) -> list[Alarm]:
    if not events.any():
        sum_.quiet(len(events))
        return []
    return [
        Alarm(pattern, 8.0, before + fresh[at] + 1)
        for at, event in enumerate(events.tolist())
        if sum_.update(event=event)
    ]
