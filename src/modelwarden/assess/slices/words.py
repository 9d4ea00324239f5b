"""Conditions in plain words, and as queries that select their rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from modelwarden.core import Json

Conditions = Sequence[Mapping[str, Json]]
_WORDS = {">=": "at least", ">": "above", "<=": "at most", "<": "below"}
_MOST = 6


def described(conditions: Conditions) -> str:
    """Return the conditions as a person would say them."""
    return " and ".join(_said(c) for c in conditions)


def _said(condition: Mapping[str, Json]) -> str:
    column, op, value = condition["column"], condition["op"], condition["value"]
    if value is None:
        return f"{column} missing"
    if op == "between" and isinstance(value, Sequence) and not isinstance(value, str):
        return f"{column} between {_text(value[0])} and {_text(value[1])}"
    if op == "in" and isinstance(value, Sequence) and not isinstance(value, str):
        more = f" or {len(value) - _MOST} more" if len(value) > _MOST else ""
        return f"{column} one of {', '.join(_text(v) for v in value[:_MOST])}{more}"
    if op == "==":
        return f"{column} = {_text(value)}"
    return f"{column} {_WORDS[str(op)]} {_text(value)}"


def _text(value: Json) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    return str(value)[:60]


def sql(conditions: Conditions, table: str = "test") -> str:
    """Return a query that selects the rows."""
    where = " AND ".join(_sql(c) for c in conditions)
    return f"SELECT * FROM {table} WHERE {where}"  # noqa: S608 -- shown to people, never run


def _sql(condition: Mapping[str, Json]) -> str:
    column = '"' + str(condition["column"]).replace('"', '""') + '"'
    op, value = str(condition["op"]), condition["value"]
    if value is None:
        return f"{column} IS NULL"
    if isinstance(value, Sequence) and not isinstance(value, str):
        each = [_literal(v) for v in value]
        if op == "between":
            return f"{column} BETWEEN {each[0]} AND {each[1]}"
        return f"{column} IN ({', '.join(each)})"
    return f"{column} {'=' if op == '==' else op} {_literal(value)}"


def _literal(value: Json) -> str:
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, int | float):
        return repr(value)
    return "'" + str(value).replace("'", "''") + "'"


def pandas(conditions: Conditions) -> str:
    """Return an expression over a data frame `df` that selects the rows."""
    return f"df[{' & '.join(_pandas(c) for c in conditions)}]"


def _pandas(condition: Mapping[str, Json]) -> str:
    column = f"df[{str(condition['column'])!r}]"
    op, value = str(condition["op"]), condition["value"]
    if value is None:
        return f"{column}.isna()"
    if isinstance(value, Sequence) and not isinstance(value, str):
        inside = ", ".join(repr(v) for v in value)
        return f"{column}.between({inside})" if op == "between" else f"{column}.isin([{inside}])"
    return f"({column} {op} {value!r})"
