"""Small models of our own, trained when the range starts: weights are plain arrays of numbers.

`Words` weighs the words of a message, `Careful` does so after undoing what hides words, and lets
no word speak for a message. `Net` has one hidden layer, and can be trained on attacked inputs.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Protocol

import numpy as np

from modelwarden.core import seed_for
from modelwarden.core.values import dataclass
from modelwarden.targets.frames import Floats, Labels

_WORD = re.compile(r"[^\W_]+")
MIXED = "<mixed>"
_LONGEST = 20_000  # characters of a message that are read


def softmax(logits: Floats) -> Floats:
    """Return (n, k) scores that sum to 1."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


class Reads(Protocol):
    """Cuts a message into the words that a model knows."""

    def __call__(self, text: str) -> set[str]:
        """Return the words."""


def plain_words(text: str) -> set[str]:
    """Return the words as they are written, in lower case."""
    return set(_WORD.findall(text[:_LONGEST].lower()))


@dataclass(frozen=True, slots=True, eq=False)
class Words:
    """Logistic regression over which words are there.

    Attributes:
        vocabulary: position of each word. weights: (words,). bias: added to every message.
        reads: cuts a message into words.
    """

    vocabulary: dict[str, int]
    weights: Floats
    bias: float
    reads: Reads = plain_words

    def scores(self, texts: Sequence[str]) -> Floats:
        """Return (n, 2): ham, spam."""
        known = self.vocabulary
        logits = np.array(
            [
                self.bias + sum(self.weights[known[w]] for w in self.reads(t) if w in known)
                for t in texts
            ]
        )
        spam = 1 / (1 + np.exp(-logits))
        return np.column_stack([1 - spam, spam])


def words_of(
    texts: Iterable[str], y: Labels, reads: Reads = plain_words, *, only_for_spam: bool = False
) -> Words:
    """Return the regression of largest penalised likelihood, by gradient descent.

    Args:
        texts: messages.
        y: (n,) 1 for spam.
        reads: cuts a message into words.
        only_for_spam: no word may speak for ham, so that adding words can help nobody.

    Source: Íncer, Theodorides, Afroz and Wagner 2018, for the monotone classifier.
    """
    cut = [reads(text) for text in texts]
    counts = Counter(word for words in cut for word in words)
    vocabulary = {w: i for i, w in enumerate(sorted(w for w, c in counts.items() if c > 1))}
    x = np.zeros((len(cut), len(vocabulary)))
    for row, words in enumerate(cut):
        x[row, [vocabulary[w] for w in words if w in vocabulary]] = 1
    weights, bias = np.zeros(len(vocabulary)), 0.0
    for _ in range(300):
        off = 1 / (1 + np.exp(-(x @ weights + bias))) - y
        weights -= 2.0 * (x.T @ off / len(y) + 1e-3 * weights)
        bias -= 2.0 * float(off.mean())
        if only_for_spam:
            weights = np.maximum(weights, 0.0)
    return Words(vocabulary, weights, bias, reads)


@dataclass(frozen=True, slots=True, eq=False)
class Careful:
    """Reads words as a person would: what nobody sees is dropped, near spellings are one word.

    Attributes:
        known: words that were met in training.
    """

    known: frozenset[str]

    def __call__(self, text: str) -> set[str]:
        """Return the words; a word of several scripts is `MIXED`, which honest ones are not."""
        read: set[str] = set()
        for word in _WORD.findall(self._visible(text[:_LONGEST])):
            if word in self.known:
                read.add(word)
            elif not word.isascii() and any(c.isascii() for c in word):
                read.add(MIXED)
            else:
                read.add(self._meant(word))
        return read

    @staticmethod
    def _visible(text: str) -> str:
        """Return the text without marks, controls and signs of no width, in plain lower case."""
        rubbed = re.sub(r"[^\x08]\x08", "", text)
        spread = unicodedata.normalize("NFKD", rubbed)
        return "".join(
            " " if c.isspace() else c
            for c in spread
            if c.isspace() or unicodedata.category(c) not in ("Mn", "Cf", "Cc")
        ).lower()

    def _meant(self, word: str) -> str:
        """Return the one known word that is a single slip away, else the word itself."""
        if len(word) < 4:
            return word
        near = self.known.intersection(_slips(word))
        return min(near) if near else word


def _slips(word: str) -> set[str]:
    letters = "abcdefghijklmnopqrstuvwxyz"
    halves = [(word[:i], word[i:]) for i in range(len(word) + 1)]
    found = {a + b[1:] for a, b in halves if b}
    found |= {a + b[1] + b[0] + b[2:] for a, b in halves if len(b) > 1}
    found |= {a + c + b[1:] for a, b in halves if b for c in letters}
    return found | {a + c + b for a, b in halves for c in letters}


