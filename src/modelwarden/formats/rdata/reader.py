"""Reader of R data: code in it, and the packages that loading looks for; nothing is evaluated.

Loading evaluates nothing by itself but for promises that are looked at (CVE-2024-27322), and loads
the packages that are named; functions run with the first prediction at the latest.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import field

from modelwarden.core import GapKind, InventoryItem, ItemKind
from modelwarden.core.values import dataclass
from modelwarden.formats.described import Checked, Notes
from modelwarden.formats.identified.kind import plain
from modelwarden.formats.identified.magic import R_DATA
from modelwarden.formats.limits import LimitExceededError, Limits
from modelwarden.formats.rdata.code import Code
from modelwarden.formats.rdata.inputs import Binary, Words
from modelwarden.formats.rdata.machine import Machine
from modelwarden.formats.source import Source
from modelwarden.formats.view import DamagedError

_HEADER = re.compile(rb"(?:RD[XAB][23]\n)?([XAB])\n")
_ENCODING = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class RData(Checked):
    """One file of R data.

    Attributes:
        codes: what may run. bound: names that the file gives values to.
        packages: that loading looks for, with their versions where the file tells.
        classes: class, package and texts of values that are kept in another way than their type.
        roots: names of a workspace, with their offsets, and whether each is a function.
    """

    codes: tuple[Code, ...] = ()
    bound: frozenset[str] = field(default_factory=frozenset)
    packages: tuple[tuple[str, str | None], ...] = ()
    classes: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = ()
    roots: tuple[tuple[str, int, bool], ...] = ()


def sniff(source: Source) -> bool:
    """Tell whether the header is one of R data."""
    return R_DATA.sniff(source)


def read(source: Source, limits: Limits) -> RData:
    """Read every object of the file; what cannot be read is a gap, the rest is kept."""
    notes = Notes(source)
    machines: list[Machine] = []
    at = 0
    try:
        while at < source.size and (machine := _opened(source, at, limits)) is not None:
            machines.append(machine)
            machine.run(workspace=source.read(at, 2) == b"RD")
            at = _behind(source, machine.data.at)
        notes.behind(at, why="behind the last object")
    except DamagedError as damage:
        notes.note(damage.why, at=damage.offset)
    except LimitExceededError as over:
        notes.note(str(over), GapKind.OVER_LIMIT)
    packages: dict[str, str | None] = {}
    for machine in machines:
        packages |= machine.packages
    return RData(
        source=source,
        format="r-data",
        producer=R_DATA.produced(source),
        gaps=tuple(notes.gaps),
        children=tuple(notes.children),
        inventory=tuple(_inventory(source, packages)),
        faults=tuple(notes.faults),
        codes=tuple(code for machine in machines for code in machine.codes),
        bound=frozenset().union(*(machine.bound for machine in machines)),
        packages=tuple(packages.items()),
        classes=tuple((tuple(a), tuple(b)) for m in machines for a, b in m.classes),
        roots=tuple(root for machine in machines for root in machine.roots),
    )


def _opened(source: Source, at: int, limits: Limits) -> Machine | None:
    """Read the header of an object; None where none begins."""
    found = _HEADER.match(source.read(at, 16))
    if found is None:
        return None
    at += found.end()
    data: Binary | Words
    if found[1] == b"A":
        data = Words(source, at, limits)
    else:
        data = Binary(source, at, limits, order="big" if found[1] == b"X" else "little")
    version = data.integer()
    data.integer(), data.integer()
    if version == 3:
        size = data.integer()
        if not 0 <= size <= _ENCODING:
            raise DamagedError(f"a name of an encoding of {size} bytes", data.at)
        data.text(size, _ENCODING)
    elif version != 2:
        raise DamagedError(f"version {version} of the layout is not known", data.at)
    return Machine(data, limits)


def _behind(source: Source, at: int) -> int:
    """Step over the end of a line behind an object."""
    while at < source.size and source.read(at, 1) in b"\r\n":
        at += 1
    return at


def _inventory(source: Source, packages: dict[str, str | None]) -> Iterator[InventoryItem]:
    for name, version in packages.items():
        yield InventoryItem(
            kind=ItemKind.IMPORT,
            name=f"R:{plain(name)}",
            version=plain(version or "") or None,
            path=source.name,
            member=source.member,
        )
