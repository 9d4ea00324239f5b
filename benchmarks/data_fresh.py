"""Planted defects and clean controls of shapes on which nothing was tuned.

    python benchmarks/data_fresh.py [--seed 0] [--only WORD]

As `data_defects.py`, with other tables (a sensor, loans, orders, a ring, counts), other sizes and
other ways of spoiling them. It prints recall and false alarms.
"""

# ruff: noqa: E501 -- a case is a line

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable

import numpy as np
from data_defects import Sets, Table, checked, found, stacked, taken, words

from modelwarden.targets.spec import Modality, Task

R = np.random.Generator


def sensor(rng: R, n: int = 1500) -> Table:
    """Readings along a day, with a fault that is rare and told by three of them together."""
    hour = rng.uniform(0, 24, n)
    heat = 18 + 6 * np.sin(hour / 24 * 2 * np.pi) + rng.normal(0, 1.5, n)
    load = rng.gamma(3, 12, n)
    shake = np.abs(rng.standard_t(4, n)) * 0.3 + load / 200
    odds = -4 + 0.08 * load + 1.5 * shake - 0.02 * heat
    y = (rng.random(n) < 1 / (1 + np.exp(-odds))).astype(int)
    return {"y": y, "hour": hour, "heat": heat, "load": load, "shake": shake}


def orders(rng: R, n: int = 1500) -> Table:
    """Orders of a shop: skewed amounts, counts, many words, three ends."""
    items = rng.poisson(1.2, n) + 1
    price = np.round(items * rng.lognormal(2.5, 0.8, n), 2)
    land = words(
        rng.choice(["at", "be", "ch", "de", "es", "fr"], n, p=[0.1, 0.1, 0.1, 0.4, 0.1, 0.2])
    )
    item = words(rng.choice([f"sku-{i}" for i in range(60)], n))
    since = rng.exponential(400, n).astype(int)
    z = np.stack([np.zeros(n), np.log(price) - 3 + (land == "fr"), 1 - since / 300], axis=1)
    y = (z + rng.gumbel(size=(n, 3))).argmax(axis=1)
    return {"y": y, "items": items, "price": price, "land": land, "item": item, "since": since}


def ring(rng: R, n: int = 1500) -> Table:
    """A ring around a disc, and a column that says nothing."""
    y = rng.integers(0, 2, n)
    r, a = np.where(y == 1, 3.0, 1.0) + rng.normal(0, 0.35, n), rng.uniform(0, 2 * np.pi, n)
    return {"y": y, "a": r * np.cos(a), "b": r * np.sin(a), "c": rng.exponential(1, n)}


def tied(rng: R, n: int = 1500) -> Table:
    """Numbers that hang together."""
    x = rng.normal(size=(n, 6)) @ (np.eye(6) + 0.6 * np.eye(6, k=1))
    y = (x[:, 0] + x[:, 3] + rng.logistic(size=n) > 0).astype(int)
    return {"y": y, **{f"n{i}": x[:, i] for i in range(6)}}


def posts(rng: R, n: int = 900) -> Table:
    book = np.random.default_rng(99)
    known = ["".join(book.choice(list("aeioulmnrst"), book.integers(3, 9))) for _ in range(600)]
    y = rng.integers(0, 2, n)
    made = [
        " ".join(
            [
                *rng.choice(known[:40] if c else known[40:80], 2),
                *rng.choice(known, int(rng.integers(4, 15))),
            ]
        )
        for c in y
    ]
    return {"y": y, "text": words(np.array(made, object))}


def both(rng: R, make: Callable[..., Table], **how: object) -> Sets:
    sets = Sets(make(rng, **how), make(rng, **how))
    if int(sets.train["y"].max()) > 1:
        sets.task = Task.MULTICLASS
    if make is posts:
        sets.modality = Modality.TEXT
    return sets


def spoilt(
    rng: R, make: Callable[..., Table], change: Callable[[Table], object], **how: object
) -> Sets:
    """The later frame is spoilt."""
    sets = both(rng, make, **how)
    sets.current = make(rng, **how)
    change(sets.current)
    return sets


def given_away(rng: R, make: Callable[..., Table], leak: Callable[[Table], np.ndarray]) -> Sets:
    sets = both(rng, make)
    for table in (sets.train, sets.test):
        table["given"] = leak(table)
    return sets


def mislabelled(
    rng: R, make: Callable[..., Table], share: float, *, only: int | None = None
) -> Sets:
    sets = both(rng, make, n=2000)
    y = sets.train["y"]
    k = int(y.max()) + 1
    wrong = rng.random(len(y)) < share
    if only is not None:
        wrong &= y == only
    at = np.flatnonzero(wrong)
    y[at] = (y[at] + rng.integers(1, k, len(at))) % k
    sets.rows, sets.share = set(at.tolist()), 0.85
    return sets


