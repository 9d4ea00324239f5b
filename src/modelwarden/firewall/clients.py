"""One client's requests over time: is somebody searching for a way past the model?

Attacks ask again and again nearly the same (evasion), or what nobody asks (extraction). Each is
counted by a one-sided cumulative sum of log-likelihood ratios, which notices a small steady share
as surely as a burst. What is byte for byte the same is a retry or a hot item: it does not count.

Source: Page, 1954 (CUSUM); Chen, Carlini and Wagner, 2019, for the distance to earlier queries.
"""

from __future__ import annotations

import functools
import math
import operator
import os
from collections import Counter, OrderedDict, deque
from collections.abc import Sequence
from enum import StrEnum
from itertools import islice, takewhile

import numpy as np

from modelwarden.core.values import dataclass
from modelwarden.firewall.crowds import LAG, Crowd, Slow, hits, needed
from modelwarden.firewall.normal import REMEMBERED, Halves, Judged
from modelwarden.firewall.profile import Normal
from modelwarden.targets.frames import Floats

_FIRST = 16
_COUNTED = 32  # rows of one request
_COLUMNS = REMEMBERED + 2 * _COUNTED  # as a request has no gap, and goes over the oldest
_AWAY = np.float32(1e38)  # a square that is never near; infinity times the padding of BLAS is NaN
_SETTLED = 32  # rows of a client before its places are remembered for long
_REQUESTS = 4096  # of all clients, whose places are kept
_HOT = 4096  # rows of all clients whose digests are kept
_TOOK_PART = 512  # clients that may take part in one search
_THRESHOLD = 8.0
_USUAL, _ODD, _FAR = math.log(0.67 / 0.94), math.log(0.08 / 0.05), math.log(0.25 / 0.01)
_DIGEST_BYTES = 120  # of one remembered digest in a dictionary
_PLACE_BYTES = 400  # of a place in three dictionaries


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

    def step(self, *, event: bool) -> float:
        """Return what one row adds."""
        return self._hit if event else self._miss

    def quiet(self, rows: int) -> None:
        """Count rows without an event."""
        self.sum = max(0.0, self.sum + rows * self._miss)


class Asked:
    """New rows on the axes, in the form that distances are taken in; made once for all memories.

    Attributes:
        places: (n, k + 1) float32; the last is 1.
        kept: (n, k + 1) −2p and |p|²: one product with `places` gives all distances.
    """

    __slots__ = ("_judged", "_most", "_near", "kept", "places")

    def __init__(self, normal: Normal, judged: Judged) -> None:
        self._judged, self._near = judged, normal.near
        self.places = judged.asked
        self.kept: Halves = self.places * np.float32(-2)
        self.kept[:, -1] = judged.squares
        self._most = self._reach(judged.nearest)

    def _reach(self, local: Floats) -> Floats:
        """Return the square of the distance that is near, less that of the row's own length."""
        reach = local * self._near
        reach *= reach
        reach -= self._judged.squares
        return reach

    def near(self, least: Halves) -> list[bool]:
        """Tell which rows are nearly the same as another one.

        Args:
            least: (n,) square of the distance to it, less that of the row's own length. How dense
                the whole reference is there is looked up only if that can matter.
        """
        found = np.less(least, self._most).tolist()
        if True in found:
            found = np.less(least, self._reach(self._judged.local)).tolist()
        told: list[bool] = found
        return told


@functools.cache
def _young(count: int) -> Halves:
    """Return (count, count) infinities where a row of a request came too late to count for one."""
    number = np.arange(count)
    return np.where(number > number[:, None] - LAG - 1, np.float32(np.inf), np.float32(0))


