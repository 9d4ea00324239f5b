"""Example detectors of phishing pages: targets to practise on, not products.

Four kinds that are met in practice: a linear model over numbers and words, a random forest and
boosted trees over numbers, and an embedding of the page's source under a small network. They were
trained by `tools/train_phishing_detectors.py` on generated pages; only numpy is needed to ask them.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import TypeAlias

import numpy as np

from modelwarden.attacks.html.dom import Page, TooLargeError, parse
from modelwarden.core import UnknownNameError
from modelwarden.core.values import dataclass
from modelwarden.redteam.phishing.features import bags_of, matrix_of, seen_text, title_of
from modelwarden.targets.frames import Floats

Weights: TypeAlias = Mapping[str, Floats]

KINDS = ("linear", "forest", "boosted", "embedding")
# Tokens of a page's source hash to so many columns.
TOKENS = 4096
_TOKEN = re.compile(r"</?[a-zA-Z][\w-]*|[\w-]+(?==)|[a-zA-Z]{3,24}|\d+|[^\sa-zA-Z0-9]")
_LONGEST = 300_000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Detector:
    """A trained detector.

    Attributes:
        kind: one of `KINDS`.
        weights: its arrays.
        uses_url: it looks at the address as well.
    """

    kind: str
    weights: Weights
    uses_url: bool = True

    @property
    def classes(self) -> tuple[str, str]:
        """Names of the columns of scores."""
        return ("ordinary", "phishing")

    def scores(self, pages: Sequence[Page]) -> Floats:
        """Return (n, 2) probabilities, ordinary first; a page is told the same alone or not."""
        if not pages:
            return np.zeros((0, 2))
        bad = np.concatenate([_READ[self.kind](self.weights, [page]) for page in pages])
        return np.stack((1 - bad, bad), axis=1)

    def phishing(self, page: Page) -> float:
        """Return the probability that a page is phishing."""
        return float(self.scores([page])[0, 1])


def tokens_of(html: str) -> Floats:
    """Return counts of hashed tokens of a page's source, damped and of length 1; (TOKENS,)."""
    tokens = _TOKEN.findall(html[:_LONGEST].lower())
    at = [zlib.crc32(token.encode("utf-8", "replace")) % TOKENS for token in tokens]
    counts = np.log1p(np.bincount(at, minlength=TOKENS).astype(np.float64))
    size = float(np.linalg.norm(counts))
    return counts / size if size else counts


def words_of(page: Page) -> str:
    """Return the title and the text that a person sees."""
    try:
        document = parse(page.html)
    except TooLargeError:
        return ""
    return f"{title_of(document)} {seen_text(document)}"


def _logistic(z: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-np.clip(z, -50, 50))), np.float64)


def _linear(weights: Weights, pages: Sequence[Page]) -> Floats:
    numbers = (matrix_of(pages) - weights["mean"]) / weights["scale"]
    # Beyond what was met in training a number says no more: it is held to the range.
    inputs = np.concatenate((np.clip(numbers, -4, 4), bags_of(map(words_of, pages))), axis=1)
    return _logistic(inputs @ weights["coef"] + float(weights["bias"]))


def _leaves(weights: Weights, x: Floats) -> Floats:
    """Return (n, trees) values of the leaves that rows fall into."""
    roots = weights["roots"].astype(np.int64)
    feature, left, right = (weights[k].astype(np.int64) for k in ("feature", "left", "right"))
    threshold, value = weights["threshold"], weights["value"]
    at = np.tile(roots, (len(x), 1))
    rows = np.arange(len(x))[:, None]
    while (feature[at] >= 0).any():
        inner = feature[at] >= 0
        less = x.astype(np.float32)[rows, np.maximum(feature[at], 0)] <= threshold[at]
        at = np.where(inner, np.where(less, left[at], right[at]), at)
    return np.asarray(value[at], np.float64)


def _forest(weights: Weights, pages: Sequence[Page]) -> Floats:
    return np.asarray(_leaves(weights, matrix_of(pages)).mean(axis=1), np.float64)


def _boosted(weights: Weights, pages: Sequence[Page]) -> Floats:
    total = _leaves(weights, matrix_of(pages)).sum(axis=1)
    return _logistic(total + float(weights["bias"]))


def _embedding(weights: Weights, pages: Sequence[Page]) -> Floats:
    x = np.stack([tokens_of(page.html) for page in pages])
    hidden = x @ weights["embed"]
    hidden = np.maximum(hidden @ weights["first"] + weights["first_bias"], 0)
    return _logistic((hidden @ weights["second"] + weights["second_bias"])[:, 0])


_READ = {"linear": _linear, "forest": _forest, "boosted": _boosted, "embedding": _embedding}


@cache
def example(kind: str) -> Detector:
    """Return the example detector of a kind.

    Raises:
        UnknownNameError: there is none; it says the nearest.
    """
    if kind not in KINDS:
        raise UnknownNameError("detector", kind, KINDS)
    place = files("modelwarden.redteam.phishing") / "weights" / f"{kind}.npz"
    with place.open("rb") as stream, np.load(stream, allow_pickle=False) as kept:
        weights = {name: kept[name].astype(np.float64) for name in kept.files}
    return Detector(kind=kind, weights=weights, uses_url=kind != "embedding")
