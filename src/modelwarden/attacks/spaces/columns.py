"""A table as rows of numbers, and back: what was not changed comes back bit by bit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from modelwarden.core import ConfigError
from modelwarden.core.values import dataclass
from modelwarden.targets.frames import Column, Floats, Frame

# Beyond this a float64 does not tell neighbouring whole numbers apart.
_EXACT = 2**53
# A column of words with more values than this, most of them met once, names rows; it has no kinds.
_MANY, _MOSTLY = 200, 0.5


class Kind(StrEnum):
    """What a column holds. `FIXED` ones, such as dates, are never changed."""

    NUMBER = "number"
    WHOLE = "whole"
    CATEGORY = "category"
    FIXED = "fixed"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Columns:
    """How each column of a table is told in numbers.

    Attributes:
        names: of the columns. kinds: one for each.
        levels: of the categories, the values in the order of their numbers, most frequent first.
    """

    names: tuple[str, ...]
    kinds: tuple[Kind, ...]
    levels: Mapping[int, tuple[object, ...]]

    def __len__(self) -> int:
        """Columns."""
        return len(self.names)

    def where(self, *kinds: Kind) -> npt.NDArray[np.bool_]:
        """Return which columns are of these kinds."""
        return np.array([kind in kinds for kind in self.kinds], np.bool_)

    def encoded(self, frame: Frame) -> Floats:
        """Return (n, d); NaN where a value is missing, −1 for a category that is not known."""
        out = np.zeros((len(frame), len(self)))
        for j, name in enumerate(self.names):
            column = frame[name]
            if self.kinds[j] is Kind.CATEGORY:
                at = {value: i for i, value in enumerate(self.levels[j])}
                codes = [at.get(_plain(v), -1) for v in column.tolist()]
                out[:, j] = np.where(absent(column), np.nan, np.array(codes, np.float64))
            elif self.kinds[j] is not Kind.FIXED:
                out[:, j] = column.astype(np.float64)
        return out

    def decoded(self, origin: Frame, before: Floats, values: Floats) -> Frame:
        """Return the table with the changed cells replaced, every column of the type it had.

        Args:
            origin: the rows as they were.
            before: the same, encoded.
            values: (n, d) encoded.
        """
        out = []
        for j, column in enumerate(origin.columns):
            changed = (values[:, j] != before[:, j]) & ~np.isnan(values[:, j])
            if self.kinds[j] is Kind.FIXED or not changed.any():
                out.append(column)
                continue
            column = column.copy()
            fresh = values[changed, j]
            if self.kinds[j] is Kind.CATEGORY:
                picked = [self.levels[j][int(code)] for code in fresh]
                column[changed] = np.array(picked, column.dtype)
            else:
                column[changed] = fresh.astype(column.dtype)
            out.append(column)
        return Frame(origin.names, tuple(out))


def absent(column: Column) -> npt.NDArray[np.bool_]:
    """Return where a value is missing."""
    if column.dtype.kind == "O":
        return np.array([value is None for value in column.tolist()], np.bool_)
    if column.dtype.kind == "f":
        return np.isnan(column.astype(np.float64))
    if column.dtype.kind == "M":
        return np.asarray(np.isnat(column.astype("datetime64[us]")), np.bool_)
    return np.zeros(len(column), np.bool_)


def _plain(value: object) -> object:
    """Return the value as levels hold it: 1 and 1.0 are one."""
    return float(value) if isinstance(value, bool | int | float) else value


def columns_of(
    frame: Frame,
    train: Frame | None,
    *,
    whole: frozenset[str] = frozenset(),
    categorical: frozenset[str] = frozenset(),
    fixed: frozenset[str] = frozenset(),
) -> Columns:
    """Tell the kind of each column from its type, the training data and what the user says.

    Args:
        frame: the rows that are attacked.
        train: where values come from.
        whole: names of columns that the user calls whole.
        categorical: likewise.
        fixed: likewise.

    Raises:
        ConfigError: a column of words has no categories.
    """
    kinds: list[Kind] = []
    levels: dict[int, tuple[object, ...]] = {}
    for j, name in enumerate(frame.names):
        column = frame[name]
        known = column if train is None or name not in train.names else train[name]
        if name in fixed or column.dtype.kind == "M":
            kinds.append(Kind.FIXED)
        elif column.dtype.kind == "O" or name in categorical:
            kinds.append(Kind.CATEGORY)
            levels[j] = _levels(name, known, stated=name in categorical, trained=train is not None)
        else:
            kinds.append(_number(known, column, whole=name in whole))
    return Columns(names=frame.names, kinds=tuple(kinds), levels=levels)


def _levels(name: str, column: Column, *, stated: bool, trained: bool) -> tuple[object, ...]:
    if not trained:
        raise ConfigError(
            f"features: column {name!r} holds words, and there is no training set to take its "
            "categories from",
            hint=f"Give data.train, or put {name!r} into features.immutable.",
        )
    met = Counter(_plain(v) for v in column[~absent(column)].tolist())
    if not stated and len(met) > _MANY and len(met) > _MOSTLY * len(column):
        raise ConfigError(
            f"features: column {name!r} holds words without categories "
            f"({len(met)} values in {len(column)} rows)",
            hint=f"Put {name!r} into features.immutable or features.categorical, or make it "
            "data.id when it names rows.",
        )
    return tuple(sorted(met, key=lambda value: (-met[value], str(value))))


def _number(known: Column, column: Column, *, whole: bool) -> Kind:
    both = [part.astype(np.float64) for part in (known, column)]
    values = np.concatenate([part[np.isfinite(part)] for part in both])
    if len(values) and np.abs(values).max() >= _EXACT:
        return Kind.FIXED
    kept = column.dtype.kind in "iub" or (
        len(values) > 0 and bool((values == np.rint(values)).all())
    )
    return Kind.WHOLE if whole or kept else Kind.NUMBER
