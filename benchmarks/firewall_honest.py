"""Honest rows that the firewall would refuse: fresh ones of real data, and of processes drawn here.

    python benchmarks/firewall_honest.py DATA [--seeds N …] [--rows N]

DATA is the folder with the data sets. A profile is learnt from a part, with default rates, and
every other row is judged as a request of its own: from random halves, from the earlier part where
rows are in order of time, and where a set has a test part of its own, from the training part.
Attacks, spam and malware are the fresh rows of their sets as well as what is harmless; nothing in
them is malformed. The processes are weather, money, waiting, counts, instruments, places and
scores: most of them with values that go below nothing or have long tails. `range` … are refusals
of single values, `abnormal` of rows as a whole, by design a few in ten thousand.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from pathlib import Path

import duckdb
import numpy as np

from modelwarden.firewall import Meta, Protocol, profile_of
from modelwarden.firewall.checks import check_values
from modelwarden.firewall.errors import RefusedError
from modelwarden.firewall.features import matrix_of
from modelwarden.firewall.normal import Scorer
from modelwarden.firewall.orders import check_orders
from modelwarden.targets.frames import Frame


def read(folder, name, *left_out):
    frame = duckdb.sql(f"SELECT * FROM '{folder / name}'").df()
    return framed(frame.drop(columns=list(left_out)))


def framed(frame):
    columns = []
    for name in frame.columns:
        column = frame[name]
        if column.dtype.kind in "biuf":
            columns.append(column.to_numpy())
        else:
            words = np.empty(len(column), np.object_)
            words[:] = [None if v is None or v != v else str(v) for v in column.tolist()]
            columns.append(words)
    return Frame(tuple(frame.columns), tuple(columns))


def real(folder):
    """Yield names, rows, and where the fresh ones begin, of what is in an order of its own."""
    from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_wine

    for made in (load_breast_cancer, load_diabetes, load_wine, load_digits):
        yield made.__name__[5:], framed(made(as_frame=True).data), None
    one = read(folder, "adult/train.parquet", "label")
    other = read(folder, "adult/test.parquet", "label")
    both = tuple(np.concatenate(p) for p in zip(one.columns, other.columns, strict=True))
    yield "adult", Frame(one.names, both), len(one)
    yield "german-credit", read(folder, "german-credit/german.parquet", "label"), None
    bank = read(folder, "bank-marketing/bank_additional_full.parquet", "label")
    yield "bank-marketing", bank, int(0.6 * len(bank))
    one = read(folder, "nsl-kdd/train20.parquet", "label", "attack", "difficulty")
    other = read(folder, "nsl-kdd/test.parquet", "label", "attack", "difficulty")
    both = tuple(np.concatenate(p) for p in zip(one.columns, other.columns, strict=True))
    yield "nsl-kdd", Frame(one.names, both), None
    yield "phishing-urls", read(folder, "phishing-urls/phishing_urls.parquet", "label", "url"), None
    yield "spambase", read(folder, "spambase/spambase.parquet", "label"), None
    yield "android-malware", read(folder, "android-malware/tuandromd.parquet", "label"), None
    with np.load(folder / "creditcard-sample/creditcard.npz", allow_pickle=False) as found:
        x = found[found.files[0]]
    yield "creditcard", Frame(tuple(f"v{i}" for i in range(x.shape[1])), tuple(x.T)), None


def weather(rng, n):
    """One town over a year: none of it below nothing in a mild one, all thin at neither end."""
    season = np.sin(rng.uniform(0, 2 * np.pi, n))
    degrees = 17 + 15 * season + rng.normal(0, 1.2, n)
    return {
        "degrees": degrees.round(1),
        "whole_degrees": degrees.round(),
        "fahrenheit": (degrees * 1.8 + 32).round(1),
        "wind": rng.weibull(2, n) * 5,
        "pressure": rng.normal(1013, 8, n).round(1),
        "humid": (100 * rng.beta(5, 3, n)).round(),
        "rain": np.where(rng.random(n) < 0.7, 0, rng.gamma(0.7, 6, n)).round(1),
    }


def winter(rng, n):
    """Temperatures that are crowded near their least, as where heating keeps frost out."""
    inside = 1.5 + 33 * rng.beta(0.9, 1.4, n) + rng.normal(0, 1.0, n)
    return {"inside": inside.round(1), "outside": (inside - rng.exponential(3, n)).round(1)}


def money(rng, n):
    income = rng.lognormal(10.4, 0.6, n)
    return {
        "salary": income.round(2),
        "worth": (income * rng.normal(1.2, 1.1, n)).round(2),
        "earned": (income * rng.normal(0.15, 0.1, n)).round(2),
        "paid": rng.pareto(1.5, n).round(2) * 20,
        "change": (rng.standard_t(3, n) * 0.01).round(5),
        "shares": rng.dirichlet(np.ones(3), n)[:, 0].round(4),
    }


def waiting(rng, n):
    return {
        "milliseconds": rng.lognormal(4, 1.3, n).round(2),
        "seconds": rng.exponential(30, n).round(3),
        "tries": rng.geometric(0.4, n),
        "bytes": rng.lognormal(8, 2, n).astype(np.int64),
        "late": rng.normal(2, 4, n).round(1),
        "rank": rng.zipf(2.2, n).clip(max=10**9),
    }


def counting(rng, n):
    base = rng.gamma(2, 3, n)
    return {
        "visits": rng.poisson(base),
        "clicks": rng.binomial(40, 0.1, n),
        "children": rng.poisson(1.2, n),
        "balance_of_goals": rng.poisson(2.0, n) - rng.poisson(0.4, n),
        "stars": rng.integers(1, 6, n),
        "weekday": rng.integers(0, 7, n),
        "year": rng.integers(1990, 2026, n),
    }


def instruments(rng, n):
    cause = rng.normal(size=(n, 3))
    made = cause @ np.random.default_rng(5).normal(size=(3, 8)) + rng.normal(0, 0.3, (n, 8))
    scale = np.array([2, 1.2, 0.3, 0.05, 4, 60, 1, 4])
    base = np.array([9, 101, 0.9, 0.8, 11, 150, 3, 230])
    return {f"s{i}": column for i, column in enumerate((base + made * scale).round(4).T)}


def places(rng, n):
    town = rng.integers(0, 4, n)
    return {
        "east": np.array([2.3, 0.1, 13.4, 4.9])[town] + rng.normal(0, 0.12, n),
        "north": np.array([48.9, 51.5, 52.5, 52.4])[town] + rng.normal(0, 0.08, n),
        "height": np.array([40, 15, 35, 4])[town] + rng.normal(0, 6, n).round(),
        "bearing": rng.uniform(0, 360, n).round(1),
        "offset": rng.uniform(0.4, 5, n).round(3) + rng.normal(0, 0.5, n).round(3),
    }


def scores(rng, n):
    logit = rng.normal(0.5, 1.5, n)
    return {
        "logit": logit,
        "probability": 1 / (1 + np.exp(-logit)),
        "percentile": rng.integers(1, 100, n),
        "grade": (4 * rng.beta(5, 2, n) + rng.normal(0, 0.3, n)).round(2),
        "ratio": np.exp(rng.normal(0, 0.7, n)).round(3),
        "decibels": (-40 * rng.beta(1, 3, n) + rng.normal(0, 2, n)).round(1),
        "index": (102 - 3 * rng.exponential(1, n)).clip(40).round(2),
        "heavy": rng.standard_t(2, n),
    }


PROCESSES = (weather, winter, money, waiting, counting, instruments, places, scores)


def named(columns, plain):
    """Return a frame; with plain names nothing is told by them."""
    names = tuple(f"f{i}" for i in range(len(columns))) if plain else tuple(columns)
    return Frame(names, tuple(np.asarray(c) for c in columns.values()))


def told(check, values, refused, why):
    """Put down of which rows, each by itself, a check speaks against; halves are looked into."""
    waiting = [(0, len(refused))]
    while waiting:
        start, end = waiting.pop()
        try:
            check({name: column[start:end] for name, column in values.items()})
        except RefusedError as error:
            if end - start == 1:
                refused[start] = True
                why[f"{error.reason}: {error.detail}"] += 1
            else:
                middle = (start + end) // 2
                waiting += [(start, middle), (middle, end)]


def judged(reference, fresh, seed):
    """Return how many rows there are and how many are refused, by reason and input."""
    meta = Meta(name="m", protocol=Protocol.MLFLOW)
    profile = profile_of(reference, meta, digest="sha256:0", version="0", seed=seed)
    values = dict(zip(fresh.names, fresh.columns, strict=True))
    refused = np.zeros(len(fresh), bool)
    why = Counter()
    for spec in profile.inputs:
        told(lambda part, s=spec: check_values(s, part[s.name]), values, refused, why)
    told(lambda part: check_orders(profile.orders, part), values, refused, why)
    single = int(refused.sum())
    abnormal = np.zeros(len(fresh), bool)
    if profile.normal is not None:
        matrix = matrix_of(profile.inputs, values, len(fresh))
        scored = np.concatenate([
            Scorer(profile.normal).judged(matrix[i : i + 64]).scores
            for i in range(0, len(matrix), 64)
        ])  # fmt: skip
        abnormal = scored > profile.normal.refuse
    return {
        "rows": len(fresh), "single": single, "abnormal": int(abnormal.sum()),
        "either": int((refused | abnormal).sum()), "why": dict(why.most_common(6)),
    }  # fmt: skip


def main() -> None:
    """Print what is refused of each set and process."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--rows", type=int, default=2000)
    parser.add_argument("--only", choices=("real", "drawn"))
    args = parser.parse_args()
    total = Counter()

    def tell(sort, name, seed, found):
        for key in ("rows", "single", "abnormal", "either"):
            total[f"{sort} {key}"] += found[key]
        print(json.dumps({"sort": sort, "name": name, "seed": seed, **found}), flush=True)

    for name, frame, later in () if args.only == "drawn" else real(args.data):
        for seed in args.seeds:
            rng = np.random.default_rng(seed)
            order = rng.permutation(len(frame))[: 2 * args.rows]
            half = len(order) // 2
            tell(
                "real", name, seed, judged(frame.take(order[:half]), frame.take(order[half:]), seed)
            )
            if later is not None:
                old = np.sort(rng.permutation(later)[: args.rows])
                new = later + np.sort(rng.permutation(len(frame) - later)[: args.rows])
                found = judged(frame.take(old), frame.take(new), seed)
                tell("later", f"{name}, later", seed, found)
    for seed in () if args.only == "real" else args.seeds:
        for number, process in enumerate(PROCESSES):
            for count in (200, 1500, 6000):
                for plain in (False, True):
                    rng = np.random.default_rng([seed, number, count])
                    reference = named(process(rng, count), plain)
                    fresh = named(process(rng, args.rows), plain)
                    name = f"{process.__name__} {count}{' plain' * plain}"
                    tell("drawn", name, seed, judged(reference, fresh, seed))
    print(json.dumps(total, indent=1))


if __name__ == "__main__":
    main()
