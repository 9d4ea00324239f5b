"""What a model answers, and what it is not even asked: the later half of live drift."""

from __future__ import annotations

import re
from collections import Counter, deque

import numpy as np

from modelwarden.detectors.coding import Coder, Values, counts_of
from modelwarden.detectors.probes import answers_in
from modelwarden.detectors.profile import Input, Kind, Profile, Protocol
from modelwarden.detectors.windows import Drift, Windows
from modelwarden.protocols.tensors import WireError
from modelwarden.targets.frames import Floats

LEARN = 300
_MOST_CLASSES = 50
_ROWS = re.compile(rb'"model_version"\s*:\s*"([^"\\]{0,128})"')
_LAST = 200
_LEAST = 20
_MORE = 0.15
_ALONE = 0.8
# What honest clients may begin to send when the world, or what writes the requests, changes.
_OF_DATA = frozenset(("missing", "range", "category", "abnormal", "type"))


def version_in(protocol: Protocol, body: bytes) -> str | None:
    """Return the version that an answer names; None of a protocol that names none."""
    if protocol is not Protocol.OIP:
        return None
    found = _ROWS.search(body[:2048]) or _ROWS.search(body[-2048:])
    return None if found is None else found[1].decode("utf-8", "replace")


class AnswerWindows:
    """Answers held against those of before: of the profile, else the first three hundred."""

    def __init__(self, profile: Profile) -> None:
        self._protocol = profile.protocol
        self._windows: Windows | None = None
        self._inputs: tuple[Input, ...] = ()
        self._first: list[tuple[Floats, tuple[str, ...]]] = []
        if profile.answers:
            self._begin(profile.answer_inputs, Coder(profile.answer_inputs, profile.answers))

    def _begin(self, inputs: tuple[Input, ...], coder: Coder) -> None:
        self._inputs = inputs
        self._windows = Windows(coder, repeats=True)

    def add(self, body: bytes) -> list[Drift]:
        """Count the answers of one message; what is no answer is passed over."""
        rows = _rows(self._protocol, body)
        if not rows:
            return []
        if self._windows is None:
            self._first += rows
            if len(self._first) >= LEARN:
                inputs, values = described(self._first)
                self._begin(inputs, Coder(inputs, counts_of(inputs, values)))
                self._first = []
            return []
        said = read_as(self._inputs, rows)
        if said is None:
            return []
        found = self._windows.add(said, [""] * len(rows))
        return [
            Drift(rule="prediction-drift", features=d.features, told=d.told, rows=d.rows, z=d.z)
            for d in found
        ]


def _rows(protocol: Protocol, body: bytes) -> list[tuple[Floats, tuple[str, ...]]]:
    """Return the answers of a message; the number of rows is that which decodes."""
    try:
        return [row for row in answers_in(protocol, body, None) if len(row[0]) or row[1]]
    except WireError:
        return []


def described(
    rows: list[tuple[Floats, tuple[str, ...]]],
) -> tuple[tuple[Input, ...], Values]:
    """Return what answers are – classes, scores or numbers – and themselves in that form."""
    width = Counter(len(numbers) for numbers, _ in rows).most_common(1)[0][0]
    rows = [row for row in rows if len(row[0]) == width]
    inputs: tuple[Input, ...]
    if width == 0:
        words = tuple(w for w, _ in Counter(r[1][0] for r in rows).most_common(_MOST_CLASSES))
        inputs = (Input(name="class", kind=Kind.CATEGORY, categories=words),)
    elif width == 1:
        values = {float(r[0][0]) for r in rows}
        few = len(values) <= _MOST_CLASSES and all(v == int(v) for v in values if np.isfinite(v))
        names = tuple(sorted({f"{v:g}" for v in values}))
        inputs = (
            Input(name="class", kind=Kind.CATEGORY, categories=names)
            if few
            else Input(name="score", kind=Kind.NUMBER),
        )
    else:
        names = tuple(str(i) for i in range(width))
        inputs = (
            Input(name="class", kind=Kind.CATEGORY, categories=names[:_MOST_CLASSES]),
            Input(name="score", kind=Kind.NUMBER),
        )
    values_of = read_as(inputs, rows)
    return inputs, values_of if values_of is not None else {}


def read_as(inputs: tuple[Input, ...], rows: list[tuple[Floats, tuple[str, ...]]]) -> Values | None:
    """Return answers in a form that was found before; None when they have another."""
    made: dict[str, np.ndarray] = {}
    for spec in inputs:
        if spec.kind is Kind.NUMBER:
            if any(not len(r[0]) for r in rows):
                return None
            made[spec.name] = np.array([float(r[0].max()) for r in rows])
            continue
        words = np.empty(len(rows), np.object_)
        words[:] = [class_of(*row) for row in rows]
        made[spec.name] = words
    return made


def class_of(numbers: Floats, words: tuple[str, ...]) -> str | None:
    """Return what one row of an answer says: the highest score's place, the number, or the word."""
    if len(numbers) > 1:
        at = int(numbers.argmax())  # the first that is missing, where any is
        if numbers[at] != numbers[at]:
            at = int(np.nan_to_num(numbers, nan=-np.inf).argmax())
        return str(at)
    if len(numbers) == 1:
        return f"{float(numbers[0]):g}" if np.isfinite(numbers[0]) else None
    return words[0] if words else None


class Refusals:
    """Tells when many clients at once send what the model must not see."""

    def __init__(self) -> None:
        self._last: deque[tuple[str | None, str]] = deque()
        self._reasons: Counter[str] = Counter()  # of the last
        self._earlier: Counter[str] = Counter()
        self._told: set[str] = set()

    def add(self, reason: str | None, client: str) -> list[Drift]:
        """Count one request, with the reason why it should not pass; None when it may."""
        self._count(reason if reason in _OF_DATA else None, client)
        if len(self._earlier) < _LAST:
            self._earlier[client] += 1
        if reason not in _OF_DATA or (reason in self._told and reason is not None):
            self._forget()
            return []
        count = self._reasons[reason]
        if count < _LEAST or count < _MORE * len(self._last):
            return []
        own = Counter(c for r, c in self._last if r == reason)
        loudest, most = own.most_common(1)[0]
        others = self._earlier.total() - self._earlier[loudest]
        if most > _ALONE * count and others >= _LEAST:
            return []  # one client among others: that is abuse, or its own mistake
        self._told.add(str(reason))
        told = f"{count} of the last {len(self._last)} requests fail the check {reason!r}"
        return [Drift(rule="refusals", features=(), told=told, rows=len(self._last), z=0.0)]

    def _count(self, reason: str | None, client: str) -> None:
        """Count one more request, and the oldest no longer."""
        self._last.append((reason, client))
        if reason is not None:
            self._reasons[reason] += 1
        if len(self._last) > _LAST:
            gone, _ = self._last.popleft()
            if gone is not None:
                self._reasons[gone] -= 1

    def _forget(self) -> None:
        if self._told:
            self._told = {r for r in self._told if self._reasons[r] >= _LEAST // 2}
