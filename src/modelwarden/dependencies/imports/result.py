"""What an import gives, and how its readers fill it in: every text is bounded and printable."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field

from modelwarden.core import Gap, GapKind
from modelwarden.core.values import dataclass
from modelwarden.dependencies import purls
from modelwarden.dependencies.index import Row
from modelwarden.dependencies.manifests.conda import pypi_name
from modelwarden.dependencies.match import Struck
from modelwarden.dependencies.packages import STAGE, Package
from modelwarden.dependencies.scores import word_of

Table = Mapping[str, object]

_MOST = 200_000  # packages, and weaknesses, of one file
_ID = re.compile(r"[!-~]{1,128}")
_NAME = re.compile(r"[^\s\x00-\x1f\x7f]{1,214}")
_SUMMARY = 200
_TARGET = 300
_FIXES = 12
_WORDS = {
    "critical": "critical",
    "high": "high",
    "important": "high",
    "medium": "medium",
    "moderate": "medium",
    "low": "low",
    "negligible": "low",
}
# Ecosystems and package types as the tools write them, and the type of address that they have.
_KINDS = {
    "pypi": "pypi", "python": "pypi", "pip": "pypi", "pipenv": "pypi", "poetry": "pypi",
    "uv": "pypi", "python-pkg": "pypi", "conda": "conda", "conda-pkg": "conda",
    "conda-environment": "conda", "debian": "deb", "ubuntu": "deb", "deb": "deb", "dpkg": "deb",
    "alpine": "apk", "apk": "apk", "wolfi": "apk", "chainguard": "apk", "rpm": "rpm",
    "redhat": "rpm", "red hat": "rpm", "centos": "rpm", "rocky": "rpm", "rocky linux": "rpm",
    "alma": "rpm", "almalinux": "rpm", "amazon": "rpm", "oracle": "rpm", "fedora": "rpm",
    "suse": "rpm", "opensuse": "rpm", "photon": "rpm", "npm": "npm", "yarn": "npm", "pnpm": "npm",
    "node-pkg": "npm", "go": "golang", "gomod": "golang", "gobinary": "golang",
    "go-module": "golang", "crates.io": "cargo", "cargo": "cargo", "rust-crate": "cargo",
    "rustbinary": "cargo", "maven": "maven", "jar": "maven", "pom": "maven",
    "java-archive": "maven", "rubygems": "gem", "bundler": "gem", "gem": "gem",
    "gemspec": "gem", "nuget": "nuget",
    "dotnet-core": "nuget", "packagist": "composer", "composer": "composer", "cran": "cran",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What one file gave.

    Attributes:
        name: of the file. tool: as it names itself, with its version where it says so.
        packages: that it names, weak or not.
        struck: packages with a weakness.
    """

    name: str
    tool: str
    form: str
    size: int
    sha256: str
    packages: tuple[Package, ...]
    struck: tuple[Struck, ...]
    gaps: tuple[Gap, ...]
    notes: tuple[str, ...]


