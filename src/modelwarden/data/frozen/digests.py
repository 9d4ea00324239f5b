"""What a data file holds, as digests: of its bytes, of every column, and a mark for every row."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from modelwarden.core import InputError, sha256_of
from modelwarden.detectors.duplicates import mixed
from modelwarden.targets.frames import Column
from modelwarden.targets.labels import missing
from modelwarden.targets.reading import read_file
from modelwarden.targets.reading.raw import DataError, must_be_file

MOST_MARKS = 4_000_000
# What only a table begins with, or is called. Any text may be a csv, so its name promises nothing.
_TABLES = (b"PAR1", b"PK\x03\x04", b"\x1f\x8b")
_NAMES = (".parquet", ".npz", ".jsonl", ".gz")
Marks = npt.NDArray[np.uint32]
Codes = npt.NDArray[np.uint64]


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnDigest:
    """One column, or one array.

    Attributes:
        type: `number`, `whole`, `flag`, `time`, `text`, or that of an array with its shape.
        missing: rows without a value. digest: hex SHA-256 of its values in order.
    """

    name: str
    type: str
    missing: int
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FileDigest:
    """One data file.

    Attributes:
        name: as it was named. size: bytes. sha256: hex, of the bytes.
        rows: None of a file that is no table.
        marks: (rows,) 32 bits of each row, to tell which rows changed and how many; they prove
            nothing, the digests do. None where there are too many rows.
    """

    name: str
    size: int
    sha256: str
    rows: int | None = None
    columns: tuple[ColumnDigest, ...] = ()
    marks: Marks | None = None


def digests_of(place: Path, name: str) -> Iterator[FileDigest]:
    """Yield what a file holds, or every file below a folder.

    Raises:
        InputError: it is not there, or cannot be read, or is a table that is cut or damaged: its
            bytes would be approved as they are.
        MissingExtraError: what reads this form is not installed.
    """
    if place.is_dir():
        files = sorted(p for p in place.rglob("*") if p.is_file() and not p.is_symlink())
        if not files:
            raise InputError(f"{name} holds no file")
        for file in files:
            below = f"{name.rstrip('/')}/{file.relative_to(place).as_posix()}"
            yield _bytes_of(file, below)
        return
    must_be_file(place)
    yield _of_file(place, name)


def _bytes_of(place: Path, name: str) -> FileDigest:
    try:
        with place.open("rb") as stream:
            digest = sha256_of(stream)
            size = stream.tell()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise InputError(
            f"cannot read {name}: {reason}", hint="Check the path, and that you may read it."
        ) from error
    return FileDigest(name=name, size=size, sha256=digest)


def _of_file(place: Path, name: str) -> FileDigest:
    before = _bytes_of(place, name)
    try:
        raw = read_file(place)
    except DataError as error:
        with place.open("rb") as stream:
            begins = stream.read(4).startswith(_TABLES)
        if begins or place.name.lower().endswith(_NAMES):
            raise InputError(
                f"{name} is a table that cannot be read: {error.message}",
                hint="Give it whole; to hold its bytes alone, name the folder that it is in.",
            ) from error
        return before  # the bytes are all that can be held
    if _bytes_of(place, name).sha256 != before.sha256:
        raise InputError(f"{name} changed while it was read")
    columns = [*zip(raw.frame.names, raw.frame.columns, strict=True)]
    if raw.array is not None:
        columns.append(("x", raw.array))
    if raw.y is not None:
        columns.append(("y", raw.y))
    rows = len(columns[0][1]) if columns else 0
    return FileDigest(
        name=name,
        size=before.size,
        sha256=before.sha256,
        rows=rows,
        columns=tuple(column_digest(title, column) for title, column in columns),
        marks=row_marks([c for _, c in columns], rows) if rows <= MOST_MARKS else None,
    )


_TYPES = {"b": "flag", "i": "whole", "u": "whole", "f": "number", "M": "time", "O": "text"}


def column_digest(name: str, column: Column) -> ColumnDigest:
    """Return the digest of a column, whatever file form it came in."""
    kind = _TYPES.get(column.dtype.kind, "number")
    shape = "" if column.ndim == 1 else f" {'×'.join(map(str, column.shape[1:]))}"
    total = hashlib.sha256(f"{kind}{shape}\n".encode())
    if column.dtype.kind == "O":
        for value in column.ravel().tolist():
            text = b"" if value is None else str(value).encode("utf-8", "surrogatepass")
            total.update(b"-" if value is None else f"{len(text)}:".encode() + text)
    else:
        total.update(np.ascontiguousarray(_plain(column)).tobytes())
    gone = int(missing(column).sum()) if column.ndim == 1 else 0
    return ColumnDigest(name=name, type=kind + shape, missing=gone, digest=total.hexdigest())


def _plain(column: Column) -> Column:
    """Return numbers in one form for each type: little-endian, one zero, one NaN."""
    kind = column.dtype.kind
    if kind in "iu":
        return column.astype("<u8" if kind == "u" and column.dtype.itemsize == 8 else "<i8")
    if kind == "f":
        values = column.astype("<f8") + 0.0
        values[np.isnan(values)] = np.nan
        return values
    return column.astype("<M8[us]").view("<i8") if kind == "M" else column


def row_marks(columns: list[Column], rows: int) -> Marks:
    """Return 32 bits for each row; equal rows have equal marks."""
    total = np.zeros(rows, np.uint64)
    for column in columns:
        total = mixed(total, _codes(column))
    return (total >> np.uint64(32)).astype(np.uint32)


def _codes(column: Column) -> Codes:
    if column.dtype.kind == "O" or column.ndim > 1:
        known: dict[bytes, int] = {}
        made = np.empty(len(column), np.uint64)
        for row, value in enumerate(column):
            if column.ndim > 1:
                data = np.ascontiguousarray(_plain(value)).tobytes()
            else:
                data = b"-" if value is None else b"+" + str(value).encode("utf-8", "surrogatepass")
            code = known.get(data)
            if code is None:
                code = int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "little")
                if len(known) < 100_000:
                    known[data] = code
            made[row] = code
        return made
    plain = _plain(column)
    return plain.astype(np.uint64) if plain.dtype.kind == "b" else plain.view(np.uint64)


def is_same(one: FileDigest, other: FileDigest) -> bool:
    """Tell whether two files have the same bytes."""
    return (one.size, one.sha256) == (other.size, other.sha256)


__all__ = [
    "ColumnDigest",
    "FileDigest",
    "column_digest",
    "digests_of",
    "is_same",
    "row_marks",
]
