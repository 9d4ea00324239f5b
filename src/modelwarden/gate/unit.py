"""One file, examined: the unit of work that `scan` hands to the engine."""

from __future__ import annotations

import os
import re
import time
from dataclasses import field, replace
from typing import TYPE_CHECKING

from modelwarden.core import MOST_HOLES, Coverage, Finding, Gap, GapKind, InventoryItem, Status
from modelwarden.core.values import dataclass
from modelwarden.formats import LimitExceededError, Limits, Source
from modelwarden.gate.walk import Found

if TYPE_CHECKING:
    from pathlib import Path

    from modelwarden.core import Rule
    from modelwarden.formats import View

_BLOCK = 1 << 20
_EMPTY = "the file is empty: 0 bytes hold no model"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What every unit has to know; crosses process borders.

    Attributes:
        hashing: take the SHA-256 of every file.
        plugins: names of entry points whose rules are applied as well.
        dependencies: run that stage too.
        advisories: the index for it; None for the one of this user.
    """

    hashing: bool = True
    plugins: tuple[str, ...] = ()
    dependencies: bool = True
    advisories: Path | None = None
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True, slots=True, kw_only=True)
class FileResult:
    """What one file gave.

    Attributes:
        rules: ids of the rules that ran.
        hashing: seconds that went into its digest.
    """

    coverage: Coverage
    findings: tuple[Finding, ...] = ()
    gaps: tuple[Gap, ...] = ()
    inventory: tuple[InventoryItem, ...] = ()
    rules: tuple[str, ...] = ()
    hashing: float = 0.0


def examine_file(found: Found, options: Options) -> FileResult:
    """Examine one file; what goes wrong with it is a gap."""
    try:
        before = _stamp(found.path)
        source = Source.open(found.path, found.name)
    except OSError as error:
        return lost(found.name, _why(error))
    with source:
        if source.size == 0 and _holds_bytes(found.path):
            return lost(found.name, "the system tells no size for it (0 bytes), yet it holds bytes")
        result = examine_source(source, options, named=found.named)
    try:
        changed = before != _stamp(found.path)
    except OSError:
        changed = True
    if changed:
        # What was examined and what was hashed may be two different things.
        return _without_digest(result, _gap(found.name, "the file changed while it was scanned"))
    return result


def examine_source(source: Source, options: Options, *, named: bool) -> FileResult:
    """Examine an open source and take its digest."""
    if source.size == 0:
        return _empty(source, options, named=named)
    from modelwarden.artifacts import examine

    limits = replace(options.limits, checksums=options.hashing)
    seen = examine(source, limits, extra=_rules(options.plugins))
    result = FileResult(
        coverage=seen.coverage,
        findings=tuple(seen.findings),
        gaps=tuple(seen.gaps),
        inventory=tuple(seen.inventory),
        rules=tuple(seen.rules),
    )
    return _with_digest(result, source, options.limits) if options.hashing else result


def _with_digest(result: FileResult, source: Source, limits: Limits) -> FileResult:
    if source.hollow:
        why = (
            f"a sparse file: more than {MOST_HOLES >> 30} GiB of it are holes, which are not hashed"
        )
        return _without_digest(result, _gap(source.name, why, GapKind.OVER_LIMIT))
    began = time.monotonic()
    try:
        sha256, complete = digest(source, limits)
        gap = None if complete else _gap(source.name, "it became shorter while it was scanned")
    except OSError as error:
        why = f"its digest could not be taken: {(error.strerror or str(error)).lower()}"
        sha256, gap = None, _gap(source.name, why)
    except LimitExceededError as over:
        sha256, gap = None, _gap(source.name, str(over), GapKind.OVER_LIMIT)
    result = replace(result, hashing=time.monotonic() - began)
    if gap is not None:
        return _without_digest(result, gap)
    return replace(result, coverage=replace(result.coverage, sha256=sha256))


def _without_digest(result: FileResult, gap: Gap) -> FileResult:
    """Add a gap that also means that no digest may stand for what was examined."""
    status = result.coverage.status
    status = Status.PARTIAL if status is Status.EXAMINED else status
    coverage = replace(result.coverage, sha256=None, status=status)
    return replace(result, coverage=coverage, gaps=(*result.gaps, gap))


def _stamp(path: str) -> tuple[int, ...]:
    seen = os.lstat(path)
    return seen.st_dev, seen.st_ino, seen.st_size, seen.st_mtime_ns, seen.st_ctime_ns


def digest(source: Source, limits: Limits) -> tuple[str, bool]:
    """Return the hex SHA-256 of all bytes, and whether all announced bytes were there.

    Raises:
        LimitExceededError: it takes longer than a file may.
        OSError: the file cannot be read.
    """
    import hashlib

    total = hashlib.sha256()
    at = 0
    deadline = time.monotonic() + limits.seconds
    while block := source.read(at, _BLOCK):
        if time.monotonic() > deadline:
            raise LimitExceededError("seconds for the digest of one file", limits.seconds)
        total.update(block)
        at += len(block)
    return total.hexdigest(), at == source.size


def lost(name: str, why: str, kind: GapKind = GapKind.UNREADABLE) -> FileResult:
    """Return the result for a file that could not be examined at all."""
    coverage = Coverage(path=name, format=None, status=Status.FAILED)
    return FileResult(coverage=coverage, gaps=(_gap(name, why, kind),))


def _gap(name: str, why: str, kind: GapKind = GapKind.UNREADABLE) -> Gap:
    return Gap(what=name, why=why, kind=kind)


def _why(error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return "it vanished while the folder was scanned"
    return f"cannot be opened: {(error.strerror or str(error)).lower()}"


# Files that are empty for a reason of their own (`__init__.py`, `.gitkeep`) hide nothing; an empty
# file under one of these names is a model that is not there.
_MODEL_NAME = re.compile(
    r"\.(7z|bin|bz2|cbm|ckpt|dill|gguf|gz|h5|hdf5|joblib|keras|lz4|mar|mlmodel|model|msgpack|nemo|"
    r"npy|npz|onnx|pb|pdparams|pickle|pkl|pmml|pt|pt2|pte|pth|rds|safetensors|skops|tar|tflite|ubj|"
    r"xz|zip|zlib|zst)$",
    re.IGNORECASE,
)


def _empty(source: Source, options: Options, *, named: bool) -> FileResult:
    import hashlib

    nothing = named or _MODEL_NAME.search(source.name) is not None
    coverage = Coverage(
        path=source.name,
        format="empty",
        status=Status.UNSUPPORTED if nothing else Status.EXAMINED,
        size=0,
        sha256=hashlib.sha256().hexdigest() if options.hashing else None,
    )
    gaps = (_gap(source.name, _EMPTY),) if nothing else ()
    return FileResult(coverage=coverage, gaps=gaps)


def _holds_bytes(path: str) -> bool:
    """Tell whether a file of size 0 can be read all the same, as those in /proc can."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return True
    try:
        return bool(os.read(descriptor, 1))
    except OSError:
        return True
    finally:
        os.close(descriptor)


def _rules(plugins: tuple[str, ...]) -> tuple[Rule[View], ...]:
    if not plugins:
        return ()
    from modelwarden.gate.plugins import rules_of

    return rules_of(plugins)
