"""Attacks on constrained tables beside a plain evolutionary search of ten times the rows.

    python benchmarks/constrained.py [--data FOLDER] [--samples 40] [--only adult,spambase]
        [--seed 0] [--models forest,boosted,network,extra]

A random forest and boosted trees, or other models, are trained on each of five public tables, and
rows of the class that an attacker would hide are attacked under rules that make sense for the
table. Both sides keep the same rules with the same repair, so what differs is the search: ours has
1,000 rows an input, the peer – tournament selection, uniform crossover, mutation, elitism – 10,000.
Wins are written to a parquet file, read again, held against the rules and the number of features
that may change by plain Python on every row, and asked again.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
import warnings
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import sklearn
from sklearn.compose import make_column_transformer
from sklearn.ensemble import (
    ExtraTreesClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

from modelwarden.attacks.balls import Norm
from modelwarden.attacks.engine import Outcome, Problem, run
from modelwarden.attacks.minimal import minimal
from modelwarden.attacks.spaces.guide import guide_of
from modelwarden.attacks.spaces.rules import check_data, rules_of
from modelwarden.attacks.spaces.table import TableSpace
from modelwarden.attacks.tables import Coordinates, Neighbours, RandomRows, shrunk
from modelwarden.metrics.intervals import wilson
from modelwarden.targets.config import FeaturesConfig
from modelwarden.targets.frames import Frame
from modelwarden.targets.local import function_target
from modelwarden.targets.spec import Access, Modality, TargetSpec, Task
from modelwarden.targets.tiled import limited

OURS, PEER = 1_000, 10_000


@dataclass(frozen=True)
class Table:
    """A table: where it is, which class hides, how many features may change, and the rules."""

    train: str
    test: str | None
    hidden: int
    features: int
    rules: FeaturesConfig
    without: tuple[str, ...] = ()


TABLES = {
    "nsl-kdd": Table(
        "nsl-kdd/train20.parquet",
        "nsl-kdd/test.parquet",
        1,
        4,
        FeaturesConfig(
            immutable=("protocol_type", "service", "flag", "land", "logged_in", "dst_host_*"),
            monotone_up=("duration", "src_bytes", "dst_bytes", "num_*", "hot"),
            bounds=dict.fromkeys(("serror_rate", "rerror_rate", "same_srv_rate"), (0.0, 1.0)),
            relations=("num_root <= num_compromised + 10 or num_compromised > 0", "land <= 1"),
        ),
        ("attack", "difficulty"),
    ),
    "spambase": Table(
        "spambase/spambase.parquet",
        None,
        1,
        3,
        FeaturesConfig(
            monotone_up=("f0*", "f1*", "f2*", "f3*", "f40", "f41", "f42", "f43", "f44", "f45"),
            relations=("f54 <= f55", "f55 <= f56"),
        ),
    ),
    "phishing-urls": Table(
        "phishing-urls/phishing_urls.parquet",
        None,
        1,
        4,
        FeaturesConfig(
            immutable=(
                "whois_*",
                "domain_*",
                "web_traffic",
                "dns_record",
                "google_index",
                "page_rank",
                "ip",
                "statistical_report",
            ),
            monotone_up=("length_url", "nb_*"),
            relations=(
                "length_hostname <= length_url",
                "longest_words_raw <= length_url",
                "shortest_words_raw <= longest_words_raw",
                "shortest_words_raw <= avg_words_raw <= longest_words_raw",
            ),
        ),
        ("url",),
    ),
    "android-malware": Table(
        "android-malware/tuandromd.parquet", None, 1, 6, FeaturesConfig(monotone_up=("*",))
    ),
    "adult": Table(
        "adult/train.parquet",
        "adult/test.parquet",
        0,
        3,
        FeaturesConfig(
            immutable=("age", "sex", "race", "native_country", "fnlwgt", "marital_status"),
            monotone_up=("education_num",),
            bounds={"hours_per_week": (1, 80), "capital_loss": (0, 3000)},
            relations=("capital_gain == 0 or capital_loss == 0",),
        ),
    ),
}


def frame_of(table: pd.DataFrame) -> Frame:
    """Return a table as the product sees it."""
    columns = []
    for name in table:
        column = table[name]
        if column.dtype.kind in "biuf":
            columns.append(column.to_numpy())
        else:
            columns.append(column.astype(object).where(column.notna(), None).to_numpy(object))
    return Frame(tuple(table.columns), tuple(columns))


def back(frame: Frame) -> pd.DataFrame:
    """Return a table as models take it."""
    return pd.DataFrame(dict(zip(frame.names, frame.columns, strict=True)))


def read(folder: Path, table: Table, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return training and test rows, shuffled; ints are int64 as the product reads them."""
    both = []
    for name in (table.train, table.test):
        if name is None:
            continue
        rows = duckdb.sql(f"select * from '{folder / name}'").df()
        rows = rows.drop(columns=list(table.without))
        whole = {c: "int64" for c in rows if rows[c].dtype.kind in "iu"}
        both.append(rows.astype(whole).sample(frac=1, random_state=seed).reset_index(drop=True))
    if len(both) == 1:
        cut = int(len(both[0]) * 0.7)
        return both[0][:cut], both[0][cut:].reset_index(drop=True)
    return both[0][:12_000], both[1]


