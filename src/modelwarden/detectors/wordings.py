"""Texts as sparse counts of what stands in them, and a learner that reads them.

Words and pairs of words see what a text is about; runs of three and four letters see endings,
misspelt words and languages without blanks. Each is weighted by how rare it is, and a text's
length does not count.

Source: Salton and Buckley 1988, "Term-weighting approaches in automatic text retrieval"; Weinberger
et al. 2009, "Feature hashing for large scale multitask learning".
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import optimize, sparse, special

from modelwarden.targets.frames import Column, Floats, Labels

_BITS = 18
_MOST = 30_000  # columns, the most frequent ones
_LONGEST = 4000  # characters of a text that words are taken from
_LETTERS, _ALL_LETTERS = (
    1000,
    4_000_000,
)  # of a text, and of all, that runs of letters are taken from
_RUNS = (3, 4)
_PART = re.compile(r"\w+|[^\w\s]")
_BETWEEN = "\n"


@dataclass(frozen=True, slots=True, eq=False)
class Wordings:
    """What stands in n texts.

    Attributes:
        words: (n, d) weights of words and pairs of words, in CSR form; rows of length 1.
        letters: (n, e) the same of runs of letters.
    """

    words: sparse.csr_matrix
    letters: sparse.csr_matrix


def wordings_of(texts: Column) -> Wordings:
    """Return what stands in texts (n,); what is no text is read as one."""
    plain = [str("" if text is None else text)[:_LONGEST].casefold() for text in texts.tolist()]
    return Wordings(_weighted(*_words(plain), len(plain)), _weighted(*_letters(plain), len(plain)))


def _words(texts: list[str]) -> tuple[Labels, Labels]:
    """Return rows and columns of words and pairs, as often as they stand there."""
    places: list[int] = []
    sizes: list[int] = []
    for text in texts:
        before = len(places)
        places.extend(_hashed(_PART.findall(text)))
        sizes.append(len(places) - before)
    rows = np.repeat(np.arange(len(texts)), sizes)
    return rows, np.array(places, np.int64)


def _hashed(words: list[str]) -> Iterator[int]:
    last = 0
    for word in words:
        this = zlib.crc32(word.encode("utf-8", "replace"))
        yield this % (1 << _BITS)
        if last:
            yield (last * 31 + this) % (1 << _BITS)
        last = this


def _letters(texts: list[str]) -> tuple[Labels, Labels]:
    """Return rows and columns of runs of letters; no run reaches into the next text."""
    most = max(50, min(_LETTERS, _ALL_LETTERS // max(len(texts), 1)))
    cut = [f" {' '.join(text[:most].split())} " for text in texts]
    sizes = np.array([len(text) for text in cut], np.int64)
    whole = "".join(cut).encode("utf-32-le", "surrogatepass")
    codes = np.frombuffer(whole, np.uint32).astype(np.uint64)
    row = np.repeat(np.arange(len(cut)), sizes)
    rows, places = [], []
    for run in _RUNS:
        many = len(codes) - run + 1
        if many <= 0:
            continue
        mixed = np.full(many, run, np.uint64)
        for at in range(run):
            mixed = (mixed ^ codes[at : at + many]) * np.uint64(0x9E3779B97F4A7C15)
        inside = row[:many] == row[run - 1 :]
        rows.append(row[:many][inside])
        places.append((mixed >> np.uint64(64 - _BITS)).astype(np.int64)[inside])
    if not rows:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    return np.concatenate(rows), np.concatenate(places)


def _weighted(rows: Labels, places: Labels, n: int) -> sparse.csr_matrix:
    """Return weights: rare parts count more, and what stands in one text alone is left out."""
    counted = sparse.csr_matrix((np.ones(len(rows)), (rows, places)), shape=(n, 1 << _BITS))
    counted.sum_duplicates()
    texts = np.bincount(counted.indices, minlength=1 << _BITS)
    kept = np.flatnonzero(texts >= 2)
    if len(kept) > _MOST:
        kept = np.sort(kept[np.argsort(-texts[kept], kind="stable")[:_MOST]])
    made = counted[:, kept].tocsr()
    made.data = np.log1p(made.data) * (np.log((n + 1) / (texts[kept][made.indices] + 1)) + 1)
    size = np.sqrt(np.asarray(made.multiply(made).sum(axis=1)).ravel())
    return sparse.csr_matrix(sparse.diags(1 / np.maximum(size, 1e-12)) @ made)


def straight(
    x: sparse.csr_matrix, train: Labels, y: Labels, k: int, ask: Labels, weight: float
) -> Floats:
    """Return probabilities (len(ask), k) by multinomial logistic regression with a ridge.

    Args:
        x: (n, d) weights.
        train: rows to learn from.
        y: (len(train),) their classes, 0 to k − 1.
        k: how many.
        ask: rows to answer.
        weight: the ridge, in rows.
    """
    known = x[train]
    seen = np.unique(known.indices)
    known, asked = known[:, seen].tocsr(), x[ask][:, seen].tocsr()
    turned, d = known.T.tocsr(), len(seen)
    hot: npt.NDArray[np.float64] = np.eye(k)[y]
    ridge = weight / len(train)

    def loss(flat: Floats) -> tuple[float, Floats]:
        weights, base = flat[: d * k].reshape(d, k), flat[d * k :]
        scores = known @ weights + base
        top = special.logsumexp(scores, axis=1, keepdims=True)
        value = float((top[:, 0] - (scores * hot).sum(axis=1)).mean())
        error = (np.exp(scores - top) - hot) / len(train)
        slope = turned @ error + ridge * weights
        value += ridge * float((weights**2).sum()) / 2
        return value, np.concatenate([slope.ravel(), error.sum(axis=0)])

    end = optimize.minimize(
        loss, np.zeros(d * k + k), jac=True, method="L-BFGS-B", options={"maxiter": 100}
    )
    scores = asked @ end.x[: d * k].reshape(d, k) + end.x[d * k :]
    return np.asarray(special.softmax(scores, axis=1), np.float64)
