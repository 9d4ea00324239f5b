"""One client's requests over time: is somebody searching for a way past the model?

Attacks ask again and again nearly the same (evasion), or what nobody asks (extraction). Each is
counted by a one-sided cumulative sum of log-likelihood ratios, which notices a small steady share
as surely as a burst. What is byte for byte the same is a retry or a hot item: it does not count.

Source: Page, 1954 (CUSUM); Chen, Carlini and Wagner, 2019, for the distance to earlier queries.
"""

from __future__ import annotations

import os
from collections import Counter, OrderedDict, deque
from collections.abc import Mapping, Sequence
from dataclasses import field
from enum import StrEnum
from itertools import islice, takewhile

import numpy as np

from modelwarden.core.values import dataclass
from modelwarden.firewall.normal import REMEMBERED, Judged
from modelwarden.firewall.profile import Normal
from modelwarden.firewall.searches.crowds import Around, Crowd, Slow
from modelwarden.firewall.searches.places import COUNTED, Asked, Places
from modelwarden.firewall.searches.reference import Reference
from modelwarden.firewall.searches.sums import Cusum, Strange
from modelwarden.targets.frames import Floats

_SETTLED = 32  # rows of a client before its places are remembered for long
_REQUESTS = 4096  # of all clients, whose places are kept
_HOT = 4096  # rows of all clients whose digests are kept
_TOOK_PART = 512  # clients that may take part in one search
_NEWCOMER = 4  # rows of a client that has no history
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


_NOTHING = Slow(())  # counts nothing: a million clients of one row share it


class Client:
    """What is remembered of one client: at most `REMEMBERED` rows on the axes, and their digests.

    Attributes:
        rows: seen so far.
        held: bytes of memory that it was counted with last.
    """

    __slots__ = (
        "_crowd", "_crowded", "_digests", "_duplicates", "_places", "_reference", "_slow",
        "_strange", "held", "rows",
    )  # fmt: skip

    def __init__(self, reference: Reference) -> None:
        self.rows = self.held = 0
        self._places = Places(reference)
        self._digests: dict[int, None] = {}
        self._duplicates = Cusum(0.01, 0.08)
        self._crowd, self._crowded = Crowd(reference.needed), Cusum(0.01, 0.1)
        self._strange = Strange(reference)
        self._reference, self._slow = reference, _NOTHING

    @property
    def bytes(self) -> int:
        """Memory that is held, roughly."""
        held = _DIGEST_BYTES * len(self._digests) + _PLACE_BYTES * len(self._slow)
        return 700 + self._places.bytes + held

    def fresh(self, digests: Sequence[int]) -> list[int]:
        """Count rows; return which this client has not sent before, byte for byte; remember all."""
        self.rows += len(digests)
        known, fresh = self._digests, []
        for number, digest in enumerate(digests):
            if digest in known:
                del known[digest]
            else:
                fresh.append(number)
            known[digest] = None
        if len(known) > REMEMBERED:
            _forget(known, len(known) - REMEMBERED)
        return fresh

    def compare(self, asked: Asked, sent: Sequence[Sent]) -> None:
        """Put down which new rows of its next requests are nearly the same as ones before them."""
        rows = [row for one in sent for row in one.rows]
        near = iter(self._places.near(asked, rows, [len(one.rows) for one in sent]))
        for one in sent:
            one.near = list(islice(near, len(one.rows)))

    def strange(self, asked: Asked, rows: Sequence[int], scores: list[float]) -> bool:
        """Count the new rows of a request; tell whether strange ones came too often."""
        return self._strange.told(asked, rows, scores)

    def searched(self, asked: Asked, sent: Sent) -> list[Pattern]:
        """Count the new rows of a request that were compared; return what they show of a search."""
        shown, rows = [], sent.rows
        cells = [asked.cells[row] for row in rows]
        self._places.take(asked, rows)
        near, crowded = self._places.again(asked, rows, sent.near, self._crowd.falls(cells))
        if self._duplicates.told(near):
            shown.append(Pattern.NEAR_DUPLICATES)
        if self._slow is _NOTHING and sent.count > _SETTLED:
            self._slow = Slow(self._reference.hits, Around(self._reference))
        slow = self._slow.told(cells, asked, rows)
        if self._crowded.told(crowded) or slow:
            shown.append(Pattern.CROWDED)
        return shown


@dataclass(slots=True, eq=False)  # not frozen: made for each request, which takes a quarter as long
class Sent:
    """The rows of one request that its client had not sent before.

    Attributes:
        number: of the request in its turn.
        client: who asks.
        known: what is known of it.
        count: of rows that it has sent by then, these included.
        fresh: which of the rows that are counted in this turn.
        new: which of these nobody has sent of late, by their position.
        rows: which rows of the turn's `Asked` they are.
        near: whether each is nearly the same as an earlier one of the client.
        among: whether each of `new` is nearly the same as an earlier one of anybody.
    """

    number: int
    client: str
    known: Client
    count: int
    fresh: list[int]
    new: list[int]
    rows: list[int] = field(init=False)
    near: list[bool] = field(init=False)
    among: list[bool] = field(init=False)


