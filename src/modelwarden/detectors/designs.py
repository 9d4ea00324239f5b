"""Inputs of any kind as numbers that the small learners can read."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from modelwarden.detectors.codes import codes_of
from modelwarden.detectors.counts import as_numbers, word_of
from modelwarden.detectors.wordings import Wordings
from modelwarden.targets.frames import Column, Floats, Frame, Labels

LEVELS = 64  # histogram bins of a feature
_WORDS = 12
_MOST_PARTS = 2000
_CLIP = 5.0


@dataclass(frozen=True, slots=True, eq=False)
class Design:
    """Features as numbers.

    Attributes:
        x: (n, d) standardised, missing values at 0 with an indicator beside them.
        bins: (n, d) the same in at most 64 levels each.
        wordings: what stands in the n texts, where they are texts.
        codes: (n,) places of the values of each column that has too many of them for indicators.
    """

    x: Floats
    bins: npt.NDArray[np.uint8]
    wordings: Wordings | None = None
    codes: tuple[Labels, ...] = ()

    def __len__(self) -> int:
        """Rows."""
        return len(self.x)


def design_of(frame: Frame, *, calendar: bool = False) -> Design:
    """Return a table as numbers: frequent words become indicators, dates seconds.

    Args:
        frame: n rows.
        calendar: days of the week, months and hours of dates are told as well.
    """
    parts: list[Floats] = []
    for column in frame.columns:
        parts += _parts(column)
        if calendar and column.dtype.kind == "M":
            parts += _calendar(column)
        if len(parts) >= _MOST_PARTS:
            break
    x = np.column_stack(parts) if parts else np.zeros((len(frame), 1))
    return replace(design_of_array(x), codes=codes_of(frame, _WORDS))


def design_of_array(x: Floats, wordings: Wordings | None = None) -> Design:
    """Return an array (n, d) as numbers, standardised, beside the texts that it stands for."""
    values = np.nan_to_num(x.astype(np.float64), nan=0.0, posinf=0.0, neginf=0.0)
    spread = values.std(axis=0)
    scaled = (values - values.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    return Design(np.clip(scaled, -_CLIP, _CLIP), levels_of(values), wordings)


def _parts(column: Column) -> list[Floats]:
    if column.dtype.kind != "O":
        values = as_numbers(column)
        finite = np.isfinite(values)
        if not finite.any():
            return []
        low, middle, high = np.quantile(values[finite], [0.005, 0.5, 0.995])
        made = [np.where(finite, np.clip(values, low, high), middle)]
        known = made[0][finite]
        spread = float(known.std())
        # A long tail is bent, or a straight line sees nothing but its end.
        if spread and abs(float(((known - known.mean()) ** 3).mean())) > 2 * spread**3:
            unit = float(np.quantile(np.abs(known - middle), 0.5)) or spread
            made.append(np.arcsinh((made[0] - middle) / unit))
        if not finite.all():
            made.append((~finite).astype(np.float64))
        return made
    words = [word_of(value) for value in column.tolist()]
    common = [word for word, n in Counter(words).most_common(_WORDS) if n > 1]
    return [np.array([value == word for value in words], np.float64) for word in common]


def _calendar(column: Column) -> list[Floats]:
    """Return day of the week, month and hour of dates (n,), those that are not the same for all."""
    known = ~np.isnat(column)
    days = column.astype("M8[D]").astype(np.int64)
    hours = (column.astype("M8[h]") - column.astype("M8[D]")).astype(np.int64)
    months = column.astype("M8[M]").astype(np.int64) % 12
    made = [np.where(known, part, 0).astype(np.float64) for part in ((days + 3) % 7, months, hours)]
    return [part for part in made if (part != part[0]).any()]


def levels_of(x: Floats) -> npt.NDArray[np.uint8]:
    """Return numbers (n, d) in at most 64 levels each, of about equal many rows."""
    made = np.zeros(x.shape, np.uint8)
    for j in range(x.shape[1]):
        cuts = np.unique(np.quantile(x[:, j], np.linspace(0, 1, LEVELS)[1:-1]))
        made[:, j] = np.searchsorted(cuts, x[:, j], side="left")
    return made
