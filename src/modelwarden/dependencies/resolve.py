"""What ranges would become: asked of pip's own resolver, and only when the user asks.

This is the one step of a scan that uses the network. pip gets names, specifiers and markers that
we read, never the stranger's file with its options and addresses; it may take wheels only, because
an sdist tells its dependencies by running code of whoever made it; it installs nothing; and it
starts in an empty folder, apart from what is scanned.
"""

from __future__ import annotations

import json
import os
import posixpath
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from modelwarden.core import Gap
from modelwarden.dependencies.collect import manifest_gap
from modelwarden.dependencies.manifests.text import table, tables
from modelwarden.dependencies.packages import How, Package, Resolved

_SECONDS = 600
_LARGEST = 64 << 20
# Whatever else a requirements file means to pip: options, comments, addresses, variables.
_LINE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*[A-Za-z0-9._,<>=!~*+()\[\] \t;\"'-]*")
_DROPPED = ("PIP_NO_BINARY", "PIP_ONLY_BINARY", "PIP_REQUIREMENT", "PIP_CONSTRAINT", "PIP_TARGET")
_ADDRESS = re.compile(r"[a-z+]+://\S+")


def resolve(packages: Sequence[Package], python: str = sys.executable) -> Resolved:
    """Ask pip what the ranges of each folder would become, within what is pinned there.

    Args:
        packages: of all manifests.
        python: the interpreter whose pip is asked, and for which it chooses.
    """
    folders: dict[str, list[Package]] = {}
    for package in packages:
        folders.setdefault(posixpath.dirname(package.path), []).append(package)
    settled: list[Package] = []
    gaps: list[Gap] = []
    count = 0
    for inner in folders.values():
        ranges = [p for p in inner if p.how is How.RANGE and not p.conda]
        if not ranges:
            settled += inner
            continue
        found, why = _asked(ranges, [p for p in inner if p.how is How.EXACT], python)
        if found is None:
            settled += inner
            gaps.append(manifest_gap(ranges[0].path, f"pip could not resolve it: {why}"))
            continue
        count += len(found)
        settled += _in_place(inner, ranges, found)
    version = ".".join(map(str, sys.version_info[:2]))
    notes = (
        f"{count} versions were chosen by pip today, for Python {version} on this machine;"
        " another day or machine may choose others",
    )
    return Resolved(tuple(settled), tuple(gaps), notes if count else ())


def _in_place(
    inner: Iterable[Package], ranges: Sequence[Package], found: dict[str, tuple[str, str]]
) -> Iterator[Package]:
    """Yield the packages of a folder with versions for ranges, and what these bring along."""
    asked = {id(package) for package in ranges}
    pinned = {p.key for p in inner if p.how is How.EXACT}
    met: set[str] = set()
    for package in inner:
        if id(package) in asked and package.key in found:
            met.add(package.key)
            _, version = found[package.key]
            yield replace(package, version=version, specifier="", how=How.RESOLVED)
        else:
            yield package
    for key, (name, version) in sorted(found.items()):
        if key not in met | pinned:
            yield Package(name=name, version=version, how=How.RESOLVED, path=ranges[0].path)


def _asked(
    ranges: Sequence[Package], pins: Sequence[Package], python: str
) -> tuple[dict[str, tuple[str, str]] | None, str]:
    """Return name and version by key, or None and why not."""
    lines, bounds = [_line(p) for p in ranges], [_line(p) for p in pins]
    if None in lines:
        return None, "a requirement is written in a way that is not passed on"
    with tempfile.TemporaryDirectory(prefix="modelwarden-") as folder:
        home = Path(folder)
        _write(home / "requirements.txt", lines)
        _write(home / "constraints.txt", bounds)
        command = [
            *(python, "-I", "-m", "pip", "install", "--dry-run", "--ignore-installed"),
            *("--only-binary", ":all:", "--no-input", "--disable-pip-version-check", "--quiet"),
            *("--report", "report.json", "-c", "constraints.txt", "-r", "requirements.txt"),
        ]
        environment = {k: v for k, v in os.environ.items() if k not in _DROPPED}
        try:
            done = subprocess.run(  # noqa: S603 -- our own words; names and bounds stand in files
                command,
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return None, f"it did not end within {_SECONDS} seconds"
        except OSError as error:
            return None, (error.strerror or str(error)).lower()
        if done.returncode != 0:
            return None, _why(done.stderr.decode("utf-8", "replace"))
        return _installed(home / "report.json")


def _write(path: Path, lines: Iterable[str | None]) -> None:
    path.write_text("".join(f"{line}\n" for line in lines if line), encoding="utf-8")


def _line(package: Package) -> str | None:
    """Return a requirement as a line for pip; None when it could mean anything else to it."""
    extras = f"[{','.join(package.extras)}]" if package.extras else ""
    bound = f"=={package.version}" if package.version else package.specifier
    line = f"{package.name}{extras}{bound}"
    if package.marker:
        line += f" ; {package.marker}"
    safe = _LINE.fullmatch(line) and "===" not in line and " -" not in line
    return line if safe else None


def _why(said: str) -> str:
    lines = [line for line in said.splitlines() if line.startswith("ERROR:")]
    last = lines[-1].removeprefix("ERROR:").strip() if lines else "it ended with an error"
    return _ADDRESS.sub("an address", last)[:300]


def _installed(path: Path) -> tuple[dict[str, tuple[str, str]] | None, str]:
    try:
        with path.open("rb") as stream:
            report = table(json.loads(stream.read(_LARGEST)))
    except (OSError, ValueError, RecursionError):
        return None, "it wrote no report that can be read; pip 22.2 or later is needed"
    found: dict[str, tuple[str, str]] = {}
    for entry in tables(report.get("install")):
        told = table(entry.get("metadata"))
        package = Package(name=str(told.get("name")), path="")
        found[package.key] = (package.name, str(told.get("version")))
    return found, ""
