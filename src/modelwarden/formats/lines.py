"""Lines of a text of any size, one at a time, each with its offset."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from modelwarden.formats.limits import LimitExceededError

if TYPE_CHECKING:
    from modelwarden.formats.limits import Limits
    from modelwarden.formats.source import Source

_PIECE = 1 << 18
LONGEST = 1 << 24


def lines(source: Source, limits: Limits, start: int = 0) -> Iterator[tuple[int, bytes]]:
    """Yield each line without its end, and the offset at which it begins.

    Raises:
        LimitExceededError: a line of more than 16 MiB, or the time is used up.
    """
    at, held, here = start, b"", start
    while piece := source.read(at, _PIECE):
        at += len(piece)
        limits.spend(operations=1 + len(piece) // 64)
        if b"\n" not in piece and len(held) + len(piece) > LONGEST:
            raise LimitExceededError("bytes of one line", LONGEST)
        *whole, held = (held + piece).split(b"\n")
        for line in whole:
            yield here, line.removesuffix(b"\r")
            here += len(line) + 1
    if held:
        yield here, held.removesuffix(b"\r")