class Places:
    """Rows on the axes that later ones are compared with; the oldest go first."""

    __slots__ = ("_end", "_late", "_rows", "_used")

    def __init__(self, normal: Normal) -> None:
        # A column for each row: products with it are a third faster than with a line for each.
        self._rows: Halves = np.empty((len(normal.axes) + 1, _FIRST), np.float32)
        self._end = self._used = 0
        self._late: list[int] = []  # columns of the last rows, the oldest first

    @property
    def bytes(self) -> int:
        """Memory that is held."""
        return self._rows.nbytes

    def near(self, asked: Asked) -> list[bool]:
        """Return which of these rows are nearly the same as an earlier one, and remember all.

        The last `LAG` rows before a row do not count: a camera's pictures are like those just
        before them and move on, while a search comes back to where it was.
        """
        count, late = len(asked.kept), self._late
        begin = self._room(count)
        end = self._end = begin + count
        self._used = max(self._used, end)
        rows = self._rows[:, : self._used]
        if count == 1:
            rows[:, begin] = asked.kept[0]
            apart = asked.places[0].dot(rows)
            late.append(begin)
            apart[late] = np.inf
            least = np.minimum.reduce(apart, keepdims=True)
        else:
            rows[:, begin:end] = asked.kept.T
            both = asked.places @ rows
            both[:, begin:end] += _young(count)
            for number in range(min(count, LAG)):
                both[number, late[number - LAG :]] = np.inf
            least = np.minimum.reduce(both, axis=1)
            late.extend(range(begin, end))
        del late[:-LAG]
        return asked.near(least)

    def _room(self, count: int) -> int:
        """Return the first column for so many rows, side by side: behind the last, or in front."""
        size = self._rows.shape[1]
        while size < _COLUMNS and self._end + count > size:
            size = min(4 * size, _COLUMNS)
        if size > self._rows.shape[1]:
            grown = np.empty((len(self._rows), size), np.float32)
            grown[:, : self._end] = self._rows[:, : self._end]
            self._rows = grown
        if self._end + count <= size:
            return self._end
        self._rows[-1, self._end :] = _AWAY  # what is left there is older than all the rest
        return 0


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

    def told(self, judged: Judged) -> bool:
        """Count rows; tell whether there was an alarm. After an alarm it begins anew."""
        if judged.worst <= self._alarm:
            self.sum = max(0.0, self.sum + len(judged.scores) * _USUAL)
            return False
        told = False
        for score in judged.scores.tolist():
            step = _USUAL if score <= self._alarm else _ODD if score <= self._refuse else _FAR
            self.sum = max(0.0, self.sum + step)
            if self.sum >= _THRESHOLD:
                self.sum, told = 0.0, True
        return told


_NOTHING = Slow(())  # counts nothing: a million clients of one row share it


class Client:
    """What is remembered of one client: at most `REMEMBERED` rows on the axes, and their digests.

    Attributes:
        rows: seen so far.
    """

    __slots__ = (
        "_crowd", "_crowded", "_digests", "_duplicates", "_hits", "_places", "_slow", "_strange",
        "rows",
    )  # fmt: skip

    def __init__(
        self, normal: Normal, needed: Sequence[int] = (), hits: Sequence[float] = ()
    ) -> None:
        self.rows = 0
        self._places = Places(normal)
        self._digests: dict[int, None] = {}
        self._duplicates = Cusum(0.01, 0.08)
        self._crowd, self._crowded = Crowd(needed), Cusum(0.01, 0.1)
        self._strange = Strange(normal)
        self._hits, self._slow = hits, _NOTHING

    @property
    def bytes(self) -> int:
        """Memory that is held, roughly."""
        held = _DIGEST_BYTES * len(self._digests) + _PLACE_BYTES * len(self._slow)
        return 700 + self._places.bytes + held

    def fresh(self, digests: list[int]) -> list[int]:
        """Count rows; return which this client has not sent before, byte for byte; remember all."""
        self.rows += len(digests)
        known, fresh = self._digests, []
        for number, digest in enumerate(digests):
            if digest in known:
                del known[digest]
            else:
                fresh.append(number)
            known[digest] = None
        _forget(known, len(known) - REMEMBERED)
        return fresh

    def update(self, judged: Judged, asked: Asked) -> list[Pattern]:
        """Return what rows of one request showed that the client had not sent before."""
        shown = []
        if _told(self._duplicates, self._places.near(asked)):
            shown.append(Pattern.NEAR_DUPLICATES)
        cells = judged.cells.tolist()
        if self._slow is _NOTHING and self.rows > _SETTLED:
            self._slow = Slow(self._hits)
        slow = self._slow.told(cells)
        if _told(self._crowded, self._crowd.falls(cells)) or slow:
            shown.append(Pattern.CROWDED)
        if self._strange.told(judged):
            shown.append(Pattern.ABNORMAL_STREAM)
        return shown


def _told(cusum: Cusum, events: list[bool]) -> bool:
    """Count rows; tell whether there was an alarm."""
    if True not in events:
        cusum.quiet(len(events))
        return False
    return sum([cusum.update(event=event) for event in events]) > 0


