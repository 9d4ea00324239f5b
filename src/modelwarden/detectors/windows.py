"""Live drift: the last rows of all clients against a reference, in bounded memory.

Every fifty new rows the last 200, and every hundred the last 500, are held against the reference:
each feature (chi-square on bins, shares of what is missing) and each pair (correlations). An alarm
needs significance over all that is tested at once, an effect that matters, and both again within
a hundred rows. Rows that came before, byte for byte, do not count; neighbours that are alike (a
camera, a sorted batch) make a window worth fewer rows than it has. What one client alone does
while others go on as before is no drift: that is abuse, and told elsewhere.

Source: two-sample chi-square; Wilson and Hilferty 1931 for its normal deviate.
"""

from __future__ import annotations

import base64
import math
from collections import OrderedDict, deque
from collections.abc import Iterator, Mapping, Sequence
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from modelwarden.core import Json
from modelwarden.core.values import dataclass
from modelwarden.detectors.coding import Coder, Codes, Values
from modelwarden.detectors.profile import Relations
from modelwarden.detectors.relations import Related, Small
from modelwarden.detectors.retries import Retries
from modelwarden.targets.frames import Floats

STEP = 50
SHORT, LONG = 200, 500
LEAST = 100
ALPHA = 1e-3  # of one family of tests, at one time
_MIX, _MISSING, _CORRELATION = 0.08, 0.03, 0.2
_EXPECTED = 4.0
_BLOCKS = (5, 10, 25, 50)
_ALIKE = 3.0  # from which on neighbours are taken to be alike beyond the largest block
_FEWEST = 8  # blocks of one size that tell how alike neighbours are
_LOUD = 0.2  # share of the last rows from which on a client may be all that moved
_EASE = 0.5  # of certainty and effect that the others must still show
_STILL = 0.3  # share of what moved in which they must show it
_CLIENTS = 512


