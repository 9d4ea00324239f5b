"""What was asked already: the answers to all candidates of an attack, found again by their keys."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import numpy.typing as npt

from modelwarden.attacks.problem import Candidates, Mask
from modelwarden.targets.frames import Floats, Labels

_OWN = np.uint64(0x9E3779B97F4A7C15)


class Known:
    """Labels, and scores where there are some, by input and candidate.

    Answers stay in the arrays that they came in: most attacks hardly ever repeat themselves.
    """

    def __init__(self) -> None:
        """Begin with none."""
        self._parts: list[tuple[list[object], Labels, Floats | None]] = []
        self._part_of: dict[object, int] = {}

    def find(self, keys: Collection[object]) -> Mask | None:
        """Return (m,) to which candidates the answer is known; None for none."""
        if self._part_of.keys().isdisjoint(keys):
            return None
        return np.array(list(map(self._part_of.__contains__, keys)), np.bool_)

    def add(self, keys: list[object], labels: Labels, scores: Floats | None) -> None:
        """Keep the answers to candidates that were not known."""
        self._part_of |= dict.fromkeys(keys, len(self._parts))
        self._parts.append((keys, labels, scores))

    def answers(self, keys: list[object]) -> tuple[Labels, Floats | None]:
        """Return the known labels, and scores where there are some; of at least one candidate."""
        labels, scores = [], []
        for key in keys:
            names, classes, values = self._parts[self._part_of[key]]
            place = names.index(key)
            labels.append(classes[place])
            if values is not None:
                scores.append(values[place])
        return np.array(labels, np.int64), np.array(scores) if scores else None


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
