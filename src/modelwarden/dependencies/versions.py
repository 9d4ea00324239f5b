"""Is a version affected? Exactly as OSV says it, on PEP 440 versions.

An entry affects a version that it lists, or that lies in one of its ranges. Versions are compared
as versions, never as strings: `3.6.0` is `3.6`. Three traps are decided here, always towards
reporting: a local part (`+cu124`) says how a release was built, so it moves no version past an
inclusive end, and a fix with a local part holds for that very build; a pre-release is a version
like any other; an event that is no version leaves open what it would have decided.

Source: OSV schema 1.7, "Evaluation"; PEP 440.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import Enum
from functools import lru_cache

from packaging.version import Version

_CACHED = 1 << 16


class Answer(Enum):
    """What an entry says about a version; `UNKNOWN` when it cannot be evaluated."""

    NO = "no"
    YES = "yes"
    UNKNOWN = "unknown"


@lru_cache(_CACHED)
def version_of(text: str) -> Version | None:
    """Return the PEP 440 version that `text` is, or None."""
    try:
        return Version(text)
    except ValueError:  # InvalidVersion, or more digits than Python turns into a number
        return None


@lru_cache(_CACHED)
def canonical(text: str) -> str:
    """Return one spelling for all that name the same version; other text as it is.

    >>> canonical("v1.10.0-RC1"), canonical("2024-09-25x")
    ('1.10rc1', '2024-09-25x')
    """
    version = version_of(text)
    if version is None:
        return " ".join(text.split())
    numbers = list(version.release)
    while len(numbers) > 1 and numbers[-1] == 0:
        numbers.pop()
    plain = ".".join(map(str, version.release))
    # The release stands at the front, behind the epoch only.
    return str(version).replace(plain, ".".join(map(str, numbers)), 1)


def is_listed(text: str, listed: str) -> bool:
    """Tell whether a version is among those `listed` between line feeds.

    A build of a release (`1.13.1+cu117`) is listed where the release is.
    """
    return any(line in listed for line in _lines(text))


@lru_cache(_CACHED)
def _lines(text: str) -> tuple[str, ...]:
    """Return a version, and the release that it is a build of, as they stand in a list."""
    version = version_of(text)
    built = version is not None and version.local is not None
    names = [text, version.public] if version is not None and built else [text]
    return tuple(f"\n{canonical(name)}\n" for name in names)


def in_range(version: Version, events: Sequence[tuple[str, str]]) -> Answer:
    """Tell whether a version lies in one range.

    Args:
        version: the one that is asked about.
        events: (kind, version) in any order; see `osv.Affected`.
    """
    placed, open_start, open_end = _in_order(tuple(events))
    if _walk(version, _public(version), placed):
        return Answer.UNKNOWN if open_end else Answer.YES
    return Answer.UNKNOWN if open_start else Answer.NO


# Kind, version, and the release that the version is a build of; None for the first of all.
_Placed = tuple[str, Version | None, Version | None]


@lru_cache(_CACHED)
def _in_order(events: tuple[tuple[str, str], ...]) -> tuple[tuple[_Placed, ...], bool, bool]:
    """Return the events by version, and whether a start or an end of them is no version."""
    placed: list[tuple[Version | None, int, str]] = []
    open_start = open_end = False
    for kind, text in events:
        at = None if text == "0" else version_of(text)
        if at is None and text not in {"0", "*"}:
            open_start |= kind == "i"
            open_end |= kind != "i"
        elif text != "*":
            placed.append((at, _ORDER[kind], kind))
    placed.sort(key=_place)
    return tuple((kind, at, at and _public(at)) for at, _, kind in placed), open_start, open_end


_ORDER = {"f": 0, "m": 0, "i": 1, "l": 2}
_FIRST = Version("0.dev0")


def _place(entry: tuple[Version | None, int, str]) -> tuple[bool, Version, int]:
    at, order, _ = entry
    return (at is not None, at or _FIRST, order)


def _public(version: Version) -> Version:
    return version if version.local is None else Version(version.public)


def _walk(version: Version, release: Version, events: Iterable[_Placed]) -> bool:
    inside = False
    for kind, at, public in events:
        if at is None or public is None:
            inside = kind == "i" or (inside and kind == "l")
        elif kind == "i":
            inside = inside or release >= public
        elif kind == "l":
            inside = inside and release <= public
        elif inside:
            # A fix with a local part holds for that very build, and for later releases.
            built = at.local is not None
            inside = version != at and release <= public if built else version < at
    return inside


def affects(text: str, ranges: Sequence[Sequence[tuple[str, str]]], listed: str) -> Answer:
    """Tell what an entry says about the version `text`.

    An entry with neither a list nor a version range (ranges of commits only) cannot be
    evaluated, and neither can ranges for what is no PEP 440 version.
    """
    if listed and is_listed(text, listed):
        return Answer.YES
    if not ranges:
        return Answer.NO if listed else Answer.UNKNOWN
    version = version_of(text)
    if version is None:
        return Answer.UNKNOWN
    answers = {in_range(version, events) for events in ranges}
    if Answer.YES in answers:
        return Answer.YES
    return Answer.UNKNOWN if Answer.UNKNOWN in answers else Answer.NO


def fixes(text: str, ranges: Sequence[Sequence[tuple[str, str]]]) -> tuple[str, ...]:
    """Return the versions above `text` that are named as fixed, lowest first."""
    version = version_of(text)
    found = {
        value: at
        for events in ranges
        for kind, value in events
        if kind == "f" and (at := version_of(value)) and (version is None or at > version)
    }
    return tuple(sorted(found, key=lambda value: found[value]))
