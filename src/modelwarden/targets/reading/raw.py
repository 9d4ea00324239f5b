"""What a reader gives before anybody knows which column is what."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from modelwarden.core import InputError
from modelwarden.core.values import dataclass
from modelwarden.targets.frames import Column, Frame


class DataError(InputError):
    """A data file that cannot be used as it is."""

    hint = "Mend the file, or name another."


@dataclass(frozen=True, slots=True, eq=False)
class Raw:
    """The content of one file or folder.

    Attributes:
        frame: the columns of a table; of an array, those beside it (labels, names of files).
        array: (n, …) of an npz or a folder of images; None for a table.
        y: (n,) labels that the form itself marks as such (npz `y`, the folders of a class).
        notes: what the reader did that the user should know.
    """

    frame: Frame
    array: npt.NDArray[np.generic] | None = None
    y: Column | None = None
    notes: tuple[str, ...] = ()


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