def models(x: pd.DataFrame, y: np.ndarray, names: list[str], seed: int) -> dict[str, object]:
    """Return models by name, fitted."""
    words = [c for c in x if x[c].dtype.kind not in "biuf"]
    kinds = {
        "forest": RandomForestClassifier(50, min_samples_leaf=2, random_state=seed),
        "boosted": HistGradientBoostingClassifier(max_iter=60, random_state=seed),
        "extra": ExtraTreesClassifier(50, min_samples_leaf=2, random_state=seed),
        "network": make_pipeline(
            StandardScaler(), MLPClassifier((64, 32), max_iter=40, random_state=seed)
        ),
    }
    found = {}
    for name in names:
        coder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
        if name == "network":
            coder = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
        coded = make_column_transformer((coder, words), remainder="passthrough")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            found[name] = make_pipeline(coded, kinds[name]).fit(x, y)
    return found


def evolve(
    score, space: TableSpace, i: int, y: int, pools: np.ndarray, seed: int
) -> tuple[bool, int]:
    """Return whether a plain evolutionary search wins, and after how many rows."""
    rng = np.random.default_rng((seed, i))
    free = np.flatnonzero(space.least[i] < space.most[i])
    low, high = space.least[i, free], space.most[i, free]
    size, asked, x = 100, 0, space.x[i]

    def mutated(rows: np.ndarray, rate: float) -> np.ndarray:
        draw = pools[rng.integers(len(pools), size=rows.shape[0])][:, free]
        near = rows[:, free] + rng.normal(0, 0.1, (len(rows), len(free))) * (high - low)
        drawn = np.where(rng.random(near.shape) < 0.5, draw, near)
        change = rng.random(near.shape) < rate
        rows = rows.copy()
        rows[:, free] = np.where(change, np.clip(drawn, low, high), rows[:, free])
        return rows

    people = mutated(np.repeat(x[None], size, axis=0), min(1.0, 6 / max(len(free), 1)))
    at = np.full(size, i)
    people, _ = space.fit(at, people)
    fitness = np.full(size, np.inf)
    first = True
    while asked < PEER:
        if first:
            children = people
        else:
            one = people[np.minimum(*np.sort(rng.integers(size, size=(2, size)), axis=0))]
            two = people[np.minimum(*np.sort(rng.integers(size, size=(2, size)), axis=0))]
            mixed = np.where(rng.random(one.shape) < 0.5, one, two)
            children, _ = space.fit(at, mutated(mixed, 2 / max(len(free), 1)))
        scores = score(space.inputs(at, children))
        kept = space.feasible(at, children) & space.inside(at, children)
        margin = np.where(kept, scores[:, y] - scores[:, 1 - y], np.inf)
        won = kept & (scores.argmax(axis=1) != y)
        if won.any():
            return True, asked + int(won.argmax()) + 1
        asked += size
        both = np.concatenate((people, children)) if not first else children
        worth = np.concatenate((fitness, margin)) if not first else margin
        order = np.argsort(worth, kind="stable")[:size]
        people, fitness, first = both[order], worth[order], False
    return False, asked


def feasible(table: Table, names, before, after, known) -> bool:
    """Hold a row against the rules in plain Python; relations by Python's own reading of them."""
    from fnmatch import fnmatchcase

    def named(patterns, name):
        return any(fnmatchcase(name, p) for p in patterns)

    rules, changed = table.rules, 0
    for name in names:
        old, new = before[name], after[name]
        if old == new or (old != old and new != new) or (old is None and new is None):
            continue
        changed += 1
        if named(rules.immutable, name) or old is None or old != old:
            return False
        if named(rules.monotone_up, name) and new < old:
            return False
        if isinstance(old, str):
            if new not in known[name]:
                return False
            continue
        low, high = rules.bounds.get(name) or known[name]
        if not min(low, old) <= new <= max(high, old) or type(old) is not type(new):
            return False
    if changed > table.features:
        return False
    return all(eval(r, {"__builtins__": {}}, dict(after)) for r in rules.relations)  # ours


def saved(frame: Frame, folder: Path) -> list[dict]:
    """Return rows as they come back from a parquet file."""
    place = folder / "x.parquet"
    columns = {f"c{i}": c for i, c in enumerate(frame.columns)}
    types = {"O": "VARCHAR", "i": "BIGINT", "f": "DOUBLE", "b": "BOOLEAN"}
    wanted = ", ".join(
        f'CAST(c{i} AS {types[c.dtype.kind]}) AS "{n}"'
        for i, (n, c) in enumerate(zip(frame.names, frame.columns, strict=True))
    )
    with duckdb.connect() as base:
        base.register("t", columns)
        base.execute(f"COPY (SELECT {wanted} FROM t) TO '{place}' (FORMAT parquet)")
        rows = base.sql(f"SELECT * FROM '{place}'")
        return [dict(zip(rows.columns, row, strict=True)) for row in rows.fetchall()]


