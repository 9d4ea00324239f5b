"""Which line of a CSV is at fault, and what to do about it, where its reader gave up."""

from __future__ import annotations

import csv
import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path

_GZIP = b"\x1f\x8b"
_MOST_LINES = 2_000_000
_LONGEST = 1 << 20  # bytes of a line


def fault_of(path: Path, delimiter: str) -> tuple[str, str] | None:
    """Return what is wrong with the first line that cannot be read, and the next step.

    Args:
        path: of the file, which may be gzipped.
        delimiter: between its columns.

    Returns:
        None where no line tells: it is for the reader to say.
    """
    try:
        return _not_text(path) or _ragged(path, delimiter)
    except (OSError, EOFError, zlib.error, csv.Error):
        return None


def _lines(path: Path) -> Iterator[bytes]:
    with path.open("rb") as stream:
        packed = stream.read(2) == _GZIP
    with gzip.open(path) if packed else path.open("rb") as stream:
        for _ in range(_MOST_LINES):
            line = stream.readline(_LONGEST)
            if not line:
                return
            yield line


def _not_text(path: Path) -> tuple[str, str] | None:
    for number, line in enumerate(_lines(path), 1):
        try:
            line.decode()
        except UnicodeDecodeError as error:
            if len(line) == _LONGEST:
                return None
            return (
                f"line {number:,} is not UTF-8 (byte 0x{line[error.start]:02x})",
                "Write it anew in UTF-8, as `iconv -f latin1 -t utf-8 FILE` does.",
            )
    return None


def _ragged(path: Path, delimiter: str) -> tuple[str, str] | None:
    """Return the first line whose number of fields is not the header's."""
    reader = csv.reader((line.decode("utf-8-sig") for line in _lines(path)), delimiter=delimiter)
    header: int | None = None
    for fields in reader:
        if not fields:
            continue
        if header is None:
            header = len(fields)
        elif len(fields) != header:
            return (
                f"line {reader.line_num:,} has {len(fields)} fields, the header {header}",
                f"Mend that line; a value that holds {delimiter!r} stands in quotes.",
            )
    return None
