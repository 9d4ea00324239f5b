"""A copy of a model, learnt from its answers: kernel ridge over inputs told as numbers.

What an attacker would train is not ours to guess; this learner is small, has a closed form, and
shows at least what can be had. How well it agrees is measured on seeds that it never learnt from.

Source: kernel ridge regression, Saunders et al. 1998; hashed words, Weinberger et al. 2009.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable

import numpy as np

from modelwarden.core.values import dataclass
from modelwarden.targets.frames import Floats, Frame, Inputs, Labels

_WORD = re.compile(r"\w+")
_BINS, _LEVELS, _MOST = 2048, 32, 2500
_RIDGE = 1e-2

Tell = Callable[[Inputs], Floats]


def teller_of(inputs: Inputs) -> Tell:
    """Return what tells inputs as rows of numbers, on the scale of these.

    Numbers are standardised, categories are one-hot, words are hashed, arrays are flattened.
    """
    if isinstance(inputs, Frame):
        return _of_table(inputs)
    if inputs.dtype.kind == "O":
        return _words
    flat = inputs.reshape(len(inputs), -1).astype(np.float64)
    middle, spread = flat.mean(axis=0), np.maximum(flat.std(axis=0), 1e-9)

    def tell(some: Inputs) -> Floats:
        rows = np.asarray(some).reshape(len(some), -1).astype(np.float64)
        return np.asarray((rows - middle) / spread)

    return tell


def _of_table(frame: Frame) -> Tell:
    parts: list[tuple[str, Floats | None, tuple[object, ...]]] = []
    for name, column in zip(frame.names, frame.columns, strict=True):
        if column.dtype.kind in "iufb":
            real = column.astype(np.float64)
            real = real[np.isfinite(real)]
            ends = np.array([real.mean(), max(float(real.std()), 1e-9)]) if len(real) else None
            parts.append((name, np.array([0.0, 1.0]) if ends is None else ends, ()))
        else:
            values, counts = np.unique(column.astype(str), return_counts=True)
            order = np.argsort(-counts, kind="stable")[:_LEVELS]
            parts.append((name, None, tuple(values[order].tolist())))

    def tell(some: Inputs) -> Floats:
        if not isinstance(some, Frame):
            raise TypeError("a table is told as a table")
        columns = []
        for name, ends, levels in parts:
            if ends is not None:
                real = np.nan_to_num(some[name].astype(np.float64), nan=ends[0])
                columns.append(((real - ends[0]) / ends[1])[:, None])
            else:
                words = some[name].astype(str)
                columns.append(np.stack([(words == level) for level in levels], axis=1) * 1.0)
        return np.concatenate(columns, axis=1)

    return tell


def _words(texts: Inputs) -> Floats:
    if isinstance(texts, Frame):
        raise TypeError("texts are told as texts")
    out = np.zeros((len(texts), _BINS))
    for row, text in enumerate(texts.tolist()):
        for word in _WORD.findall(str(text).lower()):
            out[row, zlib.crc32(word.encode()) % _BINS] += 1
    out = np.sqrt(out)
    size = np.sqrt((out**2).sum(axis=1, keepdims=True))
    return np.asarray(out / np.maximum(size, 1e-9))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Surrogate:
    """A copy.

    Attributes:
        tell: inputs to numbers. rows: (m, d) it was learnt from. weights: (m, k).
        width: of the kernel; 0 is a linear one.
    """

    tell: Tell
    rows: Floats
    weights: Floats
    width: float

    def scores(self, inputs: Inputs) -> Floats:
        """Return (n, k)."""
        return np.asarray(_kernel(self.tell(inputs), self.rows, self.width) @ self.weights)

    def labels(self, inputs: Inputs) -> Labels:
        """Return (n,) positions of classes."""
        return np.asarray(self.scores(inputs).argmax(axis=1), np.int64)


def learnt(tell: Tell, inputs: Inputs, answers: Floats, rng: np.random.Generator) -> Surrogate:
    """Return the copy that predicts a fifth of what was asked best from the rest.

    Args:
        tell: inputs to numbers.
        inputs: (m) that were asked.
        answers: (m, k) scores, or one-hot labels.
        rng: draws the fifth, and the rows that are kept of very many.
    """
    rows = tell(inputs)
    keep = np.sort(rng.permutation(len(rows))[:_MOST])
    rows, answers = rows[keep], answers[keep]
    order = rng.permutation(len(rows))
    held, rest = order[: len(rows) // 5], order[len(rows) // 5 :]
    best, least = 0.0, -1.0
    for width in _widths(rows[rest]):
        weights = _solved(rows[rest], answers[rest], width)
        found = _kernel(rows[held], rows[rest], width) @ weights
        right = float((found.argmax(axis=1) == answers[held].argmax(axis=1)).mean())
        if right > least:
            best, least = width, right
    return Surrogate(tell=tell, rows=rows, weights=_solved(rows, answers, best), width=best)


def _widths(rows: Floats) -> list[float]:
    """Return 0 (linear) and widths about the usual distance of two rows."""
    some = rows[:200]
    apart = np.sqrt(np.maximum(_squares(some, some), 0))
    usual = float(np.median(apart[apart > 0])) if (apart > 0).any() else 1.0
    return [0.0, usual / 3, usual, 3 * usual]


def _solved(rows: Floats, answers: Floats, width: float) -> Floats:
    kernel = _kernel(rows, rows, width)
    scale = float(np.trace(kernel)) / max(len(rows), 1)
    kernel[np.diag_indices_from(kernel)] += _RIDGE * scale + 1e-9
    return np.asarray(np.linalg.solve(kernel, answers))


def _kernel(first: Floats, second: Floats, width: float) -> Floats:
    if width == 0:
        return np.asarray(first @ second.T + 1.0)
    return np.asarray(np.exp(-np.maximum(_squares(first, second), 0) / (2 * width**2)))


def _squares(first: Floats, second: Floats) -> Floats:
    return np.asarray(
        (first**2).sum(axis=1)[:, None] + (second**2).sum(axis=1)[None, :] - 2 * first @ second.T
    )
