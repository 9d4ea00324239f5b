"""Whom rows stand for, where nobody said it: values that come again within each set and not across.

Rows that are drawn one by one repeat a value as often across two sets as within one. A value that
comes again only in its own set is that of a patient, a user or a day whose rows stand together.
That holds of a column of names, of a measure that is a constant of each patient, and of several
plain columns taken together (sex, year of birth and town). It does not of a column that is written
otherwise in the other set, of which no value could come again there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from modelwarden.detectors.breaks import rewritten
from modelwarden.detectors.clusters import Clusters
from modelwarden.detectors.counts import word_of
from modelwarden.targets.data import DataSet
from modelwarden.targets.frames import Column, Floats, Frame, Labels

_LOOKED_AT = 8000  # rows of each set, to begin with
_MOST_COLUMNS = 60
_TOGETHER = 8  # columns that name an entity together
_PAIRS = 12  # rows that are equal in a set, at least
_REPEATED = 0.5  # of the rows of each set
_ACROSS = 0.1  # of what repeats within, that may repeat across
_SHARED = 0.8  # likewise, of a column that names entities by its name or form
_FEWEST, _FEWEST_NAMED = 20, 4  # entities of each set
_FEW = 8  # clusters that were declared, below which only a huge change can be told
_WORDS = (
    "id uuid guid uid pid key nr no hash token patient person subject user customer client account"
    " member session device machine sensor household family participant visitor employee worker"
    " driver student owner group cluster case animal specimen sample batch run trip visit site"
    " clinic hospital school store farm email imei ssn vin subj pat cust usr dev sess acct"
)
_NAME = re.compile(
    rf"(?:^|[_\W])(?i:{_WORDS.replace(' ', '|')})(?:$|[_\W\d])|[a-z](?:ID|Id|Nr|No)$",
)


@dataclass(frozen=True, slots=True, eq=False)
class Entities:
    """Columns that tell whom a row stands for.

    Attributes:
        names: of them.
        named: they only name it, so their values are no property that could drift.
        here, there: (n,) and (m,) one value for each entity.
    """

    names: tuple[str, ...]
    named: bool
    here: Column
    there: Column
    many: tuple[int, int]


def with_clusters(reference: DataSet, other: DataSet) -> tuple[DataSet, DataSet, str]:
    """Return two sets with the clusters of their rows, and what the user should know of it.

    Those that were declared are taken, else what the columns plainly show. A column that only names
    the clusters is left out of what is compared.
    """
    if reference.clusters is not None and other.clusters is not None:
        name = reference.clustered_by
        return _without(reference, name), _without(other, name), ""
    if reference.clustered_by or other.clustered_by:
        lacking = other if other.clusters is None else reference
        said = f"{lacking.name} has no column of clusters, so its rows count as independent"
        return reference, other, said
    found = entities_of(reference, other)
    if found is None:
        return reference, other, ""
    shown = " and ".join(map(repr, found.names))
    drop = found.names if found.named else ()
    here, there = (
        replace(_without(side, *drop), clusters=values, clustered_by=found.names[0])
        for side, values in ((reference, found.here), (other, found.there))
    )
    told = (
        f"{reference.name} has {len(reference)} rows of {found.many[0]} entities, {other.name} "
        f"{len(other)} of {found.many[1]}, told apart by {shown}: drift is judged by entities, "
        "not by rows; name a column in [data] cluster to say it yourself"
    )
    return here, there, told


def few_clusters(reference: DataSet, other: DataSet) -> str:
    """Return why drift cannot be judged by clusters of which there are hardly any; else nothing."""
    both = Clusters.of(reference, other)
    if both is None:
        return ""
    many = [len(np.unique(side)) for side in (both.here, both.there)]
    if min(many) >= _FEW:
        return ""
    return (
        f"{reference.name} has {many[0]} and {other.name} {many[1]} values of "
        f"{reference.clustered_by!r}: too few to tell a drift of all from what they differ by"
    )


def _without(data: DataSet, *names: str) -> DataSet:
    if not isinstance(data.inputs, Frame):
        return data
    left = [name for name in data.inputs.names if name not in names]
    if not left or len(left) == len(data.inputs.names):
        return data
    return replace(data, inputs=data.inputs.only(left))


def entities_of(reference: DataSet, other: DataSet) -> Entities | None:
    """Return what tells entities of several rows apart; None where rows look independent."""
    if min(len(reference), len(other)) < 2 * _FEWEST_NAMED:
        return None
    rows = tuple(_some(len(side)) for side in (reference, other))
    columns = [
        (name, one, two)
        for name, one, two in list(_columns(reference, other))[:_MOST_COLUMNS]
        if not rewritten(one[rows[0]], two[rows[1]])
    ]
    coded = [Clusters.between(one[rows[0]], two[rows[1]]) for _, one, two in columns]
    found: list[Entities] = []
    for (name, one, two), codes in zip(columns, coded, strict=True):
        named = _names_entities(name, one)
        entities = _judged((name,), one, two, codes, named=named)
        if entities is not None:
            found.append(entities)
    if found:
        return max(found, key=_preference)
    return _together(columns, coded)


def _preference(one: Entities) -> tuple[bool, bool, int]:
    """The coarsest of those with enough clusters is the careful choice."""
    many = min(one.many)
    enough = many >= _FEWEST
    return enough, one.named, -many if enough else many


def _columns(reference: DataSet, other: DataSet) -> Iterator[tuple[str, Column, Column]]:
    if reference.ids is not None and other.ids is not None:
        yield "id", reference.ids, other.ids
    for one, two in ((reference.inputs, other.inputs), (reference.context, other.context)):
        if not isinstance(one, Frame) or not isinstance(two, Frame):
            if isinstance(one, np.ndarray) and isinstance(two, np.ndarray) and one.ndim == 2:
                width = min(one.shape[1], two.shape[1], _MOST_COLUMNS)
                yield from ((f"x[{i}]", one[:, i], two[:, i]) for i in range(width))
            continue
        for name in one.names:
            if name in two.names and (one[name].dtype.kind == "O") == (two[name].dtype.kind == "O"):
                yield name, one[name], two[name]


def _some(rows: int) -> Labels:
    if rows <= _LOOKED_AT:
        return np.arange(rows)
    return np.sort(np.random.default_rng(0).choice(rows, _LOOKED_AT, replace=False))


def _names_entities(name: str, column: Column) -> bool:
    """Tell whether a column is one of names: by its own, or as codes that hold digits."""
    if column.dtype.kind == "f" and not bool((column[np.isfinite(column)] % 1 == 0).all()):
        return False
    if column.dtype.kind in "bmM":
        return False
    if _NAME.search(name):
        return True
    if column.dtype.kind != "O":
        return False
    words = {word for value in column[:2000].tolist() if (word := word_of(value)) is not None}
    coded = sum(any(map(str.isdigit, word)) and len(word) < 64 for word in words)
    return coded > 0.8 * len(words)


def _rates(codes: Clusters) -> tuple[Floats, float]:
    """Return how often two rows of a set are equal, of either, and two of different sets."""
    one = np.bincount(codes.here, minlength=codes.many).astype(np.float64)
    two = np.bincount(codes.there, minlength=codes.many).astype(np.float64)
    n, m = len(codes.here), len(codes.there)
    within = [float((c * (c - 1)).sum()) / max(k * (k - 1), 1) for c, k in ((one, n), (two, m))]
    return np.array(within), float(one @ two) / max(n * m, 1)


def _apart(codes: Clusters, most: float) -> bool:
    """Tell whether values come again within each set, and hardly across."""
    within, across = _rates(codes)
    pairs = within * [len(codes.here) ** 2 / 2, len(codes.there) ** 2 / 2]
    return bool(pairs.min() >= _PAIRS and across < most * within.min())


def _judged(
    names: tuple[str, ...], one: Column, two: Column, codes: Clusters, *, named: bool
) -> Entities | None:
    if not _apart(codes, _SHARED if named else _ACROSS):
        return None
    whole = codes
    if len(codes.here) < len(one) or len(codes.there) < len(two):
        whole = Clusters.between(one, two)
    counts = [np.bincount(side) for side in (whole.here, whole.there)]
    many = tuple(int((c > 0).sum()) for c in counts)
    repeated = [float(c[c > 1].sum() / c.sum()) for c in counts]
    if min(many) < (_FEWEST_NAMED if named else _FEWEST) or min(repeated) < _REPEATED:
        return None
    named = named and _apart(codes, _ACROSS)
    return Entities(names, named, whole.here, whole.there, (many[0], many[1]))


def _together(
    columns: list[tuple[str, Column, Column]],
    coded: list[Clusters],
) -> Entities | None:
    """Return columns that tell entities apart together, though none does alone.

    One after another is added that keeps the most of what repeats within the sets beyond what
    repeats across them: a constant of the entity keeps all of it, any other column loses most.
    """
    left = [i for i, one in enumerate(coded) if _rates(one)[0].min() > 0 and one.many > 1]
    chosen: list[int] = []
    best, held = 0.0, None
    while left and len(chosen) < _TOGETHER:
        tried = {i: _both(held, coded[i]) for i in left}
        scores = {i: _excess(codes) for i, codes in tried.items()}
        at = max(scores, key=lambda i: scores[i])
        if scores[at] <= best:
            break
        best, held = scores[at], tried[at]
        chosen.append(at)
        left.remove(at)
    if held is None or len(chosen) < 2 or not _apart(held, _ACROSS):
        return None
    sides: Clusters | None = None
    for at in sorted(chosen):
        _, one, two = columns[at]
        sides = _both(sides, Clusters.between(one, two))
    if sides is None:
        return None
    names = tuple(columns[at][0] for at in sorted(chosen))
    return _judged(names, sides.here, sides.there, held, named=False)


def _excess(codes: Clusters) -> float:
    """Return how sure it is that more repeats within than across, in deviates of chance."""
    within, across = _rates(codes)
    pairs = len(codes.here) * len(codes.there)
    return float((within.min() - across) * pairs / np.sqrt(across * pairs + 1))


def _both(one: Clusters | None, two: Clusters) -> Clusters:
    if one is None:
        return two
    keys = np.concatenate([one.here, one.there]) * two.many
    keys += np.concatenate([two.here, two.there])
    at = np.unique(keys, return_inverse=True)[1].astype(np.int64)
    return Clusters(at[: len(one.here)], at[len(one.here) :], int(at.max()) + 1)


__all__ = ["Entities", "entities_of", "few_clusters", "with_clusters"]
