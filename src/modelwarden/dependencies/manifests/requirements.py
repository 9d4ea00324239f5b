"""Requirements files, and single requirements wherever they stand.

Source: PEP 508; https://pip.pypa.io/en/stable/reference/requirements-file-format/
"""

from __future__ import annotations

import codecs
import re
import shlex
from collections.abc import Iterator, Sequence
from urllib.parse import unquote, urlsplit

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import SpecifierSet

from modelwarden.dependencies.manifests.text import short
from modelwarden.dependencies.names import normal_name
from modelwarden.dependencies.packages import How, Manifest, Package

_COMMENT = re.compile(r"(?:^|\s)#.*$")
_OPTION = re.compile(r"\s--?(?:hash|config-settings?|global-option|install-option|C)\b.*$")
_LOCAL = re.compile(r"^(?:\.{1,2}(?:[/\\]|\[|$)|/|[A-Za-z]:[/\\]|file:)")
_ADDRESS = re.compile(r"^(?:[a-z+]+)://|^(?:git|hg|svn|bzr)\+", re.IGNORECASE)
_ARCHIVE = (".whl", ".tar.gz", ".zip", ".tar.bz2")
_LONG = ("--requirement", "--constraint", "--editable")
_SHORT = {"r": "--requirement", "c": "--constraint", "e": "--editable"}
_WITH_VALUE = {
    "--index-url", "--extra-index-url", "--find-links", "--target", "--prefix", "--root",
    "--timeout", "--retries", "--proxy", "--trusted-host", "--cache-dir", "--platform",
    "--python-version", "--implementation", "--abi", "--only-binary", "--no-binary", "--python",
    "--progress-bar", "--upgrade-strategy", "--src", "--log", "--cert", "--index-strategy",
    "--use-feature", "--use-deprecated", "--config-settings", "--global-option", "--report",
    "--exists-action", "--client-cert", "--keyring-provider", "--group",
}  # fmt: skip
_VALUED = "iftpC"  # letters of options that take one
_DECLARED = re.compile(r"^#.*coding[:=]\s*([-\w.]+)")
# Encodings in which every ASCII character is itself, so that no other can hide a line.
_PLAIN = re.compile(
    r"utf-8(-sig)?|ascii|iso8859-\d+|cp125\d|koi8-r|gbk|gb2312|gb18030|big5|shift_jis|euc_(jp|kr)"
    r"|cp932|cp949"
)
_SHOWN = 120  # characters of a version
_BOUNDS = 100
_LONGEST = 20_000  # characters of one requirement, with all of its hashes
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")


def requirements(text: str, manifest: Manifest) -> None:
    """Read a requirements file, divided into lines as pip does it: also at form feeds."""
    start, held = 0, ""
    lines = text.splitlines()
    for line in lines[:2]:
        if (found := _DECLARED.match(line)) and not _is_plain(found[1]):
            manifest.gap(f"it declares the encoding {short(found[1])}, which was not read")
    for number, raw in enumerate([*lines, ""], 1):
        line = _COMMENT.sub("", raw)
        start = start if held else number
        if line.endswith("\\") and raw.rstrip().endswith("\\"):
            held += line[:-1]
            continue
        held, line = "", held + line
        if line.strip():
            _line(line.strip(), manifest, start)


def _is_plain(encoding: str) -> bool:
    try:
        return _PLAIN.fullmatch(codecs.lookup(encoding).name) is not None
    except LookupError:
        return False


def _line(line: str, manifest: Manifest, number: int) -> None:
    if not line.startswith("-"):
        requirement(line, manifest, number)
        return
    try:
        words = shlex.split(line)
    except ValueError:
        words = line.split()
    for option, value in options(words):
        if option == "--requirement":
            manifest.refers.append(value)
        elif option == "--constraint":
            manifest.bounds.append(value)
        elif option == "--editable":
            requirement(value, manifest, number)


def options(words: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield the options of pip that name packages, with their values, and the bare words.

    Letters may stand together (`-qr file`), and long options may be cut, as pip takes them.

    >>> list(options(["--no-index", "-qrone.txt", "--constr=two", "three", "-i", "four"]))
    [('--requirement', 'one.txt'), ('--constraint', 'two'), ('', 'three')]
    """
    waiting = iter(words)
    for word in waiting:
        if word.startswith("--"):
            flag, equals, value = word.partition("=")
            full = next((o for o in _LONG if o.startswith(flag) and len(flag) > 4), flag)
            if full in _LONG or full in _WITH_VALUE:
                value = value if equals else next(waiting, "")
            if full in _LONG:
                yield full, value
        elif word.startswith("-"):
            at = next((n for n, c in enumerate(word) if c in _SHORT or c in _VALUED), None)
            if at is not None:
                value = word[at + 1 :].removeprefix("=") or next(waiting, "")
                if word[at] in _SHORT:
                    yield _SHORT[word[at]], value
        else:
            yield "", word


def requirement(text: str, manifest: Manifest, number: int | None = None) -> None:
    """Read one requirement: a package with a specifier, an address, a file or a folder."""
    if manifest.full:
        return
    if len(text) > _LONGEST:
        manifest.gap(f"cannot be audited: {short(text)} is too long", line=number)
        return
    line = _unquoted(_OPTION.sub("", text).strip())
    if _LOCAL.match(line):
        _local(line, manifest, number)
        return
    if _ADDRESS.match(line) or (line.endswith(_ARCHIVE) and "@" not in line):
        _address(line, manifest, number)
        return
    try:
        parsed = Requirement(line)
    except (InvalidRequirement, RecursionError):
        manifest.gap(f"cannot be audited: {short(line)} is no requirement", line=number)
        return
    if not _NAME.fullmatch(parsed.name):
        manifest.gap(f"cannot be audited: {short(parsed.name)} is no name", line=number)
        return
    if len(parsed.specifier) > _BOUNDS or len(parsed.extras) > _BOUNDS:
        manifest.gap(f"cannot be audited: {short(line)} has too many bounds", line=number)
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

    try:
        name = unquote(urlsplit(address).path).rpartition("/")[2]
        if name.endswith(".whl"):
            project, version, *_ = parse_wheel_filename(name)
        else:
            project, version = parse_sdist_filename(name)
    except ValueError:
        what = parsed.name if parsed else short(address.partition("#")[0])
        manifest.gap(f"cannot be audited: {what} comes from an address", line=number)
        return
    if parsed and normal_name(parsed.name) != project:
        why = f"cannot be audited: {parsed.name} comes from an archive of {project}"
        manifest.gap(why, line=number)
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
        manifest.gap(f"cannot be audited: {short(line)} is a local folder", line=number)


def _unquoted(text: str) -> str:
    quoted = len(text) > 1 and text[0] == text[-1] and text[0] in "\"'"
    return text[1:-1] if quoted else text


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
        manifest.gap(f"cannot be audited: {short(name)} is no name of a package")
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
