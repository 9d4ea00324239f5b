"""JSON lines: one object a row."""

from __future__ import annotations

import json
from pathlib import Path

from modelwarden.targets.frames import Frame
from modelwarden.targets.reading.raw import DataError, Raw, beyond_floats, column_of

_LONGEST = 64 << 20  # bytes of one line
_MOST_CELLS = 1 << 27  # values, with those of keys that are absent
_LARGEST = 2 << 30  # bytes of the file: each becomes several in memory


def read_lines(path: Path) -> Raw:
    """Read a table from a file of JSON objects, one a line; a key that is absent is missing.

    Raises:
        DataError: a line is no JSON object; it is named by its number.
    """
    if path.stat().st_size > _LARGEST:
        raise DataError(
            f"{path.name} has more than {_LARGEST} bytes, too many for JSON lines",
            hint="Give it as parquet, of which evenly spaced rows are read where it is too large.",
        )
    rows: list[dict[str, object]] = []
    names: dict[str, None] = {}
    with path.open("rb") as stream:
        for number, line in enumerate(iter(lambda: stream.readline(_LONGEST + 1), b""), 1):
            if len(line) > _LONGEST:
                raise DataError(f"{path.name}: line {number} is longer than {_LONGEST} bytes")
            if not line.strip():
                continue
            row = _row(line, f"{path.name}: line {number}")
            names |= dict.fromkeys(row)
            rows.append(row)
            if len(names) * len(rows) > _MOST_CELLS:
                raise DataError(
                    f"{path.name}: {len(names)} keys in {number} lines are more than "
                    f"{_MOST_CELLS} values",
                    hint="Give it as parquet, or with the same keys in each line.",
                )
    columns = [column_of([row.get(n) for row in rows], f"{path.name}: {n!r}") for n in names]
    rounded = (
        name
        for name, column in zip(names, columns, strict=True)
        if beyond_floats(column) and not any(isinstance(row.get(name), float) for row in rows)
    )
    return Raw(Frame(tuple(names), tuple(columns)), rounded=tuple(rounded))


def _row(line: bytes, where: str) -> dict[str, object]:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{where} is no JSON") from error
    if not isinstance(row, dict):
        raise DataError(f"{where} is no JSON object")
    return row
