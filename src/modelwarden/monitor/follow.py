"""Drift in a log: its columns against a profile, or against the log's own first rows."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np

from modelwarden.core import Json, encode
from modelwarden.core.decode import decode
from modelwarden.core.values import dataclass
from modelwarden.detectors.coding import Coder, Values, counts_of
from modelwarden.detectors.counts import as_numbers, plain_text
from modelwarden.detectors.profile import Counts, Input, Kind, Profile, Relations
from modelwarden.detectors.relations import relations_of
from modelwarden.detectors.windows import Drift, Windows
from modelwarden.targets.frames import Column, Frame

LEARN = 300
_MOST_WORDS = 50
_MOST_COLUMNS = 200
# Of the firewall's records: who asked, when, and what is told in words.
_LEFT_OUT = frozenset(("time", "kind", "client", "request_id", "detail", "mode", "model"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """What the first rows of a log were.

    Attributes:
        inputs: columns that are followed. counts, relations: of them.
    """

    inputs: tuple[Input, ...]
    counts: tuple[Counts, ...]
    relations: Relations | None = None


class Follower:
    """The rows of one model's log, as they come.

    Attributes:
        learning: whether the log's own first rows are still gathered.
        lacking: inputs of the profile that the latest rows have not, though they have others.
    """

    def __init__(
        self,
        profile: Profile | None,
        left_out: frozenset[str],
        state: Mapping[str, Json] | None = None,
    ) -> None:
        """Go on from an earlier state.

        Args:
            profile: None learns every column.
            left_out: columns that are not followed.
            state: as `saved` gave it.
        """
        self._left_out = left_out | _LEFT_OUT
        self._profile = profile
        self._of_profile: Windows | None = None
        if profile is not None and not any(spec.shape for spec in profile.inputs):
            coder = Coder(profile.inputs, profile.counts)
            self._of_profile = Windows(coder, profile.relations) if coder.names else None
        self.lacking: tuple[str, ...] = ()
        self._first: list[Frame] = []
        self._learned: Learned | None = None
        self._own: Windows | None = None
        saved = state or {}
        if isinstance(known := saved.get("learned"), dict):
            self._begin(decode(Learned, known, "state"))
        for windows, key in ((self._of_profile, "profile"), (self._own, "own")):
            if windows is not None and isinstance(part := saved.get(key), dict):
                windows.restore(part)

    @property
    def learning(self) -> bool:
        """Whether there are columns that nothing is known of yet."""
        return self._own is None

    def saved(self) -> dict[str, Json]:
        """Return the state, plain JSON."""
        made: dict[str, Json] = {}
        if self._learned is not None:
            made["learned"] = json.loads(json.dumps(encode(self._learned)))
        if self._of_profile is not None:
            made["profile"] = self._of_profile.saved()
        if self._own is not None:
            made["own"] = self._own.saved()
        return made

    def add(self, frame: Frame, clients: list[str]) -> Iterator[Drift]:
        """Count rows; yield what is told for the first time."""
        taken: set[str] = set()
        profile = self._profile
        if self._of_profile is not None and profile is not None:
            names = {spec.name: _named(frame, spec.name) for spec in profile.inputs}
            lacking = tuple(key for key, name in names.items() if name is None)
            self.lacking = lacking if len(lacking) < len(names) else ()
            if not lacking:
                taken = {name for name in names.values() if name is not None}
                values = {key: frame[name] for key, name in names.items() if name is not None}
                yield from self._of_profile.add(
                    {spec.name: _as(spec, values[spec.name]) for spec in profile.inputs},
                    clients,
                )
        rest = frame.without([*taken, *(n for n in frame.names if n in self._left_out)])
        if not rest.names:
            return
        if self._own is None:
            self._learn(rest)
            return
        values_of = self._read(rest)
        if values_of is not None:
            yield from self._own.add(values_of, clients)

    def _learn(self, frame: Frame) -> None:
        self._first.append(frame)
        if sum(map(len, self._first)) < LEARN:
            return
        names = [
            name
            for name in self._first[0].names[:_MOST_COLUMNS]
            if all(name in one.names for one in self._first)
        ]
        columns = {name: _joined([one[name] for one in self._first]) for name in names}
        self._first = []
        inputs = tuple(spec for name in names if (spec := _spec(name, columns[name])) is not None)
        values = {spec.name: _as(spec, columns[spec.name]) for spec in inputs}
        counts = counts_of(inputs, values)
        coder = Coder(inputs, counts)
        rows = len(next(iter(values.values()))) if values else 0
        related = relations_of(coder.names, coder.numbers(values, rows)) if values else None
        self._begin(Learned(inputs=inputs, counts=counts, relations=related))

    def _begin(self, learned: Learned) -> None:
        self._learned = learned
        coder = Coder(learned.inputs, learned.counts)
        # A log of decisions repeats itself by its nature.
        self._own = Windows(coder, learned.relations, repeats=True)

    def _read(self, frame: Frame) -> Values | None:
        """Return the columns that are followed; one that is gone is missing in every row."""
        if self._learned is None or not self._learned.inputs:
            return None
        return {
            spec.name: _as(spec, frame[spec.name])
            if spec.name in frame.names
            else _nothing(spec, len(frame))
            for spec in self._learned.inputs
        }


def _named(frame: Frame, name: str) -> str | None:
    """Return the column of an input, as it stands or within `inputs`."""
    return next((one for one in (name, f"inputs.{name}") if one in frame.names), None)


def _joined(columns: list[Column]) -> Column:
    kinds = {column.dtype.kind for column in columns}
    if "O" in kinds and len(kinds) > 1:
        columns = [_words(column) for column in columns]
    return np.concatenate(columns)


def _spec(name: str, column: Column) -> Input | None:
    """Return how a column is followed; None of names, texts and what never changes."""
    if column.dtype.kind in "biuf":
        return Input(name=name, kind=Kind.NUMBER)
    if column.dtype.kind != "O":
        return None
    words = Counter(w for w in _words(column).tolist() if w is not None)
    if not words or len(words) > _MOST_WORDS:
        return None
    return Input(name=name, kind=Kind.CATEGORY, categories=tuple(sorted(words)))


def _words(column: Column) -> Column:
    made = np.empty(len(column), np.object_)
    made[:] = [
        None if v is None or v != v else v if isinstance(v, str) else plain_text(v)
        for v in column.tolist()
    ]
    return made


def _as(spec: Input, column: Column) -> Column:
    if spec.kind in (Kind.CATEGORY, Kind.TEXT):
        return _words(column)
    if column.dtype.kind == "O":
        return np.full(len(column), np.nan)
    return as_numbers(column)


def _nothing(spec: Input, rows: int) -> Column:
    if spec.kind is Kind.CATEGORY:
        return np.full(rows, None, np.object_)
    return np.full(rows, np.nan)


def ruled(drift: Drift, answers: frozenset[str], labels: frozenset[str]) -> Drift:
    """Return a drift under the rule of what moved: answers and labels have their own."""
    moved = set(drift.features)
    if drift.rule == "feature-drift" and moved and moved <= answers:
        return replace(drift, rule="prediction-drift")
    if drift.rule == "feature-drift" and moved and moved <= labels:
        return replace(drift, rule="label-drift")
    return drift
