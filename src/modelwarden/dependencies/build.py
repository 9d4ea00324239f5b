"""Make the advisory index from a feed: written beside the old one, and put in its place at the end.

Records are merged by id, the one that was modified last counts; so a feed of another ecosystem
adds to the index, and an older copy of a feed takes nothing back. Feeds keep withdrawn records,
which is how an advisory goes away. Imports wait for each other, so that none takes back what
another one brought.
"""

from __future__ import annotations

import datetime as dt
import glob
import hashlib
import json
import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from modelwarden.core import InputError, OutputError
from modelwarden.dependencies.index import (
    APPLICATION,
    SCHEMA,
    TABLES,
    AdvisoryIndexError,
    Count,
    Index,
)
from modelwarden.dependencies.osv import Advisory, parse

_TABLES = f"""
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
PRAGMA application_id = {APPLICATION};
PRAGMA user_version = {SCHEMA};
{";".join(TABLES)};
"""
_COUNTED = """
INSERT INTO ecosystem SELECT f.ecosystem, count(DISTINCT a.n),
  count(DISTINCT CASE WHEN a.withdrawn THEN a.n END), count(DISTINCT f.name),
  coalesce(max(CASE WHEN a.modified <= :now THEN a.modified END), '')
FROM affected f JOIN advisory a ON a.n = f.advisory GROUP BY f.ecosystem
"""
# A record that says it was modified tomorrow must not make the index look newer than it is.
_NEWEST = """
SELECT coalesce(max(CASE WHEN modified <= :now THEN modified END), ''), count(*) FROM advisory
"""


def build(records: Iterable[object], path: Path, *, replace: bool = False) -> tuple[Count, ...]:
    """Merge records into the index at `path`, making it when there is none; return what it holds.

    Args:
        records: OSV records.
        path: the index; its folder is made.
        replace: begin from nothing instead of from the index that is there.

    Raises:
        InputError: a record is broken, or there is none.
        AdvisoryIndexError: the index that is there cannot be used, and `replace` is not set.
        OutputError: it cannot be written; the index that was there is untouched.
    """
    beside = path.parent / f".{path.name}-{os.getpid()}.tmp"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _alone(path):
            return _made(records, path, beside, replace=replace)
    except (sqlite3.Error, OSError) as error:
        why = (getattr(error, "strerror", None) or str(error)).lower()
        raise OutputError(
            f"cannot write the advisory index {path}: {why}",
            hint="Make room or choose another place; what was there before is untouched.",
        ) from error
    finally:
        with suppress(OSError):
            beside.unlink(missing_ok=True)


def _made(
    records: Iterable[object], path: Path, beside: Path, *, replace: bool
) -> tuple[Count, ...]:
    with closing(sqlite3.connect(beside, isolation_level=None)) as db:
        db.executescript(_TABLES)
        db.execute("BEGIN")
        if path.exists() and not replace:
            _copy(path, db)
        if _merge(records, db) == 0:
            raise InputError("no OSV record was found", hint="Name OSV data: jsonl, zip, tree.")
        _sum_up(db)
        db.execute("COMMIT")
    with Index(beside) as made:
        counts = made.counts()
    _settle(beside, path)
    return counts


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Wait until no other import writes this index; clear away what a killed one left."""
    import fcntl

    folder = os.open(path.parent, os.O_RDONLY)
    try:
        with suppress(OSError):  # a file system of a network may have no locks
            fcntl.flock(folder, fcntl.LOCK_EX)
            for left in path.parent.glob(f".{glob.escape(path.name)}-*.tmp"):
                left.unlink()
        yield
    finally:
        os.close(folder)


def _copy(path: Path, db: sqlite3.Connection) -> None:
    """Take over what the old index holds."""
    try:
        with Index(path) as old:
            old.check()
    except AdvisoryIndexError as error:
        raise AdvisoryIndexError(
            error.message, hint="Begin anew: modelwarden advisories import --replace FILE"
        ) from error
    db.execute("COMMIT")
    db.execute("ATTACH ? AS old", (str(path),))
    db.execute("BEGIN")
    for table in ("advisory", "affected"):
        db.execute(f"INSERT INTO {table} SELECT * FROM old.{table}")  # noqa: S608 -- our own words


def _merge(records: Iterable[object], db: sqlite3.Connection) -> int:
    known: dict[str, tuple[int, str]] = {
        name: (n, modified)
        for n, name, modified in db.execute("SELECT n, id, modified FROM advisory")
    }
    today = now()
    top = max((n for n, _ in known.values()), default=0)
    count = 0
    for record in records:
        advisory = parse(record)
        count += 1
        n, modified = known.get(advisory.id, (0, ""))
        # A time that has not come yet is a mistake in the record, and must not hold it for ever.
        if n and advisory.modified < modified <= today:
            continue
        if n:
            db.execute("DELETE FROM advisory WHERE n = ?", (n,))
            db.execute("DELETE FROM affected WHERE advisory = ?", (n,))
        else:
            top += 1
            n = top
        known[advisory.id] = (n, advisory.modified)
        _insert(db, n, advisory)
    return count


def _insert(db: sqlite3.Connection, n: int, advisory: Advisory) -> None:
    severity = advisory.severity
    db.execute(
        "INSERT INTO advisory VALUES (?,?,?,?,?,?,?,?,?,?)",
        (
            n,
            advisory.id,
            " ".join(advisory.aliases),
            "" if advisory.withdrawn else advisory.summary,
            advisory.modified,
            advisory.withdrawn,
            advisory.digest,
            severity.word if severity else None,
            severity.score if severity else None,
            severity.vector if severity else None,
        ),
    )
    for part, entry in enumerate(advisory.affected):
        kept = ("[]", "") if advisory.withdrawn else (_text(entry.ranges), entry.listed)
        db.execute(
            "INSERT INTO affected VALUES (?,?,?,?,?,?)",
            (entry.ecosystem, entry.name, n, part, *kept),
        )


def _text(ranges: object) -> str:
    return json.dumps(ranges, separators=(",", ":"))


def _sum_up(db: sqlite3.Connection) -> None:
    """Count what is there and take the digest over all records, in the order of their ids."""
    total = hashlib.sha256()
    for name, digest in db.execute("SELECT id, digest FROM advisory ORDER BY id"):
        total.update(f"{name}:".encode() + digest)
    row = db.execute(_NEWEST, {"now": now()}).fetchone()
    db.execute("INSERT INTO meta VALUES (?,?,?)", (*row, f"sha256:{total.hexdigest()}"))
    db.execute(_COUNTED, {"now": now()})


def now() -> str:
    """Return the time in the form that records are kept with."""
    return dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S")


def _settle(beside: Path, path: Path) -> None:
    """Bring the new file to the disk, then to its name."""
    with beside.open("rb+") as stream:
        os.fsync(stream.fileno())
    beside.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