class Clients:
    """All clients of one model, in bounded memory: the one not heard of for longest goes first.

    A search that is spread over many clients shows in none of them. So rows that somebody had not
    sent before are also held against those of everybody else. Who added more to the sum, since it
    began to rise, than a client without part in it would, took part.

    Attributes:
        repeating: clients whose rows are alike by nature: only strange ones are counted.
    """

    def __init__(
        self, normal: Normal, memory: int = 64 << 20, features: Sequence[int] | None = None
    ) -> None:
        """Make ready.

        Args:
            normal: where the reference of the model lies.
            memory: bytes that what is known of single clients may take.
            features: by the columns of a row, of which feature it is; None where each is its own.
        """
        self.repeating: frozenset[str] = frozenset()
        reference = self._reference = Reference(normal, features)
        self._memory = memory
        self._held = 0
        self._known: OrderedDict[str, Client] = OrderedDict()
        self._places = Places(reference, shared=True)
        self._crowd = Crowd(reference.needed)
        self._slow = Slow(reference.hits, Around(reference))
        self._newcomers, self._came = Strange(reference), OrderedDict[str, None]()
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
        return self.update_all([client], [len(matrix)], matrix, judged)[0]

    def update_all(
        self, clients: Sequence[str], ends: Sequence[int], matrix: Floats, judged: Judged
    ) -> list[list[Alarm]]:
        """Count the rows of requests that were judged together, one request after another.

        Distances are taken of all their rows at once; what each counts is what it would, if they
        came one by one.

        Args:
            clients: who asks, by request.
            ends: of the rows of each request.
            matrix: (n, d) rows as they were sent.
            judged: of these rows.
        """
        found: list[list[Alarm]] = [[] for _ in clients]
        requests, matrix, judged = self._counted(ends, matrix, judged)
        sent = self._sent_by(clients, requests, _digests(matrix))
        if not sent:
            return found
        by_client: dict[str, list[Sent]] = {}
        for one in sent:
            by_client.setdefault(one.client, []).append(one)
        asked = self._asked_by(by_client, matrix, judged)
        self._compare(sent, by_client, asked)
        for one in sent:
            found[one.number] = self._told(one, asked)
        self._weigh(by_client)
        return found

    def _counted(
        self, ends: Sequence[int], matrix: Floats, judged: Judged
    ) -> tuple[list[range], Floats, Judged]:
        """Return which rows each request has that are counted, and all of these."""
        requests = [range(start, end) for start, end in zip((0, *ends), ends, strict=False)]
        if max(map(len, requests)) <= COUNTED:
            return requests, matrix, judged
        chosen: list[int] = []
        counted: list[range] = []
        for rows in requests:
            begin = len(chosen)
            few = len(rows) <= COUNTED
            chosen += rows if few else self._chosen(matrix[rows.start : rows.stop], rows.start)
            counted.append(range(begin, len(chosen)))
        return counted, matrix[chosen], judged.only(chosen)

    def _sent_by(
        self, clients: Sequence[str], requests: Sequence[range], digests: list[int]
    ) -> list[Sent]:
        """Count requests; return those that have rows which their client had not sent before."""
        sent: list[Sent] = []
        for number, (client, rows) in enumerate(zip(clients, requests, strict=True)):
            known = self._of(client)
            own = digests[rows.start : rows.stop]
            fresh = known.fresh(own)
            new = self._new(own, fresh)
            if fresh:
                fresh = [rows.start + at for at in fresh]
                sent.append(Sent(number, client, known, known.rows, fresh, new))
        return sent

    def _asked_by(
        self, by_client: Mapping[str, Sequence[Sent]], matrix: Floats, judged: Judged
    ) -> Asked:
        """Return the new rows, those of each client side by side."""
        order: list[int] = []
        for several in by_client.values():
            for one in several:
                one.rows = list(range(len(order), len(order) + len(one.fresh)))
                order += one.fresh
        if order != list(range(len(matrix))):
            matrix, judged = matrix[order], judged.only(order)
        return Asked(self._reference, judged, matrix)

    def _compare(
        self, sent: Sequence[Sent], by_client: Mapping[str, Sequence[Sent]], asked: Asked
    ) -> None:
        """Put down which rows are nearly the same as others before them."""
        for client, several in by_client.items():
            if client not in self.repeating:
                several[0].known.compare(asked, several)
        new = [one for one in sent if one.new and one.client not in self.repeating]
        if new:
            rows = [one.rows[at] for one in new for at in one.new]
            near = iter(self._places.near(asked, rows, [len(one.new) for one in new]))
            for one in new:
                one.among = list(islice(near, len(one.new)))

    def _told(self, sent: Sent, asked: Asked) -> list[Alarm]:
        """Count the new rows of one request; return what they show."""
        client, known, repeats = sent.client, sent.known, sent.client in self.repeating
        scores = [asked.scores[row] for row in sent.rows]
        strange = known.strange(asked, sent.rows, scores)
        shown = [] if repeats else known.searched(asked, sent)
        if strange:
            shown.append(Pattern.ABNORMAL_STREAM)
        alarms = [Alarm(pattern, sent.count, (client,)) for pattern in shown]
        if sent.count <= _NEWCOMER:
            alarms += self._newcomer(client, asked, sent.rows, scores)
        if sent.new and not repeats:
            self._rows += len(sent.new)
            alarms += self._everybody(sent, asked)
        return alarms

    def _weigh(self, by_client: Mapping[str, Sequence[Sent]]) -> None:
        """Count the memory that clients hold now; where that is too much, forget some."""
        for several in by_client.values():
            known = several[0].known
            self._held -= known.held
            known.held = known.bytes
            self._held += known.held
        while self._held > self._memory and len(self._known) > 1:
            self._held -= self._known.popitem(last=False)[1].held

    def _chosen(self, matrix: Floats, first: int = 0) -> list[int]:
        """Return which rows of many are counted: hangs on what they are, and on what nobody knows.

        Args:
            matrix: (n, d) the rows.
            first: number of the first of them.

        Source: Dietzfelbinger et al., 1997 (multiply-shift), of the bits of each value.
        """
        bits = np.ascontiguousarray(matrix).view(np.uint64)
        if len(self._factors) != bits.shape[1]:
            self._factors = np.frombuffer(os.urandom(bits[0].nbytes), np.uint64) | np.uint64(1)
        chosen = np.argpartition(bits.dot(self._factors), COUNTED)[:COUNTED]
        chosen.sort()
        chosen += first
        found: list[int] = chosen.tolist()
        return found

    def _new(self, digests: Sequence[int], fresh: Sequence[int]) -> list[int]:
        """Return which of the fresh rows nobody sent of late; what many ask for is a hot item."""
        known = self._sent
        new = [at for at, row in enumerate(fresh) if digests[row] not in known]
        for digest in digests:
            known[digest] = None
        if len(known) > _HOT:
            _forget(known, len(known) - _HOT)
        return new

    def _of(self, client: str) -> Client:
        known = self._known.get(client)
        if known is None:
            known = self._known[client] = Client(self._reference)
            known.held = known.bytes
            self._held += known.held
        else:
            self._known.move_to_end(client)
        return known

    def _newcomer(
        self, client: str, asked: Asked, rows: Sequence[int], scores: list[float]
    ) -> list[Alarm]:
        """Count the first rows of a client: who changes names shows nowhere else."""
        strange = max(scores) > self._reference.strange
        if self._newcomers.told(asked, rows, scores):
            named = (*self._came, client)
            self._came.clear()
            return [Alarm(Pattern.SPREAD_SEARCH, self._rows, named)] if len(named) > 1 else []
        if not self._newcomers.sum:
            self._came.clear()
        elif strange:
            self._came[client] = None
            if len(self._came) > _TOOK_PART:
                self._came.popitem(last=False)
        return []

    def _everybody(self, sent: Sent, asked: Asked) -> list[Alarm]:
        client = sent.client
        rows = [sent.rows[at] for at in sent.new]
        cells = [asked.cells[row] for row in rows]
        slow = self._slow.told(cells, asked, rows)
        self._asked.append((self._slow.rows, client, cells))
        # What one client did alone, its own sums tell.
        there = [self._there(*place) for place in slow]
        alarms = [Alarm(Pattern.SPREAD_SEARCH, self._rows, who) for who in there if len(who) > 1]
        spread, took = self._spread, self._took
        self._places.take(asked, rows, client)
        near, crowded = self._places.again(asked, rows, sent.among, self._crowd.falls(cells))
        events = [one or other for one, other in zip(near, crowded, strict=True)]
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
    if count == 1:
        del known[next(iter(known))]
    elif count > 0:
        for digest in list(islice(known, count)):
            del known[digest]


def _digests(matrix: Floats) -> list[int]:
    """Return what tells rows apart, keyed by the process: nobody can make two meet on purpose."""
    data = matrix.tobytes()
    width = len(data) // len(matrix)
    return [hash(data[at : at + width]) for at in range(0, len(data), width)]
