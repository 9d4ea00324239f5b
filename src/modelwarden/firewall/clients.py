"""One client's requests over time: is somebody searching for a way past the model?

Attacks ask again and again nearly the same (evasion), or what nobody asks (extraction). Each is
counted by a one-sided cumulative sum of log-likelihood ratios, which notices a small steady share
as surely as a burst. What is byte for byte the same is a retry or a hot item: it does not count.

Source: Page, 1954 (CUSUM); Chen, Carlini and Wagner, 2019, for the distance to earlier queries.
"""

from __future__ import annotations

import math
from collections import OrderedDict, deque
from collections.abc import Sequence
from enum import StrEnum
from itertools import islice

import numpy as np
import numpy.typing as npt

from modelwarden.core.values import dataclass
from modelwarden.firewall.normal import REMEMBERED, Flags, Judged, popularity
from modelwarden.firewall.profile import Normal
from modelwarden.targets.frames import Floats

_FIRST = 16
_COUNTED = 32  # rows of one request
_LAG = 4  # rows before a row that it is not compared with
_CROWD = 64  # rows of a client that a crowd is looked for in …
_LEAST_CROWD = 4  # … and how many of them make one at the least
_TIMES_USUAL = 5.0
_FEWEST_CELLS = 200
_HOT = 4096  # rows of all clients whose digests are kept
_TOOK_PART = 64  # rows that were nearly the same, whose senders are told
_THRESHOLD = 8.0
_USUAL, _ODD, _FAR = math.log(0.67 / 0.94), math.log(0.08 / 0.05), math.log(0.25 / 0.01)
_DIGEST_BYTES = 120  # of one remembered digest in a dictionary


class Pattern(StrEnum):
    """What a client does."""

    NEAR_DUPLICATES = "near-duplicates"
    ABNORMAL_STREAM = "abnormal-stream"
    CROWDED = "crowded-rows"
    SPREAD_SEARCH = "spread-search"


@dataclass(frozen=True, slots=True)
class Alarm:
    """A pattern that a client's requests showed.

    Attributes:
        pattern: which.
        rows: the client had sent; of all clients, for a search that is spread.
        clients: that took part.
    """

    pattern: Pattern
    rows: int
    clients: tuple[str, ...]


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

    __slots__ = ("_late", "_near", "_rows", "filled")

    def __init__(self, normal: Normal) -> None:
        self.filled = 0
        self._near = normal.near**2
        # −2p and |p|² of each row: one product with a place gives all distances to it.
        width = len(normal.axes) + 1
        self._rows: npt.NDArray[np.float32] = np.empty((_FIRST, width), np.float32)
        self._late: list[npt.NDArray[np.float32]] = []

    @property
    def bytes(self) -> int:
        """Memory that is held."""
        return self._rows.nbytes

    def near(self, places: Floats, local: Floats) -> Flags:
        """Return which of these rows are nearly the same as an earlier one, and remember all.

        The last `_LAG` rows before a row do not count: a camera's pictures are like those just
        before them and move on, while a search comes back to where it was.
        """
        count, width = places.shape
        if count == 1:
            return np.array([self._is_near(places[0], float(local[0]))])
        asked = np.ones((count, width + 1), np.float32)
        asked[:, :width] = places
        squares = np.einsum("ij,ij->i", asked, asked) - 1
        nearest = np.full(count, np.inf)
        seen = self._rows[: min(self.filled, len(self._rows))]
        if len(seen):
            nearest = np.minimum.reduce(asked @ seen.T, axis=1) + squares
        kept = asked.copy()
        kept *= -2
        kept[:, -1] = squares
        late = len(self._late)
        line = np.concatenate([self._late, kept]) if late else kept
        apart = asked @ line.T + squares[:, None]
        old = np.arange(len(line)) < (late - _LAG + np.arange(count))[:, None]
        apart[~old] = np.inf
        nearest = np.minimum(nearest, np.minimum.reduce(apart, axis=1))
        if len(line) > _LAG:
            self._remember(line[:-_LAG])
        self._late = list(line[-_LAG:])
        return np.asarray(nearest < self._near * local * local)

    def _is_near(self, place: Floats, local: float) -> bool:
        """Tell what `near` does, of one row."""
        kept = np.empty(len(place) + 1, np.float32)
        kept[:-1] = place
        kept[-1] = 1.0
        square = float(kept.dot(kept)) - 1
        nearest = math.inf
        if self.filled:
            seen = self._rows[: self.filled]
            nearest = float(np.minimum.reduce(seen @ kept)) + square
        kept *= -2
        kept[-1] = square
        self._late.append(kept)
        if len(self._late) > _LAG:
            self._remember(self._late.pop(0)[None])
        return nearest < self._near * local * local

    def _remember(self, rows: npt.NDArray[np.float32]) -> None:
        count, size = len(rows), len(self._rows)
        while size < REMEMBERED and self.filled + count > size:
            size = min(4 * size, REMEMBERED)
        if size > len(self._rows):
            grown = np.empty((size, rows.shape[1]), np.float32)
            grown[: len(self._rows)] = self._rows
            self._rows = grown
        if count == 1:
            self._rows[self.filled % size] = rows[0]
        else:
            kept = rows[-size:]
            at = (self.filled + count - len(kept) + np.arange(len(kept))) % size
            self._rows[at] = kept
        self.filled += count


