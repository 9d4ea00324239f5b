"""Profiles of small references."""

from __future__ import annotations

import numpy as np

from modelwarden.firewall import Meta, Protocol, Wanted, profile_of
from modelwarden.targets.frames import Frame


def vectors(rows=400, width=12, seed=0):
    """Return rows near a plane of four dimensions, within 0 and 1."""
    rng = np.random.default_rng(seed)
    basis = np.random.default_rng(99).normal(size=(4, width)) * 0.1
    return np.clip(
        0.5 + rng.normal(size=(rows, 4)) @ basis + rng.normal(size=(rows, width)) * 0.01, 0, 1
    )


def tensor(protocol="oip-v2", **rest):
    meta = {"name": "m", "input": "x", "datatype": "FP32", "low": 0.0, "high": 1.0, **rest}
    return profile_of(
        vectors(), Meta(protocol=Protocol(protocol), **meta), digest="sha256:0", version="1"
    )


def texts(protocol="oip-v2", name="text", rows=400, seed=0):
    """Return the profile of a model of short English texts."""
    words = np.empty(rows, np.object_)
    words[:] = sentences(rows, seed)
    form = None
    if protocol == "json":
        form = Wanted(route="/t", inputs={name: f"$.{name}[*]"}, under="", others=(), reads=())
    meta = Meta(name="t", protocol=Protocol(protocol), input=name, form=form)
    return profile_of(Frame((name,), (words,)), meta, digest="sha256:0", version="1")


def sentences(rows, seed=0):
    rng = np.random.default_rng(seed)
    known = "the service was good food came late we liked this place never again staff".split()
    return [" ".join(rng.choice(known, rng.integers(3, 30))) for _ in range(rows)]


def people(rows=300, seed=0):
    rng = np.random.default_rng(seed)
    words = np.empty(rows, np.object_)
    words[:] = rng.choice(["red", "green", "blue"], rows)
    income = rng.normal(3000, 500, rows)
    income[::10] = np.nan
    return Frame(
        ("age", "income", "colour", "member"),
        (rng.integers(18, 80, rows), income, words, rng.random(rows) < 0.5),
    )


def table(protocol="mlflow"):
    meta = Meta(name="people", protocol=Protocol(protocol))
    return profile_of(people(), meta, digest="sha256:0", version="1")
