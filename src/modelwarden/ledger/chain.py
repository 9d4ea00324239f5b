r"""The form of a ledger: lines in segments, each bound to the one before it.

A line is `DIGEST BODY\n`: 64 hex digits, a space before a record or `=` before a line of the
ledger's own, and JSON without a line break. DIGEST is SHA-256 over the digest of the line before,
as it is written, and everything after the digest in this line. The chain goes on through all
segments; before the first line stands `GENESIS`.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import re
import stat
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO

from modelwarden.core import Json
from modelwarden.core.values import dataclass
from modelwarden.ledger.errors import LedgerError

VERSION = 1
GENESIS = b"0" * 64
RECORD, OWN = b" ", b"="
WIDTH = 64
LONGEST = 1 << 20
"""Bytes of one record."""
LOCK = "lock"
_OPENING = 1 << 12  # bytes; ours have a tenth of that
_NAME = re.compile(r"[0-9]{8}\.log")


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in the chain.

    Attributes:
        lines: of the whole ledger up to here, its own ones included.
        digest: of the last of them, in hex.
    """

    lines: int
    digest: str


@dataclass(frozen=True, slots=True)
class Segment:
    """A file of the ledger."""

    number: int
    path: Path


def line_of(previous: bytes, mark: bytes, body: bytes) -> tuple[bytes, bytes]:
    """Return the line that binds `body` to what is before it, and its digest."""
    rest = mark + body
    digest = sha256(previous + rest).hexdigest().encode()
    return digest + rest + b"\n", digest


def encoded(record: dict[str, Any] | bytes) -> bytes:
    """Return the body of a record.

    Raises:
        LedgerError: it is larger than `LONGEST`, holds a line break or NUL, or is no JSON.
    """
    try:
        body = record if isinstance(record, bytes) else _dumped(record)
    except (TypeError, ValueError, RecursionError) as error:
        raise LedgerError(f"a record has no form in JSON: {str(error)[:100]}") from error
    if len(body) > LONGEST:
        raise LedgerError(f"a record has {len(body)} bytes; {LONGEST} is the limit")
    if b"\n" in body or b"\0" in body:
        raise LedgerError("a record holds a line break or NUL")
    return body


def own(kind: str, **facts: Json) -> bytes:
    """Return the body of a line of the ledger's own."""
    return _dumped({"type": kind, "time": now(), **facts})


def _dumped(document: dict[str, Any]) -> bytes:
    return json.dumps(document, separators=(",", ":"), allow_nan=False).encode()


def facts_of(body: bytes) -> dict[str, Json]:
    """Return what a line of the ledger's own says; empty when it is none that we wrote."""
    try:
        facts = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return facts if isinstance(facts, dict) else {}


def now() -> str:
    """Return the time, in UTC to the millisecond."""
    return dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def name_of(number: int) -> str:
    """Return the file name of a segment.

    >>> name_of(12)
    '00000012.log'
    """
    return f"{number:08d}.log"


def segments_of(folder: Path) -> tuple[list[Segment], list[str]]:
    """Return the segments of a ledger in order, and other names that end as a segment's does.

    What has a segment's name and is no file, as a pipe that nobody writes to, is among the others.

    Raises:
        LedgerError: the folder cannot be read.
    """
    try:
        with os.scandir(folder) as found:
            names = sorted((entry.name, entry.is_file()) for entry in found)
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise LedgerError(f"cannot read the ledger {folder}: {why}") from error
    good = [
        name for name, is_file in names if is_file and _NAME.fullmatch(name) and name != name_of(0)
    ]
    strange = sorted({name for name, _ in names if ".log" in name.lower()} - set(good))
    return [Segment(int(name[:8]), folder / name) for name in good], strange


def opened(segment: Segment, buffering: int = 0) -> BinaryIO:
    """Open a segment for reading.

    Raises:
        OSError: it cannot be opened, or is no file: from others one would read for ever.
    """
    descriptor = os.open(segment.path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(f"{segment.path.name} is no file")
    return os.fdopen(descriptor, "rb", buffering)


def opening_of(segment: Segment) -> dict[str, Json]:
    """Return what the first line of a segment says; empty when there is no whole one.

    Raises:
        LedgerError: the file cannot be read.
    """
    try:
        with opened(segment) as stream:
            line = stream.read(_OPENING)
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise LedgerError(f"cannot read {segment.path}: {why}") from error
    line, end, _ = line.partition(b"\n")
    if not end or line[WIDTH : WIDTH + 1] != OWN:
        return {}
    return facts_of(line[WIDTH + 1 :])
