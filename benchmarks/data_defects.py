"""Planted defects of data, and clean controls: what is found, and what is cried.

    python benchmarks/data_defects.py [--seed 0] [--only WORD]

Each case makes a training and a test set, sometimes a later one, of some kind of table (or texts, or
images), plants one defect or none, and runs the whole stage. A defect is found when its rule
speaks of the right column, or lists at least 95 of 100 rows (90 of wrong labels). A control is
quiet when no rule speaks at all.
"""

# ruff: noqa: E501 -- a case is a line

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from modelwarden.core.stages import StageResult
from modelwarden.data.given import Given
from modelwarden.data.stage import run
from modelwarden.targets.config import DataConfig, ProjectConfig
from modelwarden.targets.data import DataSet
from modelwarden.targets.frames import Column, Frame
from modelwarden.targets.spec import Modality, Task

Table = dict[str, np.ndarray]
N = 12_000


@dataclass
class Sets:
    """What a case gives; `rows` are the planted ones of a frame, `feature` the column."""

    train: Table
    test: Table
    current: Table | None = None
    task: Task = Task.BINARY
    modality: Modality = Modality.TABULAR
    rows: set[int] = field(default_factory=set)
    frame: str = "train"
    share: float = 0.95


def words(values: np.ndarray) -> np.ndarray:
    made = np.empty(len(values), object)
    made[:] = [None if v is None else str(v) for v in values.tolist()]
    return made


def credit(rng: np.random.Generator, n: int = 3000, base: float = 0.0) -> Table:
    """A table of people, with numbers of all kinds, words, and a label that is uncertain."""
    age = rng.integers(18, 80, n)
    income = np.round(rng.lognormal(10, 0.6, n), 2)
    score = rng.normal(600, 80, n)
    debt = income * rng.beta(2, 5, n)
    town = words(rng.choice(["north", "south", "east", "west"], n, p=[0.4, 0.3, 0.2, 0.1]))
    job = words(rng.choice([f"job{i}" for i in range(25)], n, p=_zipf(25)))
    gap = np.where(rng.random(n) < 0.1, np.nan, rng.gamma(2, 3, n))
    odds = base + (score - 600) / 60 - debt / income * 3 + 0.8 * (town == "north")
    y = (rng.random(n) < 1 / (1 + np.exp(-odds))).astype(np.int64)
    return {
        "y": y,
        "age": age,
        "income": income,
        "score": score,
        "debt": debt,
        "town": town,
        "job": job,
        "gap": gap,
    }


def _zipf(k: int) -> np.ndarray:
    share = np.arange(1, k + 1) ** -1.0
    return share / share.sum()


def apart(rng: np.random.Generator, n: int = 2500, k: int = 3) -> Table:
    """Classes that lie apart."""
    y = rng.integers(0, k, n)
    middle = rng.normal(size=(k, 6)) * 4
    x = middle[y] + rng.normal(size=(n, 6))
    return {"y": y, **{f"x{i}": x[:, i] for i in range(6)}}


def survey(rng: np.random.Generator, n: int = 3000, columns: int = 9) -> Table:
    """Few answers to few questions: rows repeat by themselves."""
    mood = rng.random(n)
    made = {f"q{i}": words(np.where(rng.random(n) < mood, "yes", "no")) for i in range(columns)}
    return {"y": (rng.random(n) < mood).astype(np.int64), **made}


def numbers(rng: np.random.Generator, n: int = N, d: int = 20) -> Table:
    x = rng.normal(size=(n, d))
    y = (rng.random(n) < 1 / (1 + np.exp(-x[:, 0] - x[:, 1]))).astype(np.int64)
    return {"y": y, **{f"x{i}": x[:, i] for i in range(d)}}


def pair(make: Callable[..., Table], rng: np.random.Generator, **how: object) -> Sets:
    return Sets(make(rng, **how), make(rng, **how))


def later(rng: np.random.Generator, change: Callable[[Table], object], n: int = N) -> Sets:
    sets = pair(numbers, rng, n=n)
    change(sets.test)
    return sets


def broken(rng: np.random.Generator, change: Callable[[Table], object]) -> Sets:
    sets = Sets(credit(rng), credit(rng), credit(rng))
    if sets.current is not None:
        change(sets.current)
    return sets


def stacked(one: Table, two: Table) -> Table:
    return {key: np.concatenate([one[key], two[key]]) for key in one}


def taken(table: Table, rows: np.ndarray) -> Table:
    return {key: value[rows] for key, value in table.items()}


