"""What all archives have in common: entries, and the ways in which their records disagree."""

from __future__ import annotations

from dataclasses import field
from enum import StrEnum
from typing import TYPE_CHECKING

from modelwarden.core.values import dataclass
from modelwarden.formats.view import View

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from modelwarden.core.findings import Json

SHOWN = 50  # anomalies of one kind that are listed; the last of them says how many more there are


class Oddity(StrEnum):
    """What kind of disagreement an anomaly is; rules look for one each."""

    HEADERS = "headers"
    NAMES = "names"
    HIDDEN = "hidden"
    DUPLICATE = "duplicate"
    ESCAPE = "escape"
    APPENDED = "appended"
    CHECKSUM = "checksum"
    BOMB = "bomb"
    CODE = "code"
    UNREFERENCED = "unreferenced"


@dataclass(frozen=True, slots=True)
class Anomaly:
    """Something in an archive that two readers would see differently, or that harms on unpacking.

    Attributes:
        message: the fact in one line, printable.
        member: name of the entry that it is about.
        at: byte offset of the record in the archive.
        facts: bounded and printable.
    """

    kind: Oddity
    message: str
    member: str | None = None
    at: int | None = None
    facts: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Entry:
    """One member as the archive's own records describe it.

    Attributes:
        name: printable.
        size: bytes after, `packed` bytes before decompression.
        at: offset of its data, or None when it cannot be told.
        kind: `file`, `folder`, `symlink`, `hardlink` or `device`.
        method: how it is compressed.
        target: where a link points.
    """

    name: str
    size: int
    packed: int
    at: int | None = None
    kind: str = "file"
    method: str = "stored"
    target: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveView(View):
    """A view of something with members.

    Attributes:
        entries: in the order of the records.
        anomalies: bounded for each kind.
    """

    entries: tuple[Entry, ...] = ()
    anomalies: tuple[Anomaly, ...] = ()


def bounded(anomalies: Iterable[Anomaly]) -> tuple[Anomaly, ...]:
    """Return at most `SHOWN` anomalies of each kind; the last says how many were left out."""
    kinds: dict[Oddity, list[Anomaly]] = {}
    for anomaly in anomalies:
        kinds.setdefault(anomaly.kind, []).append(anomaly)
    return tuple(kept for same in kinds.values() for kept in _cut(same))


def _cut(same: list[Anomaly]) -> Iterator[Anomaly]:
    yield from same[:SHOWN]
    if (more := len(same) - SHOWN) > 0:
        yield Anomaly(same[0].kind, f"and {more} more of this kind", facts={"more": more})


def printable(name: str, limit: int = 300) -> str:
    r"""Return `name` without control characters and lone surrogates, cut to `limit` characters.

    >>> printable("a\\x1b[31mb")
    'a\\\\x1b[31mb'
    """
    if len(name) > limit:
        name = f"{name[: limit - 1]}…"
    if name.isprintable():
        return name
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in name)


def escape(name: str) -> str | None:
    r"""Tell why unpacking `name` would write outside the target folder; None when it would not.

    >>> escape("a/../../b"), escape("C:\\x"), escape("a/../b")
    ('climbs out with ..', 'names a drive', None)
    """
    path = name.replace("\\", "/")
    if path.startswith("/"):
        return "is absolute"
    if len(path) > 1 and path[1] == ":" and path[0].isascii() and path[0].isalpha():
        return "names a drive"
    depth = 0
    for part in path.split("/"):
        if part == "..":
            depth -= 1
        elif part not in {"", "."}:
            depth += 1
        if depth < 0:
            return "climbs out with .."
    return None


def link_escape(name: str, target: str) -> str | None:
    """Tell why a link `name` that points to `target` leads outside; None when it does not."""
    if reason := escape(target if target.startswith(("/", "\\")) else ""):
        return reason
    folder = name.replace("\\", "/").rpartition("/")[0]
    return escape(f"{folder}/{target}" if folder else target)
