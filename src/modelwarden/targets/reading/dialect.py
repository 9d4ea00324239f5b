"""How a CSV is written: whether it is packed, what separates its columns, what they are called.

All of it is told from one read of the beginning of the file; DuckDB is then told and guesses
nothing but types.
"""

from __future__ import annotations

import csv
import os
import re
import zlib

from modelwarden.core.values import dataclass

GZIP = b"\x1f\x8b"
HEAD = 1 << 16
"""Bytes from which it is told."""
_MARK = b"\xef\xbb\xbf"
_DELIMITERS = (",", ";", "\t", "|")
# What pandas takes for a missing value: the model's own code will have read them so.
_MISSING = (
    "",
    "#N/A",
    "#N/A N/A",
    "#NA",
    "-1.#IND",
    "-1.#QNAN",
    "-NaN",
    "-nan",
    "1.#IND",
    "1.#QNAN",
    "<NA>",
    "N/A",
    "NA",
    "NULL",
    "NaN",
    "None",
    "n/a",
    "nan",
    "null",
)


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one CSV is written.

    Attributes:
        packed: by gzip.
        delimiter: between columns, the same for all lines.
        names: of the columns, as the file has them; DuckDB knows each only once.
    """

    packed: bool
    delimiter: str
    names: tuple[str, ...]


def dialect_of(descriptor: int) -> Dialect:
    """Return how the CSV behind an open descriptor is written."""
    head = os.pread(descriptor, HEAD, 0)
    packed = head.startswith(GZIP)
    text = _unpacked(head) if packed else head
    delimiter = _delimiter(text)
    return Dialect(packed, delimiter, _names(text, delimiter))


def csv_source(dialect: Dialect, name: str = "?", *, times: bool = False) -> str:
    """Return the SQL that reads a CSV, or a gzipped one.

    Args:
        dialect: of the file.
        name: that DuckDB opens it by, quoted, or a parameter.
        times: dates are told as such, and not left as the texts that they are.
    """
    kinds = ("BIGINT", "DOUBLE", *(("DATE", "TIMESTAMP") if times else ()), "VARCHAR")
    missing = ", ".join(f"'{word}'" for word in _MISSING)
    return (
        f"read_csv({name}, header=true, skip=0, sample_size=-1, quote='\"', escape='\"', "
        f"delim='{dialect.delimiter}', "
        f"auto_type_candidates={list(kinds)}, "
        f"nullstr=[{missing}], compression='{'gzip' if dialect.packed else 'none'}')"
    )


def _unpacked(head: bytes) -> bytes:
    try:
        return zlib.decompressobj(31).decompress(head, HEAD)
    except zlib.error:
        return b""


def _delimiter(head: bytes) -> str:
    """Return what stands most often between the names in the first line."""
    line = head.lstrip(_MARK).split(b"\n", 1)[0]
    bare = re.sub(rb'"[^"]*"', b"", line).decode("utf-8", "replace")
    return max(_DELIMITERS, key=lambda mark: (bare.count(mark), -_DELIMITERS.index(mark)))


def _names(head: bytes, delimiter: str) -> tuple[str, ...]:
    lines = head.removeprefix(_MARK).decode("utf-8", "replace").splitlines(keepends=True)
    try:
        return tuple(word.strip() for word in next(csv.reader(lines, delimiter=delimiter), []))
    except csv.Error:
        return ()
