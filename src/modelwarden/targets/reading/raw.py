"""What a reader gives before anybody knows which column is what."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import numpy.typing as npt

from modelwarden.core import InputError
from modelwarden.core.values import dataclass
from modelwarden.targets.frames import Column, Frame

_EXACT = 2.0**53  # below it, a float is one whole number alone


class DataError(InputError):
    """A data file that cannot be used as it is."""

    hint = "Mend the file, or name another."


def must_be_file(place: Path) -> None:
    """Refuse a pipe or a device: it is read once, and may never end.

    Raises:
        DataError: it is one.
    """
    if place.exists() and not place.is_file():
        raise DataError(f"{place} is no regular file", hint="Write its rows to a file first.")


@dataclass(frozen=True, slots=True)
class Part:
    """The rows of a file that were read where all of them are too many.

    Attributes:
        every: of so many rows one was read; a prime, so that no pattern of the file meets it.
        first: the row that was read first, from 0 on.
        of: rows of the file.
    """

    every: int
    first: int
    of: int

    def __str__(self) -> str:
        """Return it as conditions name it."""
        return f"1 row of every {self.every:,} of {self.of:,}, from row {self.first:,} on"


def part_of(rows: int, most: int) -> Part | None:
    """Return which of so many rows are read if `most` may be; None when it is all of them."""
    if rows <= most:
        return None
    every = -(-rows // max(1, most))
    while any(every % divisor == 0 for divisor in range(2, math.isqrt(every) + 1)):
        every += 1
    return Part(every=every, first=every // 2, of=rows)


@dataclass(frozen=True, slots=True, eq=False)
class Raw:
    """The content of one file or folder.

    Attributes:
        frame: the columns of a table; of an array, those beside it (labels, names of files).
        array: (n, …) of an npz or a folder of images; None for a table.
        y: (n,) labels that the form itself marks as such (npz `y`, the folders of a class).
        others: names of what else the form holds beside them.
        notes: what the reader did that the user should know.
        part: which rows of the file these are; None of all.
        rounded: columns of whole numbers too large for floats, which they had to become.
    """

    frame: Frame
    array: npt.NDArray[np.generic] | None = None
    y: Column | None = None
    others: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    part: Part | None = None
    rounded: tuple[str, ...] = ()


def beyond_floats(column: Column) -> bool:
    """Tell whether a column of floats holds values whose neighbours among whole numbers it loses.

    >>> beyond_floats(np.array([1.0, 2.0**53])), beyond_floats(np.array([1, 2**62]))
    (True, False)
    """
    if column.dtype.kind != "f":
        return False
    return bool((np.isfinite(column) & (np.abs(column) >= _EXACT)).any())


def column_of(values: list[object], what: str) -> Column:
    """Return JSON-like values as one column; whole numbers with gaps become floats.

    Raises:
        DataError: a value is a list or an object.
    """
    kinds = {type(v) for v in values if v is not None}
    if kinds <= {bool} and kinds:
        if None not in values:
            return np.array(values, np.bool_)
        return np.array([np.nan if v is None else float(v) for v in values], np.float64)  # type: ignore[arg-type]
    if kinds <= {int, float} and kinds:
        if kinds == {int} and None not in values:
            try:
                return np.array(values, np.int64)
            except OverflowError as error:
                raise DataError(f"{what} holds a whole number beyond 64 bits") from error
        return np.array([np.nan if v is None else v for v in values], np.float64)
    if kinds & {list, dict}:
        raise DataError(f"{what} holds lists or objects, not single values")
    column = np.empty(len(values), np.object_)
    column[:] = [None if v is None else v if isinstance(v, str) else str(v) for v in values]
    return column
