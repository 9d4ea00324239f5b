"""Packages held against the index: who is hit by what, grouped by weakness and by code base.

One weakness has several records (PYSEC, GHSA, CVE), and one code base several package names. What
shares an alias and a family is one match, with all its packages.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import field
from operator import itemgetter

from modelwarden.core.values import dataclass
from modelwarden.dependencies.families import head_of, siblings
from modelwarden.dependencies.index import Index, Row
from modelwarden.dependencies.packages import PINNED, How, Package
from modelwarden.dependencies.versions import Answer, affects, fixes, version_of

VERSIONS = 200  # of one package in one scan: a list of them is an attack, not a manifest
_WORDS = ("critical", "high", "medium", "low")

Order = tuple[int, str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Struck:
    """One package that one advisory is about.

    Attributes:
        fixed: versions above the package's own that the advisory names as fixed.
        sibling: the name of the same code under which the advisory is filed; None for its own.
        tool: that reports it; empty when our index does.
    """

    package: Package
    row: Row
    fixed: tuple[str, ...]
    sibling: str | None = None
    tool: str = ""


@dataclass(slots=True)
class Match:
    """One weakness in one code base; `names` are the ids and aliases of all its records."""

    family: str
    names: set[str] = field(default_factory=set)
    struck: list[Struck] = field(default_factory=list)

    @property
    def primary(self) -> str:
        """Return the name that stands for the weakness: its CVE when it has one."""
        return min((n for n in self.names if n.startswith("CVE-")), default=min(self.names))

    @property
    def worst(self) -> Row:
        """Return the record with the highest severity."""
        if len(self.struck) == 1:
            return self.struck[0].row
        rows = [s.row for s in self.struck]
        return min(rows, key=lambda row: (_rank(row.severity), -(row.score or 0.0), row.id))

    @property
    def own(self) -> bool:
        """Tell whether an advisory names one of the packages itself."""
        return any(s.sibling is None for s in self.struck)

    @property
    def tools(self) -> tuple[str, ...]:
        """Return the tools that report it."""
        return tuple(sorted({s.tool for s in self.struck if s.tool}))


def _rank(word: str | None) -> int:
    return _WORDS.index(word) if word in _WORDS else len(_WORDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """A package of no exact version, and the advisories about versions that it may have."""

    package: Package
    rows: tuple[Row, ...]


@dataclass(slots=True)
class Matched:
    """What the index says about packages.

    Attributes:
        undecided: packages with the records that could not be evaluated for them.
        unrecorded: packages that no record is about, live or not.
        crowded: packages that were left out, because very many versions of them are named.
    """

    matches: list[Match] = field(default_factory=list)
    allowed: list[Allowed] = field(default_factory=list)
    undecided: list[tuple[Package, tuple[Row, ...]]] = field(default_factory=list)
    unrecorded: list[Package] = field(default_factory=list)
    crowded: list[Package] = field(default_factory=list)


def match(packages: Iterable[Package], index: Index, imported: Sequence[Struck] = ()) -> Matched:
    """Hold packages against the index, and join what other tools report.

    Raises:
        AdvisoryIndexError: the index is damaged.
    """
    matched, struck = weighed(packages, index)
    matched.matches = grouped((*struck, *imported))
    return matched


def weighed(packages: Iterable[Package], index: Index) -> tuple[Matched, list[Struck]]:
    """Hold packages against the index, without joining what strikes them."""
    matched = Matched()
    struck: list[Struck] = []
    asked: dict[str, set[str]] = {}
    for package in packages:
        versions = asked.setdefault(package.key, set())
        versions.add(package.version or package.specifier)
        if len(versions) > VERSIONS:
            matched.crowded.append(package)
            continue
        rows = [(row, None) for row in index.rows(package.key)]
        kin = [(row, name) for name in siblings(package.key) for row in index.rows(name)]
        if not rows and not kin:
            matched.unrecorded.append(package)
        elif package.how in PINNED and package.version is not None:
            own = {name for row, _ in rows for name in row.names}
            about = [*rows, *(k for k in kin if own.isdisjoint(k[0].names))]
            struck += _strike(package, about, matched)
        else:
            _allow(package, [row for row, _ in rows] or [row for row, _ in kin], matched)
    return matched, struck


def _strike(
    package: Package, about: Iterable[tuple[Row, str | None]], matched: Matched
) -> Iterator[Struck]:
    undecided: list[Row] = []
    version = package.version or ""
    for row, sibling in about:
        answer = affects(version, row.ranges, row.listed)
        if answer is Answer.YES:
            fixed = fixes(version, row.ranges)
            yield Struck(package=package, row=row, fixed=fixed, sibling=sibling)
        elif answer is Answer.UNKNOWN and sibling is None:
            undecided.append(row)
    if undecided:
        matched.undecided.append((package, tuple(undecided)))


def _allow(package: Package, rows: Sequence[Row], matched: Matched) -> None:
    if package.how is How.REVEALED:
        version = package.version
        hit = [r for r in rows if version and affects(version, r.ranges, r.listed) is Answer.YES]
    else:
        hit = [row for row in rows if may_affect(package.specifier, row)]
    if hit:
        matched.allowed.append(Allowed(package=package, rows=tuple(hit)))


def may_affect(specifier: str, row: Row) -> bool:
    """Tell whether a version that the specifier allows is one that the record is about.

    Without the list of all releases the versions that the record names stand for them, and the
    ends of the specifier itself.
    """
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        allowed = SpecifierSet(specifier)
    except InvalidSpecifier:
        return True
    if not specifier:
        return True
    ends = [s.version.removesuffix(".*") for s in allowed]
    named = [at for events in row.ranges for kind, at in events if kind in "il"]
    for text in (*ends, *row.listed.split(), *named):
        version = version_of(text)
        if (
            version is not None
            and allowed.contains(version, prereleases=True)
            and affects(text, row.ranges, row.listed) is not Answer.NO
        ):
            return True
    return False


def grouped(struck: Sequence[Struck]) -> list[Match]:
    """Return the matches that `in_order` gives."""
    return [match_ for _, match_ in in_order(struck)]


def in_order(struck: Sequence[Struck]) -> list[tuple[Order, Match]]:
    """Join what shares a family and, over any number of steps, a name of its weakness."""
    matches: dict[tuple[str, str], Match] = {}
    for one in struck:
        family = head_of(one.package.key)
        keys = [(family, name) for name in one.row.names]
        met = list({id(matches[key]): matches[key] for key in keys if key in matches}.values())
        if not met:
            matches.update(dict.fromkeys(keys, Match(family, set(one.row.names), [one])))
            continue
        match_ = met[0]
        for other in met[1:]:
            match_.names |= other.names
            match_.struck += other.struck
        match_.names |= set(one.row.names)
        match_.struck.append(one)
        for name in match_.names:
            matches[(family, name)] = match_
    unique = {id(m): m for m in matches.values()}.values()
    placed = [((_rank(m.worst.severity), m.family, m.primary), m) for m in unique]
    placed.sort(key=itemgetter(0))
    return placed
