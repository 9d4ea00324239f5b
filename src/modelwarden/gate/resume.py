"""The content-hash cache of `scan`: a file that was examined before is not examined again."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import modelwarden
from modelwarden.core import GapKind, encode
from modelwarden.core.decode import decode
from modelwarden.engine import Checkpoint, Codec, Resume
from modelwarden.formats import LimitExceededError, Limits, Source
from modelwarden.gate.unit import FileResult, Options, digest
from modelwarden.gate.walk import Found

# What else would come out next time, on another machine or under less load.
_PASSING = {GapKind.FAILED, GapKind.BUDGET}


def codec() -> Codec[FileResult]:
    """Return how results cross to other processes and to the disk."""
    return Codec(encode, partial(decode, FileResult))


def resume_from(folder: Path, options: Options) -> Resume[Found, FileResult]:
    """Return how files are found again in the cache at `folder`.

    Raises:
        InputError: the folder cannot be used.
    """
    checkpoint = Checkpoint(folder, _salt(options))
    checkpoint.prepare()
    return Resume(checkpoint, key=partial(_key, limits=options.limits), keep=_keep)


def _key(found: Found, limits: Limits) -> str | None:
    try:
        with Source.open(found.path, found.name) as source:
            if source.hollow:
                return None
            sha256, complete = digest(source, limits)
    except (OSError, LimitExceededError):
        return None
    return f"{sha256}/{found.named:d}/{found.name}" if complete else None


def _keep(key: str, result: FileResult) -> bool:
    """Keep a result only under the digest of the very bytes that it is about."""
    sha256 = result.coverage.sha256
    if sha256 is None or not key.startswith(f"{sha256}/"):
        return False
    return not any(g.kind in _PASSING or "seconds" in g.why for g in result.gaps)


def _salt(options: Options) -> str:
    """Return what a result depends on besides the file: version, our code, plugins, settings."""
    code = code_digest(("core", "formats", "artifacts", "gate"), _plugin_files(options.plugins))
    settings = f"{modelwarden.__version__}/{options.hashing}/{options.plugins}/{options.limits}"
    return f"{code}/{settings}"


def code_digest(rooms: Sequence[str], more: Sequence[Path] = ()) -> str:
    """Return a digest of our own code in some rooms, and of more files."""
    total = hashlib.sha256()
    root = Path(modelwarden.__file__).parent
    files = sorted(path for room in rooms for path in (root / room).rglob("*.py"))
    for path in (*files, *more):
        data = path.read_bytes()
        total.update(f"{path.name}:{len(data)}:".encode() + data)
    return total.hexdigest()


def _plugin_files(plugins: tuple[str, ...]) -> list[Path]:
    if not plugins:
        return []
    from modelwarden.gate.plugins import rules_of

    return [Path(inspect.getfile(rule.check)) for rule in rules_of(plugins)]
