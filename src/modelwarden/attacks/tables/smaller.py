"""What a win does not need of its changes is taken back."""

from __future__ import annotations

from collections.abc import Generator

import numpy as np

from modelwarden.attacks.problem import Candidates, Problem
from modelwarden.attacks.scripts import Heard
from modelwarden.attacks.tables.row import Table
from modelwarden.targets.frames import Floats


def shrunk(problem: Problem, i: int, win: Candidates) -> Generator[Candidates, Heard, Candidates]:
    """Take back what a win does not need: many features at once, then single ones, then amounts."""
    table = Table(problem, i, 0, "minimal")
    best = np.asarray(win, np.float64)
    for keep in (1, 2, 3, 4, 6, 8, 12, 16):
        features = _by_weight(table, best)
        if keep >= len(features):
            break
        row = best.copy()
        for j in (j for feature in features[keep:] for j in feature):
            row[j] = table.x[j]
        heard = yield row[None]
        if heard.won[0]:
            best = np.asarray(heard.candidates[0], np.float64)
            break
    best = yield from _without(table, best)
    return (yield from _less(table, best))


def _by_weight(table: Table, row: Floats) -> list[list[int]]:
    """Return the columns of each changed feature, what tells the class most first."""
    features = table.space.rules.features
    changed = np.flatnonzero(row != table.x)
    unit = table.space.rules.unit
    size = np.minimum(np.abs(row - table.x) / unit, 1.0)
    weight = (0.02 + table.guide.weighted(table.y)) * (0.2 + size)
    groups: dict[int, list[int]] = {}
    for j in changed[np.argsort(-weight[changed], kind="stable")].tolist():
        groups.setdefault(int(features[j]), []).append(j)
    return list(groups.values())


def _without(table: Table, best: Floats) -> Generator[Candidates, Heard, Floats]:
    """Take back features in halves, quarters, … and one by one, while the win stays one."""
    size = max(1, len(_by_weight(table, best)) // 2)
    while True:
        features = _by_weight(table, best)[::-1]
        if len(features) < 2:
            return best
        rows = []
        for start in range(0, len(features), size):
            row = best.copy()
            for j in (j for feature in features[start : start + size] for j in feature):
                row[j] = table.x[j]
            if (row != table.x).any():
                rows.append(row)
        heard = yield np.array(rows).reshape(-1, len(best))
        fewer = (heard.candidates != table.x).sum(axis=1) < (best != table.x).sum()
        wins = np.flatnonzero(heard.won & fewer)
        if len(wins):
            best = np.asarray(heard.candidates[wins[heard.margin[wins].argmin()]], np.float64)
            size = max(1, min(size, len(_by_weight(table, best)) // 2))
        elif size == 1:
            return best
        else:
            size = max(1, size // 2)


def _less(table: Table, best: Floats) -> Generator[Candidates, Heard, Floats]:
    """Halve the way of each number towards the true row, while the win stays one."""
    for j in [j for feature in _by_weight(table, best)[:8] for j in feature]:
        if table.space.rules.category[j] or best[j] == table.x[j]:
            continue
        for _ in range(3):
            rows = np.repeat(best[None, :], 3, axis=0)
            rows[:, j] = table.x[j] + (best[j] - table.x[j]) * np.array([0.25, 0.5, 0.75])
            heard = yield rows
            wins = np.flatnonzero(heard.won & (heard.candidates[:, j] != best[j]))
            if not len(wins):
                break
            best = np.asarray(heard.candidates[wins[0]], np.float64)
    return best