def copies(rng: np.random.Generator, make: Callable[..., Table], jitter: float = 0.0) -> Sets:
    sets = pair(make, rng)
    n = len(sets.train["y"])
    again = taken(sets.train, rng.choice(n, n // 25, replace=False))
    for name, column in again.items():
        if jitter and name != "y" and column.dtype.kind == "f":
            column += rng.normal(size=len(column)) * jitter * np.nanstd(column)
    sets.train = stacked(sets.train, again)
    sets.rows = set(range(n, n + n // 25))
    return sets


def shared(rng: np.random.Generator, jitter: float = 0.0) -> Sets:
    sets = pair(credit, rng)
    n = len(sets.test["y"])
    again = taken(sets.train, rng.choice(n, n // 25, replace=False))
    for name in ("income", "score", "debt"):
        again[name] = again[name] * (1 + jitter * rng.normal(size=len(again[name])))
    sets.test = stacked(sets.test, again)
    sets.rows, sets.frame = set(range(n, n + n // 25)), "test"
    return sets


def conflicts(rng: np.random.Generator, jitter: float = 0.0) -> Sets:
    sets = copies(rng, credit, jitter)
    at = sorted(sets.rows)
    sets.train["y"][at] = 1 - sets.train["y"][at]
    return sets


def flipped(
    rng: np.random.Generator, make: Callable[..., Table], share: float, **how: object
) -> Sets:
    sets = pair(make, np.random.default_rng(rng.integers(2**31)), **how)
    whole = make(rng, n=6000, **how)
    sets.train, sets.test = taken(whole, np.arange(4000)), taken(whole, np.arange(4000, 6000))
    y = sets.train["y"]
    k = int(y.max()) + 1
    at = np.flatnonzero(rng.random(len(y)) < share)
    y[at] = (y[at] + rng.integers(1, k, len(at))) % k
    sets.rows, sets.share = set(at.tolist()), 0.9
    sets.task = Task.MULTICLASS if k > 2 else Task.BINARY
    return sets


def leaking(rng: np.random.Generator, make: Callable[[Table], Column]) -> Sets:
    sets = pair(credit, rng)
    for table in (sets.train, sets.test):
        table["leak"] = make(table)
    return sets


def texts(rng: np.random.Generator, n: int = 900) -> Table:
    book = np.random.default_rng(7)
    known = ["".join(book.choice(list("abcdefghijklm"), 6)) for _ in range(800)]
    y = rng.integers(0, 2, n)
    made = [
        " ".join([*rng.choice(known[:100] if c else known[100:200], 3), *rng.choice(known, 9)])
        for c in y
    ]
    return {"y": y, "text": words(np.array(made, object))}


def pictures(rng: np.random.Generator, n: int = 700) -> Table:
    y = rng.integers(0, 2, n)
    x = np.kron(rng.random((n, 1, 7, 7)), np.ones((1, 1, 2, 2)))
    x[:, :, :4] += 0.4 * y[:, None, None, None]
    return {"y": y, "x": x.astype(np.float32)}


def of(make: Callable[..., Table], modality: Modality, rng: np.random.Generator) -> Sets:
    sets = pair(make, rng)
    sets.modality = modality
    return sets


def _shared_texts(rng: np.random.Generator) -> Sets:
    sets = of(texts, Modality.TEXT, rng)
    n = len(sets.test["y"])
    again = taken(sets.train, np.arange(40))
    again["text"] = words(np.array([f"well {t} indeed" for t in again["text"]], object))
    sets.test = stacked(sets.test, again)
    sets.rows, sets.frame = set(range(n, n + 40)), "test"
    return sets


def _shared_pictures(rng: np.random.Generator) -> Sets:
    sets = of(pictures, Modality.IMAGE, rng)
    n = len(sets.test["y"])
    again = taken(sets.train, np.arange(40))
    again["x"] = (again["x"] * 0.9 + rng.normal(0, 0.01, again["x"].shape)).astype(np.float32)
    sets.test = stacked(sets.test, again)
    sets.rows, sets.frame = set(range(n, n + 40)), "test"
    return sets


def _at(rng: np.random.Generator, table: Table, share: float) -> np.ndarray:
    return rng.random(len(table["y"])) < share


def _together(table: Table, rho: float) -> None:
    table["x1"] = rho * table["x0"] + np.sqrt(1 - rho**2) * table["x1"]


def _missing(rng: np.random.Generator, table: Table, name: str, share: float) -> None:
    table[name] = np.where(_at(rng, table, share), np.nan, table[name].astype(np.float64))


def _mark(rng: np.random.Generator, table: Table, name: str, value: object, share: float) -> None:
    made = table[name].astype(object if isinstance(value, str) else np.float64)
    made[_at(rng, table, share)] = value
    table[name] = made


def _mix(rng: np.random.Generator, table: Table) -> None:
    n = len(table["y"])
    names = ["north", "south", "east", "west"]
    table["town"] = words(rng.choice(names, n, p=[0.3, 0.3, 0.2, 0.2]))


def _prior(rng: np.random.Generator, table: Table) -> None:
    table["y"] = np.where(_at(rng, table, 0.08), 1, table["y"])


def _sorted(rng: np.random.Generator) -> Sets:
    sets = pair(credit, rng)
    sets.train = taken(sets.train, np.argsort(sets.train["y"], kind="stable"))
    return sets


def _number(table: Table) -> np.ndarray:
    place = np.argsort(np.argsort(table["y"] + np.linspace(0, 0.6, len(table["y"]))))
    return place + 5000


def _bimodal(rng: np.random.Generator, table: Table) -> None:
    n = len(table["y"])
    table["x4"] = rng.choice([-0.85, 0.85], n) + rng.normal(0, 0.527, n)


def _time_series(rng: np.random.Generator) -> Sets:
    sets = pair(credit, rng)
    for table in (sets.train, sets.test):
        n = len(table["y"])
        table["day"] = (np.datetime64("2024-01-01") + rng.integers(0, 300, n)).astype("M8[us]")
        table["note"] = words(np.array([f"note {i}" for i in rng.integers(0, 10**9, n)]))
    return sets


def _noisy(rng: np.random.Generator, slope: float) -> Sets:
    def make(rng: np.random.Generator) -> Table:
        x = rng.normal(size=(3000, 8))
        y = (rng.random(3000) < 1 / (1 + np.exp(-slope * (x[:, 0] + x[:, 1] * x[:, 2])))).astype(
            int
        )
        return {"y": y, **{f"x{i}": x[:, i] for i in range(8)}}

    return pair(make, rng)


def _hard(rng: np.random.Generator) -> Sets:
    sets = pair(credit, rng)
    for table in (sets.train, sets.test):
        hard = (table["town"] == "west") & (table["age"] > 60)
        table["y"] = np.where(hard, rng.integers(0, 2, len(hard)), table["y"])
    return sets


def _regression(rng: np.random.Generator) -> Sets:
    sets = pair(credit, rng)
    for table in (sets.train, sets.test):
        table["y"] = table["score"] / 80 + table["age"] / 20 + rng.normal(size=len(table["y"]))
    sets.task = Task.REGRESSION
    return sets


def _strong(rng: np.random.Generator, apart_by: float) -> Sets:
    return leaking(rng, lambda t: t["y"] * apart_by + rng.normal(size=len(t["y"])))


Case = tuple[str, str | None, str | None, Callable[[np.random.Generator], Sets]]
R = np.random.Generator
# name, rule that must speak (None of a control), column that it must name, what makes the sets.
CASES: tuple[Case, ...] = (
    ("copies in training", "duplicate-rows", None, lambda r: copies(r, credit)),
    ("copies of numbers", "duplicate-rows", None, lambda r: copies(r, numbers)),
    ("copies nearly equal", "duplicate-rows", None, lambda r: copies(r, credit, 1e-3)),
    ("copies of numbers, rounded", "duplicate-rows", None, lambda r: copies(r, apart, 3e-3)),
    ("rows of training in test", "duplicate-rows", None, shared),
    ("rows of training in test, nearly", "duplicate-rows", None, lambda r: shared(r, 1e-3)),
    ("texts of training in test", "duplicate-rows", None, _shared_texts),
    ("pictures of training in test", "duplicate-rows", None, _shared_pictures),
    ("other label", "label-conflict", None, conflicts),
    ("other label, nearly equal", "label-conflict", None, lambda r: conflicts(r, 1e-3)),
    ("3 % flipped", "label-errors", None, lambda r: flipped(r, apart, 0.03)),
    ("6 % flipped", "label-errors", None, lambda r: flipped(r, apart, 0.06)),
    ("12 % flipped", "label-errors", None, lambda r: flipped(r, apart, 0.12)),
    ("8 % flipped, two classes", "label-errors", None, lambda r: flipped(r, apart, 0.08, k=2)),
    ("label and noise", "target-leakage", "leak", lambda r: _strong(r, 6.0)),
    ("label in words", "target-leakage", "leak", lambda r: leaking(r, lambda t: words(np.where(t["y"] == 1, "paid", "open")))),
    ("filled in after", "target-leakage", "leak", lambda r: leaking(r, lambda t: np.where((t["y"] == 1) & (r.random(len(t["y"])) < 0.7), 1.5, np.nan))),
    ("identifier in order", "target-leakage", "leak", lambda r: leaking(r, _number)),
    ("rows in order", "target-leakage", "row order", _sorted),
    ("unit × 100", "schema-break", "income", lambda r: broken(r, lambda t: t.update(income=t["income"] * 100))),
    ("unit ÷ 1000", "schema-break", "score", lambda r: broken(r, lambda t: t.update(score=t["score"] / 1000))),
    ("sign", "schema-break", "income", lambda r: broken(r, lambda t: t.update(income=-t["income"]))),
    ("sentinel", "schema-break", "age", lambda r: broken(r, lambda t: _mark(r, t, "age", -1.0, 0.04))),
    ("unseen word", "schema-break", "town", lambda r: broken(r, lambda t: _mark(r, t, "town", "centre", 0.04))),
    ("other case", "schema-break", "town", lambda r: broken(r, lambda t: _mark(r, t, "town", "NORTH", 0.1))),
    ("column gone", "schema-break", "score", lambda r: broken(r, lambda t: t.pop("score"))),
    ("column new", "schema-break", "extra", lambda r: broken(r, lambda t: t.update(extra=t["age"]))),
    ("numbers as text", "schema-break", "debt", lambda r: broken(r, lambda t: t.update(debt=words(np.char.replace(t["debt"].astype(str), ".", ","))))),
    ("6 % missing", "missingness-change", "x3", lambda r: later(r, lambda t: _missing(r, t, "x3", 0.06))),
    ("all missing", "missingness-change", "gap", lambda r: broken(r, lambda t: t.update(gap=np.full(3000, np.nan)))),
    ("shift 0.15", "feature-drift", "x4", lambda r: later(r, lambda t: t.update(x4=t["x4"] + 0.15))),
    ("scale 1.25", "feature-drift", "x4", lambda r: later(r, lambda t: t.update(x4=t["x4"] * 1.25))),
    ("two modes", "feature-drift", "x4", lambda r: later(r, lambda t: _bimodal(r, t))),
    ("1 % tail", "feature-drift", "x4", lambda r: later(r, lambda t: _mark(r, t, "x4", 7.0, 0.01))),
    ("mix of words", "feature-drift", "town", lambda r: broken(r, lambda t: _mix(r, t))),
    ("correlation", "joint-drift", None, lambda r: later(r, lambda t: _together(t, 0.35))),
    ("column shuffled", "joint-drift", None, lambda r: broken(r, lambda t: t.update(debt=r.permutation(t["debt"])))),
    ("prior", "label-drift", "y", lambda r: later(r, lambda t: _prior(r, t))),
    ("clean people", None, None, lambda r: pair(credit, r)),
    ("clean people, 600 rows", None, None, lambda r: pair(credit, r, n=600)),
    ("clean people, 10,000 rows", None, None, lambda r: pair(credit, r, n=10_000)),
    ("clean people, rare class", None, None, lambda r: pair(credit, r, base=-2.0)),
    ("clean people, later frame", None, None, lambda r: broken(r, lambda _: None)),
    ("clean numbers", None, None, lambda r: pair(numbers, r)),
    ("clean numbers, 3 columns", None, None, lambda r: pair(numbers, r, d=3)),
    ("clean numbers, 200 rows", None, None, lambda r: pair(numbers, r, n=200)),
    ("clean classes apart", None, None, lambda r: flipped(r, apart, 0.0)),
    ("clean two classes apart", None, None, lambda r: flipped(r, apart, 0.0, k=2)),
    ("clean five classes", None, None, lambda r: flipped(r, apart, 0.0, k=5)),
    ("clean survey, 6 questions", None, None, lambda r: pair(survey, r, columns=6)),
    ("clean survey, 9 questions", None, None, lambda r: pair(survey, r, columns=9)),
    ("clean survey, 14 questions", None, None, lambda r: pair(survey, r, columns=14)),
    ("uncertain, slope 1", None, None, lambda r: _noisy(r, 1.0)),
    ("uncertain, slope 3", None, None, lambda r: _noisy(r, 3.0)),
    ("uncertain, slope 8", None, None, lambda r: _noisy(r, 8.0)),
    ("hard region", None, None, _hard),
    ("strong feature, 1.5", None, None, lambda r: _strong(r, 1.5)),
    ("strong feature, 2.2", None, None, lambda r: _strong(r, 2.2)),
    ("identifier without order", None, None, lambda r: leaking(r, lambda t: r.permutation(len(t["y"])))),
    ("honestly missing", None, None, lambda r: leaking(r, lambda t: np.where(r.random(len(t["y"])) < 0.2 + 0.15 * t["y"], np.nan, t["age"] * 1.5 + r.normal(size=len(t["y"]))))),
    ("dates and notes", None, None, _time_series),
    ("regression", None, None, _regression),
    ("clean texts", None, None, lambda r: of(texts, Modality.TEXT, r)),
    ("clean pictures", None, None, lambda r: of(pictures, Modality.IMAGE, r)),
    ("shift 0.02", None, None, lambda r: later(r, lambda t: t.update(x4=t["x4"] + 0.02), 60_000)),
    ("scale 1.02", None, None, lambda r: later(r, lambda t: t.update(x4=t["x4"] * 1.02), 60_000)),
    ("correlation 0.03", None, None, lambda r: later(r, lambda t: _together(t, 0.03), 60_000)),
    ("0.5 % missing", None, None, lambda r: later(r, lambda t: _missing(r, t, "x3", 0.005), 60_000)),
    ("heavy tails", None, None, lambda r: pair(lambda r: {"y": r.integers(0, 2, 4000), **{f"t{i}": r.standard_t(1.5, 4000) for i in range(8)}}, r)),
    ("skewed counts", None, None, lambda r: pair(lambda r: {"y": r.integers(0, 2, 4000), **{f"t{i}": r.poisson(0.3, 4000) for i in range(4)}, "v": r.pareto(1, 4000)}, r)),
    ("on a line", None, None, lambda r: pair(_line, r)),
)  # fmt: skip


def _line(rng: np.random.Generator) -> Table:
    t = rng.normal(size=3000)
    made = {f"x{i}": np.tanh(t * (i + 1) / 3) + rng.normal(0, 0.02, 3000) for i in range(6)}
    return {"y": (rng.random(3000) < 1 / (1 + np.exp(-t))).astype(int), **made}


def data_set(name: str, table: Table, modality: Modality) -> DataSet:
    columns = {key: value for key, value in table.items() if key != "y"}
    if modality is Modality.TABULAR:
        inputs: Frame | Column = Frame(tuple(columns), tuple(columns.values()))
    else:
        (inputs,) = columns.values()
    return DataSet(name, inputs, table["y"], Frame((), ()), source=f"{name}.parquet")


def checked(sets: Sets) -> StageResult:
    made = [("test", sets.test), ("train", sets.train), ("current", sets.current)]
    test, train, current = (
        None if table is None else data_set(name, table, sets.modality) for name, table in made
    )
    if test is None:
        raise ValueError("a case has a test set")
    return run(
        Given(
            project=ProjectConfig(name="case", task=sets.task, modality=sets.modality),
            data=DataConfig(label="y"),
            test=test,
            train=train,
            current=current,
        )
    )


def found(result: StageResult, sets: Sets, rule: str, feature: str | None) -> bool:
    speaking = [f for f in result.findings if f.rule == rule]
    if feature is not None:
        return any(f.location.feature == feature for f in speaking)
    if not sets.rows:
        return bool(speaking)
    marked = {m.row for m in result.rows if m.rule == rule and m.frame == sets.frame}
    good = len(marked & sets.rows)
    enough = good >= sets.share * len(sets.rows)
    return enough and (rule != "label-errors" or good >= 0.6 * len(marked))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="")
    chosen = parser.parse_args()
    missed, cried, failed, seconds = [], {}, [], 0.0
    planted = controls = 0
    for number, (name, rule, feature, make) in enumerate(CASES):
        if chosen.only not in name:
            continue
        sets = make(np.random.default_rng([chosen.seed, number]))
        began = time.process_time()
        result = checked(sets)
        seconds += time.process_time() - began
        failed += [f"{name}: {gap.why}" for gap in result.gaps]
        if rule is None:
            controls += 1
            if result.findings:
                cried[name] = [f.message for f in result.findings][:3]
        else:
            planted += 1
            if not found(result, sets, rule, feature):
                missed.append(name)
    print(
        json.dumps(
            {
                "cases": planted + controls,
                "planted": planted,
                "recall": (planted - len(missed)) / max(planted, 1),
                "missed": missed,
                "controls": controls,
                "false_alarms": len(cried),
                "cried": cried,
                "failed": failed,
                "cpu_seconds": round(seconds, 1),
                "seed": chosen.seed,
            },
            indent=1,
            ensure_ascii=False,
        )
    )


if __name__ == "__main__":
    main()
