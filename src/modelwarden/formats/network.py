"""What networks have in common that are written as operators: names, and files beside the model.

A network runs what its operators are. Those that the runtime brings only compute; others come from
the application, from a library or from Python, and a network may name files that are read with it.
"""

from __future__ import annotations

from dataclasses import field
from typing import NamedTuple

from modelwarden.core import GapKind, InventoryItem, ItemKind, Producer
from modelwarden.core.values import dataclass
from modelwarden.formats.described import Described, Notes
from modelwarden.formats.source import Source

_KINDS = 100_000
_PLACES = 10_000


@dataclass(slots=True)
class Operator:
    """One kind of operator.

    Attributes:
        name: as the runtime looks it up.
        where: the first operator of that kind, or empty.
        at: offset of that one. count: how many there are.
        foreign: the format itself says that the runtime does not bring it.
    """

    name: str
    where: str = ""
    at: int | None = None
    count: int = 1
    foreign: bool = False


class Place(NamedTuple):
    """One file that a network names.

    Attributes:
        what: the part that names it. path: as written. at: offset in the source.
    """

    what: str
    path: str
    at: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked(Described):
    """A file whose faults are told by one rule for all such formats."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Network(Checked):
    """One network.

    Attributes:
        operators: each kind once, in file order.
        places: files that are read with it.
    """

    operators: tuple[Operator, ...] = ()
    places: tuple[Place, ...] = ()


@dataclass(slots=True)
class NetworkNotes(Notes):
    """What a walk over a network writes down."""

    kinds: dict[tuple[str, bool], Operator] = field(default_factory=dict)
    places: list[Place] = field(default_factory=list)

    def operator(self, name: str, where: str, at: int | None, *, foreign: bool = False) -> None:
        """Count an operator."""
        name = name[:300]
        known = self.kinds.get((name, foreign))
        if known is not None:
            known.count += 1
        elif len(self.kinds) < _KINDS:
            self.kinds[name, foreign] = Operator(name, where[:300], at, foreign=foreign)
        else:
            self.note("more kinds of operators than any network has", GapKind.OVER_LIMIT)

    def place(self, what: str, path: str, at: int | None = None) -> None:
        """Keep a file that is named, once for each path."""
        if any(one.path == path for one in self.places[-64:]):
            return
        if len(self.places) < _PLACES:
            self.places.append(Place(what[:200], path, at))
        else:
            self.note("more files than any network names", GapKind.OVER_LIMIT)


def made_by(source: Source, by: Producer | None) -> tuple[InventoryItem, ...]:
    """Return the line of the inventory that names the library which wrote `source`."""
    if by is None:
        return ()
    item = InventoryItem(
        kind=ItemKind.PRODUCER,
        name=by.name,
        version=by.version,
        path=source.name,
        member=source.member,
    )
    return (item,)


def leads_out(path: str) -> str:
    """Return why a path that a model names is not below its own folder, or nothing.

    Separators of both kinds count: which one a loader takes depends on where it runs.

    >>> leads_out("../../etc/passwd"), leads_out("weights/w.bin")
    ('leads out of the folder', '')
    """
    parts = path.replace("\\", "/").split("/")
    if "\0" in path:
        return "holds a NUL"
    if "://" in path or path[:5].lower() == "file:":
        return "is an address"
    if not parts[0] and len(parts) > 1:
        return "is an absolute path"
    if path[1:2] == ":" and path[:1].isalpha():
        return "names a drive"
    if ".." in parts:
        return "leads out of the folder"
    return "begins in a home folder" if parts[0].startswith("~") else ""
