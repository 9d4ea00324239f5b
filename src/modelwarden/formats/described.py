"""What formats have in common that carry a description of themselves beside their numbers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from modelwarden.core import Gap, GapKind
from modelwarden.formats.source import Source
from modelwarden.formats.view import View, gap

_GAPS = 50
_FAULTS = 100
_ENTRIES = 10_000


class Metadatum(NamedTuple):
    """One text with which a file describes itself, and the offset at which it stands."""

    key: str
    value: str
    at: int


class Fault(NamedTuple):
    """One thing that the format forbids.

    Attributes:
        kind: a word for the kind of fault. what: the part that has it, or empty.
        why: in words. at: offset in the source.
    """

    kind: str
    what: str
    why: str
    at: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Described(View):
    """A file with texts about itself, which rules on secrets and on paths look at.

    Attributes:
        metadata: the texts, in file order; long ones are cut.
        faults: what its format forbids, the first hundred.
    """

    metadata: tuple[Metadatum, ...] = ()
    faults: tuple[Fault, ...] = ()


@dataclass(slots=True)
class Notes:
    """What a walk writes down on its way, with a bound on each kind."""

    source: Source
    metadata: list[Metadatum] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)

    def describe(self, key: str, value: str, at: int) -> None:
        """Keep a text, up to ten thousand of them."""
        if len(self.metadata) < _ENTRIES:
            self.metadata.append(Metadatum(key, value, at))
        else:
            self.note("more metadata than any model has", GapKind.OVER_LIMIT, at)

    def fault(self, kind: str, what: str, why: str, at: int | None = None) -> None:
        """Keep a fault, up to a hundred."""
        if len(self.faults) < _FAULTS:
            self.faults.append(Fault(kind, what[:200], why, at))

    def note(self, why: str, kind: GapKind = GapKind.UNREADABLE, at: int | None = None) -> None:
        """Add a gap, up to fifty."""
        if len(self.gaps) < _GAPS:
            self.gaps.append(gap(self.source, why, kind, at))