Counted = npt.NDArray[np.int64]
"""(features, bins) rows; the last bin takes what is missing. Such counts can be added."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """Something that moved.

    Attributes:
        rule: as in a report: `feature-drift`, `missingness-change` or `joint-drift`.
        features: the surest first.
        told: for people.
        rows: of the window that shows it. z: normal deviate of the surest.
    """

    rule: str
    features: tuple[str, ...]
    told: str
    rows: int
    z: float


@dataclass(frozen=True, slots=True)
class _Seen:
    """What stands in one test: a feature or a pair that is beyond chance and matters."""

    rule: str
    key: str
    features: tuple[str, ...]
    told: str
    z: float
    rows: int


class Windows:
    """The last rows of one model.

    Attributes:
        rows: counted so far, repeated ones left out.
    """

    def __init__(
        self, coder: Coder, relations: Relations | None = None, *, repeats: bool = False
    ) -> None:
        """Take a reference; its number of rows is that of its counts.

        Args:
            coder: of the reference.
            relations: of it.
            repeats: whether rows count that came before, byte for byte.
        """
        self.rows = 0
        self._coder = coder
        self._related = None if relations is None else Related(relations, coder.names)
        many = len(coder.names)
        wide = 0 if self._related is None else len(self._related.columns)
        self._waiting: list[tuple[Codes, Small, list[int]]] = []
        self._blocks: deque[_Block] = deque(maxlen=LONG // STEP)
        self._wide = wide
        self._names = _Names()
        self._repeats = None if repeats else Retries()
        self._asked: list[tuple[Values, int]] = []
        self._askers: list[str] = []
        self._before: tuple[frozenset[str], frozenset[str]] = (frozenset(), frozenset())
        self._turn = False
        self._alike: Floats = np.ones(many)
        self._told: dict[str, int] = {}
        known = coder.table[:, :-1]
        self._shares: Floats = known / np.maximum(known.sum(axis=1, keepdims=True), 1)
        self._missing = bool(coder.table[:, -1].any())
        self._needed = NormalDist().inv_cdf(1 - ALPHA / max(1, 2 * many))
        pairs = 1 if self._related is None else self._related.pairs
        self._needed_pairs = NormalDist().inv_cdf(1 - ALPHA / (2 * max(1, pairs)))

    def add(self, values: Values, clients: Sequence[str]) -> list[Drift]:
        """Count rows, in order; return what is told for the first time.

        Args:
            values: (n, …) by input; kept until there are enough to be worth the work.
            clients: (n,) who sent each.
        """
        self._asked.append((values, len(clients)))
        self._askers += clients
        if len(self._askers) < STEP:
            return []
        asked, askers = self._asked, self._askers
        self._asked, self._askers = [], []
        merged = {
            name: np.concatenate([part[name] for part, _ in asked]) if len(asked) > 1 else v
            for name, v in asked[0][0].items()
        }
        self._put(merged, askers)
        found: list[Drift] = []
        while self._next_block():
            found += self._tested()
        return found

    def forget(self, client: str) -> None:
        """Take the rows of a client out: what it does is abuse, not drift."""
        number = self._names.known(client)
        if number is None:
            return
        parts = [(b.codes, b.z, b.who) for b in self._blocks]
        parts += [(c, z, np.array(w, np.int64)) for c, z, w in self._waiting]
        if not parts:
            return
        codes, z, who = (np.concatenate(side) for side in zip(*parts, strict=True))
        kept = who != number
        self._blocks.clear()
        self._waiting = [(codes[kept], z[kept], who[kept].tolist())]
        self._before = (frozenset(), frozenset())
        while self._next_block():
            pass

    def saved(self) -> dict[str, Json]:
        """Return the last rows as plain JSON: their bins, without values or names of clients."""
        parts = [(b.codes, b.z, b.who) for b in self._blocks]
        codes = np.concatenate([c for c, _, _ in parts]) if parts else np.zeros((0, 0), np.uint8)
        z = np.concatenate([part for _, part, _ in parts]) if parts else np.zeros((0, 0))
        return {
            "rows": self.rows,
            "names": list(self._coder.names),
            "codes": base64.b64encode(codes.tobytes()).decode(),
            "z": base64.b64encode(z.astype(np.float32).tobytes()).decode(),
            "told": dict(self._told),
        }

    def restore(self, saved: Mapping[str, Json]) -> None:
        """Go on from what was saved; what does not go with the reference is passed over."""
        codes, z, told = saved.get("codes"), saved.get("z"), saved.get("told")
        if saved.get("names") != list(self._coder.names):
            return
        if not isinstance(codes, str) or not isinstance(z, str) or not isinstance(told, dict):
            return
        try:
            flat = np.frombuffer(base64.b64decode(codes), np.uint8)
            table = flat.reshape(-1, len(self._coder.names))
            wide = np.frombuffer(base64.b64decode(z), np.float32).reshape(len(table), self._wide)
        except ValueError:
            return
        if table.size and int(table.max()) > self._coder.width:
            return
        rows = saved.get("rows")
        self.rows = rows if type(rows) is int else len(table)
        self._told = {str(k): v for k, v in told.items() if type(v) is int}
        for at in range(0, len(table) - STEP + 1, STEP):
            part = slice(at, at + STEP)
            # Who sent them is not known any more: nobody alone.
            who = -1 - np.arange(STEP, dtype=np.int64)
            self._blocks.append(_block(table[part], wide[part], who, self._coder.width))

    def _put(self, values: Values, clients: list[str]) -> None:
        """Code rows, and keep those that are new."""
        numbers = self._coder.numbers(values, len(clients))
        codes = self._coder.codes(values, len(clients), numbers)
        fresh = list(range(len(clients)))
        if self._repeats is not None:
            fresh = self._repeats.fresh(numbers, codes)
        z = np.zeros((len(clients), 0), np.float32)
        if self._related is not None:
            z = self._related.standardised(numbers)
        who = self._names.numbers([clients[i] for i in fresh])
        self.rows += len(fresh)
        self._waiting.append((codes[fresh], z[fresh], who))

    def _next_block(self) -> bool:
        """Make one more block of what waits; tell whether there was enough."""
        if sum(len(who) for _, _, who in self._waiting) < STEP:
            return False
        codes = np.concatenate([part for part, _, _ in self._waiting])
        z = np.concatenate([part for _, part, _ in self._waiting])
        who = [number for _, _, part in self._waiting for number in part]
        self._blocks.append(
            _block(codes[:STEP], z[:STEP], np.array(who[:STEP], np.int64), self._coder.width)
        )
        self._waiting = [(codes[STEP:], z[STEP:], who[STEP:])]
        return True

    def _tested(self) -> list[Drift]:
        """Hold the windows against the reference; return what is sure now and was before."""
        if len(self._blocks) * STEP < LEAST:
            return []
        self._turn = not self._turn
        seen: dict[str, _Seen] = {}
        before = frozenset().union(*self._before)
        for one in self._long() if self._turn else self._short():
            if one.key not in seen or seen[one.key].z < one.z:
                seen[one.key] = one
        self._before = (self._before[1], frozenset(seen))
        sure = {key: one for key, one in seen.items() if key in before}
        if sure and self._is_of_one_client(sure):
            self._before = (frozenset(), frozenset())
            return []
        fresh = [one for key, one in sure.items() if key not in self._told]
        # What has gone back is told again when it comes again.
        self._told = {k: at for k, at in self._told.items() if self.rows - at <= LONG}
        self._told |= dict.fromkeys(sure, self.rows)
        return list(_grouped(fresh))

    def _short(self) -> Iterator[_Seen]:
        last = list(self._blocks)[-(SHORT // STEP) :]
        counts = np.sum([b.counts for b in last], axis=0)
        yield from self._features(counts, len(last) * STEP / self._alike, 1.0)

    def _long(self) -> Iterator[_Seen]:
        """Look at all rows that are kept, at pairs as well, and then at the last ones."""
        blocks = list(self._blocks)
        self._alike = alike(blocks)
        effective = len(blocks) * STEP / self._alike
        counts = np.sum([b.counts for b in blocks], axis=0)
        yield from self._features(counts, effective, 1.0)
        worth = float(effective.min()) if len(effective) else 0.0
        yield from self._pairs(np.concatenate([b.z for b in blocks]), worth, 1.0)
        if len(blocks) > SHORT // STEP:
            yield from self._short()

    def _pairs(self, z: Small, effective: float, ease: float) -> Iterator[_Seen]:
        if self._related is None or effective < LEAST:
            return
        needed = ease * self._needed_pairs
        for pair in self._related.moved(z, effective, needed, _CORRELATION):
            told = (
                f"{pair.first} and {pair.second} correlate by {pair.after:.2f}, "
                f"{pair.before:.2f} before"
            )
            names = (pair.first, pair.second)
            yield _Seen("joint-drift", "\0pair".join(names), names, told, pair.z, len(z))

    def _features(self, now: Counted, effective: Floats, ease: float) -> Iterator[_Seen]:
        """Yield the features that moved; `ease` below 1 asks for less certainty."""
        rows = int(now[0].sum()) if len(now) else 0
        if not rows:
            return
        scale = np.minimum(1.0, effective / rows)
        needed = ease * self._needed
        # No effect is larger than the share that lies elsewhere before rare bins are put together.
        large = np.flatnonzero(self._elsewhere(now) >= ease * _MIX)
        z, effect = chi_deviates(self._coder.table[large, :-1], now[large, :-1], scale[large])
        for i in np.flatnonzero((z > needed) & (effect >= ease * _MIX)).tolist():
            name = self._coder.names[large[i]]
            told = f"{name}: {effect[i]:.0%} of the rows lie elsewhere"
            yield _Seen("feature-drift", name, (name,), told, float(z[i]), rows)
        if not (self._missing or now[:, -1].any()):
            return
        gap, sure = missing_deviates(self._coder.table, now, scale)
        for i in np.flatnonzero((sure > needed) & (np.abs(gap) >= ease * _MISSING)).tolist():
            name = self._coder.names[i]
            told = f"{name}: {now[i, -1] / rows:.1%} of the values are missing"
            key = f"{name}\0missing"
            yield _Seen("missingness-change", key, (name,), told, float(sure[i]), rows)

    def _elsewhere(self, now: Counted) -> Floats:
        """Return (features,) which share of the rows is in other bins than the reference's."""
        known = now[:, :-1]
        shares = known / np.maximum(known.sum(axis=1, keepdims=True), 1)
        return np.asarray(np.abs(shares - self._shares).sum(axis=1) / 2 + 1e-9, np.float64)

    def _is_of_one_client(self, seen: dict[str, _Seen]) -> bool:
        """Tell whether one client alone makes what is seen, and was not most of all before."""
        who = np.concatenate([b.who for b in self._blocks])
        numbers, counts = np.unique(who[-SHORT:], return_counts=True)
        top = int(numbers[counts.argmax()])
        if counts.max() <= _LOUD * min(len(who), SHORT):
            return False
        own = who == top
        if not self._names.others_before(top, int(own.sum())):
            return False
        others = ~own
        if int(others.sum()) < LEAST:
            return True
        codes = np.concatenate([b.codes for b in self._blocks])[others]
        z = np.concatenate([b.z for b in self._blocks])[others]
        now = counted(codes, self._coder.width)
        still = {one.key for one in self._features(now, np.full(len(now), len(codes)), _EASE)}
        still |= {one.key for one in self._pairs(z, len(codes), _EASE)}
        return len(still & set(seen)) < max(1.0, _STILL * len(seen))


