"""What formats have in common that carry a description of themselves beside their numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field
from functools import partial
from typing import NamedTuple

from modelwarden.core import Gap, GapKind
from modelwarden.core.values import dataclass
from modelwarden.formats.limits import LimitExceededError
from modelwarden.formats.source import Source
from modelwarden.formats.view import Child, DamagedError, View, gap

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


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainModel(Described):
    """A model of numbers and structure alone, which no loader takes for code.

    Its faults are of these kinds. `reference`: something points, or counts, out of what the file
    holds, so that a loader that trusts it leaves its memory or never ends. `invalid`: the file
    contradicts itself or its format. `trailing`: bytes behind its end. `path`: its bytes are
    taken from elsewhere. `code`: it needs code that its library does not have. `rewrite`: it puts
    words into the texts that go through it.
    """


@dataclass(slots=True)
class Notes:
    """What a walk writes down on its way, with a bound on each kind."""

    source: Source
    metadata: list[Metadatum] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    children: list[Child] = field(default_factory=list)

    def attempt(self, walk: Callable[[], object], fault: str = "") -> bool:
        """Run a walk; tell whether it came to its end.

        What ends it before is a gap, and where `fault` names a kind, damage is such a fault too.
        """
        try:
            walk()
        except LimitExceededError as over:
            self.note(str(over), GapKind.OVER_LIMIT)
        except DamagedError as damage:
            why = f"it breaks off: {damage.why}"
            if fault:
                self.fault(fault, "", why, damage.offset)
            self.note(why, at=damage.offset)
        else:
            return True
        return False

    def behind(self, at: int) -> None:
        """Note what stands from `at` on, behind the end of the model, to be looked into."""
        left = self.source.size - at
        if left > 0:
            self.fault("trailing", "", f"{left} bytes behind the model", at)
            name = f"trailing@{at}"
            self.children.append(Child(name, partial(self.source.part, at, left, name)))

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
