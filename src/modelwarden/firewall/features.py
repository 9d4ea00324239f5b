"""Requests as rows of numbers, the same way for the reference and for what is judged by it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from modelwarden.firewall.profile import Input, Kind
from modelwarden.protocols.tensors import Array
from modelwarden.targets.frames import Floats

_MOST_CATEGORIES = 50  # of one column; more of them are names, which are checked, not measured


def matrix_of(inputs: Sequence[Input], values: Mapping[str, Array], rows: int) -> Floats:
    """Return (rows, features): numbers as they are, categories as 0 or 1 for each, no texts.

    A value that is missing is NaN.
    """
    parts = [_part(spec, values[spec.name], rows) for spec in inputs]
    whole = [part for part in parts if part.shape[1]]
    return np.concatenate(whole, axis=1) if whole else np.empty((rows, 0))


def _part(spec: Input, values: Array, rows: int) -> Floats:
    if spec.kind is Kind.TEXT or len(spec.categories) > _MOST_CATEGORIES:
        return np.empty((rows, 0))
    if spec.kind is Kind.CATEGORY:
        return np.stack([(values == c).astype(np.float64) for c in spec.categories], axis=1)
    return values.reshape(rows, -1).astype(np.float64)


def features_of(inputs: Sequence[Input]) -> list[int]:
    """Return by the columns of `matrix_of` of which feature each is: a category has several."""
    found: list[int] = []
    for spec in inputs:
        number = found[-1] + 1 if found else 0
        if spec.kind is Kind.CATEGORY and len(spec.categories) <= _MOST_CATEGORIES:
            found += [number] * len(spec.categories)
        elif spec.kind not in (Kind.CATEGORY, Kind.TEXT):
            found += range(number, number + math.prod(spec.shape))
    return found