@dataclass(frozen=True, slots=True, eq=False)
class _Block:
    """Fifty rows, and what was counted of them once."""

    codes: Codes
    z: Small
    who: npt.NDArray[np.int64]
    counts: Counted
    sums: Floats


def _block(codes: Codes, z: Small, who: npt.NDArray[np.int64], width: int) -> _Block:
    few = _BLOCKS[0]
    sums = codes.reshape(len(codes) // few, few, -1).sum(axis=1, dtype=np.int64)
    return _Block(codes, z, who, counted(codes, width), sums.astype(np.float64))


class _Names:
    """Clients by number, and how many rows each sent; those heard of longest ago are one."""

    def __init__(self) -> None:
        self._ids: OrderedDict[str, int] = OrderedDict()
        self._last = 0
        self._rows: dict[int, int] = {}

    def known(self, client: str) -> int | None:
        """Return the number of a client; None of one that was never heard of."""
        return self._ids.get(client)

    def numbers(self, clients: Sequence[str]) -> list[int]:
        """Return the numbers of the senders of rows, and count these."""
        return [self._number(client) for client in clients]

    def others_before(self, number: int, own: int) -> bool:
        """Tell whether, before its last `own` rows, most rows were of others."""
        before = self._rows.get(number, 0) - own
        return sum(self._rows.values()) - before - own >= max(LEAST, before)

    def _number(self, client: str) -> int:
        number = self._ids.get(client)
        if number is None:
            self._last += 1
            number = self._ids[client] = self._last
            if len(self._ids) > _CLIENTS:
                _, gone = self._ids.popitem(last=False)
                self._rows[0] = self._rows.get(0, 0) + self._rows.pop(gone, 0)
        self._ids.move_to_end(client)
        self._rows[number] = self._rows.get(number, 0) + 1
        return number


def _grouped(seen: Sequence[_Seen]) -> Iterator[Drift]:
    """Yield one alarm for each rule, the surest feature first."""
    for rule in dict.fromkeys(one.rule for one in seen):
        own = sorted((one for one in seen if one.rule == rule), key=lambda one: -one.z)
        features = dict.fromkeys(name for one in own for name in one.features)
        more = f" and {len(own) - 3} more" if len(own) > 3 else ""
        yield Drift(
            rule=rule,
            features=tuple(features),
            told="; ".join(one.told for one in own[:3]) + more,
            rows=own[0].rows,
            z=own[0].z,
        )


def counted(codes: Codes, width: int) -> Counted:
    """Return (features, width + 1) how many rows fell into each bin; such counts can be added."""
    many = codes.shape[1]
    offsets = np.arange(many) * (width + 1)
    flat = np.bincount((codes + offsets).ravel(), minlength=many * (width + 1))
    return flat.reshape(many, width + 1)


def chi_deviates(
    reference: npt.NDArray[np.int64], now: npt.NDArray[np.int64], scale: Floats
) -> tuple[Floats, Floats]:
    """Return (features,) normal deviates of two-sample chi-squares, and shares that moved.

    Args:
        reference: (features, bins) rows.
        now: likewise.
        scale: (features,) rows that one of now is worth, at most 1.
    """
    one, two = reference.astype(np.float64), now * scale[:, None]
    n, m = one.sum(axis=1, keepdims=True), two.sum(axis=1, keepdims=True)
    good = (n[:, 0] >= LEAST / 2) & (m[:, 0] >= LEAST / 4)
    n, m = np.maximum(n, 1.0), np.maximum(m, 1e-9)
    expected = (one + two) * np.minimum(n, m) / (n + m)
    rare = expected < _EXPECTED
    rest = [np.where(rare, part, 0.0).sum(axis=1, keepdims=True) for part in (one, two)]
    one = np.concatenate([np.where(rare, 0.0, one), rest[0]], axis=1)
    two = np.concatenate([np.where(rare, 0.0, two), rest[1]], axis=1)
    both = one + two
    used = both * np.minimum(n, m) / (n + m) >= _EXPECTED / 2
    gap = np.sqrt(m / n) * one - np.sqrt(n / m) * two
    statistic = np.where(used, gap**2 / np.maximum(both, 1e-12), 0.0).sum(axis=1)
    free = np.maximum(used.sum(axis=1) - 1, 1)
    third = 2 / (9 * free)
    z = (np.cbrt(statistic / free) - (1 - third)) / np.sqrt(third)
    moved = np.where(used, np.abs(one / n - two / m), 0.0).sum(axis=1) / 2
    pooled = both / (n + m)
    noise = np.sqrt(2 * pooled * (1 - pooled).clip(0) * (1 / n + 1 / m) / math.pi) * used
    effect = np.sqrt(np.maximum(0.0, moved**2 - (noise.sum(axis=1) / 2) ** 2))
    return np.where(good, z, -np.inf), np.where(good, effect, 0.0)


def missing_deviates(
    reference: npt.NDArray[np.int64], now: npt.NDArray[np.int64], scale: Floats
) -> tuple[Floats, Floats]:
    """Return (features,) changes of the share that is missing, and their normal deviates."""
    n, m = reference.sum(axis=1), now.sum(axis=1)
    here, there = reference[:, -1] / np.maximum(n, 1), now[:, -1] / np.maximum(m, 1)
    worth = np.maximum(m * scale, 1.0)
    # Half a row is lent to either side, so that none of a hundred is no proof of none at all.
    pooled = (here * n + there * worth + 0.5) / (n + worth + 1)
    error = np.sqrt(pooled * (1 - pooled) * (1 / np.maximum(n, 1) + 1 / worth))
    return there - here, np.abs(there - here) / error


def alike(blocks: Sequence[_Block]) -> Floats:
    """Return (features,) how many rows one row is worth fewer, as neighbours are alike; ≥ 1.

    The variance of differences of neighbouring block means, against that of single rows: a lasting
    change of level adds to one difference only, so drift does not hide itself. One feature alone
    says little, so it counts by half, and all of them together in full.
    """
    counts = np.sum([b.counts for b in blocks], axis=0)
    places = np.arange(counts.shape[1])
    rows = counts.sum(axis=1)
    mean = counts @ places / rows
    variance = counts @ places**2 / rows - mean**2
    worth = np.ones(len(counts))
    moving = np.flatnonzero(variance > 0)
    if not moving.size:
        return worth
    sums = np.concatenate([b.sums for b in blocks])[:, moving]
    few = _BLOCKS[0]
    found = [np.ones(moving.size)]
    for size in _BLOCKS:
        many = len(sums) * few // size
        if many < _FEWEST:
            break
        means = sums.reshape(many, size // few, -1).sum(axis=1) / size
        found.append((np.diff(means, axis=0) ** 2).mean(axis=0) / 2 * size / variance[moving])
    # Where it still grows with the largest blocks, neighbours are alike beyond them.
    last, before = found[-1], np.maximum(found[-2] if len(found) > 1 else 1.0, 1e-9)
    found.append(np.where(before > _ALIKE, last * np.maximum(1.0, last / before), 0.0))
    table = np.stack(found)
    pooled = float(table.mean(axis=1).max())
    worth[:] = max(1.0, pooled)
    worth[moving] = np.maximum(worth[moving], table.max(axis=0) / 2)
    return worth
