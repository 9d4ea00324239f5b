"""Answers that list one entry a row: numbers, texts, arrays, or objects of named values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from modelwarden.protocols.tensors import Tensor, WireError, array_of


def tensors_of(answer: object, rows: int, name: str = "predictions") -> tuple[Tensor, ...]:
    """Return the arrays of an answer in any of the forms that servers use.

    - a list with an entry a row: numbers, texts or arrays of them are one array; objects of single
      numbers are one array with named columns; other objects are an array for each key;
    - an object of such lists: an array for each key.

    Args:
        answer: decoded JSON.
        rows: that were asked for.
        name: of an array that has no other.

    Raises:
        WireError: it is none of these, or has another number of rows.
    """
    if isinstance(answer, dict):
        return tuple(t for key, part in answer.items() for t in tensors_of(part, rows, str(key)))
    if not isinstance(answer, list):
        raise WireError(f"{name} is not an array")
    if len(answer) != rows:
        raise WireError(f"{name} has {len(answer)} entries for {rows} rows")
    if answer and all(isinstance(entry, dict) for entry in answer):
        return _of_objects(answer, name)
    return (Tensor(name, array_of(answer, name)),)


def _of_objects(entries: Sequence[Mapping[str, Any]], name: str) -> tuple[Tensor, ...]:
    keys = tuple(dict.fromkeys(key for entry in entries for key in entry))
    values = [value for entry in entries for value in entry.values()]
    if all(type(value) in (int, float) for value in values):
        # Servers that list only the likeliest classes leave the others out: they get the rest, 0.
        table = [[entry.get(key, 0.0) for key in keys] for entry in entries]
        try:
            return (Tensor(name, np.array(table, np.float64), keys),)
        except OverflowError as error:
            raise WireError(f"{name} holds a number beyond 64 bits") from error
    if any(set(entry) != set(keys) for entry in entries):
        raise WireError(f"the entries of {name} have different keys")
    return tuple(Tensor(key, array_of([entry[key] for entry in entries], key)) for key in keys)