def careful_words(texts: Sequence[str], y: Labels) -> Words:
    """Return the model that is hard to fool: careful reading, and no word speaks for ham."""
    counts = Counter(word for text in texts for word in plain_words(text))
    reads = Careful(frozenset(w for w, c in counts.items() if c > 1))
    made = words_of(texts, y, reads, only_for_spam=True)
    # Training texts hold no mixed words, so there is nothing to learn it from: it is a rule.
    vocabulary = {**made.vocabulary, MIXED: len(made.vocabulary)}
    return Words(vocabulary, np.append(made.weights, 4.0), made.bias, reads)


@dataclass(frozen=True, slots=True, eq=False)
class Net:
    """One hidden layer of rectifiers over standardised numbers.

    Attributes:
        middle, spread: (d,) of the training inputs. first, second: weights. b1, b2: biases.
    """

    middle: Floats
    spread: Floats
    first: Floats
    b1: Floats
    second: Floats
    b2: Floats

    def scores(self, x: Floats) -> Floats:
        """Return (n, k) scores that sum to 1 for (n, d) inputs."""
        hidden = np.maximum((x - self.middle) / self.spread @ self.first + self.b1, 0)
        return softmax(hidden @ self.second + self.b2)


def net_of(
    x: Floats,
    y: Labels,
    *,
    hidden: int,
    seed: int,
    epochs: int = 30,
    eps: float = 0.0,
    scale: bool = True,
) -> Net:
    """Train by Adam on cross-entropy, in batches of 64.

    Args:
        x: (n, d).
        y: (n,) classes.
        hidden: width of the layer.
        seed: of weights and batches.
        epochs: times that every input is seen.
        eps: train on inputs that were moved so far in l∞ against the model; 0 does not.
        scale: bring every column to one spread.

    Source: Madry et al. 2018, for training on attacked inputs; Kingma and Ba 2015.
    """
    rng = np.random.default_rng(seed_for(seed, "range", "net", hidden, int(eps * 1000)))
    middle = x.mean(axis=0)
    spread = x.std(axis=0) + 1e-6 if scale else np.ones(x.shape[1])
    k = int(y.max()) + 1
    weights = [
        rng.normal(0, np.sqrt(2 / x.shape[1]), (x.shape[1], hidden)),
        np.zeros(hidden),
        rng.normal(0, np.sqrt(1 / hidden), (hidden, k)),
        np.zeros(k),
    ]
    first = [np.zeros_like(w) for w in weights]
    second = [np.zeros_like(w) for w in weights]
    targets = np.eye(k)[y]
    for step, at in enumerate(_batches(rng, len(x), epochs), start=1):
        batch = (x[at] - middle) / spread
        if eps:
            batch = _attacked(batch, targets[at], weights, eps / spread)
        slopes = _slopes(batch, targets[at], weights)[0]
        for i, slope in enumerate(slopes):
            first[i] = 0.9 * first[i] + 0.1 * slope
            second[i] = 0.999 * second[i] + 0.001 * slope**2
            rate = 2e-3 * np.sqrt(1 - 0.999**step) / (1 - 0.9**step)
            weights[i] = weights[i] - rate * first[i] / (np.sqrt(second[i]) + 1e-8)
    return Net(middle, spread, *weights)


def _batches(rng: np.random.Generator, n: int, epochs: int) -> Iterable[Labels]:
    for _ in range(epochs):
        order = rng.permutation(n)
        yield from (order[start : start + 64] for start in range(0, n, 64))


def _slopes(x: Floats, targets: Floats, weights: list[Floats]) -> tuple[list[Floats], Floats]:
    """Return the gradients of the mean loss by weights, and by the inputs."""
    before = x @ weights[0] + weights[1]
    hidden = np.maximum(before, 0)
    off = (softmax(hidden @ weights[2] + weights[3]) - targets) / len(x)
    back = off @ weights[2].T * (before > 0)
    by_weights = [x.T @ back, back.sum(axis=0), hidden.T @ off, off.sum(axis=0)]
    return by_weights, back @ weights[0].T


def _attacked(x: Floats, targets: Floats, weights: list[Floats], eps: Floats) -> Floats:
    moved = x
    for _ in range(4):
        slope = _slopes(moved, targets, weights)[1]
        moved = np.clip(moved + 0.4 * eps * np.sign(slope), x - eps, x + eps)
    return moved
