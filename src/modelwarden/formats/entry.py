"""What one line of the catalogue of formats says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from enum import Enum

from modelwarden.core.values import dataclass

ANYWHERE = -1
TAIL = -2


@dataclass(frozen=True, slots=True)
class Mark:
    """Bytes that stand at `at`, or `ANYWHERE` in the head, or in the `TAIL`."""

    magic: bytes
    at: int = 0


class Tier(Enum):
    """How far a format is examined.

    `EXAMINED`: structure and meaning are read, and rules look at them. `DATA`: proved or
    recognised as data that no model loader runs. `IDENTIFIED`: named, with a gap.
    """

    EXAMINED = "examined"
    DATA = "data"
    IDENTIFIED = "identified"


@dataclass(frozen=True, slots=True)
class Format:
    """One entry of the catalogue.

    Attributes:
        id: as in reports.
        module: has `sniff` and `read`; `module:NAME` where a module holds several formats.
        title: for people.
        marks: one of them must be there; empty means that `sniff` is always asked.
        last: asked only when no format before it claimed the bytes.
        of: id of the family (`json`) whose reader tells this format apart by reading on; such a
            line names what that reader may answer and is not asked itself.
        tier: how far it is examined.
    """

    id: str
    module: str
    title: str
    marks: tuple[Mark, ...] = ()
    last: bool = False
    of: str | None = None
    tier: Tier = Tier.EXAMINED


def family(
    of: str, module: str, titles: Mapping[str, str], tier: Tier = Tier.EXAMINED
) -> tuple[Format, ...]:
    """Return the formats (id → title) that the reader of the family `of` tells apart."""
    return tuple(Format(name, module, title, of=of, tier=tier) for name, title in titles.items())


def identified(*entries: Format) -> tuple[Format, ...]:
    """Return the same lines as those of formats that are only named."""
    return tuple(replace(entry, tier=Tier.IDENTIFIED) for entry in entries)
