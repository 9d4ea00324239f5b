"""Texts that share nearly all their pieces, and pictures that look the same."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from modelwarden.detectors.repeats import Repeat
from modelwarden.targets.frames import Column, Floats

ALIKE = 0.8  # Jaccard similarity of two texts' pieces
LEAST_LENGTH = 30  # characters; shorter texts are alike by themselves
MOST_TEXTS = 20_000
MOST_IMAGES = 12_000
_PIECE = 5
_LONGEST = 1500
_HASHES, _BANDS = 64, 16
_THUMB = 12
_CROWD = 50
_CHUNK = 1024


def near_texts(texts: Column) -> Iterator[Repeat]:
    """Yield texts that are nearly equal, by MinHash and then by their pieces themselves.

    Source: Broder 1997, "On the resemblance and containment of documents".
    """
    pieces = [_pieces(text) for text in texts[:MOST_TEXTS].tolist()]
    kept = [i for i, piece in enumerate(pieces) if piece is not None]
    if len(kept) < 2:
        return
    rng = np.random.default_rng(0)
    factor = rng.integers(1, 2**31, _HASHES, dtype=np.uint64) | np.uint64(1)
    plus = rng.integers(0, 2**31, _HASHES, dtype=np.uint64)
    marks = np.empty((len(kept), _HASHES), np.uint64)
    for row, i in enumerate(kept):
        piece = pieces[i]
        if piece is not None:
            marks[row] = ((piece[:, None] * factor + plus) & np.uint64(0xFFFFFFFF)).min(axis=0)
    told: set[int] = set()
    for one, two in sorted(_candidates(marks)):
        first, second = pieces[kept[one]], pieces[kept[two]]
        if two in told or first is None or second is None:
            continue
        shared = len(np.intersect1d(first, second, assume_unique=True))
        if shared >= ALIKE * (len(first) + len(second) - shared):
            told.add(two)
            yield Repeat(kept[one], kept[two], "nearly the same text")


def _pieces(text: object) -> npt.NDArray[np.uint64] | None:
    if not isinstance(text, str) or len(text) < LEAST_LENGTH:
        return None
    folded = " ".join(text[:_LONGEST].casefold().split()).encode("utf-8", "surrogatepass")
    if len(folded) < LEAST_LENGTH:
        return None
    found = {zlib.crc32(folded[i : i + _PIECE]) for i in range(len(folded) - _PIECE + 1)}
    return np.array(sorted(found), np.uint64)


def _candidates(marks: npt.NDArray[np.uint64]) -> set[tuple[int, int]]:
    """Return pairs that agree in a whole band of their marks."""
    found: set[tuple[int, int]] = set()
    rows = _HASHES // _BANDS
    for band in range(_BANDS):
        part = np.ascontiguousarray(marks[:, band * rows : (band + 1) * rows])
        keys = part.view(np.dtype((np.void, part.dtype.itemsize * rows))).ravel()
        order = np.argsort(keys, kind="stable")
        start = 0
        for end in range(1, len(order) + 1):
            if end < len(order) and keys[order[end]] == keys[order[start]]:
                continue
            group = np.sort(order[start:end])[:_CROWD].tolist()
            found.update((a, b) for i, a in enumerate(group) for b in group[i + 1 :])
            start = end
    return found


def near_images(images: npt.NDArray[np.generic]) -> Iterator[Repeat]:
    """Yield images (n, C, H, W) whose thumbnails are nearly the same, far more than neighbours are.

    Thumbnails are freed of brightness and contrast. A pair counts when it correlates by 0.95 and is
    less than half as far apart as the fifth nearest.
    """
    n = min(len(images), MOST_IMAGES)
    if n < 8 or images.ndim != 4:
        return
    thumbs = thumbnails(images[:n]).astype(np.float32)
    flat = np.asarray((thumbs == 0).all(axis=1))
    for start in range(0, n, 512):
        part = thumbs[start : start + 512]
        apart = np.maximum(2 - 2 * part @ thumbs.T, 0)
        rows = np.arange(start, start + len(part))
        apart[np.arange(len(part)), rows] = np.inf
        apart[:, flat] = np.inf
        near = np.argpartition(apart, 5, axis=1)[:, :6]
        near = np.take_along_axis(near, np.take_along_axis(apart, near, 1).argsort(axis=1), 1)
        far = np.take_along_axis(apart, near, axis=1)
        close = (far[:, 0] <= 0.1) & (np.sqrt(far[:, 0]) <= 0.5 * np.sqrt(far[:, 4]))
        for i in np.flatnonzero(close & ~flat[rows]):
            first, second = sorted((int(rows[i]), int(near[i, 0])))
            yield Repeat(first, second, "nearly the same picture")


def thumbnails(images: npt.NDArray[np.generic]) -> Floats:
    """Return images (n, C, H, W) as at most 144 fields each, freed of brightness and contrast."""
    parts = []
    for start in range(0, len(images), _CHUNK):
        grey = images[start : start + _CHUNK].astype(np.float64).mean(axis=1)
        fields = [
            field.mean(axis=(1, 2))
            for band in np.array_split(grey, min(_THUMB, grey.shape[1]), axis=1)
            for field in np.array_split(band, min(_THUMB, grey.shape[2]), axis=2)
        ]
        parts.append(np.stack(fields, axis=1))
    values = np.concatenate(parts)
    values -= values.mean(axis=1, keepdims=True)
    size = np.sqrt((values**2).sum(axis=1, keepdims=True))
    made: Floats = np.where(size > 1e-9, values / np.maximum(size, 1e-9), 0.0)
    return made
