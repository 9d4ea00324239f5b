"""A package that something asks for or holds, and what a manifest gave."""

from __future__ import annotations

from dataclasses import field
from enum import StrEnum

from modelwarden.core import Gap, GapKind
from modelwarden.core.values import dataclass
from modelwarden.dependencies.names import normal_name
from modelwarden.dependencies.purls import purl_of

STAGE = "dependencies"
MOST = 20_000  # packages, and gaps, of one manifest


class How(StrEnum):
    """How the version of a package is known.

    `EXACT`: a manifest pins it, a lock fixes it, or it is installed. `RANGE`: any version that
    fits the specifier may be there. `REVEALED`: a model file names what wrote it. `RESOLVED`: pip
    would choose it today, on this machine.
    """

    EXACT = "exact"
    RANGE = "range"
    REVEALED = "revealed"
    RESOLVED = "resolved"


PINNED = frozenset({How.EXACT, How.RESOLVED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """One package as one place names it.

    Attributes:
        name: as written. version: exact, or None.
        specifier: PEP 440, of a range; empty allows any.
        path: of the manifest or model file. line: 1-based.
        marker: of the environments that need it (PEP 508); empty for all.
        extras: that a requirement asks for.
        conda: named as a conda package; its PyPI name is taken to be the same.
        kind: of its address: `pypi` (also for conda), or another ecosystem's (`deb`, `npm`, …).
        stated: its address where that is not the one of its name on PyPI.
        source: the tool whose result names it; empty for what we read ourselves.
        license: as the package itself states it.
    """

    name: str
    version: str | None = None
    specifier: str = ""
    how: How = How.EXACT
    path: str
    member: str | None = None
    line: int | None = None
    marker: str = ""
    extras: tuple[str, ...] = ()
    conda: bool = False
    kind: str = "pypi"
    stated: str = ""
    source: str = ""
    license: str = ""

    @property
    def key(self) -> str:
        """Return the normalised name; names of other ecosystems are kept apart."""
        return normal_name(self.name) if self.kind == "pypi" else f"{self.kind}:{self.name}"

    @property
    def purl(self) -> str:
        """Return the package's address."""
        return self.stated or purl_of(self.kind, self.name, self.version)

    @property
    def shown(self) -> str:
        """Return name and version, or what is allowed."""
        return f"{self.name} {self.version}" if self.version else f"{self.name}{self.specifier}"


@dataclass(slots=True)
class Manifest:
    """What one manifest gave.

    Attributes:
        kind: `requirements`, `poetry.lock`, ….
        refers: paths of further manifests, relative to this one.
        bounds: paths of constraint files, likewise.
    """

    path: str
    kind: str
    packages: list[Package] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    refers: list[str] = field(default_factory=list)
    bounds: list[str] = field(default_factory=list)

    @property
    def full(self) -> bool:
        """Tell whether what follows is left out."""
        return len(self.packages) > MOST or len(self.gaps) > MOST

    def add(self, package: Package) -> None:
        """Keep a package; past the bound there is one gap for all that follow."""
        if len(self.packages) < MOST:
            self.packages.append(package)
        elif len(self.packages) == MOST:
            self.packages.append(package)
            self.gap(f"only the first {MOST} packages are audited", GapKind.OVER_LIMIT)

    def gap(
        self, why: str, kind: GapKind = GapKind.NOT_ASSESSABLE, line: int | None = None
    ) -> None:
        """Keep something that could not be audited."""
        where = f"line {line}: " if line else ""
        why = " ".join(f"{where}{why}".split())
        why = why if why.isprintable() else ascii(why)[1:-1]
        if len(self.gaps) <= MOST:
            self.gaps.append(Gap(what=self.path, why=why[:400], kind=kind, stage=STAGE))

    def unreadable(self, why: str) -> None:
        """Keep that the file, or what follows in it, could not be read."""
        self.gap(why, GapKind.UNREADABLE)


@dataclass(frozen=True, slots=True)
class Resolved:
    """What pip would install for the ranges of a scan.

    Attributes:
        packages: in place of the ranges that were settled; the others stay ranges.
    """

    packages: tuple[Package, ...]
    gaps: tuple[Gap, ...]
    notes: tuple[str, ...]