class Clients:
    """All clients of one model, in bounded memory: the one not heard of for longest goes first.

    A search that is spread over many clients shows in none of them. So rows that somebody had not
    sent before are also held against those of everybody else. Who added more to the sum, since it
    began to rise, than a client without part in it would, took part.
    """

    def __init__(self, normal: Normal, memory: int = 64 << 20) -> None:
        self._normal = normal
        self._memory = memory
        self._held = 0
        self._known: OrderedDict[str, Client] = OrderedDict()
        self._places = Places(normal)
        self._needed, self._hits = needed(normal), hits(normal)
        self._crowd, self._slow = Crowd(self._needed), Slow(self._hits)
        self._spread = Cusum(0.02, 0.2, 10.0)
        # What each client adds to the sum since it began to rise: together they are the sum.
        self._took: dict[str, float] = {}
        self._asked: deque[tuple[int, str, list[int]]] = deque(maxlen=_REQUESTS)
        self._where: deque[tuple[str, int]] = deque(maxlen=_TOOK_PART)
        self._sent: dict[int, None] = {}
        self._rows = 0
        self._factors = np.empty(0, np.uint64)

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
        if len(matrix) > _COUNTED:
            chosen = self._chosen(matrix)
            matrix, judged = matrix[chosen], judged.only(chosen)
        digests = _digests(matrix)
        known = self._of(client)
        self._held -= known.bytes
        fresh = known.fresh(digests)
        new = self._new(digests, fresh)
        shown, alarms = [], []
        if fresh:
            judged = judged.only(fresh)
            asked = Asked(self._normal, judged)
            shown = known.update(judged, asked)
        self._held += known.bytes
        while self._held > self._memory and len(self._known) > 1:
            self._held -= self._known.popitem(last=False)[1].bytes
        if new:
            self._rows += len(new)
            if len(new) < len(fresh):
                judged = judged.only([fresh.index(at) for at in new])
                asked = Asked(self._normal, judged)
            alarms = self._everybody(client, judged, asked)
        return [*(Alarm(pattern, known.rows, (client,)) for pattern in shown), *alarms]

    def update_all(
        self, clients: Sequence[str], ends: Sequence[int], matrix: Floats, judged: Judged
    ) -> list[list[Alarm]]:
        """Count the rows of requests that were judged together, one request after another.

        Args:
            clients: who asks, by request.
            ends: of the rows of each request.
            matrix: (n, d) rows as they were sent.
            judged: of these rows.
        """
        parts = zip(clients, (0, *ends), ends, strict=False)
        return [self.update(c, matrix[a:b], judged.part(a, b)) for c, a, b in parts]

    def _chosen(self, matrix: Floats) -> list[int]:
        """Return which rows of many are counted: hangs on what they are, and on what nobody knows.

        Source: Dietzfelbinger et al., 1997 (multiply-shift), of the bits of each value.
        """
        bits = np.ascontiguousarray(matrix).view(np.uint64)
        if len(self._factors) != bits.shape[1]:
            self._factors = np.frombuffer(os.urandom(bits[0].nbytes), np.uint64) | np.uint64(1)
        chosen = np.argpartition(bits.dot(self._factors), _COUNTED)[:_COUNTED]
        chosen.sort()
        found: list[int] = chosen.tolist()
        return found

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
            known = self._known[client] = Client(self._normal, self._needed, self._hits)
            self._held += known.bytes
        else:
            self._known.move_to_end(client)
        return known

    def _everybody(self, client: str, judged: Judged, asked: Asked) -> list[Alarm]:
        cells = judged.cells.tolist()
        slow = self._slow.told(cells)
        self._asked.append((self._slow.rows, client, cells))
        alarms = [Alarm(Pattern.SPREAD_SEARCH, self._rows, self._there(*place)) for place in slow]
        spread, took = self._spread, self._took
        near = self._places.near(asked)
        events = [*map(operator.or_, near, self._crowd.falls(cells))]
        if not spread.sum and True not in events:
            return alarms
        for event, cell in zip(events, cells, strict=True):
            if not event and not spread.sum:
                continue
            took[client] = took.get(client, 0.0) + spread.step(event=event)
            if event:
                self._where.append((client, cell))
            if spread.update(event=event):
                named = self._named()
                took.clear()
                self._where.clear()
                return [*alarms, Alarm(Pattern.SPREAD_SEARCH, self._rows, named)]
            if not spread.sum:
                took.clear()
                self._where.clear()
            elif len(took) > _TOOK_PART:
                del took[next(iter(took))]
        return alarms

    def _there(self, place: int, since: int) -> tuple[str, ...]:
        """Return who sent rows to a place, as far back as requests are remembered."""
        lately = takewhile(lambda asked: asked[0] >= since, reversed(self._asked))
        return tuple(dict.fromkeys(client for _, client, cells in lately if place in cells))

    def _named(self) -> tuple[str, ...]:
        """Return who took part: what is near by chance is so elsewhere than the search is."""
        rows = Counter(cell for _, cell in self._where)
        there = {name for name, cell in self._where if rows[cell] > 1}
        return tuple(name for name, part in self._took.items() if part > 0 and name in there)


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
