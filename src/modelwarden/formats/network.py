"""What networks have in common that are written as operators: names, and files beside the model.

A network runs what its operators are. Those that the runtime brings only compute; others come from
the application, from a library or from Python, and a network may name files that are read with it.
"""

from __future__ import annotations

from dataclasses import field

from modelwarden.core import GapKind, InventoryItem, ItemKind, Producer
from modelwarden.core.values import dataclass
from modelwarden.formats.described import Checked, Notes
from modelwarden.formats.source import Source

_KINDS = 100_000


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Network(Checked):
    """One network.

    Attributes:
        operators: each kind once, in file order.
    """

    operators: tuple[Operator, ...] = ()


@dataclass(slots=True)
class NetworkNotes(Notes):
    """What a walk over a network writes down."""

    kinds: dict[tuple[str, bool], Operator] = field(default_factory=dict)

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
