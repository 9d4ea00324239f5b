"""Many stored bills of materials held against a new index, without touching a model.

    with Index(place_of(None)[0]) as index:
        for result in reevaluate((Stored("income-7", purls), …), index):
            …

Fleets share their packages, so what strikes a package at a version is worked out once for all.
Between two versions that its records name nothing changes, so one that nobody asked for before
costs a search among these.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import field
from operator import itemgetter
from typing import TYPE_CHECKING

from modelwarden.core.values import dataclass
from modelwarden.dependencies import purls
from modelwarden.dependencies.families import head_of, siblings
from modelwarden.dependencies.index import Index
from modelwarden.dependencies.manifests.boms import addresses
from modelwarden.dependencies.manifests.conda import pypi_name
from modelwarden.dependencies.match import Match, Order, Struck, in_order, weighed
from modelwarden.dependencies.packages import Package
from modelwarden.dependencies.versions import version_of

if TYPE_CHECKING:
    from packaging.version import Version

_CACHED = 20_000  # packages at a version; about 10 KB each where they are old
_STRETCHES = 100_000  # about 2 KB each


@dataclass(frozen=True, slots=True)
class Stored:
    """A bill of materials as it is kept: a name for it, and the addresses of its packages."""

    id: str
    purls: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reevaluated:
    """What the index says about one bill.

    Attributes:
        matches: the worst first, grouped by weakness and code base as in a scan.
        undecided: addresses that some record could not be evaluated for.
        unrecorded: addresses that no record is about, which is no proof of safety.
        unaudited: addresses of other ecosystems, without a version, or that are none.
    """

    id: str
    matches: tuple[Match, ...]
    undecided: tuple[str, ...] = ()
    unrecorded: tuple[str, ...] = ()
    unaudited: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Known:
    """What the index says about one package at one version; its matches are the worst first."""

    family: str
    matches: tuple[tuple[Order, Match], ...]
    undecided: bool
    unrecorded: bool


def stored(id_: str, document: str) -> Stored:
    """Return a CycloneDX or SPDX document as it is kept.

    Raises:
        InputError: it is neither.
    """
    return Stored(id_, tuple(dict.fromkeys(a for a in addresses(document) if a)))


@dataclass(slots=True)
class _Stretches:
    """What is known of one package, by the stretch of versions in which the index says the same.

    Attributes:
        points: versions that records name, in order; None where they tell builds of one release
            apart, so that every version is asked for by itself.
        known: what was said of some version, by its place among the points.
    """

    points: tuple[Version, ...] | None
    known: dict[int, _Known] = field(default_factory=dict)

    def place(self, text: str) -> int | None:
        """Return the number of a version's stretch: odd for a point itself, even between two.

        A build of a release is where the release is. None when the version is none, or when it
        has to be asked for by itself.
        """
        release = version_of(text.partition("+")[0]) if version_of(text) else None
        if release is None or self.points is None:
            return None
        at = bisect_left(self.points, release)
        return 2 * at + (at < len(self.points) and self.points[at] == release)


def reevaluate(boms: Iterable[Stored], index: Index) -> Iterator[Reevaluated]:
    """Yield what the index says about each bill, in their order.

    Raises:
        AdvisoryIndexError: the index is damaged.
    """
    fleet = _Fleet(index)
    for bom in boms:
        yield fleet.told(bom)


class _Fleet:
    """One pass over bills, with what it has learnt about packages."""

    def __init__(self, index: Index) -> None:
        self.index = index
        self.known: dict[str, _Known | None] = {}
        self.stretches: dict[str, _Stretches] = {}
        self.kept = 0  # in all stretches

    def told(self, bom: Stored) -> Reevaluated:
        """Return what the index says about one bill."""
        self._make_room()
        families: dict[str, list[_Known]] = {}
        undecided: list[str] = []
        unrecorded: list[str] = []
        unaudited: list[str] = []
        for purl in bom.purls:
            if purl not in self.known:
                self.known[purl] = self._known(purl)
            said = self.known[purl]
            if said is None:
                unaudited.append(purl)
                continue
            families.setdefault(said.family, []).append(said)
            if said.undecided:
                undecided.append(purl)
            if said.unrecorded:
                unrecorded.append(purl)
        ordered = [one for members in families.values() for one in _joined(members)]
        ordered.sort(key=itemgetter(0))
        matches = tuple(match_ for _, match_ in ordered)
        return Reevaluated(bom.id, matches, tuple(undecided), tuple(unrecorded), tuple(unaudited))

    def _make_room(self) -> None:
        if len(self.known) > _CACHED:
            self.known.clear()
        if self.kept > _STRETCHES:
            for stretches in self.stretches.values():
                stretches.known.clear()
            self.kept = 0

    def _known(self, purl: str) -> _Known | None:
        package = _package(purl)
        if package is None:
            return None
        stretches = self.stretches.get(package.key)
        if stretches is None:
            stretches = self.stretches[package.key] = _Stretches(_points(package.key, self.index))
        place = stretches.place(package.version or "")
        if place is None:
            return _weighed(package, self.index)
        if place in stretches.known:
            return _moved(stretches.known[place], package)
        self.kept += 1
        said = stretches.known[place] = _weighed(package, self.index)
        return said


def _points(key: str, index: Index) -> tuple[Version, ...] | None:
    """Return every version at which the records about a package may say something else."""
    rows = [row for name in (key, *siblings(key)) for row in index.rows(name)]
    texts = {text for row in rows for text in row.listed.split("\n")}
    texts |= {at for row in rows for events in row.ranges for _, at in events}
    found = {version for text in texts if (version := version_of(text))}
    return None if any(version.local for version in found) else tuple(sorted(found))


def _moved(said: _Known, package: Package) -> _Known:
    """Return what was said about one version for another one of the same stretch."""
    matches = tuple(
        (order, Match(m.family, m.names, [_struck(s, package) for s in m.struck]))
        for order, m in said.matches
    )
    return _Known(said.family, matches, said.undecided, said.unrecorded)


def _struck(one: Struck, package: Package) -> Struck:
    return Struck(package=package, row=one.row, fixed=one.fixed, sibling=one.sibling)


def _joined(members: list[_Known]) -> Sequence[tuple[Order, Match]]:
    """Return the matches of one code base; only several packages of one have to be grouped."""
    if len(members) == 1:
        return members[0].matches
    struck = [s for known in members for _, m in known.matches for s in m.struck]
    return in_order(struck)


def _weighed(package: Package, index: Index) -> _Known:
    matched, struck = weighed((package,), index)
    return _Known(
        family=head_of(package.key),
        matches=tuple(in_order(struck)),
        undecided=bool(matched.undecided),
        unrecorded=bool(matched.unrecorded),
    )


def _package(text: str) -> Package | None:
    purl = purls.parse(text)
    if purl.kind not in {"pypi", "conda"} or not purl.name or not purl.version:
        return None
    conda = purl.kind == "conda"
    name = pypi_name(purl.name) if conda else purl.name
    return Package(name=name, version=purl.version, path="", conda=conda, stated=text)