def repeated(
    rng: R, make: Callable[..., Table], *, other: bool = False, into: str = "train"
) -> Sets:
    """Rows of training stand again, shuffled in."""
    sets = both(rng, make)
    again = taken(sets.train, rng.choice(len(sets.train["y"]), 70, replace=False))
    if other:
        k = int(sets.train["y"].max()) + 1
        again["y"] = (again["y"] + 1) % k
    whole = stacked(sets.train if into == "train" else sets.test, again)
    order = rng.permutation(len(whole["y"]))
    place = np.argsort(order)
    n = len(whole["y"])
    sets.rows, sets.frame = set(place[n - 70 :].tolist()), into
    if into == "train":
        sets.train = taken(whole, order)
    else:
        sets.test = taken(whole, order)
    return sets


def some(rng: R, table: Table, share: float) -> np.ndarray:
    return rng.random(len(table["y"])) < share


def cold(table: Table) -> None:
    table["heat"] = table["heat"] * 1.8 + 32


def blank(rng: R, table: Table, name: str, share: float) -> None:
    at = some(rng, table, share)
    table[name] = (
        np.where(at, None, table[name])
        if table[name].dtype.kind == "O"
        else np.where(at, np.nan, table[name])
    )


def joined_up(table: Table) -> None:
    table["land"] = words(np.where(table["land"] == "at", "de", table["land"]))


def turned(rng: R, table: Table) -> None:
    table["n1"] = rng.permutation(table["n1"])


def uneven(rng: R, n: int = 1500) -> Table:
    table = tied(rng, n)
    table["y"] = table["n0"] * 2 + rng.normal(size=n) * np.exp(table["n1"] / 2)
    return table


def regression(rng: R) -> Sets:
    sets = Sets(uneven(rng), uneven(rng))
    sets.task = Task.REGRESSION
    return sets


def groups(rng: R, n: int = 1500) -> Table:
    table = tied(rng, n)
    table["who"] = words(rng.choice(["a", "b"], n))
    p = 1 / (1 + np.exp(-(table["n0"] + 1.5 * (table["who"] == "a") - 0.7)))
    table["y"] = (rng.random(n) < p).astype(int)
    return table


def zeros(rng: R, n: int = 1500) -> Table:
    made = {f"z{i}": np.where(rng.random(n) < 0.8, 0.0, rng.lognormal(0, 2, n)) for i in range(5)}
    return {"y": (rng.random(n) < 0.3).astype(int), **made}


def codes(rng: R, n: int = 1500) -> Table:
    made = {f"k{i}": rng.integers(0, 4 + i, n) for i in range(5)}
    return {"y": (rng.random(n) < 0.2 + 0.1 * made["k0"]).astype(int), **made}


def drawn_days(rng: R, n: int = 1500) -> Table:
    table = orders(rng, n)
    table["day"] = (np.datetime64("2023-05-01") + rng.integers(0, 400, n)).astype("M8[us]")
    return table


def odd_region(rng: R, n: int = 1500) -> Table:
    table = ring(rng, n)
    at = table["c"] > 2
    table["y"] = np.where(at, rng.integers(0, 2, n), table["y"])
    return table


