"""Parquet and CSV through DuckDB, confined to the one file that the user named.

DuckDB reads files larger than memory and speaks both forms; it may open nothing else, load no
extension and reach no network. Types are stable: a CSV column is boolean, whole, real or text, and
what looks like a date stays text, as the model's own code will have read it.
"""

from __future__ import annotations

import os
import re
import zlib
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from modelwarden.core import MissingExtraError
from modelwarden.core.values import dataclass
from modelwarden.targets.frames import Column, Frame
from modelwarden.targets.reading.dialect import GZIP, HEAD, Dialect, csv_source, dialect_of
from modelwarden.targets.reading.faults import fault_of
from modelwarden.targets.reading.raw import (
    DataError,
    Part,
    Raw,
    beyond_floats,
    column_of,
    part_of,
)

if TYPE_CHECKING:
    import duckdb

_CONFINED = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_community_extensions": "false",
    "temp_directory": "",
    "threads": "2",
}
_WHOLE = {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER"}
_LARGE = {"UBIGINT", "HUGEINT", "UHUGEINT"}
_NO_DIGITS = re.compile(r"DECIMAL\(\d+,\s*0\)")
_REAL = ("FLOAT", "DOUBLE", "DECIMAL", "UBIGINT", "HUGEINT", "UHUGEINT")
_OPENED = re.compile(r"""\s*["']/proc/self/fd/\d+["']""")  # the name under which DuckDB sees a file
_TIMES = ("DATE", "TIMESTAMP")
_TEXTS = ("VARCHAR", "ENUM", "UUID", "TIME", "INTERVAL")
_CHUNK = 1 << 22
_TRUE, _FALSE = {"true", "True", "TRUE"}, {"false", "False", "FALSE"}
_INDEX = "__index_level_"  # of a pandas frame
_ROW = '"modelwarden row"'
MOST_CELLS = 1 << 26
"""Numbers that a table is read with, half a gigabyte; a text counts as several."""
_TEXT_CELLS = 8
MOST_TEXT = 4 << 30
"""Bytes of texts that are read from a packed file."""
MOST_UNPACKED = 2 << 30
"""Bytes that a packed file may unpack to: it has to be unpacked once for each look at it."""
MOST_ROWS = 5_000_000
"""More make no interval narrower that anybody decides by."""


@dataclass(frozen=True, slots=True)
class _Query:
    """How a file is read: an SQL source with one parameter, its named columns, a CSV's dialect."""

    source: str
    columns: tuple[tuple[str, str], ...]
    dialect: Dialect | None = None

    def select(self, names: Sequence[str], part: Part | None = None) -> str:
        kinds = dict(self.columns)
        parts = (_cast(name, kinds[name]) for name in names)
        source, where = self.source, ""
        if part is not None:
            source = f"(SELECT *, row_number() OVER () - 1 AS {_ROW} FROM {self.source})"  # noqa: S608
            where = f" WHERE {_ROW} % {part.every} = {part.first}"
        return f"SELECT {', '.join(parts)} FROM {source}{where}"  # noqa: S608 -- quoted names

    def most_rows(self) -> int:
        """Return how many rows of these columns are read at most."""
        cells = sum(_TEXT_CELLS if kind == "VARCHAR" else 1 for _, kind in self.columns)
        return min(MOST_ROWS, max(1, MOST_CELLS // max(1, cells)))


def read_table(path: Path, form: str, *, most: int | None = None) -> Raw:
    """Read a table; of one that is too large, evenly spaced rows.

    Args:
        path: of the file.
        form: `parquet` or `csv`; a CSV may be gzipped.
        most: rows that are read at most; 0 for `MOST_ROWS` or `MOST_CELLS`, None for all.

    Raises:
        DataError: it cannot be read as such, or a column holds no single values.
        MissingExtraError: DuckDB is not installed.
    """
    if form == "csv":
        check_unpacked(path)
    with _opened(path, form) as (connection, name, query):
        names = [n for n, _ in query.columns if not n.startswith(_INDEX)]
        try:
            part = None if most is None else _part(connection, query, name, path, most)
            if "compression='none'" not in query.source:
                _bounded(connection, query, name, part, path)
            found = connection.execute(query.select(names, part), [name]).fetchnumpy()
            written = _written(connection, name, query.dialect)
        except _errors() as error:
            raise _unreadable(path, error, query.dialect) from error
    renamed = _renamed(written, [n for n, _ in query.columns])
    dropped = len(query.columns) - len(names)
    notes = (f"{dropped} index column of the file is left out",) if dropped else ()
    columns = tuple(_plain(found[name]) for name in names)
    if form == "csv":
        columns = tuple(_flags(column) for column in columns)
    rounded = _rounded(query.columns, dict(zip(names, columns, strict=True)), form)
    return Raw(Frame(tuple(names), columns), notes=(*notes, *renamed), part=part, rounded=rounded)


def _written(
    connection: duckdb.DuckDBPyConnection, name: str, dialect: Dialect | None
) -> Sequence[str]:
    """Return the names of columns as the file has them; DuckDB knows each only once."""
    if dialect is not None:
        return dialect.names
    schema = "SELECT name FROM parquet_schema(?) WHERE coalesce(num_children, 0) = 0"
    return [str(row[0]) for row in connection.execute(schema, [name]).fetchall()]


def _renamed(written: Sequence[str], names: Sequence[str]) -> tuple[str, ...]:
    """Return what to say of columns that another has the name of, but for its case perhaps."""
    if len(written) != len(names):
        return ()
    many = Counter(word.lower() for word in written)
    pairs = [
        f"a further {old!r} is {new!r}"
        for old, new in zip(written, names, strict=True)
        if old and old != new and (many[old.lower()] > 1 or new.startswith(f"{old}_"))
    ]
    if not pairs:
        return ()
    more = f" and {len(pairs) - 3} more" if len(pairs) > 3 else ""
    told = "; ".join(pairs[:3])
    return (f"columns whose names differ at most in case are named anew: {told}{more}",)


def _rounded(
    kinds: Sequence[tuple[str, str]], columns: dict[str, Column], form: str
) -> tuple[str, ...]:
    """Return the columns of whole numbers that floats cannot tell apart.

    A CSV says no types: there it is a column of whole numbers alone.
    """
    found = []
    for name, kind in kinds:
        column = columns.get(name)
        if column is None or not beyond_floats(column):
            continue
        whole = kind in _WHOLE or kind in _LARGE or _NO_DIGITS.fullmatch(kind)
        spelt = form == "csv" and not np.mod(column[np.isfinite(column)], 1).any()
        if whole or spelt:
            found.append(name)
    return tuple(found)


def check_unpacked(path: Path) -> None:
    """Refuse a gzipped file that unpacks to more than `MOST_UNPACKED`.

    Raises:
        DataError: it does; whether it is sound is for its reader to say.
    """
    with path.open("rb") as stream:
        if stream.read(2) != GZIP:
            return
        stream.seek(0)
        unpacked, machine = 0, zlib.decompressobj(31)
        waiting = b""
        while waiting := waiting or stream.read(HEAD):
            try:
                unpacked += len(machine.decompress(waiting, _CHUNK))
            except zlib.error:
                return
            waiting = machine.unconsumed_tail
            if machine.eof:
                waiting, machine = machine.unused_data, zlib.decompressobj(31)
            if unpacked > MOST_UNPACKED:
                raise DataError(
                    f"{path.name} unpacks to more than {MOST_UNPACKED:,} bytes",
                    hint="Give it as parquet, of which evenly spaced rows are read where it is "
                    "too large.",
                )


def _bounded(
    connection: duckdb.DuckDBPyConnection, query: _Query, name: str, part: Part | None, path: Path
) -> None:
    """Refuse a packed file whose texts unpack to more than memory is there for."""
    texts = [n for n, kind in query.columns if kind == "VARCHAR"]
    if not texts:
        return
    quoted = (n.replace('"', '""') for n in texts)
    lengths = " + ".join(f'coalesce(sum(strlen("{n}")), 0)' for n in quoted)
    counted = connection.execute(
        f"SELECT {lengths} FROM ({query.select(texts, part)})",  # noqa: S608 -- quoted names
        [name],
    ).fetchone()
    if counted and counted[0] > MOST_TEXT:
        raise DataError(
            f"{path.name} holds {counted[0]:,} bytes of texts, more than {MOST_TEXT:,}",
            hint="Give fewer rows with [data] rows, or leave long columns out.",
        )


def _part(
    connection: duckdb.DuckDBPyConnection, query: _Query, name: str, path: Path, most: int
) -> Part | None:
    """Return which rows are read of a table that has too many; a short text is not counted."""
    most = most or query.most_rows()
    if "compression='none'" in query.source and path.stat().st_size <= most:
        return None
    counted = connection.execute(f"SELECT count(*) FROM {query.source}", [name]).fetchone()  # noqa: S608
    return part_of(0 if counted is None else int(counted[0]), most)


def read_frame(table: object, shown: str) -> Raw:
    """Read a data frame of any library: what gives an Arrow stream, or a frame of pandas.

    Args:
        table: of polars, pyarrow, pandas and others; none of them is imported here.
        shown: names it in errors.

    Raises:
        DataError: it is no data frame, or a column holds no single values.
        MissingExtraError: DuckDB is not installed.
    """
    with _connected() as connection:
        relation = _relation(connection, table, shown)
        names, kinds = relation.columns, [str(kind) for kind in relation.types]
        parts = [_cast(name, kind) for name, kind in zip(names, kinds, strict=True)]
        try:
            found = relation.project(", ".join(parts)).fetchnumpy()
        except _errors() as error:
            raise DataError(f"{shown} cannot be read: {_first(error)}") from error
    columns = {name: _plain(found[name]) for name in names}
    rounded = _rounded(list(zip(names, kinds, strict=True)), columns, "frame")
    return Raw(Frame(tuple(names), tuple(columns.values())), rounded=rounded)


class _Stream:
    """A frame seen by its Arrow stream alone: for some libraries DuckDB would ask for pyarrow."""

    def __init__(self, table: Any) -> None:
        self._table = table

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self._table.__arrow_c_stream__(requested_schema)


def _relation(
    connection: duckdb.DuckDBPyConnection, table: object, shown: str
) -> duckdb.DuckDBPyRelation:
    """Return a frame as DuckDB sees it; pandas gives no Arrow stream where pyarrow is not there."""
    try:
        if type(table).__module__.partition(".")[0] == "pandas":
            return connection.from_df(table)
        if hasattr(table, "__arrow_c_stream__"):
            return connection.from_arrow(_Stream(table))
    except _errors() as error:
        raise DataError(f"{shown} cannot be read: {_first(error)}") from error
    raise DataError(
        f"{shown} is a {type(table).__name__} and no data frame",
        hint="Give a frame of pandas, polars or pyarrow, or anything with __arrow_c_stream__.",
    )


def iter_batches(path: Path, columns: Sequence[str], rows: int = 1 << 20) -> Iterator[Frame]:
    """Yield some columns of a Parquet or CSV file piece by piece, in bounded memory.

    Args:
        path: of the file.
        columns: that are wanted, in order.
        rows: of one piece.

    Raises:
        DataError: it cannot be read, or has no such column.
        MissingExtraError: DuckDB is not installed.
    """
    form = _form_of(path)
    with _opened(path, form) as (connection, name, query):
        known = dict(query.columns)
        for column in columns:
            if column not in known:
                raise DataError(f"{path.name} has no column {column!r}")
        pieces = _row_groups if form == "parquet" else _fetched
        try:
            for found in pieces(connection, query.select(columns), name, rows):
                yield Frame(tuple(columns), tuple(_plain(found[c]) for c in columns))
        except _errors() as error:
            raise _unreadable(path, error, query.dialect) from error


def _row_groups(
    connection: duckdb.DuckDBPyConnection, select: str, name: str, rows: int
) -> Iterator[dict[str, Any]]:
    """Read rows by their number: DuckDB skips the row groups that hold none of them."""
    ranged = select.replace("read_parquet(?)", "read_parquet(?, file_row_number=true)")
    start = 0
    while True:
        within = f"{ranged} WHERE file_row_number BETWEEN {start} AND {start + rows - 1}"
        found = connection.execute(within, [name]).fetchnumpy()
        if not len(next(iter(found.values()))):
            return
        yield found
        start += rows


def _fetched(
    connection: duckdb.DuckDBPyConnection, select: str, name: str, rows: int
) -> Iterator[dict[str, Any]]:
    """Read the rows of a text one after another."""
    result = connection.execute(select, [name])
    names = [entry[0] for entry in result.description]
    while found := result.fetchmany(rows):
        columns = (
            column_of(list(values), n)
            for n, values in zip(names, zip(*found, strict=True), strict=True)
        )
        yield dict(zip(names, columns, strict=True))


def _form_of(path: Path) -> str:
    with path.open("rb") as stream:
        return "parquet" if stream.read(4) == b"PAR1" else "csv"


@contextmanager
def _connected() -> Iterator[duckdb.DuckDBPyConnection]:
    """Give a database in memory that reaches nothing outside."""
    try:
        import duckdb
    except ImportError as error:
        raise MissingExtraError("duckdb", "assess") from error
    connection = duckdb.connect(":memory:", config=dict(_CONFINED))
    try:
        connection.execute("SET enable_external_access=false")
        connection.execute("SET lock_configuration=true")
        yield connection
    finally:
        connection.close()


@contextmanager
def confined(path: Path, *, memory: str | None = None) -> Iterator[tuple[Any, int, str]]:
    """Give a database in memory that can open this file alone, its descriptor, and its name there.

    Args:
        path: of the file.
        memory: that the database may use; four fifths of the machine's by default.

    Raises:
        MissingExtraError: DuckDB is not installed.
        OSError: the file cannot be opened.
    """
    try:
        import duckdb
    except ImportError as error:
        raise MissingExtraError("duckdb", "assess") from error
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    # The name of the descriptor has no characters that DuckDB would take for a pattern.
    name = f"/proc/self/fd/{descriptor}"
    limits = {} if memory is None else {"memory_limit": memory}
    connection = duckdb.connect(":memory:", config={**_CONFINED, **limits})
    try:
        connection.execute(f"SET allowed_paths=['{name}']")
        connection.execute("SET enable_external_access=false")
        connection.execute("SET lock_configuration=true")
        yield connection, descriptor, name
    finally:
        connection.close()
        os.close(descriptor)


@contextmanager
def _opened(path: Path, form: str) -> Iterator[tuple[duckdb.DuckDBPyConnection, str, _Query]]:
    with confined(path) as (connection, descriptor, name):
        dialect = None if form == "parquet" else dialect_of(descriptor)
        source = "read_parquet(?)" if dialect is None else csv_source(dialect)
        try:
            seen = connection.execute(f"DESCRIBE SELECT * FROM {source}", [name]).fetchall()  # noqa: S608
        except _errors() as error:
            raise _unreadable(path, error, dialect) from error
        yield connection, name, _Query(source, tuple((row[0], row[1]) for row in seen), dialect)


def _cast(name: str, kind: str) -> str:
    """Return a column as SQL, brought to one of the types that a frame has."""
    quoted = '"' + name.replace('"', '""') + '"'
    base = kind.partition("(")[0]
    if kind.endswith("[]") or base.startswith(("STRUCT", "MAP", "UNION", "LIST", "ARRAY")):
        raise DataError(f"column {name!r} holds lists or objects, not single values")
    if base in _WHOLE:
        return f"CAST({quoted} AS BIGINT) AS {quoted}"
    if base.startswith(_REAL):
        return f"CAST({quoted} AS DOUBLE) AS {quoted}"
    if base.startswith(_TIMES):
        return f"CAST({quoted} AS TIMESTAMP) AS {quoted}"
    if base == "BOOLEAN":
        return quoted
    if base.startswith(_TEXTS) or kind == '"NULL"':  # no value of any type
        return f"CAST({quoted} AS VARCHAR) AS {quoted}"
    raise DataError(f"column {name!r} holds values of type {kind}, which no model is given")


def _plain(values: Any) -> Column:
    """Return what DuckDB gives as a column: masks become NaN, NaT or None."""
    if not isinstance(values, np.ma.MaskedArray):
        column = np.asarray(values)
        return column.astype("datetime64[us]") if column.dtype.kind == "M" else column
    mask, data = np.ma.getmaskarray(values), np.ma.getdata(values)
    if data.dtype.kind == "M":
        times = data.astype("datetime64[us]")
        times[mask] = np.datetime64("NaT")
        return times
    if data.dtype.kind in "biuf":
        if not mask.any():
            return data
        numbers = data.astype(np.float64)
        numbers[mask] = np.nan
        return numbers
    texts = data.astype(np.object_)
    texts[mask] = None
    return texts


def are_flags(words: Collection[object]) -> bool:
    """Tell whether words, as a CSV spells them, are the two truth values and nothing else."""
    return bool(words) and set(words) <= _TRUE | _FALSE


def _flags(column: Column) -> Column:
    """Return a column of the words true and false as booleans; "yes" and "no" stay texts."""
    if column.dtype.kind != "O":
        return column
    words = set(column.tolist())
    if not are_flags(words - {None}):
        return column
    numbers = np.array([np.nan if v is None else v in _TRUE for v in column.tolist()], np.float64)
    return numbers if None in words else numbers.astype(np.bool_)


def _errors() -> tuple[type[Exception], ...]:
    import duckdb

    return (duckdb.Error, MemoryError)


def _unreadable(path: Path, error: Exception, dialect: Dialect | None) -> DataError:
    fault = None
    if not isinstance(error, MemoryError) and dialect is not None:
        fault = fault_of(path, dialect.delimiter)
    if fault is not None:
        return DataError(f"{path.name}: {fault[0]}", hint=fault[1])
    return DataError(f"{path.name} cannot be read: {_first(error)}")


def _first(error: Exception) -> str:
    """Return what DuckDB says of the file, without its own statement and its name for the file."""
    told = str(error).partition("\nLINE ")[0].partition("Possible fixes:")[0]
    told = _OPENED.sub("", " ".join(told.split()))
    return told.partition(" The search space used was:")[0][:300].rstrip()
