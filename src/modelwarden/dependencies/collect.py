"""From the files that a scan met to the packages that their manifests name.

A manifest may refer to others (`-r`, `-c`, `-e .`): each is read once, wherever a chain of them
leads, and only below the folder of the scan – or, for a file that was named alone, below its own.
"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import field, replace
from pathlib import Path
from typing import Protocol

from modelwarden.core import Gap, GapKind
from modelwarden.core.values import dataclass
from modelwarden.dependencies.manifests import MANIFESTS, Kind, kind_of, read
from modelwarden.dependencies.manifests.text import LARGEST, short
from modelwarden.dependencies.packages import STAGE, How, Manifest, Package
from modelwarden.dependencies.versions import version_of

_REFERRED = 1_000  # files that manifests may refer to, in one scan
_REQUIREMENTS = next(kind for kind in MANIFESTS if kind.id == "requirements")


class File(Protocol):
    """A file that a scan met: a path to open it with, and its name in reports."""

    @property
    def path(self) -> str:
        """To open it with."""

    @property
    def name(self) -> str:
        """As reports show it."""


@dataclass(slots=True)
class Collected:
    """What the manifests of a scan gave; manifests that declare nothing are left out."""

    manifests: list[Manifest] = field(default_factory=list)

    @property
    def packages(self) -> tuple[Package, ...]:
        """Return every package once for each place, ranges left out where a version is known."""
        known: dict[tuple[str, str], list[str]] = {}
        for p in self._all():
            if p.how is How.EXACT and p.version and not p.marker:
                known.setdefault((_folder(p), p.key), []).append(p.version)
        kept = (
            p
            for p in self._all()
            if p.how is How.EXACT or not _settled(p, known.get((_folder(p), p.key), ()))
        )
        return tuple({(p.path, p.key, p.version, p.specifier): p for p in kept}.values())

    @property
    def gaps(self) -> tuple[Gap, ...]:
        """Return what the manifests could not tell."""
        return tuple(gap for manifest in self.manifests for gap in manifest.gaps)

    def _all(self) -> Iterator[Package]:
        return (package for manifest in self.manifests for package in manifest.packages)


def _settled(package: Package, versions: Sequence[str]) -> bool:
    """Tell whether one of the versions beside it is what a range becomes."""
    if not versions:
        return False
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        allowed = SpecifierSet(package.specifier)
    except InvalidSpecifier:
        return False
    return any(
        version is not None and allowed.contains(version, prereleases=True)
        for version in map(version_of, versions)
    )


def _folder(package: Package) -> str:
    return posixpath.dirname(package.path)


def collect(files: Iterable[File], roots: Sequence[str]) -> Collected:
    """Read every manifest among `files`, and what they refer to.

    Args:
        files: that the scan met.
        roots: real paths that the user named.
    """
    walk = _Walk(roots)
    for file in files:
        kind = kind_of(file.name)
        if kind and not (kind.instead_of and Path(file.path).with_name(kind.instead_of).exists()):
            walk.take(file.path, file.name, kind)
    walk.settle()
    return walk.collected


class _Walk:
    def __init__(self, roots: Sequence[str]) -> None:
        self.roots = [root if os.path.isdir(root) else os.path.dirname(root) for root in roots]  # noqa: PTH112, PTH120 -- real paths as text
        self.seen: dict[str, Manifest] = {}
        self.waiting: list[tuple[str, Manifest]] = []
        self.collected = Collected()

    def take(self, path: str, name: str, kind: Kind) -> None:
        """Read one manifest, once."""
        real = os.path.realpath(path)
        if real in self.seen:
            return
        manifest = _read(path, name, kind)
        self.seen[real] = manifest
        if manifest.packages or manifest.gaps or manifest.refers:
            self.collected.manifests.append(manifest)
            self.waiting.append((real, manifest))

    def settle(self) -> None:
        """Follow what manifests refer to, and apply their constraints."""
        count = 0
        while self.waiting:
            real, manifest = self.waiting.pop()
            for reference in manifest.refers:
                count += 1
                if count > _REFERRED:
                    why = f"refers to more than {_REFERRED} further files"
                    manifest.gap(why, GapKind.OVER_LIMIT)
                    return
                if target := self.find(real, reference, manifest):
                    name = posixpath.normpath(_beside(manifest.path, reference))
                    kind = kind_of(target) or _REQUIREMENTS
                    self.take(target, name, kind)
                    read_ = self.seen[target]
                    bare = not (read_.packages or read_.gaps or read_.refers)
                    if bare and kind.id != "pyproject.toml":
                        manifest.gap(f"refers to {short(reference)}, which names no package")
            for reference in manifest.bounds[:_REFERRED]:
                if target := self.find(real, reference, manifest):
                    _constrain(manifest, _read(target, reference, _REQUIREMENTS))

    def find(self, real: str, reference: str, manifest: Manifest) -> str | None:
        """Return the real path of a file that a manifest refers to; without one there is a gap."""
        shown = short(reference)
        if "://" in reference or "$" in reference:
            manifest.gap(f"refers to {shown!r}, which is no local file")
            return None
        target = os.path.realpath(Path(real).parent / reference) if "\0" not in reference else ""
        if not any(target.startswith(f"{root.rstrip('/')}/") for root in self.roots):
            manifest.gap(f"refers to {shown!r}, which lies outside of what is scanned")
        elif not os.path.isfile(target):  # noqa: PTH113 -- False also for a path that cannot be
            manifest.gap(f"refers to {shown!r}, which is not there")
        else:
            return target
        return None


def _beside(name: str, reference: str) -> str:
    return posixpath.join(posixpath.dirname(name), reference.replace(os.sep, "/"))


def _read(path: str, name: str, kind: Kind) -> Manifest:
    try:
        with Path(path).open("rb") as stream:
            data = stream.read(LARGEST + 1)
    except OSError as error:
        manifest = Manifest(path=name, kind=kind.id)
        manifest.unreadable(f"cannot be opened: {(error.strerror or str(error)).lower()}")
        return manifest
    try:
        return read(data, name, kind)
    except Exception as error:  # noqa: BLE001 -- one reader over one file: isolation boundary
        manifest = Manifest(path=name, kind=kind.id)
        why = f"the {kind.id} reader failed: {type(error).__name__}: {str(error)[:200]}"
        manifest.gap(why, GapKind.FAILED)
        return manifest


def _constrain(manifest: Manifest, constraints: Manifest) -> None:
    """Narrow the ranges of a manifest by a constraints file, as pip does."""
    by_name: dict[str, list[str]] = {}
    for package in constraints.packages:
        told = f"=={package.version}" if package.version else package.specifier
        by_name.setdefault(package.key, []).append(told)
    manifest.gaps += [replace(gap, what=manifest.path) for gap in constraints.gaps]
    manifest.packages[:] = [_narrowed(p, by_name.get(p.key, ())) for p in manifest.packages]


def _narrowed(package: Package, told: Sequence[str]) -> Package:
    if package.how is not How.RANGE or not told:
        return package
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    from modelwarden.dependencies.manifests.requirements import exact_of

    try:
        both = SpecifierSet(",".join(part for part in (package.specifier, *told) if part))
    except InvalidSpecifier:
        return package
    exact = exact_of(both)
    how = How.EXACT if exact else How.RANGE
    return replace(package, version=exact, specifier="" if exact else str(both), how=how)


def manifest_gap(path: str, why: str) -> Gap:
    """Return the gap that something in a manifest was not audited."""
    return Gap(what=path, why=why, kind=GapKind.NOT_ASSESSABLE, stage=STAGE)