Case = tuple[str, str | None, str | None, Callable[[R], Sets]]
CASES: tuple[Case, ...] = (
    ("sensor in Fahrenheit", "schema-break", "heat", lambda r: spoilt(r, sensor, cold)),
    ("sensor stuck at -40", "schema-break", "heat", lambda r: spoilt(r, sensor, lambda t: t.update(heat=np.where(some(r, t, 0.03), -40.0, t["heat"])))),
    ("load in tenths", "schema-break", "load", lambda r: spoilt(r, sensor, lambda t: t.update(load=t["load"] * 10))),
    ("amounts as text", "schema-break", "price", lambda r: spoilt(r, orders, lambda t: t.update(price=words(t["price"])))),
    ("new land", "schema-break", "land", lambda r: spoilt(r, orders, lambda t: t.update(land=words(np.where(some(r, t, 0.05), "pl", t["land"]))))),
    ("column renamed", "schema-break", "since", lambda r: spoilt(r, orders, lambda t: t.update(Since=t.pop("since")))),
    ("two lands joined", "feature-drift", "land", lambda r: spoilt(r, orders, joined_up)),
    ("hours by day only", "feature-drift", "hour", lambda r: spoilt(r, sensor, lambda t: t.update(hour=7 + t["hour"] / 2))),
    ("heavier load", "feature-drift", "load", lambda r: spoilt(r, sensor, lambda t: t.update(load=t["load"] * 1.3))),
    ("prices up a fifth", "feature-drift", "price", lambda r: spoilt(r, orders, lambda t: t.update(price=t["price"] * 1.2), n=5000)),
    ("8 % of words missing", "missingness-change", "land", lambda r: spoilt(r, orders, lambda t: blank(r, t, "land", 0.08))),
    ("6 % of numbers missing", "missingness-change", "shake", lambda r: spoilt(r, sensor, lambda t: blank(r, t, "shake", 0.06))),
    ("tie cut", "joint-drift", None, lambda r: spoilt(r, tied, lambda t: turned(r, t))),
    ("more of one end", "label-drift", "y", lambda r: spoilt(r, orders, lambda t: t.update(y=np.where(some(r, t, 0.12), 2, t["y"])))),
    ("end with noise", "target-leakage", "given", lambda r: given_away(r, orders, lambda t: t["y"] * 5.0 + r.normal(size=len(t["y"])))),
    ("end in words", "target-leakage", "given", lambda r: given_away(r, tied, lambda t: words(np.where(t["y"] == 1, "closed", "running")))),
    ("written after the fact", "target-leakage", "given", lambda r: given_away(r, sensor, lambda t: words(np.where((t["y"] == 1) & (r.random(len(t["y"])) < 0.8), "visited", None)))),
    ("numbered by class", "target-leakage", "given", lambda r: given_away(r, tied, lambda t: np.argsort(np.argsort(t["y"] + r.random(len(t["y"])) * 0.8)) + 17)),
    ("ring, 6 % wrong", "label-errors", None, lambda r: mislabelled(r, ring, 0.06)),
    ("ring, 10 % of one class wrong", "label-errors", None, lambda r: mislabelled(r, ring, 0.10, only=1)),
    ("posts, 8 % wrong", "label-errors", None, lambda r: mislabelled(r, posts, 0.08)),
    ("orders again", "duplicate-rows", None, lambda r: repeated(r, orders)),
    ("readings of training in test", "duplicate-rows", None, lambda r: repeated(r, sensor, into="test")),
    ("posts again", "duplicate-rows", None, lambda r: repeated(r, posts)),
    ("other end", "label-conflict", None, lambda r: repeated(r, orders, other=True)),
    ("readings of another end", "label-conflict", None, lambda r: repeated(r, sensor, other=True)),
    *((f"clean {name}", None, None, lambda r, m=make: both(r, m)) for name, make in (
        ("sensor", sensor), ("orders", orders), ("ring", ring), ("tied", tied), ("posts", posts), ("groups", groups),
        ("zeros", zeros), ("codes", codes), ("days", drawn_days), ("region", odd_region))),
    *((f"clean {name}, later frame", None, None, lambda r, m=make: spoilt(r, m, lambda _: None)) for name, make in (
        ("sensor", sensor), ("orders", orders), ("tied", tied), ("zeros", zeros), ("codes", codes), ("days", drawn_days))),
    *((f"clean {name}, {n} rows", None, None, lambda r, m=make, n=n: both(r, m, n=n)) for name, make, n in (
        ("sensor", sensor, 250), ("orders", orders, 400), ("ring", ring, 300), ("tied", tied, 6000), ("groups", groups, 5000))),
    ("clean regression", None, None, regression),
    ("load 1 % heavier", None, None, lambda r: spoilt(r, sensor, lambda t: t.update(load=t["load"] * 1.01), n=8000)),
    ("0.4 % missing", None, None, lambda r: spoilt(r, sensor, lambda t: blank(r, t, "shake", 0.004), n=8000)),
    ("strong column", None, None, lambda r: given_away(r, tied, lambda t: t["y"] * 1.6 + r.normal(size=len(t["y"])))),
    ("number without order", None, None, lambda r: given_away(r, tied, lambda t: r.permutation(len(t["y"])) + 17)),
)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="")
    chosen = parser.parse_args()
    missed, cried, failed = [], {}, []
    planted = controls = 0
    began = time.process_time()
    for number, (name, rule, feature, make) in enumerate(CASES):
        if chosen.only not in name:
            continue
        sets = make(np.random.default_rng([chosen.seed, 1000 + number]))
        result = checked(sets)
        failed += [f"{name}: {gap.why}" for gap in result.gaps]
        if rule is None:
            controls += 1
            if result.findings:
                cried[name] = [
                    f"{f.severity.value} {f.rule}: {f.message}"[:200] for f in result.findings
                ][:3]
        else:
            planted += 1
            if not found(result, sets, rule, feature):
                missed.append(name)
    told = {
        "planted": planted,
        "recall": round((planted - len(missed)) / max(planted, 1), 3),
        "missed": missed,
        "controls": controls,
        "false_alarms": len(cried),
        "cried": cried,
        "failed": failed,
        "cpu_seconds": round(time.process_time() - began, 1),
        "seed": chosen.seed,
    }
    print(json.dumps(told, indent=1, ensure_ascii=False))


if __name__ == "__main__":
    main()
