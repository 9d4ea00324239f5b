"""How many other rows of a table are expected to equal a given one by chance.

Each column is cut into a few coarse levels, and the levels are joined in two ways: by the tree that
explains most of what columns say about each other in pairs (Chow and Liu 1968), and by a mixture
of a few kinds of rows (latent classes, Lazarsfeld 1950); whichever makes a row likelier counts.
Within a level a value is as likely as it is frequent there. The product is the chance of the row;
times the number of rows, how many equal ones are expected. All of it is counted on rows that
differ, so that copies do not make themselves likely.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from modelwarden.targets.frames import Floats, Labels

_LEVELS = 12
_MOST_COLUMNS = 400
_MOST_ROWS = 20_000
_KINDS, _STEPS, _KIND_ROWS = 12, 12, 6000


def chance_of_rows(columns: Sequence[Labels], distinct: Labels) -> tuple[Floats, Floats]:
    """Return the logarithm of each row's chance, and what each column adds to it.

    Args:
        columns: (n,) each, codes 0 to k − 1 in the order of the values where they have one.
        distinct: rows that differ from each other, to count on.

    Returns:
        (n,) and (n, d); columns beyond the first 400 count for nothing.
    """
    kept = list(columns[:_MOST_COLUMNS])
    n = len(kept[0]) if kept else 0
    parts = np.zeros((n, len(kept)))
    if not n or not len(distinct):
        return parts.sum(axis=1), parts
    base = distinct[:: max(1, len(distinct) // _MOST_ROWS)]
    levels = [_levels_of(codes, base) for codes in kept]
    inner = np.zeros(n)
    parent = _tree(np.column_stack([level[base] for level in levels]))
    for j, codes in enumerate(kept):
        level = levels[j]
        size = int(level.max()) + 1
        inside = np.bincount(codes[base], minlength=int(codes.max()) + 1) + 0.5
        whole = np.bincount(level[base], minlength=size) + 0.5
        # A value never seen among the counted rows is as rare as half a row.
        within = np.log(np.minimum(inside[codes] / whole[level], 1.0))
        inner += within
        if parent[j] < 0:
            chance = whole / whole.sum()
            parts[:, j] = within + np.log(chance[level])
            continue
        above = levels[parent[j]]
        rows = int(above.max()) + 1
        table = np.bincount(above[base] * size + level[base], minlength=rows * size)
        share = table.reshape(rows, size) + whole / whole.sum()
        share = share / share.sum(axis=1, keepdims=True)
        parts[:, j] = within + np.log(share[above, level])
    return np.maximum(parts.sum(axis=1), inner + _kinds(np.column_stack(levels), base)), parts


def _kinds(levels: Labels, base: Labels) -> Floats:
    """Return the logarithm of each row's chance in a mixture of kinds, by a few steps of EM."""
    sizes = levels.max(axis=0) + 1
    offset = np.concatenate([[0], np.cumsum(sizes)])
    places = levels + offset[:-1]
    rng = np.random.default_rng(0)
    some = rng.permutation(base)[:_KIND_ROWS]
    hot = np.zeros((len(some), int(offset[-1])), np.float32)
    hot[np.arange(len(some))[:, None], places[some]] = 1.0
    kinds = min(_KINDS, len(some))
    part = np.full((kinds, len(some)), 0.1 / kinds, np.float32)
    near = (hot @ hot[:kinds].T).argmax(axis=1)
    part[near, np.arange(len(some))] += 0.9
    flat = hot.mean(axis=0) + 0.5 / len(some)
    logs, weight = np.zeros((kinds, hot.shape[1])), np.zeros(kinds)
    for _ in range(_STEPS):
        counts = (part @ hot + flat).astype(np.float64)
        total = np.add.reduceat(counts, offset[:-1], axis=1)
        logs = np.log(counts) - np.log(np.repeat(total, sizes, axis=1))
        weight = np.log(part.sum(axis=1) / len(some)).astype(np.float64)
        score = logs.astype(np.float32) @ hot.T + weight[:, None]
        part = np.exp(score - score.max(axis=0)).astype(np.float32)
        part /= part.sum(axis=0)
    made = np.empty(len(levels))
    for start in range(0, len(levels), 4096):
        rows = places[start : start + 4096]
        score = logs[:, rows].sum(axis=2) + weight[:, None]
        top = score.max(axis=0)
        made[start : start + 4096] = top + np.log(np.exp(score - top).sum(axis=0))
    return made


def _levels_of(codes: Labels, base: Labels) -> Labels:
    """Return coarse levels: of few values each its own, of many equal shares in their order."""
    k = int(codes.max()) + 1
    if k <= _LEVELS:
        return codes
    counts = np.bincount(codes[base], minlength=k)
    before = counts.cumsum() - counts / 2
    found = np.minimum((before * _LEVELS / max(counts.sum(), 1)).astype(np.int64), _LEVELS - 1)
    return np.asarray(np.unique(found, return_inverse=True)[1][codes], np.int64)


def _tree(levels: Labels) -> list[int]:
    """Return the parent of each column in the tree of most mutual information; −1 of the root."""
    n, d = levels.shape
    sizes = levels.max(axis=0) + 1
    offset = np.concatenate([[0], np.cumsum(sizes)])
    hot = np.zeros((n, int(offset[-1])), np.float32)
    hot[np.arange(n)[:, None], levels + offset[:-1]] = 1.0
    joint = (hot.T @ hot).astype(np.float64) / n
    share = np.diag(joint).copy()
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = joint * np.log(joint / np.outer(share, share))
    terms[~np.isfinite(terms)] = 0.0
    info = np.add.reduceat(np.add.reduceat(terms, offset[:-1], axis=0), offset[:-1], axis=1)
    parent = [-1] * d
    best = info[0].copy()
    source = np.zeros(d, np.int64)
    left = np.ones(d, np.bool_)
    left[0] = False
    while left.any():
        at = int(np.where(left, best, -np.inf).argmax())
        parent[at] = int(source[at])
        left[at] = False
        closer = left & (info[at] > best)
        best[closer] = info[at][closer]
        source[closer] = at
    return parent
