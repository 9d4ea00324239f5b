"""The advisory index: a SQLite file that is opened for reading, and replaced as a whole.

    feed ──records──▶ a new file beside the old one ──rename──▶ index ◀──by name── matching

The file says of itself which schema it has; one that is cut, of another schema or not ours is
refused with the step that mends it. Records are kept apart by ecosystem.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from modelwarden.core import AdvisoryData, InputError
from modelwarden.core.values import dataclass
from modelwarden.dependencies.place import MEND

if TYPE_CHECKING:
    import sqlite3

SCHEMA = 1
APPLICATION = 0x4D574144  # "MWAD"
TABLES = (
    "CREATE TABLE meta (newest TEXT, records INTEGER, digest TEXT)",
    "CREATE TABLE ecosystem (name TEXT PRIMARY KEY, records INTEGER, withdrawn INTEGER,"
    " packages INTEGER, newest TEXT)",
    "CREATE TABLE advisory (n INTEGER PRIMARY KEY, id TEXT UNIQUE, aliases TEXT, summary TEXT,"
    " modified TEXT, withdrawn INTEGER, digest BLOB, severity TEXT, score REAL, vector TEXT)",
    "CREATE TABLE affected (ecosystem TEXT, name TEXT, advisory INTEGER, part INTEGER,"
    " ranges TEXT, listed TEXT, PRIMARY KEY (ecosystem, name, advisory, part)) WITHOUT ROWID",
)

_HINT = f"Make it anew: {MEND}"
_MAGIC = b"SQLite format 3\0"


class AdvisoryIndexError(InputError):
    """The advisory index cannot be used."""

    hint = _HINT


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """How much the index holds of one ecosystem; `newest` is UTC, ISO 8601 to the second."""

    ecosystem: str
    records: int
    withdrawn: int
    packages: int
    newest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What one live advisory says about one package; see `osv.Affected` for the last two."""

    id: str
    aliases: tuple[str, ...]
    summary: str
    severity: str | None
    score: float | None
    vector: str | None
    ranges: tuple[tuple[tuple[str, str], ...], ...]
    listed: str

    @property
    def names(self) -> tuple[str, ...]:
        """Return the id and every alias: advisories that share one are about one weakness."""
        return (self.id, *self.aliases)


class Index:
    """An index that is open for reading; close it, or use it as a context."""

    def __init__(self, path: Path) -> None:
        """Open the index at `path`.

        Raises:
            AdvisoryIndexError: there is none, or it cannot be used.
        """
        self.path = path
        self._known: dict[tuple[str, str], tuple[Row, ...]] = {}
        _check_whole(path)
        import sqlite3  # 5 ms that a scan without manifests need not pay

        uri = f"{path.resolve().as_uri()}?mode=ro&immutable=1"
        with self._told():
            self._db = sqlite3.connect(uri, uri=True)
            with ExitStack() as refused:
                refused.callback(self._db.close)
                _check_ours(path, self._db)
                refused.pop_all()

    def __enter__(self) -> Index:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file."""
        self._db.close()

    @cached_property
    def data(self) -> AdvisoryData:
        """Return what a report says about the index."""
        with self._told():
            row = self._db.execute("SELECT newest, records, digest FROM meta").fetchone()
        return AdvisoryData(date=f"{row[0]}Z" if row[0] else "", records=row[1], digest=row[2])

    def counts(self) -> tuple[Count, ...]:
        """Return how much is there of each ecosystem."""
        with self._told():
            rows = self._db.execute("SELECT * FROM ecosystem ORDER BY name").fetchall()
        return tuple(
            Count(ecosystem=r[0], records=r[1], withdrawn=r[2], packages=r[3], newest=r[4])
            for r in rows
        )

    def rows(self, name: str, ecosystem: str = "PyPI") -> tuple[Row, ...]:
        """Return what live advisories say about the package with this normalised name.

        What was read once is kept: many manifests name the same packages, and all rows of an
        index are a few times its size.
        """
        key = (ecosystem, name)
        if key not in self._known:
            with self._told():
                self._known[key] = tuple(_row(r) for r in self._db.execute(_ROWS, key))
        return self._known[key]

    def check(self) -> None:
        """Look at every page of the file.

        Raises:
            AdvisoryIndexError: one is damaged.
        """
        with self._told():
            said = self._db.execute("PRAGMA integrity_check").fetchone()[0]
        if said != "ok":
            raise AdvisoryIndexError(f"the advisory index {self.path} is damaged")

    @contextmanager
    def _told(self) -> Iterator[None]:
        import sqlite3

        try:
            yield
        except (sqlite3.Error, ValueError, TypeError, AttributeError, RecursionError) as error:
            why = " ".join(str(error).split())[:120]
            raise AdvisoryIndexError(f"the advisory index {self.path} is damaged: {why}") from error


_ROWS = """
SELECT a.id, a.aliases, a.summary, a.severity, a.score, a.vector, f.ranges, f.listed
FROM affected f JOIN advisory a ON a.n = f.advisory
WHERE f.ecosystem = ? AND f.name = ? AND NOT a.withdrawn ORDER BY a.id, f.part
"""


def _row(row: tuple[str, str, str, str | None, float | None, str | None, str, str]) -> Row:
    ranges = tuple(tuple(_event(*event) for event in events) for events in json.loads(row[6]))
    return Row(
        id=row[0],
        aliases=tuple(row[1].split()),
        summary=row[2],
        severity=row[3],
        score=row[4],
        vector=row[5],
        ranges=ranges,
        listed=row[7],
    )


def _event(kind: object, at: object) -> tuple[str, str]:
    if not (isinstance(kind, str) and isinstance(at, str) and kind in {"i", "f", "l", "m"}):
        raise ValueError("an event that is none")
    return kind, at


def _check_whole(path: Path) -> None:
    try:
        with path.open("rb") as stream:
            head = stream.read(100)
        size = path.stat().st_size
    except FileNotFoundError as error:
        raise AdvisoryIndexError(f"there is no advisory index at {path}") from error
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise AdvisoryIndexError(f"cannot read the advisory index {path}: {why}") from error
    if len(head) < 100 or not head.startswith(_MAGIC):
        raise AdvisoryIndexError(f"{path} is no advisory index, or only the start of one")
    page = int.from_bytes(head[16:18], "big")
    page = 65536 if page == 1 else page
    if size != page * int.from_bytes(head[28:32], "big"):
        raise AdvisoryIndexError(f"the advisory index {path} is cut: it is not as long as it says")


def _check_ours(path: Path, db: sqlite3.Connection) -> None:
    if db.execute("PRAGMA application_id").fetchone()[0] != APPLICATION:
        raise AdvisoryIndexError(f"{path} is a database, but no advisory index")
    schema = db.execute("PRAGMA user_version").fetchone()[0]
    if schema != SCHEMA:
        raise AdvisoryIndexError(
            f"the advisory index {path} has schema {schema}; this version reads {SCHEMA}"
        )
    # A view or a virtual table under one of these names would compute instead of hold.
    made = db.execute(
        "SELECT sql FROM sqlite_schema WHERE type IN ('table', 'view') AND sql NOT NULL"
    )
    if sorted(_bare(str(sql)) for (sql,) in made) != sorted(map(_bare, TABLES)):
        raise AdvisoryIndexError(f"the advisory index {path} holds other tables than ours")


def _bare(sql: str) -> str:
    return "".join(sql.split())
