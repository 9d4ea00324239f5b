"""Many stored bills of materials held against a new index, without touching a model.

    with Index(place_of(None)[0]) as index:
        for result in reevaluate((Stored("income-7", purls), …), index):
            …

Fleets share their packages, so what strikes a package at a version is worked out once for all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from operator import itemgetter

from modelwarden.core.values import dataclass
from modelwarden.dependencies import purls
from modelwarden.dependencies.families import head_of
from modelwarden.dependencies.index import Index
from modelwarden.dependencies.manifests.boms import addresses
from modelwarden.dependencies.manifests.conda import pypi_name
from modelwarden.dependencies.match import Match, Order, in_order, weighed
from modelwarden.dependencies.packages import Package

_CACHED = 50_000  # packages at a version; about 10 KB each where they are old


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


def reevaluate(boms: Iterable[Stored], index: Index) -> Iterator[Reevaluated]:
    """Yield what the index says about each bill, in their order.

    Raises:
        AdvisoryIndexError: the index is damaged.
    """
    known: dict[str, _Known | None] = {}
    for bom in boms:
        if len(known) > _CACHED:
            known.clear()
        yield _one(bom, index, known)


def _one(bom: Stored, index: Index, known: dict[str, _Known | None]) -> Reevaluated:
    families: dict[str, list[_Known]] = {}
    undecided: list[str] = []
    unrecorded: list[str] = []
    unaudited: list[str] = []
    for purl in bom.purls:
        if purl not in known:
            known[purl] = _known(purl, index)
        said = known[purl]
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


def _joined(members: list[_Known]) -> Sequence[tuple[Order, Match]]:
    """Return the matches of one code base; only several packages of one have to be grouped."""
    if len(members) == 1:
        return members[0].matches
    struck = [s for known in members for _, m in known.matches for s in m.struck]
    return in_order(struck)


def _known(purl: str, index: Index) -> _Known | None:
    package = _package(purl)
    if package is None:
        return None
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