@dataclass(slots=True)
class Reading:
    """An import while it is read."""

    name: str
    form: str
    tool: str = ""
    packages: dict[tuple[str, str, str | None], Package] = field(default_factory=dict)
    struck: list[Struck] = field(default_factory=list)
    whys: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    unread: Counter[str] = field(default_factory=Counter)
    ignored: int = 0
    full: bool = False

    def __post_init__(self) -> None:
        """Make the name fit to show."""
        self.name = clean(self.name, _TARGET)

    def by(self, tool: object, version: object = None) -> None:
        """Say which tool it is."""
        words = [clean(text, 60) for text in (tool, version) if isinstance(text, str)]
        self.tool = " ".join(word for word in words if word and not word.startswith("["))

    def package(
        self,
        name: object,
        version: object,
        *,
        kind: object = None,
        purl: object = None,
        target: object = None,
    ) -> Package | None:
        """Keep a package; what cannot be read is counted and becomes a gap."""
        address = purls.parse(purl) if isinstance(purl, str) else purls.Purl("", "", "", "")
        ecosystem = str(kind or "").lower().partition(":")[0]
        type_ = address.kind or _KINDS.get(ecosystem, "generic")
        named = str(name) if isinstance(name, str) and name else address.name
        if address.kind == "pypi":
            named = address.name  # the address is what it is; the name beside it may say anything
        told = str(version) if isinstance(version, str) and version else address.version
        if not _NAME.fullmatch(named) or (told and not _NAME.fullmatch(told)):
            self.unread["packages"] += 1
            return None
        stated = str(purl) if address.kind and len(str(purl)) <= 500 else ""
        conda = type_ == "conda"
        made = Package(
            name=pypi_name(named) if conda else named,
            version=told or None,
            path=clean(target, _TARGET) or self.name,
            conda=conda,
            kind="pypi" if conda else type_,
            stated=_address(stated, type_, named, told, address.namespace),
            source=self.tool or self.form,
        )
        if len(self.packages) >= _MOST:
            self.full = True
            return None
        return self.packages.setdefault((made.path, made.key, made.version), made)

    def strike(
        self,
        package: Package | None,
        id_: object,
        *,
        aliases: Iterable[object] = (),
        summary: object = "",
        word: object = None,
        rated: Sequence[tuple[object, object]] = (),
        fixed: Iterable[object] = (),
    ) -> None:
        """Keep a weakness of a package.

        Args:
            package: None when it could not be read, which was counted.
            id_: of the weakness.
            aliases: its other ids.
            summary: in words.
            word: severity as the tool words it; it counts, whatever the scores say.
            rated: (score, vector) of each source.
            fixed: versions.
        """
        if package is None:
            return
        name = id_ if isinstance(id_, str) else ""
        if not _ID.fullmatch(name):
            self.unread["weaknesses"] += 1
            return
        if len(self.struck) >= _MOST:
            self.full = True
            return
        score, vector = _best(rated)
        row = Row(
            id=name,
            aliases=tuple(dict.fromkeys(a for a in map(str, aliases) if _ID.fullmatch(a))),
            summary=clean(summary, _SUMMARY),
            severity=_WORDS.get(str(word).lower(), word_of(score) if score is not None else None),
            score=score,
            vector=vector,
            ranges=(),
            listed="",
        )
        fixes = tuple(dict.fromkeys(t for v in fixed if (t := clean(v, 60))))[:_FIXES]
        self.struck.append(Struck(package=package, row=row, fixed=fixes, tool=package.source))

    def gap(self, why: str) -> None:
        """Keep what the tool did not examine, or we could not read."""
        self.whys.append(clean(why, 400))

    def done(self, *, size: int, sha256: str) -> Imported:
        """Return what was read."""
        for what, count in self.unread.items():
            self.gap(f"{count} {what} of it cannot be read: no name, version or id as they must be")
        if self.full:
            self.gap(f"only the first {_MOST} packages and weaknesses of it are read")
        if self.ignored:
            self.notes.append(
                f"{self.name}: {self.ignored} results that {self.tool or self.form} was told to"
                " ignore are not counted"
            )
        kind = GapKind.OVER_LIMIT if self.full else GapKind.NOT_ASSESSABLE
        whys = dict.fromkeys(self.whys)
        return Imported(
            name=self.name,
            tool=self.tool or self.form,
            form=self.form,
            size=size,
            sha256=sha256,
            packages=tuple(self.packages.values()),
            struck=tuple(self.struck),
            gaps=tuple(Gap(what=self.name, why=w, kind=kind, stage=STAGE) for w in whys),
            notes=tuple(self.notes),
        )


def _address(stated: str, kind: str, name: str, version: str, namespace: str) -> str:
    """Return the address that a package is shown with; none where it follows from its name."""
    if kind == "pypi":
        return ""
    if stated:
        return stated if stated.isascii() and stated.isprintable() and " " not in stated else ""
    return purls.purl_of(kind, name, version, namespace)


def _best(rated: Sequence[tuple[object, object]]) -> tuple[float | None, str | None]:
    """Return the highest score with its vector."""
    found = [
        (float(score), vector if isinstance(vector, str) and _ID.fullmatch(vector) else None)
        for score, vector in rated
        if isinstance(score, int | float) and not isinstance(score, bool) and 0 <= score <= 10
    ]
    return max(found, key=lambda one: one[0], default=(None, None))


def clean(value: object, limit: int) -> str:
    """Return a text on one line, bounded, with nothing in it that a terminal obeys."""
    if not isinstance(value, str):
        return ""
    words = " ".join(value[: 8 * limit].split())
    if not words.isprintable():
        words = "".join(c if c.isprintable() else "?" for c in words)
    return words if len(words) <= limit else words[: limit - 1].rstrip() + "…"
