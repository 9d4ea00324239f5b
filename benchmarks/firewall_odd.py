"""Honest streams that look odd, judged as the firewall judges them: which are taken for a search.

    python benchmarks/firewall_odd.py DATA [--seeds N …] [--rows N]

DATA is the folder with `mnist-10k`, `spambase`, `nsl-kdd`, `phishing-urls` and `android-malware`;
digits and breast cancer come from scikit-learn. The reference is 55 % of a set. One client sends
all rows of a stream, one a request. A stream counts as alarmed when any alarm of a client was
raised. `fixed camera` and `explainer` look just as the rows of an attack do, and stand here to show
that.
"""

from __future__ import annotations

import argparse
import json
import warnings
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
from firewall_abuse import World, linear, patient_sets, told_after, world

from modelwarden.firewall.fitting import normal_of
from modelwarden.firewall.normal import Scorer

Rng = np.random.Generator
Stream = Callable[[World, np.ndarray, Rng], np.ndarray]


def column_of(w: World, rng: Rng) -> int:
    """Return a column with many values, where there is one."""
    many = [len(np.unique(column)) for column in w.reference[:500].T]
    return int(rng.choice(np.argsort(many)[-max(1, len(many) // 4) :]))


def values_of(w: World, column: int, count: int) -> np.ndarray:
    """Return at most so many values of a column, in order."""
    values = np.unique(w.reference[:, column])
    return values[np.unique(np.linspace(0, len(values) - 1, count).astype(int))]


def varied(rows: np.ndarray, column: int, values: np.ndarray) -> np.ndarray:
    """Return (rows, values, d): each row with each of these values."""
    found = np.repeat(rows[:, None], len(values), axis=1)
    found[:, :, column] = values
    return found


def sorted_by_score(w, fresh, _):
    return fresh[np.argsort(w.scores(fresh)[:, 0])]


def replay_rounded(w, fresh, _):
    unit = np.where(w.high > w.low, w.high - w.low, 1) * 1e-5
    half = fresh[: len(fresh) // 2]
    return np.concatenate([half, np.round(half / unit) * unit])


def two_arms(w, fresh, rng):
    half = fresh[: len(fresh) // 2]
    other, column = half.copy(), column_of(w, rng)
    other[:, column] = rng.permutation(other[:, column])
    return np.stack([half, other], axis=1).reshape(-1, half.shape[1])


def corrections(_, fresh, rng):
    rows = []
    for at, row in enumerate(fresh):
        rows.append(row)
        if at % 4 == 3:
            mended, column = fresh[at - 3].copy(), int(rng.integers(len(row)))
            mended[column] = fresh[rng.integers(len(fresh)), column]
            rows.append(mended)
    return rows


def joined(w, fresh, rng):
    column = column_of(w, rng)
    return varied(fresh, column, values_of(w, column, 12)).reshape(-1, fresh.shape[1])


def joined_by_value(w, fresh, rng):
    column = column_of(w, rng)
    found = varied(fresh[:125], column, values_of(w, column, 12))
    return found.transpose(1, 0, 2).reshape(-1, fresh.shape[1])


def what_if_grid(w, fresh, rng):
    one, other = column_of(w, rng), column_of(w, rng)
    rows = varied(fresh[:20], one, values_of(w, one, 12)).reshape(-1, fresh.shape[1])
    return varied(rows, other, values_of(w, other, 12)).reshape(-1, fresh.shape[1])


def what_if_halving(w, fresh, rng):
    rows = []
    for row in fresh:
        column = column_of(w, rng)
        low, high = row[column], w.high[column]
        was = w.scores(row[None]).argmax()
        for _ in range(8):
            tried = row.copy()
            tried[column] = (low + high) / 2
            rows.append(tried)
            same = w.scores(tried[None]).argmax() == was
            low, high = (tried[column], high) if same else (low, tried[column])
        if len(rows) >= len(fresh):
            return rows
    return rows


def health_check(w, fresh, rng):
    rows, column = fresh.copy(), column_of(w, rng)
    values = np.unique(w.reference[:, column])
    rows[::10] = fresh[0]
    rows[::10, column] = np.resize(values, len(rows[::10]))
    return rows


def rescored(w, fresh, rng):
    now, rows = fresh[:60].copy(), []
    spread = w.reference.std(axis=0)
    while len(rows) < len(fresh):
        moved = rng.random(now.shape) < 3 / now.shape[1]
        now = np.clip(now + moved * 0.1 * spread * rng.normal(size=now.shape), w.low, w.high)
        rows += [*now]
    return rows


def slow_pan(_, fresh, rng):
    rows = []
    for a, b in pairwise(fresh):
        steps = int(rng.integers(4, 31))
        rows += [a + step / steps * (b - a) for step in range(steps)]
        if len(rows) >= len(fresh):
            break
    return rows


def drifting(w, fresh, _):
    slow = np.linspace(0, 0.025, len(fresh))[:, None]
    return np.clip(fresh + slow * (w.high - w.low), w.low, w.high)


def season(w, fresh, rng):
    some = rng.random(fresh.shape[1]) < 0.2
    wave = np.sin(np.arange(len(fresh)) * 2 * np.pi / 300)[:, None]
    return np.clip(fresh + wave * 0.7 * some * w.reference.std(axis=0), w.low, w.high)


def fixed_camera(w, fresh, rng):
    noise = rng.normal(size=(15, 100, fresh.shape[1])) * 0.02 * w.reference.std(axis=0)
    return np.clip(fresh[:15, None] + noise, w.low, w.high).reshape(-1, fresh.shape[1])


def explainer(_, fresh, rng):
    rows = np.repeat(fresh[:30], 50, axis=0)
    drawn = rng.random(rows.shape) < 0.3
    others = fresh[rng.integers(len(fresh), size=len(rows))]
    return np.where(drawn, others, rows)


STREAMS: dict[str, Stream] = {
    one.__name__.replace("_", " "): one
    for one in (
        sorted_by_score, replay_rounded, two_arms, corrections, joined, joined_by_value,
        what_if_grid, what_if_halving, health_check, rescored, slow_pan, drifting, season,
        fixed_camera, explainer,
    )
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--rows", type=int, default=1500)
    chosen = parser.parse_args()
    warnings.simplefilter("ignore")
    found: dict[str, list[tuple[int, str] | None]] = {}
    for name, x, y in patient_sets(chosen.data):
        for seed in chosen.seeds:
            w = world(name, x, y, seed, linear)
            normal = normal_of(w.reference, rate=0.01)
            scorer, rng = Scorer(normal), np.random.default_rng(5000 + seed)
            for stream, made in STREAMS.items():
                fresh = w.fresh[rng.permutation(len(w.fresh))][: chosen.rows]
                rows = np.asarray(made(w, fresh, rng))[: chosen.rows]
                told = told_after(normal, scorer, rows)
                found.setdefault(stream, []).append(told)
                print(name, seed, stream, *(told or ("quiet",)), sep="  ", flush=True)
    for stream, told in found.items():
        alarmed = sum(one is not None for one in told)
        print(json.dumps({"stream": stream, "alarmed": alarmed, "of": len(told)}))


if __name__ == "__main__":
    main()
