"""Small tables with rules, and an oracle of feasibility that goes cell by cell in plain Python."""

from __future__ import annotations

import math

import numpy as np

from modelwarden.attacks.engine import Problem
from modelwarden.attacks.spaces.guide import guide_of
from modelwarden.attacks.spaces.rules import rules_of
from modelwarden.attacks.spaces.table import TableSpace
from modelwarden.targets.config import FeaturesConfig
from modelwarden.targets.frames import Frame
from modelwarden.targets.local import function_target
from modelwarden.targets.spec import Modality, TargetSpec, Task

NAMES = ("net", "gross", "count", "part", "total", "up", "kind_a", "kind_b", "kind_c", "word", "id")
CONFIG = FeaturesConfig(
    immutable=("id",),
    integer=("count",),
    monotone_up=("up",),
    relations=("net <= gross", "total == net + part", "word != 'z' or count > 2"),
    bounds={"gross": (0.0, 200.0)},
)


def loans(n=60, seed=0):
    """A table whose rows keep `CONFIG`, and classes that follow from it."""
    rng = np.random.default_rng(seed)
    net = np.round(rng.uniform(0, 90, n), 2)
    gross = net + np.round(rng.uniform(0, 60, n), 2)
    part = np.round(rng.uniform(0, 20, n), 2)
    count = rng.integers(0, 9, n)
    kind = rng.integers(0, 3, n)
    word = rng.choice(["x", "y", "z"], n).astype(object)
    word[(word == "z") & (count <= 2)] = "x"
    word[:2] = None
    up = rng.uniform(0, 1, n)
    up[2] = np.nan
    columns = (
        net,
        gross,
        count.astype(np.int64),
        part,
        net + part,
        up,
        *((kind == k) for k in range(2)),
        (kind == 2).astype(np.int64),
        word,
        rng.integers(0, 1000, n),
    )
    return Frame(NAMES, columns), ((net + 5 * count) > 60).astype(np.int64)


def feasible(before, after, known):
    """Tell, with plain Python, whether a row may become another under `CONFIG`."""
    if any(type(before[n]) is not type(after[n]) for n in NAMES):
        return False
    if any(_missing(before[n]) != _missing(after[n]) for n in NAMES):
        return False
    changed = {n for n in NAMES if before[n] == before[n] and before[n] != after[n]}
    if "id" in changed or ("up" in changed and after["up"] < before["up"]):
        return False
    ends = dict(known) | {"gross": (0.0, 200.0)}
    numbers = changed & {"net", "gross", "count", "part", "total", "up"}
    if not all(_between(before[n], after[n], *ends[n]) for n in numbers):
        return False
    if not float(after["count"]).is_integer() or after["word"] not in {"x", "y", "z", None}:
        return False
    if sum(int(after[n]) for n in ("kind_a", "kind_b", "kind_c")) != 1:
        return False
    if not math.isclose(after["total"], after["net"] + after["part"], rel_tol=1e-6, abs_tol=1e-9):
        return False
    if after["word"] == "z" and not after["count"] > 2:
        return False
    return after["net"] <= after["gross"]


def _missing(value):
    return value is None or value != value


def _between(before, after, low, high):
    return min(low, before) <= after <= max(high, before)


def rows_of(frame):
    lists = [column.tolist() for column in frame.columns]
    return [dict(zip(frame.names, row, strict=True)) for row in zip(*lists, strict=True)]


def ranges(frame):
    numbers = [n for n in frame.names if frame[n].dtype.kind in "if"]
    return {n: (np.nanmin(frame[n]), np.nanmax(frame[n])) for n in numbers}


def space_of(frame, train=None, y=None, config=CONFIG, **more):
    rules = rules_of(config, frame, train)
    guide = None
    if train is not None and y is not None:
        guide = guide_of(rules, rules.columns.encoded(train), y, 0)
    return TableSpace(frame=frame, rules=rules, guide=guide, **more)


def scores(frame):
    z = (frame["net"] + 5 * frame["count"] - 60) / 10
    yes = 1 / (1 + np.exp(-z))
    return np.stack([1 - yes, yes], axis=1)


def victim(labels_only=False, rows=None, norm=None, eps=np.inf, tile=32):
    """A target that decides by `scores`, and the problem of its rows."""
    frame, y = loans()
    train, train_y = loans(300, seed=1)
    spec = TargetSpec(
        task=Task.BINARY,
        modality=Modality.TABULAR,
        classes=(0, 1),
        positive=1,
        columns=NAMES,
        tile=tile,
    )
    answer = (lambda f: scores(f).argmax(axis=1)) if labels_only else scores
    target = function_target(answer, spec, frame)
    rows = np.arange(len(frame)) if rows is None else np.asarray(rows)
    full = rules_of(CONFIG, frame, train)
    guide = guide_of(full, full.columns.encoded(train), train_y, 0)
    space = TableSpace(frame=frame.take(rows), rules=full, guide=guide, norm=norm, eps=eps)
    clean = None if labels_only else scores(frame)[rows]
    problem = Problem(space=space, y=y[rows], rows=rows, classes=2, clean=clean)
    return target, problem, frame, ranges(train)
