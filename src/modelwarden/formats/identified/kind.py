"""What all formats have in common that are recognised and not examined."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from modelwarden.core import GapKind, Producer
from modelwarden.core.values import dataclass
from modelwarden.formats.limits import LimitExceededError
from modelwarden.formats.view import DamagedError, View, gap

if TYPE_CHECKING:
    from modelwarden.formats.limits import Limits
    from modelwarden.formats.source import Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Identified(View):
    """A file whose format is known, and nothing else.

    Attributes:
        title: the format, for people.
    """

    title: str


def nobody(source: Source) -> Producer | None:
    """Say nothing about who wrote `source`: the format does not tell."""
    del source
    return None


@dataclass(frozen=True, slots=True)
class Kind:
    """One format that is told by its content.

    Attributes:
        id: as in the catalogue.
        title: as in messages.
        claims: tells whether bytes are of this format; bytes that break it may raise
            `DamagedError`.
        produced: tells who wrote them, where they say so.
        code: the file holds code by its nature (a script, a notebook).
    """

    id: str
    title: str
    claims: Callable[[Source], bool]
    produced: Callable[[Source], Producer | None] = nobody
    code: bool = False

    def sniff(self, source: Source) -> bool:
        """Tell whether the bytes are of this format."""
        try:
            return self.claims(source)
        except (DamagedError, LimitExceededError):
            return False

    def read(self, source: Source, limits: Limits) -> Identified:
        """Name the format and its producer, and say that nothing was examined."""
        limits.check_time()
        return recognised(source, self.id, self.title, self.produced, code=self.code)


def recognised(
    source: Source,
    id: str,  # noqa: A002 -- the field's own word, as in `Format.id`
    title: str,
    produced: Callable[[Source], Producer | None] = nobody,
    *,
    code: bool = False,
) -> Identified:
    """Return the view of a file that is named but not examined."""
    try:
        producer = produced(source)
    except (DamagedError, LimitExceededError):
        producer = None
    kind = GapKind.UNEXAMINED_CODE if code else GapKind.UNSUPPORTED
    why = unexamined(title)
    return Identified(
        source=source, format=id, title=title, producer=producer, gaps=(gap(source, why, kind),)
    )


def unexamined(title: str) -> str:
    """Return the reason that the gap about a format gives."""
    return f"recognised as {title}, which is not examined yet"


def producer(name: str, version: str | None = None) -> Producer | None:
    """Return a producer from what a file says, or None when it says nothing; both are bounded."""
    name, version = plain(name), plain(version or "")
    return Producer(name=name, version=version or None) if name else None


def plain(text: str, longest: int = 80) -> str:
    """Return `text` on one line without control characters, cut after `longest` characters."""
    return "".join(c for c in text[: 4 * longest] if c.isprintable()).strip()[:longest]
