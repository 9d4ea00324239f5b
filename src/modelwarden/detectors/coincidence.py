"""How many other rows of a table are expected to equal a given one by chance.

Each column is cut into a few coarse levels, and the levels are joined in two ways: by the tree that
explains most of what columns say about each other in pairs (Chow and Liu 1968), and by a mixture
of a few kinds of rows (latent classes, Lazarsfeld 1950); whichever makes a row likelier counts.
Within a level a value is as likely as it is frequent there. The product is the chance of the row;
times the number of rows, how many equal ones are expected. All of it is counted on rows that
differ, so that copies do not make themselves likely.

Levels know nothing of a column whose very values say what others hold: the number of a patient, the
weight by which an article is known. Where most rows that differ share their value of such a column
with another one, all columns that it foretells better than the tree does hang on its values.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from modelwarden.targets.frames import Floats, Labels

_LEVELS = 12
_MOST_COLUMNS = 400
_MOST_ROWS = 20_000
_KINDS, _STEPS, _KIND_ROWS = 12, 12, 6000
_KEYED = 0.5  # of the rows that differ, that share their value of a key


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
    chance = np.maximum(parts.sum(axis=1), inner + _kinds(np.column_stack(levels), base))
    known = _by_key(kept, parts, base)
    return (chance, parts) if known is None else (np.maximum(chance, known.sum(axis=1)), known)


def _by_key(columns: Sequence[Labels], parts: Floats, base: Labels) -> Floats | None:
    """Return what each column adds where one column is the key of others; None where none is.

    What a value of the key foretells of another column is counted on the other rows that have it.
    One row's worth of what is so without it stands beside them: what `parts` say, or how often rows
    that share a key agree there, whichever is likelier.
    """
    best, made = 0.0, None
    for at, codes in enumerate(columns):
        size = int(codes.max()) + 1
        times = np.bincount(codes[base], minlength=size)
        if size <= _LEVELS or times[times > 1].sum() < _KEYED * len(base):
            continue
        own = np.log(np.maximum(times, 0.5)[codes] / len(base))
        others = np.maximum(times[codes] - 1.0, 0.0)
        found, gain = parts.copy(), 0.0
        found[:, at] = own
        for j, other in enumerate(columns):
            if j == at:
                continue
            pair = np.unique(codes * (int(other.max()) + 1) + other, return_inverse=True)[1]
            counts = np.bincount(pair[base], minlength=int(pair.max()) + 1)
            agree = (counts * (counts - 1.0)).sum() / (times * (times - 1.0)).sum()
            # Of rows that are not counted none is taken away.
            shared = np.maximum(counts[pair] - 1.0, 0.0)
            chance = np.log((shared + np.maximum(np.exp(parts[:, j]), agree)) / (others + 1.0))
            better = float((chance[base] - parts[base, j]).mean())
            if better > 0:
                found[:, j] = chance
                gain += better
        gain += float((own[base] - parts[base, at]).mean())
        if gain > best:
            best, made = gain, found
    return made


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
