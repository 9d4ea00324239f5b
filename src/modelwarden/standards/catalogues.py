"""Look-ups in the packaged catalogues."""

from __future__ import annotations

import json
import os
from functools import cache
from typing import TYPE_CHECKING

from modelwarden.core import UnknownNameError
from modelwarden.core.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable

# Without pathlib: every scan comes by here, and its import costs as much as reading the file.
_FILE = os.path.join(os.path.dirname(__file__), "catalogues.json")  # noqa: PTH118, PTH120


class UnknownWeaknessError(UnknownNameError):
    """A weakness that the crosswalk does not know."""

    def __init__(self, name: str, known: Iterable[str]) -> None:
        """Remember the name and find the nearest."""
        super().__init__("weakness", name, known)


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """One outside catalogue.

    Attributes:
        prefix: stands before the id in a reference (`MITRE-ATLAS:…`); empty where ids are unique
            by themselves (`CWE-502`).
        source: where ids and titles were read. verified: how sure that reading is.
        entries: id to official title. links: id prefix to an address with `{id}` in it.
    """

    prefix: str
    name: str
    version: str
    source: str
    licence: str
    verified: str
    entries: dict[str, str]
    links: dict[str, str]


@cache
def _data() -> tuple[dict[str, Catalogue], dict[str, tuple[str, ...]]]:
    with open(_FILE, encoding="utf-8") as stream:  # noqa: PTH123
        raw = json.load(stream)
    known = {entry["prefix"]: Catalogue(**entry) for entry in raw["catalogues"]}
    return known, {weakness: tuple(refs) for weakness, refs in raw["crosswalk"].items()}


def catalogues() -> tuple[Catalogue, ...]:
    """Return every catalogue, for credits."""
    return tuple(_data()[0].values())


def weaknesses() -> tuple[str, ...]:
    """Return the weaknesses that the crosswalk knows."""
    return tuple(_data()[1])


def controls_for(weakness: str | None) -> tuple[str, ...]:
    """Return the references that a weakness maps to; none for None.

    >>> controls_for("unsafe_deserialization")[:2]
    ('CWE-502', 'CWE-94')

    Raises:
        UnknownWeaknessError: the crosswalk has no such weakness.
    """
    if weakness is None:
        return ()
    crosswalk = _data()[1]
    if weakness not in crosswalk:
        raise UnknownWeaknessError(weakness, crosswalk)
    return crosswalk[weakness]


def is_known(reference: str) -> bool:
    """Tell whether a catalogue holds `reference`."""
    catalogue, name = _split(reference)
    return catalogue is not None and name in catalogue.entries


def title_of(reference: str) -> str | None:
    """Return the official title of a reference, below its parent's; None when it is not known.

    >>> title_of("MITRE-ATLAS:AML.T0011.000")
    'User Execution: Unsafe AI Artifacts'
    """
    catalogue, name = _split(reference)
    if catalogue is None or name not in catalogue.entries:
        return None
    parent = catalogue.entries.get(name.rpartition(".")[0])
    title = catalogue.entries[name]
    return f"{parent}: {title}" if parent else title


def link_of(reference: str) -> str | None:
    """Return the address of a known reference's page; None where the catalogue has none."""
    catalogue, name = _split(reference)
    if catalogue is None or name not in catalogue.entries:
        return None
    links = catalogue.links.items()
    pattern = next((link for start, link in links if name.startswith(start)), None)
    number = name.removeprefix("CWE-")
    return pattern.format(id=name, number=number) if pattern else None


def _split(reference: str) -> tuple[Catalogue | None, str]:
    prefix, colon, name = reference.partition(":")
    return (_data()[0].get(prefix), name) if colon else (_data()[0].get(""), reference)
