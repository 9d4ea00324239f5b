"""Live drift: delay of every planted kind, alarms on honest streams, and the cost of a row.

Tables and vectors are drawn, sets of the shared data are shuffled; each stream starts with rows of
the same world, then changes. Prints JSON. Run: `python benchmarks/monitor_windows.py [DATA]`.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import time

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the commands do: more cost ten times it

import numpy as np

from modelwarden.detectors.coding import Coder, counts_of
from modelwarden.detectors.profile import Input, Kind
from modelwarden.detectors.relations import relations_of
from modelwarden.detectors.windows import Windows

REFERENCE, START, LENGTH, STREAMS = 1000, 300, 600, 20
WORDS = ("red", "green", "blue", "grey")


def table(n, rng):
    """Columns of unlike kinds; y hangs on the first."""
    z = rng.normal(size=n)
    made = {
        "a": z,
        "b": 0.3 * z + rng.normal(size=n),
        "c": rng.normal(size=n),
        "tail": rng.lognormal(sigma=1.5, size=n),
        "age": rng.integers(18, 90, n).astype(float),
        "gap": np.where(rng.random(n) < 0.05, np.nan, rng.normal(size=n)),
    }
    words = np.empty(n, object)
    words[:] = rng.choice(WORDS, n, p=[0.5, 0.3, 0.15, 0.05])
    return made | {"word": words}


def drifted(kind, n, rng):
    made = table(n, rng)
    if kind == "mean":
        made["c"] += 0.5
    elif kind == "spread":
        made["c"] *= 1.6
    elif kind == "two modes":
        made["c"] = np.where(rng.random(n) < 0.5, -1, 1) + 0.3 * made["c"]
    elif kind == "missing":
        made["gap"][rng.random(n) < 0.2] = np.nan
    elif kind == "mix":
        made["word"][:] = rng.choice(WORDS, n, p=[0.3, 0.3, 0.2, 0.2])
    elif kind == "correlation":
        made["c"] = 0.5 * made["a"] + np.sqrt(0.75) * made["c"]
    elif kind == "prior":  # of a class that lies where a is high
        many = table(6 * n, rng)
        high = np.flatnonzero(many["a"] > 0.5)[: int(0.55 * n)]
        low = np.flatnonzero(many["a"] <= 0.5)[: n - len(high)]
        at = rng.permutation(np.concatenate([high, low]))
        made = {name: v[at] for name, v in many.items()}
    return made


KINDS = ("mean", "spread", "two modes", "missing", "mix", "correlation", "prior")


def specs(made):
    return tuple(
        Input(name=k, kind=Kind.CATEGORY, categories=WORDS)
        if v.dtype == object
        else Input(name=k, kind=Kind.NUMBER)
        for k, v in made.items()
    )


def windows_of(inputs, values, n):
    counts = counts_of(inputs, values)
    coder = Coder(inputs, counts)
    return Windows(coder, relations_of(coder.names, coder.numbers(values, n)))


def feed(windows, values, n, clients, size=10):
    """Rows until something is told; None when nothing is."""
    for at in range(0, n, size):
        part = {k: v[at : at + size] for k, v in values.items()}
        found = windows.add(part, clients[at : at + size])
        if found:
            return at + size, found[0]
    return None, None


def planted():
    result = {}
    for kind in KINDS:
        delays, rules = [], []
        for seed in range(STREAMS):
            rng = np.random.default_rng([1, seed])
            reference = table(REFERENCE, rng)
            windows = windows_of(specs(reference), reference, REFERENCE)
            clients = [f"c{i % 7}" for i in range(START + LENGTH)]
            early, _ = feed(windows, table(START, rng), START, clients)
            delay, found = feed(windows, drifted(kind, LENGTH, rng), LENGTH, clients)
            delays.append(None if early else delay)
            rules.append(found.rule if found else None)
        known = [d for d in delays if d is not None]
        result[kind] = {
            "found": len(known),
            "of": STREAMS,
            "median_rows": statistics.median(known) if known else None,
            "largest_rows": max(known, default=None),
            "rules": sorted({str(r) for r in rules}),
        }
    return result


def honest(n=2500):
    alarms = 0
    for seed in range(2 * STREAMS):
        rng = np.random.default_rng([2, seed])
        size = (300, 1000)[seed % 2]
        reference = table(size, rng)
        windows = windows_of(specs(reference), reference, size)
        at, _ = feed(windows, table(n, rng), n, [f"c{i % 7}" for i in range(n)])
        alarms += at is not None
    return {"streams": 2 * STREAMS, "rows": n, "with_an_alarm": alarms}


def honest_shapes(n=2000):
    """Retries, hot items, a walk of frames, a flood of one client among others."""
    told = {}
    for name in ("retries", "hot items", "frames", "flood"):
        alarms = 0
        for seed in range(STREAMS):
            rng = np.random.default_rng([3, seed])
            spec = (Input(name="x", kind=Kind.NUMBER, shape=(64,)),)
            mixing = rng.normal(size=(64, 64)) / 8
            reference = {"x": rng.normal(size=(REFERENCE, 64)) @ mixing}
            windows = windows_of(spec, reference, REFERENCE)
            x = rng.normal(size=(n, 64)) @ mixing
            clients = [f"c{i % 7}" for i in range(n)]
            if name == "retries":
                x = np.repeat(x[: n // 4], 4, axis=0)
            elif name == "hot items":
                x = np.where(rng.random((n, 1)) < 0.7, x[rng.integers(0, 8, n)], x)
            elif name == "frames":
                steps = rng.normal(size=(n, 64)) @ mixing
                for i in range(1, n):
                    x[i] = 0.9 * x[i - 1] + np.sqrt(1 - 0.81) * steps[i]
            else:
                clients = [c if i < 600 or i % 5 == 0 else "loud" for i, c in enumerate(clients)]
                loud = np.array([c == "loud" for c in clients])
                x[loud] = 0.3 * x[loud] + 0.5
            at, _ = feed(windows, {"x": x}, n, clients)
            alarms += at is not None
        told[name] = {"streams": STREAMS, "with_an_alarm": alarms}
    return told


def cost(n=20_000):
    rng = np.random.default_rng(4)
    spec = (Input(name="x", kind=Kind.NUMBER, shape=(64,)),)
    reference = {"x": rng.normal(size=(REFERENCE, 64))}
    x = rng.normal(size=(n, 64))
    clients = [f"c{i % 50}" for i in range(n)]
    result = {}
    for size in (1, 50):
        times = []
        for _ in range(3):
            windows = windows_of(spec, reference, REFERENCE)
            began = time.process_time()
            for at in range(0, n, size):
                windows.add({"x": x[at : at + size]}, clients[at : at + size])
            times.append((time.process_time() - began) / n * 1e6)
        result[f"us_a_row_in_requests_of_{size}"] = round(min(times), 2)
    return result


if __name__ == "__main__":
    shown = {"planted": planted(), "honest": honest(), "shapes": honest_shapes(), "cost": cost()}
    print(json.dumps(shown, indent=1))
    sys.exit(0)
