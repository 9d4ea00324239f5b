"""Rows of requests as bins of a reference: small counts that can be added, whoever made them.

A number falls into one of at most ten bins that hold as many rows of the reference each, a word
into its own. What is wide – images, long vectors – is looked at in places spread evenly, and as a
whole by three plain properties of a row: its mean, its spread, and how unlike neighbours are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from modelwarden.core.values import dataclass
from modelwarden.detectors.profile import Counts, Input, Kind
from modelwarden.targets.frames import Floats

Codes = npt.NDArray[np.uint8]
Values = Mapping[str, npt.NDArray[Any]]

BINS = 10
MOST_PLACES = 128  # of one tensor
_WIDE = 16  # values of a row, from which on it is looked at as a whole as well
_MOST_WORDS = 200
_WHOLE = ("mean", "spread", "roughness")


def counts_of(inputs: Sequence[Input], values: Values) -> tuple[Counts, ...]:
    """Return how a reference is spread, feature by feature; texts are left out."""
    made: list[Counts] = []
    for spec in inputs:
        column = values[spec.name]
        if spec.kind is Kind.TEXT or len(spec.categories) > _MOST_WORDS:
            continue
        if spec.kind is Kind.CATEGORY:
            known = [int((column == word).sum()) for word in spec.categories]
            made.append(
                Counts(
                    name=spec.name,
                    edges=(),
                    counts=tuple(known),
                    missing=len(column) - sum(known),
                )
            )
            continue
        flat = _flat(column)
        if not spec.shape:
            made.append(counts_of_numbers(spec.name, flat[:, 0]))
            continue
        made += [
            counts_of_numbers(f"{spec.name}[{at}]", flat[:, at]) for at in _places(flat.shape[1])
        ]
        if flat.shape[1] >= _WIDE:
            whole = _whole(flat)
            made += [
                counts_of_numbers(f"{spec.name}: {word}", whole[:, i])
                for i, word in enumerate(_WHOLE)
            ]
    return tuple(made)


def counts_of_numbers(name: str, values: Floats) -> Counts:
    """Return how numbers (n,) are spread over bins of as many rows each."""
    known = values[np.isfinite(values)]
    if not known.size:
        return Counts(name=name, edges=(), counts=(0,), missing=len(values))
    edges = np.unique(np.quantile(known, np.linspace(0, 1, BINS + 1)[1:-1]))
    at = np.searchsorted(edges, known, side="right")
    counts = np.bincount(at, minlength=len(edges) + 1)
    return Counts(
        name=name,
        edges=tuple(edges.tolist()),
        counts=tuple(counts.tolist()),
        missing=int(len(values) - known.size),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """Features of one input: where they stand among all, and how they are read."""

    name: str
    first: int
    words: Mapping[object, int] | None
    places: npt.NDArray[np.int64] | None
    whole: bool


class Coder:
    """Reads rows into the bins of a reference.

    Attributes:
        names: of the features.
        width: bins of the widest feature; one more takes what is missing.
        table: (features, width + 1) rows of the reference in each bin.
    """

    def __init__(self, inputs: Sequence[Input], counts: Sequence[Counts]) -> None:
        """Take what a profile says; counts of inputs that it lacks are left out."""
        parts: list[_Part] = []
        kept: list[Counts] = []
        for spec in inputs:
            own = [c for c in counts if _belongs(c.name, spec)]
            if not own:
                continue
            parts.append(_part(spec, own, len(kept)))
            kept += own
        self.names = tuple(c.name for c in kept)
        self.width = max((len(c.counts) for c in kept), default=1) + 1
        self.table = np.zeros((len(kept), self.width + 1), np.int64)
        edges = np.full((len(kept), self.width - 1), np.inf)
        for i, one in enumerate(kept):
            self.table[i, : len(one.counts)] = one.counts
            self.table[i, -1] = one.missing
            edges[i, : len(one.edges)] = one.edges
        self._parts = tuple(parts)
        self._edges = np.ascontiguousarray(edges.T[np.isfinite(edges).any(axis=0)])

    def numbers(self, values: Values, rows: int) -> Floats:
        """Return (rows, features) the numbers; words are NaN there."""
        x = np.full((rows, len(self.names)), np.nan)
        for part in self._parts:
            if part.words is not None:
                continue
            flat = _flat(values[part.name])
            end = part.first
            if part.places is not None:
                end += len(part.places)
                every = len(part.places) == flat.shape[1]
                x[:, part.first : end] = flat if every else flat[:, part.places]
            if part.whole:
                x[:, end : end + len(_WHOLE)] = _whole(flat)
        return x

    def codes(self, values: Values, rows: int, numbers: Floats | None = None) -> Codes:
        """Return (rows, features) the bin of each value; `width` of what is missing."""
        x = self.numbers(values, rows) if numbers is None else numbers
        codes: Codes = np.zeros(x.shape, np.uint8)
        for edge in self._edges:  # at most nine: faster than searching each value
            codes += x >= edge
        codes[np.isnan(x)] = self.width
        for part in self._parts:
            if part.words is not None:
                other = self.width - 1
                words = part.words
                codes[:, part.first] = [
                    self.width if w is None else words.get(w, other)
                    for w in values[part.name].reshape(-1).tolist()
                ]
        return codes


def _belongs(name: str, spec: Input) -> bool:
    if name == spec.name:
        return not spec.shape
    return bool(spec.shape) and name.startswith((f"{spec.name}[", f"{spec.name}: "))


def _part(spec: Input, own: Sequence[Counts], first: int) -> _Part:
    if spec.kind is Kind.CATEGORY:
        return _Part(spec.name, first, {w: i for i, w in enumerate(spec.categories)}, None, False)
    places = [_place(c.name) for c in own if c.name.endswith("]") or not spec.shape]
    whole = any(c.name.startswith(f"{spec.name}: ") for c in own)
    return _Part(spec.name, first, None, np.array(places, np.int64), whole)


def _place(name: str) -> int:
    digits = name[name.rfind("[") + 1 : -1] if name.endswith("]") else ""
    return int(digits) if digits.isdigit() else 0


def _places(width: int) -> list[int]:
    if width <= MOST_PLACES:
        return list(range(width))
    found: list[int] = np.unique(np.linspace(0, width - 1, MOST_PLACES).astype(int)).tolist()
    return found


def _flat(column: npt.NDArray[Any]) -> Floats:
    return np.asarray(column.reshape(len(column), -1), np.float64)


def _whole(flat: Floats) -> Floats:
    """Return (n, 3): mean, spread, and the mean step between neighbours of each row."""
    step = np.abs(np.diff(flat, axis=1)).mean(axis=1)
    return np.stack([flat.mean(axis=1), flat.std(axis=1), step], axis=1)
