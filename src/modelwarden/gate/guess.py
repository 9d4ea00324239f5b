"""What a folder's data and models probably are: every guess with its reason."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Generic, TypeVar

from modelwarden.core.values import dataclass
from modelwarden.gate.look import Column, Model, Seen, Table

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Guess(Generic[T]):
    """A value, and why."""

    value: T
    why: str


_LABELS = (
    "label",
    "labels",
    "target",
    "y",
    "class",
    "outcome",
    "ground_truth",
    "truth",
    "response",
    "category",
    "is_fraud",
    "fraud",
    "is_spam",
    "spam",
    "churn",
    "default",
    "survived",
    "income",
    "price",
    "diagnosis",
    "species",
    "sentiment",
    "toxic",
)
_PROTECTED = re.compile(
    r"(^|_)(sex|gender|race|ethnic\w*|age|religion|disab\w*|nationality|native_country|"
    r"marital\w*|foreign\w*|citizen\w*|pregnan\w*|orientation|skin\w*|birth\w*)(_|$)"
)
_IDS = re.compile(r"(^|_)(id|uuid|guid|key|index|row|rowid|row_id)$|^(id|uuid|unnamed: 0|column0)$")
_POSITIVE = (
    "1 true yes y t positive pos spam fraud bad attack malicious malware phishing toxic default"
    " churn >50k"
).split()
_MOST_CLASSES = 20
OF_TABLES = ("xgboost", "lightgbm", "catboost", "mlflow")
"""Adapters of models that are given all columns, texts among them."""
_LONG = 25.0


def data_files(tables: Sequence[Table]) -> tuple[Guess[Table] | None, Guess[Table] | None]:
    """Return test and training set, told by their names; one file alone is the test set."""
    test = _named(tables, r"test|holdout|hold_out|eval|valid")
    train = _named([t for t in tables if test is None or t is not test.value], r"train|fit")
    if test is None:
        left = [t for t in tables if train is None or t is not train.value]
        if left:
            why = "the only data file" if len(left) == 1 else "the data file with the most rows"
            test = Guess(max(left, key=lambda t: t.rows), why)
    return test, train


def _named(tables: Sequence[Table], pattern: str) -> Guess[Table] | None:
    found = [t for t in tables if re.search(pattern, t.path.lower().rpartition("/")[2])]
    found = found or [t for t in tables if re.search(pattern, t.path.lower())]
    return Guess(found[0], "by its name") if found else None


def label(table: Table) -> Guess[Column] | None:
    """Return the column of the truth: by its name, else the last one that has few values."""
    if table.shape:
        return Guess(table.columns[0], "the array y")
    by_name = {c.name.lower(): c for c in table.columns}
    for name in _LABELS:
        if name in by_name:
            return Guess(by_name[name], "by its name")
    if table.columns and table.columns[-1].distinct <= _MOST_CLASSES:
        return Guess(table.columns[-1], "the last column, and it has few values")
    return None


def together(column: Column, train: Table) -> Column:
    """Return the label as test and training set hold it: a class may be missing in one of them."""
    other = next((c for c in train.columns if c.name == column.name), None)
    if other is None or other.kind != column.kind or not column.values:
        return column
    if not other.values:
        return other
    counts = dict(other.values)
    for value, count in column.values:
        counts[value] = counts.get(value, 0) + count
    return replace(
        column,
        rows=column.rows + other.rows,
        distinct=len(counts),
        values=tuple(counts.items()),
    )


def task(column: Column) -> Guess[str]:
    """Return the task that a label speaks of."""
    if column.distinct == 2:
        return Guess("binary", f"{column.name} has two values")
    whole = column.kind in {"integer", "boolean", "text"}
    if column.kind in {"number", "integer"} and (column.distinct > _MOST_CLASSES or not whole):
        return Guess("regression", f"{column.name} has {column.distinct} different numbers")
    return Guess("multiclass", f"{column.name} has {column.distinct} values")


def positive(column: Column) -> Guess[str | int | float | bool] | None:
    """Return the positive class of a label with two values."""
    if len(column.values) != 2:
        return None
    for word in _POSITIVE:
        for value, _ in column.values:
            if str(value).strip().lower() in {word, f"{word}.0", f"{word}."}:
                return Guess(value, "by its name")
    value, count = min(column.values, key=lambda pair: pair[1])
    return Guess(value, f"the rarer one ({count} of {column.rows} rows)")


def identifier(table: Table, taken: Sequence[str]) -> Guess[str] | None:
    """Return a column that numbers the rows."""
    for column in table.columns:
        unique = column.distinct == column.rows - column.missing and column.rows > 1
        if column.name not in taken and unique and _IDS.search(column.name.lower()):
            return Guess(column.name, "by its name, and every row has its own")
    return None


def protected(table: Table, taken: Sequence[str]) -> list[str]:
    """Return columns whose names say that they describe people's protected attributes."""
    return [c.name for c in table.columns if c.name not in taken and _is_protected(c.name)]


def _is_protected(name: str) -> bool:
    spelled = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
    return _PROTECTED.search(re.sub(r"[^a-z0-9]+", "_", spelled)) is not None


def modality(table: Table, taken: Sequence[str], *, frames: bool) -> Guess[str]:
    """Return what the inputs are; `frames` if the model is given all columns, whatever they are."""
    if table.shape:
        dimensions = len(table.shape)
        kind = "vector" if dimensions <= 1 else "image"
        return Guess(kind, f"x has {dimensions + 1} dimensions")
    column = text_column(table, taken)
    others = [c.name for c in table.columns if c.name not in (*taken, column)]
    if column is not None and not (frames and others):
        more = f"; the model is not given {', '.join(others)}" if others else ""
        return Guess("text", f"{column} holds texts{more}")
    return Guess("tabular", f"{len(table.columns)} columns")


def text_column(table: Table, taken: Sequence[str]) -> str | None:
    """Return the one column of inputs when it holds texts."""
    left = [c for c in table.columns if c.name not in taken]
    texts = [c for c in left if c.kind == "text" and (c.length >= _LONG or c.distinct > 1_000)]
    named = [c for c in texts if c.name.lower() in {"text", "message", "body", "comment", "url"}]
    if len(left) == 1 and texts:
        return texts[0].name
    return named[0].name if len(named) == 1 and len(left) <= 3 else None


def model(seen: Seen) -> Guess[Model] | None:
    """Return the model to test: one that an adapter opens, the largest of them."""
    usable = [m for m in seen.models if m.adapter is not None]
    whole = [m for m in usable if m.step is None]
    if whole:
        why = "the only model" if len(whole) == 1 else f"the largest of {len(whole)} models"
        return Guess(whole[0], why)
    if usable:
        return Guess(usable[0], f"no model by itself, but a {usable[0].step}")
    return Guess(seen.models[0], "no adapter is known for it") if seen.models else None
