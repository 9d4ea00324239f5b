"""A matcher made of an embedder: two pictures are one person when their embeddings are near."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from modelwarden.core import InputError
from modelwarden.targets.frames import Floats, Inputs

METRICS = ("euclidean", "cosine")
CLASSES = ("different", "same")
Embed = Callable[[npt.NDArray[np.uint8]], npt.NDArray[np.floating[Any]]]
"""(n, C, H, W) pictures to (n, d) embeddings."""


def distances(a: Floats, b: Floats, metric: str) -> Floats:
    """Return (n,) distances of embeddings, row by row.

    Raises:
        InputError: the metric is unknown.
    """
    if metric == "euclidean":
        return np.asarray(np.sqrt(((a - b) ** 2).sum(axis=1)))
    if metric == "cosine":
        sizes = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
        return np.asarray(1 - (a * b).sum(axis=1) / np.maximum(sizes, 1e-12))
    raise InputError(f"unknown metric {metric!r}", hint=f"Known: {', '.join(METRICS)}.")


def verifier(embed: Embed, *, threshold: float, metric: str = "euclidean") -> Callable[..., Floats]:
    """Return a matcher of pairs: (n, 2, C, H, W) to scores (n, 2) for `CLASSES`.

    A half is where the distance is the threshold; scores fall with the distance, so attacks that
    go by scores are led by it. The second picture of a pair is embedded once.

    Args:
        embed: the embedder.
        threshold: the largest distance of one person's two pictures.
        metric: of `METRICS`.
    """
    known: dict[bytes, Floats] = {}

    def verify(pairs: Inputs) -> Floats:
        array = np.asarray(pairs)
        first = np.asarray(embed(array[:, 0]), np.float64)
        second = np.stack([_known(known, embed, picture) for picture in array[:, 1]])
        away = distances(first, second, metric)
        same = 1 / (1 + np.exp(np.clip(8 * (away / threshold - 1), -60, 60)))
        return np.column_stack([1 - same, same])

    return verify


def _known(known: dict[bytes, Floats], embed: Embed, picture: npt.NDArray[Any]) -> Floats:
    key = picture.tobytes()
    if key not in known:
        if len(known) >= 1000:
            known.clear()
        known[key] = np.asarray(embed(picture[None]), np.float64)[0]
    return known[key]
