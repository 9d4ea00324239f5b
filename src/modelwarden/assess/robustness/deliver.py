"""The attacked inputs as a file, so that anyone can ask them again."""

from __future__ import annotations

import base64
import io
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from modelwarden.assess.stage import Attachment
from modelwarden.targets.frames import Column, Frame, Inputs, Labels, take

if TYPE_CHECKING:
    from modelwarden.assess.context import Context
    from modelwarden.assess.robustness.attacked import Attacked
    from modelwarden.assess.robustness.plan import Plan
    from modelwarden.attacks.problem import Mask

NPZ, PARQUET = "adversarial.npz", "adversarial.parquet"


def adversarial(context: Context, made: Plan, attacked: Attacked) -> Attachment:
    """Return all sampled rows as `adversarial.npz`, tables and texts as `adversarial.parquet`.

    They are in the model's own units. Rows that were wrong as they are were not attacked: they
    stand as they are, with no queries and no attack. `queries` of one that held is what the most
    patient attack asked.
    """
    best = attacked.winners()
    n, at = len(made.rows), np.flatnonzero(made.right)
    names = [entry.name for entry in attacked.entries]
    success = np.zeros(n, np.bool_)
    success[at] = best >= 0
    queries = np.zeros(n, np.int64)
    queries[at] = np.max([o.queries for o in attacked.outcomes], axis=0)
    attack = np.full(n, "", f"<U{max(len(name) for name in names)}")
    wins = attacked.wins()
    for number, outcome in enumerate(attacked.outcomes):
        mine = np.flatnonzero(best == number)
        queries[at[mine]] = outcome.queries[mine]
        attack[at[mine]] = names[number]
    x = take(context.test.inputs, made.rows)
    changed = _put(x, at, made.problem.space.inputs(np.arange(len(at)), wins), best >= 0)
    columns: dict[str, Column] = {
        "index": made.rows,
        "y": _truth(context, made),
        "success": success,
        "queries": queries,
        "attack": attack,
    }
    if isinstance(x, Frame) or x.dtype.kind == "O":
        data, name = _parquet(x, changed, columns), PARQUET
    else:
        stream = io.BytesIO()
        arrays: dict[str, Any] = {"x": x, "x_adv": changed, **columns}
        np.savez_compressed(stream, **arrays)
        data, name = stream.getvalue(), NPZ
    return Attachment(name=name, data=base64.b64encode(data).decode("ascii"))


def _put(x: Inputs, at: Labels, wins: Inputs, won: Mask) -> Inputs:
    """Return a copy of `x` with the wins in their rows."""
    if isinstance(x, Frame) and isinstance(wins, Frame):
        return Frame(
            x.names,
            tuple(
                _put_column(mine, at[won], theirs[won])
                for mine, theirs in zip(x.columns, wins.columns, strict=True)
            ),
        )
    return _put_column(np.asarray(x), at[won], np.asarray(wins)[won])


def _put_column(column: Column, rows: Labels, values: Column) -> Column:
    out = column.astype(np.result_type(column, values)) if len(rows) else column.copy()
    out[rows] = values
    return out


def _truth(context: Context, made: Plan) -> Column:
    y = context.test.y
    truth = np.zeros(len(made.rows)) if y is None else y[made.rows]
    return truth.astype(str) if truth.dtype.kind == "O" else truth


def _parquet(x: Inputs, changed: Inputs, columns: dict[str, Column]) -> bytes:
    """Return a parquet file; `x` and `x_adv` of a table are structs of its columns."""
    import duckdb

    data: dict[str, Column] = {
        name: values.astype(object) if values.dtype.kind == "U" else values
        for name, values in columns.items()
    }
    parts = []
    for name, inputs in (("x", x), ("x_adv", changed)):
        if isinstance(inputs, Frame):
            fields = []
            for number, (title, column) in enumerate(
                zip(inputs.names, inputs.columns, strict=True)
            ):
                data[f"{name}_{number}"] = column
                value = f"{name}_{number}"
                # Of a column without any value the type could not be told.
                if column.dtype.kind == "O":
                    value = f"CAST({value} AS VARCHAR)"
                fields.append(f"{_quoted(title)} := {value}")
            parts.append(f"struct_pack({', '.join(fields)}) AS {name}")
        else:
            data[name] = inputs
            parts.append(name)
    chosen = ", ".join(('"index"', *parts, "y", "success", "queries", "attack"))
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as connection:
        connection.execute("SET threads = 1")
        connection.register("adversarial", data)
        place = Path(folder) / "a.parquet"
        target = str(place).replace("'", "''")
        connection.execute(
            f"COPY (SELECT {chosen} FROM adversarial) TO '{target}' (FORMAT parquet)"  # noqa: S608 -- quoted
        )
        return place.read_bytes()


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
