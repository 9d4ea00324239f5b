"""Made rows that metrics are tried on."""

from __future__ import annotations

import numpy as np


def labels(n=400, classes=3, seed=0, right=0.7):
    """Return true and predicted classes, and groups of eight."""
    rng = np.random.default_rng(seed)
    y = rng.choice(classes, n, p=np.arange(1, classes + 1) / np.arange(1, classes + 1).sum())
    predicted = np.where(rng.random(n) < right, y, rng.integers(0, classes, n))
    return y, predicted, rng.integers(0, 8, n)


def scored(n=300, seed=0, shift=1.0, digits=1, share=0.4):
    """Return binary truth and scores with many ties."""
    rng = np.random.default_rng(seed)
    y = rng.random(n) < share
    return y, np.round(rng.normal(size=n) + shift * y, digits)


def probabilities(n=300, classes=3, seed=0):
    """Return classes drawn from the probabilities that stand beside them."""
    rng = np.random.default_rng(seed)
    p = rng.dirichlet(np.ones(classes), n)
    y = (rng.random(n)[:, None] > p.cumsum(axis=1)).sum(axis=1).clip(0, classes - 1)
    return y, p


def named(measurements):
    """Return measurements by name."""
    return {m.name: m for m in measurements}
