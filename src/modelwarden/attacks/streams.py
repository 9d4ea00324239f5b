"""Random streams of many inputs at once: an input draws the same alone or beside any others."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from modelwarden.core import seed_for
from modelwarden.targets.frames import Floats, Labels

Words = npt.NDArray[np.uint64]
Singles = npt.NDArray[np.float32]

_LEVELS = 4096  # of normal numbers, all as likely

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_FIRST, _SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)


class Streams:
    """One stream an input, read at any place: the numbers of a step need none of those before.

    Source: Steele, Lea and Flood 2014, "Fast splittable pseudorandom number generators"; the key
    of an input is `seed_for(seed, name, row)`, the counter is the step.
    """

    def __init__(self, seed: int, name: str, rows: Sequence[int]) -> None:
        """Make the streams of `rows`, numbers that name the inputs wherever they appear."""
        self._keys: Words = np.array([seed_for(seed, name, int(row)) for row in rows], np.uint64)

    def words(self, at: Labels, steps: npt.ArrayLike, count: int, *, salt: int = 0) -> Words:
        """Return 64 random bits each, (m, count).

        Args:
            at: (m,) positions of inputs.
            steps: (m,) or one for all; other steps give other numbers.
            count: numbers an input.
            salt: other purposes within a step draw other numbers.
        """
        step = np.asarray(steps, np.uint64).reshape(-1)  # of one for all, broadcast below
        begun = _mixed(self._keys[at] + (step * np.uint64(64) + np.uint64(salt)) * _GOLDEN)
        return _mixed(begun[:, None] + np.arange(1, count + 1, dtype=np.uint64) * _GOLDEN)

    def uniform(self, at: Labels, steps: npt.ArrayLike, count: int, *, salt: int = 0) -> Floats:
        """Return numbers in [0, 1), (m, count)."""
        return uniform_of(self.words(at, steps, count, salt=salt))

    def coins(
        self, at: Labels, steps: npt.ArrayLike, count: int, *, salt: int = 0
    ) -> npt.NDArray[np.bool_]:
        """Return true or false, (m, count)."""
        words = self.words(at, steps, -(-count // 64), salt=salt)
        bits = np.unpackbits(words.view(np.uint8), axis=1, count=count, bitorder="little")
        return bits.view(np.bool_)

    def signs(self, at: Labels, steps: npt.ArrayLike, count: int, *, salt: int = 0) -> Floats:
        """Return −1 or 1, (m, count)."""
        return self.coins(at, steps, count, salt=salt).astype(np.float64) * 2 - 1

    def wholes(
        self, at: Labels, steps: npt.ArrayLike, count: int, *, salt: int = 0
    ) -> npt.NDArray[np.uint32]:
        """Return whole numbers below 2³², (m, count)."""
        words = self.words(at, steps, -(-count // 2), salt=salt)
        return words.view(np.uint32)[:, :count]

    def shorts(
        self, at: Labels, steps: npt.ArrayLike, count: int, *, salt: int = 0
    ) -> npt.NDArray[np.uint16]:
        """Return whole numbers below 2¹⁶, (m, count): a quarter of the work of `uniform`."""
        words = self.words(at, steps, -(-count // 4), salt=salt)
        return words.view(np.uint16)[:, :count]

    def normal(self, at: Labels, steps: npt.ArrayLike, count: int, *, salt: int = 0) -> Singles:
        """Return standard normal numbers, (m, count), of 4,096 levels from −3.67 to 3.67."""
        return normal_of(self.shorts(at, steps, count, salt=salt))


def uniform_of(words: Words) -> Floats:
    """Return a number in [0, 1) of each word."""
    return (words >> np.uint64(11)).astype(np.float64) * 2.0**-53


def normal_of(shorts: npt.NDArray[np.uint16]) -> Singles:
    """Return a standard normal number of each."""
    return _quantiles().take(shorts >> np.uint16(4))


@cache
def _quantiles() -> Singles:
    """Return the normal number in the middle of each of as many equal shares."""
    inverse = NormalDist().inv_cdf
    upper = np.array([inverse((k + 0.5) / _LEVELS) for k in range(_LEVELS // 2, _LEVELS)])
    return np.concatenate((-upper[::-1], upper)).astype(np.float32)


def _mixed(words: Words) -> Words:
    """Mix the bits, in place: a network of a few layers answers faster than copies are made."""
    words ^= words >> np.uint64(30)
    words *= _FIRST
    words ^= words >> np.uint64(27)
    words *= _SECOND
    words ^= words >> np.uint64(31)
    return words
