"""Inputs of a model as plain arrays: a table, texts, or one array of images or vectors."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import field, replace
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from modelwarden.core import InputError
from modelwarden.core.values import dataclass

Labels = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
# One column: bool, int64, float64 (NaN is missing), datetime64[us] (NaT is missing), or objects
# that are str or None (None is missing).
Column: TypeAlias = npt.NDArray[np.generic]


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """A table: named columns of one length.

    Attributes:
        names: of the columns, in the order in which the model is given them; no two are equal.
        columns: (n,) each.
    """

    names: tuple[str, ...]
    columns: tuple[Column, ...]
    _at: dict[str, int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Refuse what is no table."""
        object.__setattr__(self, "_at", {name: i for i, name in enumerate(self.names)})
        if len(self._at) != len(self.names) or len(self.names) != len(self.columns):
            raise InputError(f"{len(self.columns)} columns do not go with {len(self.names)} names")
        if len({column.shape for column in self.columns}) > 1:
            raise InputError("the columns of a table have different lengths")

    def __len__(self) -> int:
        """Rows."""
        return len(self.columns[0]) if self.columns else 0

    def __getitem__(self, name: str) -> Column:
        """Return one column.

        Raises:
            InputError: there is none of this name.
        """
        at = self._at.get(name)
        if at is None:
            shown = ", ".join(self.names[:20])
            raise InputError(f"no column {name!r}", hint=f"Columns: {shown}.")
        return self.columns[at]

    def take(self, rows: npt.ArrayLike) -> Frame:
        """Return these rows, in this order."""
        at = np.asarray(rows)
        return self._cut(tuple(column[at] for column in self.columns))

    def part(self, start: int, end: int) -> Frame:
        """Return the rows from `start` to before `end`, without copying them."""
        return self._cut(tuple(column[start:end] for column in self.columns))

    def _cut(self, columns: tuple[Column, ...]) -> Frame:
        """Return a table with these rows; what was cut alike needs no second look."""
        made = object.__new__(Frame)
        object.__setattr__(made, "names", self.names)
        object.__setattr__(made, "columns", columns)
        object.__setattr__(made, "_at", self._at)
        return made

    def only(self, names: Iterable[str]) -> Frame:
        """Return these columns, in this order."""
        chosen = tuple(names)
        return Frame(chosen, tuple(self[name] for name in chosen))

    def without(self, names: Iterable[str]) -> Frame:
        """Return all columns but these; a name that is not there is no error."""
        left_out = set(names)
        return self.only(name for name in self.names if name not in left_out)

    def with_column(self, name: str, values: Column) -> Frame:
        """Return the table with one column replaced, or added at the end."""
        at = self._at.get(name)
        if at is None:
            return Frame((*self.names, name), (*self.columns, values))
        return replace(self, columns=(*self.columns[:at], values, *self.columns[at + 1 :]))


# (n,) objects that are str, for text and html; (n, …) floats or uint8 for images and vectors.
Inputs: TypeAlias = Frame | npt.NDArray[np.generic]


def take(inputs: Inputs, rows: npt.ArrayLike) -> Inputs:
    """Return these rows of any inputs, in this order."""
    return inputs.take(rows) if isinstance(inputs, Frame) else inputs[np.asarray(rows)]


def joined(parts: Sequence[Inputs]) -> Inputs:
    """Return the rows of all parts, one part after another; all are of one kind."""
    first = parts[0]
    if isinstance(first, Frame):
        frames = [part for part in parts if isinstance(part, Frame)]
        return replace(
            first,
            columns=tuple(
                np.concatenate(c) for c in zip(*(f.columns for f in frames), strict=True)
            ),
        )
    return np.concatenate([part for part in parts if not isinstance(part, Frame)])