def rows_of(frame: Frame) -> list[dict]:
    lists = [column.tolist() for column in frame.columns]
    return [dict(zip(frame.names, row, strict=True)) for row in zip(*lists, strict=True)]


def share(won: np.ndarray) -> list[float]:
    ends = wilson(int(won.sum()), len(won))
    return [round(float(won.mean()), 3), round(ends.low, 3), round(ends.high, 3)]


def told(outcome: Outcome, seconds: float) -> dict:
    rows = outcome.queries[outcome.success]
    return {
        "success": share(outcome.success),
        "median_rows": float(np.median(rows)) if len(rows) else None,
        "rows_a_call": round(outcome.rows / max(outcome.calls, 1), 1),
        "seconds": round(seconds, 2),
    }


def one(name: str, table: Table, options: argparse.Namespace) -> list[dict]:
    """Return what both sides came to on the models of a table."""
    samples, seed = options.samples, options.seed
    train, test = read(options.data, table, seed)
    y, truth = (part.pop("label").to_numpy().astype(np.int64) for part in (train, test))
    known, pool = frame_of(train), frame_of(test)
    rules = rules_of(table.rules, pool, known)
    keeps, notes = check_data(rules, rules.columns.encoded(pool), "test")
    encoded = rules.columns.encoded(known)
    guide = guide_of(rules, encoded, y, seed)
    spec = TargetSpec(
        task=Task.BINARY,
        modality=Modality.TABULAR,
        classes=(0, 1),
        positive=1,
        columns=pool.names,
        tile=256,
    )
    spans = {
        n: (set(c) if c.dtype.kind == "O" else (np.nanmin(c), np.nanmax(c)))
        for n, c in zip(known.names, known.columns, strict=True)
    }
    found = []
    for kind, model in models(train, y, options.models.split(","), seed).items():

        def score(frame, model=model):
            return model.predict_proba(back(frame))

        right = np.flatnonzero(keeps & (truth == table.hidden))[: 6 * samples]
        clean = score(pool.take(right))
        right = right[clean.argmax(axis=1) == table.hidden][:samples]
        frame = pool.take(right)
        space = TableSpace(frame=frame, rules=rules, guide=guide, norm=Norm.L0, eps=table.features)
        target = function_target(score, spec, frame)
        problem = Problem(space=space, y=truth[right], rows=right, classes=2, clean=score(frame))
        line = {"table": name, "model": kind, "n": len(right), "features": table.features}
        line["left_out"] = list(notes)
        outcomes = {}
        for attack, access in (
            (RandomRows(), Access.SCORES),
            (Neighbours(), Access.LABELS),
            (Coordinates(), Access.SCORES),
        ):
            began = time.perf_counter()
            outcome = run(attack, limited(target, access), problem, seed=seed, queries=OURS)
            line[attack.name] = told(outcome, time.perf_counter() - began)
            outcomes[attack.name] = outcome
        ours = outcomes["coordinates"]
        small = minimal(target, problem, ours.candidates, ours.success, OURS - ours.queries, shrunk)
        at = np.flatnonzero(ours.success)
        wins = space.inputs(at, small.candidates[at])
        with tempfile.TemporaryDirectory() as place:
            again = saved(wins, Path(place))
        fine = [
            feasible(table, frame.names, b, a, spans)
            for b, a in zip(rows_of(frame.take(at)), again, strict=True)
        ]
        reread = frame_of(pd.DataFrame(again)) if again else wins
        holds = score(reread).argmax(axis=1) != table.hidden if again else np.array([])
        line["feasible_after_reload"] = f"{sum(fine)} of {len(fine)}"
        line["still_wrong_after_reload"] = f"{int(holds.sum())} of {len(holds)}"
        line["median_features"] = (
            float(np.median(space.cost(at, small.candidates[at]))) if len(at) else None
        )
        rows = np.where(np.isfinite(guide.rows), guide.rows, 0.0)
        began = time.perf_counter()
        peer = [evolve(score, space, i, table.hidden, rows, seed) for i in range(len(right))]
        won = np.array([w for w, _ in peer], bool)
        asked = [r for w, r in peer if w]
        line["evolutionary_10000"] = {
            "success": share(won),
            "median_rows": float(np.median(asked)) if asked else None,
            "seconds": round(time.perf_counter() - began, 2),
        }
        line["at_least_the_peer"] = bool(ours.success.sum() >= won.sum())
        found.append(line)
        print(json.dumps(line), flush=True)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--samples", type=int, default=40)
    parser.add_argument("--only", default=",".join(TABLES))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--models", default="forest,boosted")
    options = parser.parse_args()
    lines = []
    for name in options.only.split(","):
        lines += one(name, TABLES[name], options)
    versions = {"numpy": np.__version__, "scikit-learn": sklearn.__version__}
    better = sum(line["at_least_the_peer"] for line in lines)
    print(
        json.dumps(
            {
                "seed": options.seed,
                "versions": versions,
                "rows": [OURS, PEER],
                "at_least_the_peer": f"{better} of {len(lines)}",
            }
        )
    )


if __name__ == "__main__":
    main()
