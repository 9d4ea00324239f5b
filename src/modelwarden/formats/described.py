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
_PLACES = 10_000
_LEAST = 16


class Metadatum(NamedTuple):
    """One text with which a file describes itself, and the offset at which it stands."""

    key: str
    value: str
    at: int | None


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


class Place(NamedTuple):
    """One file that a model names.

    Attributes:
        what: the part that names it. path: as written. at: offset in the source.
    """

    what: str
    path: str
    at: int | None = None


APART = frozenset("reference trailing path code rewrite external expansion include slow".split())
"""Kinds of faults that have a rule of their own; all others are contradictions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked(Described):
    """A model whose faults, and the files it names, are told by the rules for all such formats.

    Some kinds of faults have a rule of their own. `reference`: something points, or counts, out of
    what the file holds, so that a loader that trusts it leaves its memory or never ends.
    `trailing`: bytes behind its end. `path`: its bytes are taken from elsewhere. `code`: it needs
    code that its library does not have. `rewrite`: it puts words into the texts that go through
    it. By any other kind the file contradicts itself or its format.

    Attributes:
        places: files that are read with it.
    """

    places: tuple[Place, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainModel(Checked):
    """A model of numbers and structure alone, which no loader takes for code."""


@dataclass(slots=True)
class Notes:
    """What a walk writes down on its way, with a bound on each kind."""

    source: Source
    metadata: list[Metadatum] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    children: list[Child] = field(default_factory=list)
    places: list[Place] = field(default_factory=list)

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

    def behind(self, at: int, end: int | None = None, why: str = "behind the model") -> None:
        """Note what stands from `at` on and is no part of the model, to be looked into."""
        left = (self.source.size if end is None else end) - at
        if left > 0:
            self.fault("trailing", "", f"{left} bytes {why}", at)
            name = f"trailing@{at}"
            self.children.append(Child(name, partial(self.source.part, at, left, name)))

    def beyond(self, at: int) -> None:
        """Look into what stands behind all that was reached, where some format claims it."""
        from modelwarden.formats.identify import identify  # what identifies imports readers

        padding = self.source.read(at, 64)
        at += len(padding) - len(padding.lstrip(b"\0"))
        size, name = self.source.size - at, f"trailing@{at}"
        if size < _LEAST:
            return
        try:
            known = bool(identify(self.source.part(at, size, name)))
        except Exception:  # noqa: BLE001 -- whoever opens it says which reader failed
            known = True
        if known:
            self.children.append(Child(name, partial(self.source.part, at, size, name)))

    def describe(self, key: str, value: str, at: int) -> None:
        """Keep a text, up to ten thousand of them."""
        if len(self.metadata) < _ENTRIES:
            self.metadata.append(Metadatum(key, value, at))
        else:
            self.note("more metadata than any model has", GapKind.OVER_LIMIT, at)

    def place(self, what: str, path: str, at: int | None = None) -> None:
        """Keep a file that is named, once for each path."""
        if any(one.path == path for one in self.places[-64:]):
            return
        if len(self.places) < _PLACES:
            self.places.append(Place(what[:200], path, at))
        else:
            self.note("more files than any model names", GapKind.OVER_LIMIT)

    def fault(self, kind: str, what: str, why: str, at: int | None = None) -> None:
        """Keep a fault, up to a hundred."""
        if len(self.faults) < _FAULTS:
            self.faults.append(Fault(kind, what[:200], why, at))

    def note(self, why: str, kind: GapKind = GapKind.UNREADABLE, at: int | None = None) -> None:
        """Add a gap, up to fifty."""
        if len(self.gaps) < _GAPS:
            self.gaps.append(gap(self.source, why, kind, at))
