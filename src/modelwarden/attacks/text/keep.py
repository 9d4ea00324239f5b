"""What must stay in a text: the words or the address without which it would be of no use.

    keep = ["claim.example/now", "/[A-Z]{3}[0-9]{6}/"]

A piece is looked for in any case, and stays as the text spells it; one between slashes is a pattern
of Python's `re`. Every place where one stands must be there afterwards, letter by letter: a letter
that looks alike, a character of no width or another case within it is a loss.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from modelwarden.core import InputError
from modelwarden.core.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Keep:
    """Pieces that must stay.

    Attributes:
        pieces: as the user wrote them. patterns: one for each.
    """

    pieces: tuple[str, ...] = ()
    patterns: tuple[re.Pattern[str], ...] = ()

    def __bool__(self) -> bool:
        """Tell whether there are any."""
        return bool(self.patterns)

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Return where pieces stand."""
        found = (match.span() for one in self.patterns for match in one.finditer(text))
        return [(start, end) for start, end in found if start < end]

    def counted(self, text: str) -> Counter[tuple[int, str]]:
        """Return how often each piece stands in a text, by its number and its spelling."""
        return Counter(
            (number, match[0])
            for number, one in enumerate(self.patterns)
            for match in one.finditer(text)
            if match[0]
        )

    def lost(self, before: str, after: str) -> tuple[str, ...]:
        """Return the pieces of a text, as it spells them, that a changed one has less often."""
        return tuple(
            dict.fromkeys(found for _, found in self.counted(before) - self.counted(after))
        )

    def absent(self, texts: Sequence[str]) -> tuple[str, ...]:
        """Return the pieces that stand in none of some texts."""
        pairs = zip(self.pieces, self.patterns, strict=True)
        return tuple(
            piece for piece, one in pairs if not any(m[0] for t in texts for m in one.finditer(t))
        )


NOTHING = Keep()


def keep_of(pieces: Sequence[str]) -> Keep:
    """Return what a list of pieces and patterns says.

    Raises:
        InputError: a piece is empty, a pattern cannot be read or finds nothing at all.

    >>> keep_of(["win.example"]).lost("at Win.Example now", "at Wіn.Example now")
    ('Win.Example',)
    """
    return Keep(pieces=tuple(pieces), patterns=tuple(map(_pattern, pieces)))


def _pattern(piece: str) -> re.Pattern[str]:
    if not piece.strip():
        raise InputError(f"keep names {piece!r}, which is no piece of a text")
    if len(piece) < 3 or not (piece.startswith("/") and piece.endswith("/")):
        return re.compile(re.escape(piece), re.IGNORECASE)
    try:
        return re.compile(piece[1:-1])
    except (re.error, RecursionError, OverflowError) as error:
        raise InputError(
            f"keep names {piece!r}, which is no pattern: {error}",
            hint="What stands between slashes is a regular expression; write words without them.",
        ) from error
