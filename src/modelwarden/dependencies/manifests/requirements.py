"""Requirements files, and single requirements wherever they stand.

Source: PEP 508; https://pip.pypa.io/en/stable/reference/requirements-file-format/
"""

from __future__ import annotations

import re
from urllib.parse import unquote, urlsplit

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import SpecifierSet

from modelwarden.dependencies.packages import How, Manifest, Package

_COMMENT = re.compile(r"(?:^|\s)#.*$")
_OPTION = re.compile(r"\s--?(?:hash|config-settings?|global-option|install-option|C)\b.*$")
_LOCAL = re.compile(r"^(?:\.{1,2}(?:[/\\]|\[|$)|/|[A-Za-z]:[/\\]|file:)")
_ADDRESS = re.compile(r"^(?:[a-z+]+)://|^(?:git|hg|svn|bzr)\+", re.IGNORECASE)
_ARCHIVE = (".whl", ".tar.gz", ".zip", ".tar.bz2")
_REFERS = {"-r": "refers", "--requirement": "refers", "-c": "bounds", "--constraint": "bounds"}
_EDITABLE = {"-e", "--editable"}
_SHOWN = 120
_BOUNDS = 100
_LONGEST = 20_000  # characters of one requirement, with all of its hashes
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")


def requirements(text: str, manifest: Manifest) -> None:
    """Read a requirements file."""
    start, held = 0, ""
    for number, raw in enumerate([*text.split("\n"), ""], 1):
        line = _COMMENT.sub("", raw)
        start = start if held else number
        if line.endswith("\\") and raw.rstrip().endswith("\\"):
            held += line[:-1]
            continue
        held, line = "", held + line
        if line.strip():
            _line(line.strip(), manifest, start)


def _line(line: str, manifest: Manifest, number: int) -> None:
    if not line.startswith("-"):
        requirement(line, manifest, number)
        return
    option, _, value = re.sub(r"^(--?[\w-]+)(?:=|\s+|(?<=^-[rce]))", r"\1 ", line).partition(" ")
    value = _unquoted(value.strip())
    if option in _REFERS:
        getattr(manifest, _REFERS[option]).append(value)
    elif option in _EDITABLE:
        requirement(value, manifest, number)


def requirement(text: str, manifest: Manifest, number: int | None = None) -> None:
    """Read one requirement: a package with a specifier, an address, a file or a folder."""
    if manifest.full:
        return
    if len(text) > _LONGEST:
        manifest.gap(f"cannot be audited: {_short(text)} is too long", line=number)
        return
    line = _unquoted(_OPTION.sub("", text).strip())
    if _LOCAL.match(line):
        _local(line, manifest, number)
        return
    if _ADDRESS.match(line) or line.endswith(_ARCHIVE):
        _address(line, manifest, number)
        return
    try:
        parsed = Requirement(line)
    except (InvalidRequirement, RecursionError):
        manifest.gap(f"cannot be audited: {_short(line)} is no requirement", line=number)
        return
    if not _NAME.fullmatch(parsed.name):
        manifest.gap(f"cannot be audited: {_short(parsed.name)} is no name", line=number)
        return
    if len(parsed.specifier) > _BOUNDS or len(parsed.extras) > _BOUNDS:
        manifest.gap(f"cannot be audited: {_short(line)} has too many bounds", line=number)
        return
    if parsed.url:
        _address(parsed.url, manifest, number, parsed)
        return
    manifest.add(package_of(parsed, manifest.path, number))


def package_of(parsed: Requirement, path: str, number: int | None) -> Package:
    """Return the package that a requirement names."""
    exact = exact_of(parsed.specifier)
    return Package(
        name=parsed.name,
        version=exact,
        specifier="" if exact else str(parsed.specifier),
        how=How.EXACT if exact else How.RANGE,
        path=path,
        line=number,
        marker=str(parsed.marker or ""),
        extras=tuple(sorted(parsed.extras)),
    )


def exact_of(specifier: SpecifierSet) -> str | None:
    """Return the one version that a specifier allows, or None.

    >>> exact_of(SpecifierSet("==1.0,>0.9")), exact_of(SpecifierSet("==1.*"))
    ('1.0', None)
    """
    pins = [
        part.version
        for part in specifier
        if part.operator in {"==", "==="} and not part.version.endswith(".*")
    ]
    return min(pins) if pins else None


def _address(
    address: str, manifest: Manifest, number: int | None, parsed: Requirement | None = None
) -> None:
    """Read an address; the name of a built archive tells package and version."""
    from packaging.utils import parse_sdist_filename, parse_wheel_filename

    name = unquote(urlsplit(address).path).rpartition("/")[2]
    try:
        if name.endswith(".whl"):
            project, version, *_ = parse_wheel_filename(name)
        else:
            project, version = parse_sdist_filename(name)
    except ValueError:
        what = parsed.name if parsed else _short(_bare(address))
        manifest.gap(f"cannot be audited: {what} comes from an address", line=number)
        return
    manifest.add(Package(name=project, version=str(version), path=manifest.path, line=number))


def _local(line: str, manifest: Manifest, number: int | None) -> None:
    """Read a local path: a project of the user's own is read by its pyproject.toml."""
    place = line.partition("[")[0].partition(";")[0].strip().removeprefix("file:")
    if place.endswith(_ARCHIVE):
        _address(place, manifest, number)
    elif place.startswith(".") and "\\" not in place:
        manifest.refers.append(f"{place.rstrip('/')}/pyproject.toml")
    else:
        manifest.gap(f"cannot be audited: {_short(line)} is a local folder", line=number)


def _unquoted(text: str) -> str:
    quoted = len(text) > 1 and text[0] == text[-1] and text[0] in "\"'"
    return text[1:-1] if quoted else text


def _bare(address: str) -> str:
    """Return an address without the names and secrets that it may carry."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.hostname or ''}{parts.path}"


def _short(text: str) -> str:
    shown = text if text.isprintable() else ascii(text)
    return shown if len(shown) <= _SHOWN else f"{shown[: _SHOWN - 1]}…"


def named(
    name: str,
    version: str,
    manifest: Manifest,
    *,
    conda: bool = False,
    stated: str = "",
    license: str = "",  # noqa: A002 -- the field's own word
) -> None:
    """Take in a package with an exact version, as locks, documents and installations name it."""
    name, version = name.strip(), version.strip()
    if not _NAME.fullmatch(name):
        manifest.gap(f"cannot be audited: {_short(name)} is no name of a package")
        return
    if not version or len(version) > _SHOWN or not version.isprintable():
        manifest.gap(f"cannot be audited: {name} has no version that can be read")
        return
    manifest.add(
        Package(
            name=name,
            version=version,
            path=manifest.path,
            conda=conda,
            stated=stated,
            license=license,
        )
    )
