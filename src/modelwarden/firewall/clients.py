"""One client's requests over time: is somebody searching for a way past the model?

Attacks ask again and again nearly the same (evasion), or what nobody asks (extraction). Each is
counted by a one-sided cumulative sum of log-likelihood ratios, which notices a small steady share
as surely as a burst. What is byte for byte the same is a retry or a hot item: it does not count.

Source: Page, 1954 (CUSUM); Chen, Carlini and Wagner, 2019, for the distance to earlier queries.
"""

from __future__ import annotations

import hashlib
import math
from collections import OrderedDict
from enum import StrEnum

import numpy as np

from modelwarden.core.values import dataclass
from modelwarden.firewall.normal import REMEMBERED, Flags, Judged
from modelwarden.firewall.profile import Normal
from modelwarden.targets.frames import Floats


class Pattern(StrEnum):
    """What a client does."""

    NEAR_DUPLICATES = "near-duplicates"
    ABNORMAL_STREAM = "abnormal-stream"


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


class Client:
    """What is remembered of one client: at most `REMEMBERED` rows on the axes, and their digests.

    Attributes:
        rows: seen so far.
    """

    def __init__(self, normal: Normal) -> None:
        self.rows = 0
        self._near = normal.near
        self._places: Floats = np.empty((16, len(normal.axes)))
        self._digests: OrderedDict[bytes, None] = OrderedDict()
        self._filled = 0
        self._duplicates = Cusum(0.01, 0.08)
        self._abnormal = Cusum(max(0.05, normal.rate), max(0.25, 2 * normal.rate))

    def update(self, matrix: Floats, judged: Judged, abnormal: Flags) -> list[Alarm]:
        """Count the rows of one request, in order.

        Args:
            matrix: (n, d) as they were sent, to tell what is the very same.
            judged: of these rows.
            abnormal: (n,) whether a row is.
        """
        alarms = []
        for row, place, local, strange in zip(
            matrix, judged.places, judged.local, abnormal, strict=True
        ):
            self.rows += 1
            if self._is_known(row):
                continue
            near = self._is_near(place, float(local))
            if self._duplicates.update(event=near):
                alarms.append(Alarm(Pattern.NEAR_DUPLICATES, 8.0, self.rows))
            if self._abnormal.update(event=bool(strange)):
                alarms.append(Alarm(Pattern.ABNORMAL_STREAM, 8.0, self.rows))
            self._remember(place)
        return alarms

    def _is_known(self, row: Floats) -> bool:
        digest = hashlib.blake2b(row.tobytes(), digest_size=16).digest()
        if digest in self._digests:
            self._digests.move_to_end(digest)
            return True
        self._digests[digest] = None
        if len(self._digests) > REMEMBERED:
            self._digests.popitem(last=False)
        return False

    def _is_near(self, place: Floats, local: float) -> bool:
        seen = self._places[: min(self._filled, len(self._places))]
        if not len(seen):
            return False
        nearest = float(((seen - place) ** 2).sum(axis=1).min())
        return nearest < (self._near * local) ** 2

    def _remember(self, place: Floats) -> None:
        size = len(self._places)
        if self._filled == size < REMEMBERED:
            grown = np.empty((min(2 * size, REMEMBERED), place.shape[0]))
            grown[:size] = self._places
            self._places = grown
        self._places[self._filled % len(self._places)] = place
        self._filled += 1
