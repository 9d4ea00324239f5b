"""Untrusted JSON and JSON lines, in bounded pieces."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from modelwarden.core import InputError

LARGEST = 256 << 20  # of a file that must be read whole
LINE = 8 << 20
LINES = 5_000_000
_HEAD = 1 << 20
_NAME = 160


class NotReadableError(InputError):
    """A file that cannot be read as results."""

    hint = (
        "Give a garak report (.report.jsonl), a promptfoo output (.json, .jsonl) or an Inspect log."
    )


def opened(path: Path) -> BinaryIO:
    """Open a regular file.

    Raises:
        NotReadableError: it is none, or cannot be read.
    """
    try:
        if not path.is_file():
            raise NotReadableError(f"{path} is no file")
        return path.open("rb")
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise NotReadableError(f"cannot read {path}: {why}") from error


def whole(path: Path) -> dict[str, Any]:
    """Return the one JSON object of a file.

    Raises:
        NotReadableError: it is too large, or holds something else.
    """
    with opened(path) as stream:
        data = stream.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise NotReadableError(
            f"{path} is larger than {LARGEST >> 20} MiB",
            hint="Export fewer tests at once, or leave the transcripts out.",
        )
    found = parsed(data)
    if not isinstance(found, dict):
        raise NotReadableError(f"{path} is no JSON object")
    return found


def lines(path: Path) -> Iterator[tuple[int, dict[str, Any] | None]]:
    """Yield the number and the object of each line; None where a line is none.

    Raises:
        NotReadableError: there are too many lines.
    """
    with opened(path) as stream:
        for number in range(1, LINES + 1):
            line = stream.readline(LINE + 1)
            if not line:
                return
            if len(line) > LINE:
                while line and not line.endswith(b"\n"):
                    line = stream.readline(LINE)
                yield number, None
            elif line.strip():
                found = parsed(line)
                yield number, found if isinstance(found, dict) else None
        if stream.read(1):
            raise NotReadableError(f"{path} has more than {LINES} lines")


def parsed(data: bytes) -> object:
    """Return what bytes say; None for what is no JSON; NaN and Infinity count as missing."""
    try:
        return json.loads(data.decode("utf-8-sig"), parse_constant=lambda _: None)
    except (ValueError, RecursionError):
        return None


def head(path: Path) -> bytes:
    """Return the beginning of a file, by which it is recognised."""
    with opened(path) as stream:
        return stream.read(_HEAD)


def table(value: object) -> dict[str, Any]:
    """Return an object; an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def array(value: object) -> list[Any]:
    """Return an array; an empty one for anything else."""
    return value if isinstance(value, list) else []


def count(value: object) -> int | None:
    """Return a whole number that can be a count; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 1 << 53:
        return None
    return value


def name(value: object, default: str = "") -> str:
    """Return a short printable name."""
    if not isinstance(value, str | int) or isinstance(value, bool):
        return default
    shown = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in str(value))
    return " ".join(shown.split())[:_NAME] or default
