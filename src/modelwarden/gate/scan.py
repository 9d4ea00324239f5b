"""`scan`: model files and folders in, a judged report out. Nothing that is met is ever run."""

from __future__ import annotations

import datetime as dt
import os
import time
from collections.abc import Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING

import modelwarden
from modelwarden.core import (
    GapKind,
    Policy,
    Report,
    RuleInfo,
    Run,
    Subject,
    Tool,
    digest_of_tree,
)
from modelwarden.engine import Progress, map_units
from modelwarden.gate.unit import FileResult, Options, examine_file, lost
from modelwarden.gate.walk import Walked, printable, walk
from modelwarden.policy import judge

if TYPE_CHECKING:
    from modelwarden.core import Rule
    from modelwarden.formats import View

__all__ = ["scan"]


def scan(
    paths: Iterable[str | os.PathLike[str]],
    *,
    policy: Policy | None = None,
    jobs: int = 1,  # noqa: ARG001 -- one process for now
    options: Options = Options(),  # noqa: B008 -- frozen
    progress: Progress | None = None,
) -> Report:
    """Examine model files and folders without loading them, and judge what was found.

    Args:
        paths: files or folders.
        policy: what the report must show; by default no finding at or above `high` and no gap.
        jobs: worker processes; the result is the same for any number.
        options: what each file is examined for.
        progress: told after each file how many are done.

    Raises:
        InputError: a path does not exist.
    """
    began, started = time.monotonic(), dt.datetime.now(dt.UTC)
    names = [os.fspath(path) for path in paths]
    walked = walk(names)
    work = partial(examine_file, options=options)
    settled = map_units(walked.files, work, progress=progress)
    results = [
        end.value or lost(found.name, end.error or "no result", GapKind.FAILED)
        for found, end in zip(walked.files, settled, strict=True)
    ]
    hashing = sum(result.hashing for result in results) if options.hashing else None
    report = Report(
        subject=_subject(names, walked, results),
        tool=Tool(version=modelwarden.__version__),
        run=Run(
            command="scan",
            started=started.strftime("%Y-%m-%dT%H:%M:%SZ"),
            elapsed=round(time.monotonic() - began, 3),
            hashing=None if hashing is None else round(hashing, 3),
            notes=tuple(walked.notes),
        ),
        findings=tuple(f for r in results for f in r.findings),
        gaps=(*walked.gaps, *(g for r in results for g in r.gaps)),
        coverage=tuple(r.coverage for r in results),
        inventory=tuple(i for r in results for i in r.inventory),
        rules=_described(results, options.plugins),
        stages=("artifacts",),
    )
    return judge(report, policy or Policy())


def _subject(names: Sequence[str], walked: Walked, results: Sequence[FileResult]) -> Subject:
    tops = [printable(os.path.basename(os.path.abspath(name)) or "/") for name in names]  # noqa: PTH100, PTH119
    name = ", ".join(dict.fromkeys(tops))
    files = [(r.coverage.path, r.coverage.sha256) for r in results]
    hashed = [(path, sha256) for path, sha256 in files if sha256]
    digest = None
    single = len(files) == 1 and walked.files[0].named
    if single and hashed:
        digest = f"sha256:{hashed[0][1]}"
    elif hashed and len(hashed) == len(files):
        digest = digest_of_tree(hashed)
    return Subject(kind="artifact" if single else "folder", name=name, digest=digest)


def _described(results: Sequence[FileResult], plugins: tuple[str, ...]) -> tuple[RuleInfo, ...]:
    ran = {rule for result in results for rule in result.rules}
    if not ran:
        return ()
    from modelwarden.artifacts import RULES
    from modelwarden.standards import describe

    rules: list[Rule[View]] = [entry.load() for entry in RULES if entry.id in ran]
    if plugins:
        from modelwarden.gate.plugins import rules_of

        rules += rules_of(plugins)
    return tuple(describe(rule) for rule in rules)
