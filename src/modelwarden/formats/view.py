"""What a reader hands on: the structure of one source, with what it could not read as gaps."""

from __future__ import annotations

from collections.abc import Callable

from modelwarden.core import Gap, GapKind, InventoryItem, Producer
from modelwarden.core.values import dataclass
from modelwarden.formats.source import Source


@dataclass(frozen=True, slots=True)
class Child:
    """Bytes nested in a source, opened only when their turn comes.

    Attributes:
        name: within the parent.
        open: gives the bytes as a source one level deeper; may raise `LimitExceededError` or
            `DamagedError`, which become gaps.
        data: True for bytes that the parent's format proves to be numbers (a raw tensor that is
            referenced): they are not looked into.
    """

    name: str
    open: Callable[[], Source]
    data: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """Base of all views.

    Attributes:
        source: what was read.
        format: id of the format in `formats.catalog`.
        producer: the library that wrote it, when the bytes say so.
        gaps: what was not examined; empty means that every byte is accounted for.
        children: nested sources, to be identified and read in turn.
        inventory: imports, packages and producers that the bytes name.
    """

    source: Source
    format: str
    producer: Producer | None = None
    gaps: tuple[Gap, ...] = ()
    children: tuple[Child, ...] = ()
    inventory: tuple[InventoryItem, ...] = ()


class DamagedError(Exception):
    """Bytes that break their format at `offset`; readers keep what came before and report a gap."""

    def __init__(self, why: str, offset: int | None = None) -> None:
        """Say what is wrong, in words that need no knowledge of our code."""
        super().__init__(why)
        self.why = why
        self.offset = offset


def gap(source: Source, why: str, kind: GapKind = GapKind.UNREADABLE, at: int | None = None) -> Gap:
    """Return a gap about `source`, from byte `at` on when given."""
    return Gap(what=source.label if at is None else f"{source.label}@{at}", why=why, kind=kind)