class Strange:
    """Tells when rows become abnormal more often, and more so, than drift would explain.

    A row beyond the alarm says little: that is also what drift looks like. A row beyond what one
    normal row in two thousand reaches says much.

    Attributes:
        sum: of the log-likelihood ratios; 0 when nothing speaks for abuse.
    """

    __slots__ = ("_alarm", "_refuse", "sum")

    def __init__(self, normal: Normal) -> None:
        self.sum = 0.0
        self._alarm, self._refuse = normal.alarm, normal.refuse

    def update(self, score: float) -> bool:
        """Count one row; tell whether this is an alarm. After an alarm it begins anew."""
        step = _USUAL if score <= self._alarm else _ODD if score <= self._refuse else _FAR
        self.sum = max(0.0, self.sum + step)
        if self.sum < _THRESHOLD:
            return False
        self.sum = 0.0
        return True


class Crowd:
    """Tells rows that fall again and again where few normal rows do.

    An attack that adds noise to one input asks about rows that are not nearly the same, but the
    nearest row of the reference is the same for nearly all of them.
    """

    __slots__ = ("_counts", "_last", "_needed")

    def __init__(self, needed: Sequence[int]) -> None:
        """Make ready; `needed` is by the rows of the sample how many of the last are a crowd."""
        self._needed = needed
        self._last: deque[int] = deque()
        self._counts: dict[int, int] = {}

    def update(self, cell: int) -> bool:
        """Count one row; tell whether it falls into a crowd."""
        counts, last = self._counts, self._last
        found = counts.get(cell, 0)
        last.append(cell)
        if len(last) > _LAG:
            late = last[-1 - _LAG]
            counts[late] = counts.get(late, 0) + 1
        if len(last) > _CROWD + _LAG:
            gone = last.popleft()
            counts[gone] -= 1
            if not counts[gone]:
                del counts[gone]
        return bool(self._needed) and found >= self._needed[cell]


def needed(normal: Normal) -> list[int]:
    """Return how many of the last rows of a client make a crowd, by the rows of the sample."""
    if len(normal.sample) < _FEWEST_CELLS:
        return []
    usual = _CROWD * popularity(normal)
    return [max(_LEAST_CROWD, math.ceil(_TIMES_USUAL * part)) for part in usual.tolist()]


class Client:
    """What is remembered of one client: at most `REMEMBERED` rows on the axes, and their digests.

    Attributes:
        rows: seen so far.
    """

    __slots__ = ("_crowd", "_crowded", "_digests", "_duplicates", "_places", "_strange", "rows")

    def __init__(self, normal: Normal, needed: Sequence[int] = ()) -> None:
        self.rows = 0
        self._places = Places(normal)
        self._digests: dict[int, None] = {}
        self._duplicates = Cusum(0.01, 0.08)
        self._crowd, self._crowded = Crowd(needed), Cusum(0.01, 0.1)
        self._strange = Strange(normal)

    @property
    def bytes(self) -> int:
        """Memory that is held, roughly."""
        return 500 + self._places.bytes + _DIGEST_BYTES * len(self._digests)

    def update(self, digests: list[int], judged: Judged) -> tuple[list[Pattern], list[int]]:
        """Count the rows of one request, in order.

        Args:
            digests: of the rows as they were sent, to tell what is the very same.
            judged: of these rows.

        Returns:
            What they showed, and which rows the client had not sent before.
        """
        self.rows += len(digests)
        fresh = self._fresh(digests)
        if not fresh:
            return [], fresh
        judged = judged.only(fresh)
        shown = []
        if self._search(self._places.near(judged.places, judged.local)):
            shown.append(Pattern.NEAR_DUPLICATES)
        crowd, crowded = self._crowd, self._crowded
        if sum(crowded.update(event=crowd.update(c)) for c in judged.cells.tolist()):
            shown.append(Pattern.CROWDED)
        strange = self._strange
        if sum(map(strange.update, judged.scores.tolist())):
            shown.append(Pattern.ABNORMAL_STREAM)
        return shown, fresh

    def _search(self, near: Flags) -> bool:
        if not near.any():
            self._duplicates.quiet(len(near))
            return False
        return sum(self._duplicates.update(event=event) for event in near.tolist()) > 0

    def _fresh(self, digests: list[int]) -> list[int]:
        """Return which rows this client has not sent before, byte for byte, and remember them."""
        known, fresh = self._digests, []
        for number, digest in enumerate(digests):
            if digest in known:
                del known[digest]
            else:
                fresh.append(number)
            known[digest] = None
        _forget(known, len(known) - REMEMBERED)
        return fresh


