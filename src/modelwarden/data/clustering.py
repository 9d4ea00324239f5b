"""Comparisons by those whom rows stand for, where several rows stand for one.

Clusters make every test more careful and none less. So where nothing is found by rows, nothing is
looked for; where something is, and the columns show clusters, it is judged again by them.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from modelwarden.core import Gap, GapKind
from modelwarden.core.stages import StageResult
from modelwarden.data.given import Given
from modelwarden.detectors.entities import few_clusters, with_clusters
from modelwarden.targets.data import DataSet
from modelwarden.targets.frames import Column

NAME = "data"
Compare = Callable[[DataSet, DataSet], StageResult]


def by_entities(reference: DataSet, other: DataSet, compare: Compare) -> StageResult:
    """Return what a comparison of two sets finds, judged by clusters where rows come in some."""
    declared = bool(reference.clustered_by or other.clustered_by)
    if not declared:
        result = compare(reference, other)
        if not result.findings:
            return result
    here, there, told = with_clusters(reference, other)
    if not declared and not told:
        return result
    result = compare(here, there) + StageResult(notes=(told,) if told else ())
    few = few_clusters(here, there)
    if not few:
        return result
    gap = Gap(what=other.source or other.name, why=few, kind=GapKind.NOT_ASSESSABLE, stage=NAME)
    return result + StageResult(gaps=(gap,))


def entities_in(given: Given, data: DataSet) -> Column | None:
    """Return (n,) whom each row of a set stands for; None where rows look independent."""
    if data.clustered_by:
        return data.clusters
    for reference, other in given.pairs():
        if data.name in (reference.name, other.name) and len(reference) and len(other):
            here, there, _ = with_clusters(reference, other)
            found = here if data.name == here.name else there
            if found.clusters is not None:
                return found.clusters
    return None


def as_positions(clusters: Column | None, rows: np.ndarray) -> np.ndarray | None:
    """Return the clusters of some rows as positions from 0 on."""
    if clusters is None:
        return None
    words = clusters[rows]
    if words.dtype.kind == "O":
        words = words.astype(str)
    return np.unique(words, return_inverse=True)[1].astype(np.int64)


__all__ = ["as_positions", "by_entities", "entities_in"]
