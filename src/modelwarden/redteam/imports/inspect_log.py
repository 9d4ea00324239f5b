"""Inspect's evaluation log: samples, each with a value for every scorer.

A log is one JSON document, or an archive (`.eval`, a zip) of `header.json` and a document for each
sample; a run that was cut off left `_journal/start.json` in place of the header. Values are read as
Inspect reads them: C is 1, I and N are 0, P is a half, numbers and yes or no are themselves. Higher
is better unless the scorer measures an attack; the user says which.

Source: Inspect documentation, "Log Files"; inspect_ai/log/_log.py and scorer/_metric.py, version 2.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from modelwarden.core import GapKind
from modelwarden.formats import Limits, Source
from modelwarden.formats.codecs import MissingCodecError
from modelwarden.formats.limits import LimitExceededError
from modelwarden.formats.view import DamagedError
from modelwarden.formats.zip import Archive, Member, open_archive
from modelwarden.formats.zip.members import pieces
from modelwarden.redteam.imports.reading import (
    NotReadableError,
    array,
    count,
    name,
    parsed,
    table,
)
from modelwarden.redteam.imports.results import Results

_WORDS = {"C": 1.0, "I": 0.0, "N": 0.0, "P": 0.5, "yes": 1.0, "no": 0.0, "true": 1.0, "false": 0.0}
_HALF = 0.5
_MOST = 1_000_000
_HEADERS = ("header.json", "_journal/start.json")
_SAMPLE = 64 << 20
_EXPANDED = 16 << 30  # bytes of all samples of an archive


def recognised(document: dict[str, Any]) -> bool:
    """Tell whether a document is a log of Inspect."""
    run = document.get("eval")
    return isinstance(run, dict) and "status" in document and "task" in run


def is_archive(head: bytes) -> bool:
    """Tell whether a file begins like an archive."""
    return head.startswith(b"PK\x03\x04")


def read_archive(path: Path, *, attacks: bool = False) -> Results:
    """Return what a log in an archive says; a sample that cannot be read is a gap.

    Raises:
        NotReadableError: it is no log, or nothing of it can be read.
    """
    try:
        with Source.open(path) as source:
            archive = open_archive(source, Limits(members=_MOST, expanded=_EXPANDED))
            header = next((m for m in map(archive.named, _HEADERS) if m is not None), None)
            document = {} if header is None else table(_document(archive, header))
            if not table(document.get("eval")):
                raise NotReadableError(f"{path} is an archive, and no log of Inspect")
            gaps: list[tuple[str, str, GapKind]] = []
            members = _members(archive)
            samples = _documents(archive, members, gaps)
            given = {"status": "started", **document}
            results = _counted(given, samples, len(members), attacks=attacks)
            results.gaps += gaps
            if archive.anomalies:
                results.miss("the archive", archive.anomalies[0].message)
            return results
    except (OSError, MissingCodecError, DamagedError, LimitExceededError) as error:
        why = (error.strerror if isinstance(error, OSError) else "") or str(error)
        raise NotReadableError(f"cannot read {path}: {why}") from error


def _members(archive: Archive) -> list[Member]:
    """Return the samples; of two of one name, loaders take the last."""
    found = (m for m in archive.members if m.name.startswith("samples/") and not m.folder)
    return list({member.name: member for member in found}.values())


def _documents(
    archive: Archive, members: Sequence[Member], gaps: list[tuple[str, str, GapKind]]
) -> Iterator[object]:
    """Yield what each member says, one after another; what cannot be read is added to `gaps`."""
    for member in members:
        try:
            sample = _document(archive, member)
        except DamagedError as error:
            gaps.append((name(member.name), str(error), GapKind.UNREADABLE))
            continue
        if isinstance(sample, dict):
            yield sample
        else:
            gaps.append((name(member.name), "it is no JSON object", GapKind.UNREADABLE))


def _document(archive: Archive, member: Member) -> object:
    """Return what a member says.

    Raises:
        DamagedError: it cannot be decompressed, or is too large.
        LimitExceededError: the archive expands beyond all measure.
    """
    data = bytearray()
    for piece in pieces(archive.source, member, archive.limits):
        data += piece
        if len(data) > _SAMPLE:
            raise DamagedError(f"larger than {_SAMPLE >> 20} MiB")
    return parsed(bytes(data))


def counted(document: dict[str, Any], *, attacks: bool = False) -> Results:
    """Return what a document says.

    Args:
        document: the log.
        attacks: a value of 1 is an attack that worked.
    """
    samples = array(document.get("samples"))
    return _counted(document, samples, len(samples), attacks=attacks)


def _counted(
    document: dict[str, Any], samples: Iterable[object], held: int, *, attacks: bool
) -> Results:
    """Return what a log says that holds so many samples."""
    run = table(document.get("eval"))
    results = Results(tool="inspect", target=name(run.get("model")), security=attacks)
    results.version = name(table(run.get("packages")).get("inspect_ai"))
    status = name(document.get("status"), "unknown")
    if status != "success":
        results.miss("the run", f"its status is {status}", GapKind.FAILED)
    if document.get("invalidated") is True:
        results.miss("the run", "samples of it were declared invalid", GapKind.FAILED)
    told = count(table(document.get("results")).get("total_samples"))
    if not held:
        why = "the log holds no samples: only they can be counted"
        results.miss("samples", why, GapKind.UNSUPPORTED)
    elif told is not None and told != held:
        results.miss("samples", f"its results tell of {told}, the log holds {held}")
    if held > _MOST:
        results.miss("samples", f"only the first {_MOST} of {held} were counted")
    for number, sample in enumerate(islice(samples, _MOST)):
        _sample(results, table(sample), number, task=name(run.get("task")), attacks=attacks)
    if not attacks:
        results.notes.append(
            "scores are read as: higher is better; for scorers of attacks, import with --attacks"
        )
    return results


def _sample(
    results: Results, sample: dict[str, Any], number: int, *, task: str, attacks: bool
) -> None:
    scores = table(sample.get("scores"))
    example = name(sample.get("id"), f"sample {number}")
    if not scores or sample.get("error") is not None or sample.get("invalidation") is not None:
        results.group(task=task, scorer="(none)").add(failed=None, example=example)
        return
    for scorer, score in scores.items():
        for part, given in _parts(table(score).get("value")):
            value = _number(given)
            good = None if value is None else (value < _HALF if attacks else value >= _HALF)
            failed = None if good is None else not good
            judge = name(f"{scorer}/{part}" if part else scorer)
            results.group(task=task, scorer=judge).add(failed=failed, example=example)


def _parts(value: object) -> Iterator[tuple[str, object]]:
    """Yield the values of a score with their names; a score that is one value has no name."""
    if isinstance(value, dict) and value:
        yield from value.items()
    else:
        yield "", value


def _number(value: object) -> float | None:
    """Return a value between 0 and 1; None where it is none, for example a list."""
    if isinstance(value, str):
        if value in _WORDS:
            return _WORDS[value]
        value = _WORDS.get(value.lower(), value)
    if isinstance(value, bool | int | float) and 0 <= value <= 1:
        return float(value)
    return None
