"""Columns that number or name the rows: another set has other numbers, which is no change.

Where such a column gives the label away, `target-leakage` says so, once.
"""

from __future__ import annotations

from dataclasses import replace

from modelwarden.detectors.leakage import numbers_rows
from modelwarden.targets.data import DataSet
from modelwarden.targets.frames import Frame


def without_numbering(
    reference: DataSet, other: DataSet
) -> tuple[DataSet, DataSet, tuple[str, ...]]:
    """Return both sets without the columns that number the rows of each, and their names."""
    here, there = reference.inputs, other.inputs
    if not isinstance(here, Frame) or not isinstance(there, Frame):
        return reference, other, ()
    names = tuple(
        name
        for name, column in zip(here.names, here.columns, strict=True)
        if name in there.names and numbers_rows(name, column) and numbers_rows(name, there[name])
    )
    if not names or len(names) == len(here.names):
        return reference, other, ()
    return (
        replace(reference, inputs=here.without(names)),
        replace(other, inputs=there.without(names)),
        names,
    )
