"""What a model was asked and answered, as it is written down: new rows since the last look."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from modelwarden.core import InputError, Json
from modelwarden.ledger.chain import LONGEST, OWN, WIDTH, segments_of
from modelwarden.ledger.errors import LedgerError
from modelwarden.ledger.reading import lines_of
from modelwarden.targets.frames import Frame
from modelwarden.targets.reading.raw import column_of
from modelwarden.targets.reading.read import read_file

MOST = 20_000
"""Rows of one look; what is more waits for the next."""
_ENDS = (".parquet", ".jsonl", ".csv", ".csv.gz", ".npz")
_FIRST = 4096


class Log:
    """A ledger, a growing file of JSON lines, a table, or a folder of such files.

    Attributes:
        trouble: files that could not be read, each told once.
    """

    def __init__(self, path: Path, position: Mapping[str, Json] | None = None) -> None:
        """Go on where an earlier watch ended.

        Args:
            path: may come into being later.
            position: as `position` was then.
        """
        self.path = path
        self.trouble: list[str] = []
        self._at: dict[str, Json] = dict(position or {})

    @property
    def position(self) -> dict[str, Json]:
        """How far the log was read; plain JSON."""
        return dict(self._at)

    def new(self) -> Iterator[Frame]:
        """Yield the rows that came since the last look, at most about `MOST` in all."""
        try:
            yield from self._new()
        except (OSError, LedgerError) as error:  # it goes away, or is not ours: the next look tries
            why = error.message if isinstance(error, LedgerError) else error.strerror
            self._say(f"{self.path.name} cannot be read: {(why or str(error)).lower()}")

    def _new(self) -> Iterator[Frame]:
        left = MOST
        if self.path.is_dir() and any(self.path.glob("*.log")):
            rows = list(self._ledger(left))
            yield from _frames(rows)
        elif self.path.is_dir():
            for path in sorted(self.path.iterdir()):
                if path.is_file() and path.name.endswith(_ENDS) and not path.name.startswith("."):
                    for frame in self._file(path, left):
                        left -= len(frame)
                        yield frame
                if left <= 0:
                    return
        elif self.path.is_file():
            yield from self._file(self.path, left)

    def _ledger(self, most: int) -> Iterator[dict[str, object]]:
        number, offset = self._number("segment"), self._number("offset")
        for segment in segments_of(self.path)[0]:
            if segment.number < number:
                continue
            start = offset if segment.number == number else 0
            try:
                for line in lines_of(segment, start):
                    start += len(line) + (len(line) < 2 * LONGEST)
                    if line[WIDTH : WIDTH + 1] != OWN and (row := _row(line[WIDTH + 1 :])):
                        most -= 1
                        yield row
                    if most <= 0:
                        break
            except LedgerError as error:
                self._say(error.message)
                if not isinstance(error.__cause__, FileNotFoundError):
                    return  # what was read is told; the next look tries again
                continue  # it was removed for its age
            self._at |= {"segment": segment.number, "offset": start}
            if most <= 0:
                return

    def _file(self, path: Path, most: int) -> Iterator[Frame]:
        """Yield the rows of a file beyond those that are known."""
        known = self._number(path.name)
        with path.open("rb") as stream:
            lines = stream.read(_FIRST).lstrip()[:1] == b"{"
        if lines:
            yield from _frames(self._lines(path, known, most))
            return
        stamp = path.stat()
        mark = f"{stamp.st_size}:{stamp.st_mtime_ns}"
        if self._at.get(f"{path.name}\0mark") == mark:
            return
        try:
            frame = read_file(path).frame
        except InputError as error:  # written at this moment, perhaps: the next look tries again
            self._say(f"{path.name} cannot be read: {error.message}")
            return
        self._at[f"{path.name}\0mark"] = mark
        self._at[path.name] = len(frame)
        if len(frame) > known:
            yield frame.take(range(known, len(frame)))

    def _lines(self, path: Path, offset: int, most: int) -> list[dict[str, object]]:
        rows: list[dict[str, object]] = []
        with path.open("rb") as stream:
            about = os.fstat(stream.fileno())
            inode = self._at.get(f"{path.name}\0inode", about.st_ino)
            if about.st_size < offset or inode != about.st_ino:
                offset = 0  # a new file took its place
            self._at[f"{path.name}\0inode"] = about.st_ino
            stream.seek(offset)
            while len(rows) < most and (line := stream.readline(2 * LONGEST)):
                if not line.endswith(b"\n"):
                    if len(line) < 2 * LONGEST:
                        break  # it is being written
                    self._say(f"{path.name} holds a line of more than {2 * LONGEST} bytes")
                offset += len(line)
                if row := _row(line):
                    rows.append(row)
        self._at[path.name] = offset
        return rows

    def _say(self, told: str) -> None:
        if told not in self.trouble:
            self.trouble = [*self.trouble[-99:], told]

    def _number(self, key: str) -> int:
        value = self._at.get(key, 0)
        return value if type(value) is int else 0


def _row(line: bytes) -> dict[str, object]:
    """Return the plain values of a record, those of one object within under `name.key`."""
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    found: dict[str, object] = {}
    for name, value in record.items() if isinstance(record, dict) else ():
        if isinstance(value, dict):
            found |= {
                f"{name}.{key}": part
                for key, part in value.items()
                if not isinstance(part, list | dict)
            }
        elif not isinstance(value, list):
            found[name] = value
    return found


def _frames(rows: list[dict[str, object]]) -> Iterator[Frame]:
    if not rows:
        return
    names = dict.fromkeys(name for row in rows for name in row)
    columns = (column_of([row.get(name) for row in rows], repr(name)) for name in names)
    yield Frame(tuple(names), tuple(columns))
