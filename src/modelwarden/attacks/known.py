"""What was asked already: the answers to all candidates of an attack, found again by their keys."""

from __future__ import annotations

from itertools import repeat

import numpy as np
import numpy.typing as npt

from modelwarden.attacks.problem import Candidates
from modelwarden.targets.frames import Floats, Labels

_FIRST_ROOM = 1 << 10
_OWN = np.uint64(0x9E3779B97F4A7C15)


class Known:
    """Labels, and scores where there are some, by input and candidate."""

    def __init__(self, classes: int, *, scored: bool) -> None:
        """Begin with none; `classes` scores an answer if `scored`."""
        self._places: dict[object, int] = {}
        self._count = 0
        self._labels = np.empty(_FIRST_ROOM, np.int64)
        self._scores = np.empty((_FIRST_ROOM if scored else 0, classes))

    def find(self, keys: list[object]) -> Labels:
        """Return (m,) where the answer to each stands; −1 where it is not known."""
        if self._places.keys().isdisjoint(keys):
            return np.full(len(keys), -1, np.int64)
        return np.array(list(map(self._places.get, keys, repeat(-1))), np.int64)

    def add(self, keys: list[object], labels: Labels, scores: Floats | None) -> None:
        """Keep the answers to candidates that were not known."""
        start, end = self._count, self._count + len(keys)
        while end > len(self._labels):
            self._labels = np.concatenate((self._labels, np.empty_like(self._labels)))
            self._scores = np.concatenate((self._scores, np.empty_like(self._scores)))
        self._places.update(zip(keys, range(start, end), strict=True))
        self._labels[start:end] = labels
        if scores is not None:
            self._scores[start:end] = scores
        self._count = end

    def labels(self, places: Labels) -> Labels:
        """Return the labels that stand at some places."""
        return np.asarray(self._labels[places], np.int64)

    def scores(self, places: Labels) -> Floats:
        """Return the scores that stand at some places."""
        return np.asarray(self._scores[places], np.float64)


def keys_for(owners: Labels, candidates: Candidates) -> list[object]:
    """Return a key for each candidate of an input; other inputs have other keys."""
    if candidates.dtype.kind == "O":
        return list(zip(owners.tolist(), keys_of(candidates), strict=True))
    return list((_sums(candidates) + owners.astype(np.uint64) * _OWN).tolist())


_SPREAD = np.random.default_rng(20_000).integers(1, 1 << 63, 1 << 12, dtype=np.uint64) * 2 + 1


def keys_of(candidates: Candidates) -> list[object]:
    """Return a key for each candidate; equal ones have equal keys.

    Numbers are told apart by a 64-bit sum with odd random factors: of a million different
    candidates two meet with a chance below one in ten million.
    """
    if candidates.dtype.kind == "O":
        return [item if isinstance(item, str) else repr(item) for item in candidates]
    return list(_sums(candidates).tolist())


def _sums(candidates: Candidates) -> npt.NDArray[np.uint64]:
    """Return (m,) the sum that stands for each candidate of numbers."""
    if not len(candidates):
        return np.empty(0, np.uint64)
    plain = np.ascontiguousarray(candidates).reshape(len(candidates), -1)
    raw = plain.view(np.uint8)
    if raw.shape[1] % 8:
        padded = np.zeros((len(raw), raw.shape[1] + -raw.shape[1] % 8), np.uint8)
        padded[:, : raw.shape[1]] = raw
        raw = padded
    words = raw.view(np.uint64)
    mixed = words >> np.uint64(29)
    mixed ^= words
    mixed *= np.uint64(0xBF58476D1CE4E5B9)
    mixed ^= mixed >> np.uint64(32)
    mixed *= _factors(words.shape[1])
    return np.asarray(mixed.sum(axis=1, dtype=np.uint64), np.uint64)


def _factors(count: int) -> npt.NDArray[np.uint64]:
    """Return `count` odd factors."""
    if count <= len(_SPREAD):
        return _SPREAD[:count]
    turns = np.arange(-(-count // len(_SPREAD)), dtype=np.uint64) * 2
    return (_SPREAD[None, :] * (turns[:, None] * np.uint64(0x9E3779B97F4A7C15) + 1)).ravel()[:count]
