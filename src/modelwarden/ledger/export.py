"""A ledger as a table: Parquet through DuckDB, or lines of JSON."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from modelwarden.core import MissingExtraError
from modelwarden.ledger.chain import facts_of
from modelwarden.ledger.reading import Entry, entries

_MOST_LINES = 1 << 62  # a number beyond is no count of ours, and no column's
_COLUMNS = (
    "{line: 'BIGINT', segment: 'INTEGER', own: 'BOOLEAN', digest: 'VARCHAR', "
    "time: 'VARCHAR', record: 'VARCHAR'}"
)


def rows(folder: Path) -> Iterator[dict[str, object]]:
    """Yield a row for each line: line, segment, own, digest, time, and record as JSON text.

    Raises:
        LedgerError: there is no ledger, or it cannot be read.
    """
    for entry in entries(folder):
        yield {
            "line": entry.line if entry.line < _MOST_LINES else None,
            "segment": entry.segment,
            "own": entry.own,
            "digest": entry.digest,
            "time": _time(entry),
            "record": entry.body,
        }


def write_lines(folder: Path, stream: BinaryIO) -> int:
    """Write the rows as lines of JSON; return how many.

    Raises:
        LedgerError: there is no ledger, or it cannot be read.
    """
    count = 0
    for row in rows(folder):
        stream.write(json.dumps(row, separators=(",", ":")).encode() + b"\n")
        count += 1
    return count


def write_parquet(folder: Path, target: Path) -> int:
    """Write the rows as Parquet; return how many.

    Raises:
        LedgerError: there is no ledger, or it cannot be read.
        MissingExtraError: duckdb is not installed.
    """
    try:
        import duckdb
    except ImportError as error:
        raise MissingExtraError("duckdb, which Parquet needs,", "assess") from error
    with tempfile.TemporaryDirectory(prefix="modelwarden-") as place:
        lines = Path(place, "rows.jsonl")
        with lines.open("wb") as stream:
            count = write_lines(folder, stream)
        with duckdb.connect() as connection:
            table = connection.sql(
                f"SELECT * FROM read_json(?, format='newline_delimited', columns={_COLUMNS}, "  # noqa: S608 -- constants
                "maximum_object_size=8388608)",
                params=[str(lines)],
            )
            table.write_parquet(str(target), compression="zstd")
    return count


def _time(entry: Entry) -> str | None:
    time = facts_of(entry.body.encode("utf-8", "replace")).get("time")
    # A half of a pair of surrogates is no text that Parquet has.
    return time.encode("utf-8", "backslashreplace").decode() if isinstance(time, str) else None