class Clients:
    """All clients of one model, in bounded memory: the one not heard of for longest goes first.

    A search that is spread over many clients shows in none of them. So rows that somebody had not
    sent before are also held against those of everybody else; who sent the ones that are nearly
    the same took part.
    """

    def __init__(self, normal: Normal, memory: int = 64 << 20) -> None:
        self._normal = normal
        self._memory = memory
        self._held = 0
        self._known: OrderedDict[str, Client] = OrderedDict()
        self._places = Places(normal)
        self._needed = needed(normal)
        self._crowd = Crowd(self._needed)
        self._spread = Cusum(0.02, 0.2, 10.0)
        self._near: deque[str] = deque(maxlen=_TOOK_PART)
        self._sent: dict[int, None] = {}
        self._rows = 0

    def __len__(self) -> int:
        """Clients that are remembered."""
        return len(self._known)

    def update(self, client: str, matrix: Floats, judged: Judged) -> list[Alarm]:
        """Count the rows of one request of a client.

        Args:
            client: who asks.
            matrix: (n, d) as they were sent.
            judged: of these rows.
        """
        digests = _digests(matrix)
        if len(digests) > _COUNTED:
            # Which of many are counted hangs on what they are, and on nothing that others know.
            chosen = sorted(sorted(range(len(digests)), key=digests.__getitem__)[:_COUNTED])
            digests = [digests[at] for at in chosen]
            judged = judged.only(chosen)
        known = self._of(client)
        self._held -= known.bytes
        shown, fresh = known.update(digests, judged)
        self._held += known.bytes
        while self._held > self._memory and len(self._known) > 1:
            self._held -= self._known.popitem(last=False)[1].bytes
        alarms = [Alarm(pattern, known.rows, (client,)) for pattern in shown]
        new = self._new(digests, fresh)
        if new:
            self._rows += len(new)
            alarms += self._everybody(client, judged.only(new))
        return alarms

    def _new(self, digests: list[int], fresh: list[int]) -> list[int]:
        """Return which rows nobody sent of late: what many ask for alike is a hot item."""
        known = self._sent
        new = [at for at in fresh if digests[at] not in known]
        known.update(dict.fromkeys(digests))
        _forget(known, len(known) - _HOT)
        return new

    def _of(self, client: str) -> Client:
        known = self._known.get(client)
        if known is None:
            known = self._known[client] = Client(self._normal, self._needed)
            self._held += known.bytes
        else:
            self._known.move_to_end(client)
        return known

    def _everybody(self, client: str, judged: Judged) -> list[Alarm]:
        near = self._places.near(judged.places, judged.local).tolist()
        for close, cell in zip(near, judged.cells.tolist(), strict=True):
            event = self._crowd.update(cell) or close
            if event:
                self._near.append(client)
            if self._spread.update(event=event):
                took = tuple(dict.fromkeys(self._near))
                self._near.clear()
                return [Alarm(Pattern.SPREAD_SEARCH, self._rows, took)]
        return []


def _forget(known: dict[int, None], count: int) -> None:
    """Take out the oldest, all at once: to find the first one passes over all that are gone."""
    if count > 0:
        for digest in list(islice(known, count)):
            del known[digest]


def _digests(matrix: Floats) -> list[int]:
    """Return what tells rows apart, keyed by the process: nobody can make two meet on purpose."""
    data = matrix.tobytes()
    width = len(data) // len(matrix)
    return [hash(data[at : at + width]) for at in range(0, len(data), width)]
