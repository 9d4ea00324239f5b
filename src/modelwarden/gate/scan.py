"""`scan`: model files and folders in, a judged report out. Nothing that is met is ever run."""

from __future__ import annotations

import dataclasses
import datetime as dt
import os
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, Any

import modelwarden
from modelwarden.core import (
    Gap,
    GapKind,
    ModelwardenError,
    Policy,
    Report,
    RuleInfo,
    Run,
    Subject,
    Tool,
    digest_of_tree,
)
from modelwarden.core.values import dataclass
from modelwarden.dependencies import Audited, audit, named_place
from modelwarden.dependencies.stage import Given
from modelwarden.engine import Plan, Progress, map_units
from modelwarden.gate.beside import Beside
from modelwarden.gate.outside import check_outside, ignored_policies
from modelwarden.gate.stdin import NAME, STDIN, spooled
from modelwarden.gate.unit import FileResult, Options, examine_file, lost
from modelwarden.gate.walk import Found, Walked, printable, walk
from modelwarden.policy import judge

if TYPE_CHECKING:
    from pathlib import Path

    from modelwarden.core import Rule

__all__ = ["How", "scan"]

_GRACE = 60.0  # seconds that a worker gets beyond a file's own limits before it is stopped


@dataclass(frozen=True, slots=True, kw_only=True)
class How:
    """How the files of a scan are worked; the report is the same for all of it.

    Attributes:
        jobs: worker processes.
        engine: `local` or `ray`.
        cache: folder of results by content; None keeps none.
        progress: told after each file how many are done.
    """

    jobs: int = 1
    engine: str = "local"
    cache: Path | None = None
    progress: Progress | None = None


def scan(
    paths: Iterable[str | os.PathLike[str]],
    *,
    policy: Policy | None = None,
    jobs: int = 1,
    options: Options | None = None,
    how: How | None = None,
    beside: Beside | None = None,
) -> Report:
    """Examine model files and folders without loading them, and judge what was found.

    Args:
        paths: files or folders; `-` is stdin.
        policy: what the report must show; by default no finding at or above `high` and no gap.
        jobs: worker processes, when `how` does not say it.
        options: what each file is examined for.
        how: where the files are worked.
        beside: what the user adds to what is scanned.

    Raises:
        InputError: a path does not exist, or what decides about the scan lies below one.
        MissingExtraError: the engine is not installed.
    """
    began, started = time.monotonic(), dt.datetime.now(dt.UTC)
    options, how, beside = options or Options(), how or How(jobs=jobs), beside or Beside()
    names = [os.fspath(path) for path in paths]
    _check_deciders(names, policy, options, how, beside)
    given = _given(beside)
    with ExitStack() as stack:
        walked = walk([name for name in names if name != STDIN]) if names != [STDIN] else Walked()
        if STDIN in names:
            found, rest = stack.enter_context(spooled(options.limits.expanded))
            walked.files.append(found)
            walked.gaps += rest
        results = _examine(walked, options, how)
        audited = _audit(walked, results, policy, options, given)
    lines = (*walked.coverage, *(r.coverage for r in results), *audited.coverage)
    coverage = sorted(lines, key=lambda c: c.path)
    report = Report(
        subject=_subject(names, walked, results),
        tool=Tool(version=modelwarden.__version__),
        run=Run(
            command="scan",
            started=started.strftime("%Y-%m-%dT%H:%M:%SZ"),
            elapsed=round(time.monotonic() - began, 3),
            hashing=round(sum(r.hashing for r in results), 3) if options.hashing else None,
            advisories=audited.advisories,
            notes=(*walked.notes, *ignored_policies(walked.files), *audited.notes),
        ),
        findings=(*(f for r in results for f in r.findings), *audited.findings),
        gaps=(
            *walked.gaps,
            *(g for r in results for g in r.gaps),
            *_nothing(names, walked, results),
            *audited.gaps,
        ),
        coverage=tuple(coverage),
        inventory=(*(i for r in results for i in r.inventory), *audited.inventory),
        rules=_described(results, options.plugins, audited.rules),
        stages=("artifacts", "dependencies") if audited.ran else ("artifacts",),
    )
    return judge(*_with_vex(report, policy or Policy(), given))


def broken(paths: Iterable[str | os.PathLike[str]], why: str) -> Report:
    """Return the report of a scan that an error of ours ended: incomplete, whatever the policy.

    A policy may accept gaps of kind `failed`, or fail for a waiver that has expired; neither may
    make a pass or a failure out of our own error.
    """
    names = [os.fspath(path) for path in paths]
    shown = _shown(names)
    report = Report(
        subject=Subject(kind="folder", name=shown),
        tool=Tool(version=modelwarden.__version__),
        run=Run(command="scan", started=dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")),
        gaps=(Gap(what=shown, why=why, kind=GapKind.FAILED),),
    )
    return judge(report, Policy())


def _check_deciders(
    names: Sequence[str], policy: Policy | None, options: Options, how: How, beside: Beside
) -> None:
    if policy and policy.source:
        check_outside("the policy", policy.source, names)
    place, named = named_place(options.advisories)
    if options.dependencies and named:
        check_outside("the advisory index", place, names)
    for path in beside.vex:
        check_outside("the VEX document", path, names)
    if how.cache:
        check_outside("the cache", how.cache, names)
    if options.plugins:
        from modelwarden.gate.plugins import homes_of, rules_of

        for home in homes_of(options.plugins):
            check_outside("a plugin installed in", home, names)
        rules_of(options.plugins)


def _examine(walked: Walked, options: Options, how: How) -> list[FileResult]:
    plan: Plan[Found, FileResult] = Plan(progress=how.progress)
    if how.jobs > 1 or how.cache or how.engine != "local":
        from modelwarden.gate.resume import codec, resume_from

        plan = Plan(
            jobs=how.jobs,
            engine=how.engine,
            # A file may use its time three times: to be found in the cache, examined, hashed.
            seconds=3 * options.limits.seconds + _GRACE,
            codec=codec(),
            resume=resume_from(how.cache, options) if how.cache else None,
            progress=how.progress,
        )
    settled = map_units(walked.files, partial(examine_file, options=options), plan)
    return [
        end.value or lost(found.name, end.error or "no result", GapKind.FAILED)
        for found, end in zip(walked.files, settled, strict=True)
    ]


def _given(beside: Beside) -> Given:
    """Read what lies beside the scan, before its work."""
    if not (beside.imports or beside.vex):
        return Given(resolve=beside.resolve)
    from modelwarden.dependencies import imports, vex

    return Given(
        imported=tuple(imports.read(path) for path in beside.imports),
        statements=vex.read(beside.vex),
        resolve=beside.resolve,
    )


def _with_vex(report: Report, policy: Policy, given: Given) -> tuple[Report, Policy]:
    """Add the waivers that VEX statements make; what they cover is shown, not hidden."""
    if not given.statements:
        return report, policy
    from modelwarden.dependencies import vex

    made, notes = vex.waivers(given.statements, report.findings, report.subject)
    run = dataclasses.replace(report.run, notes=(*report.run.notes, *notes))
    return (
        dataclasses.replace(report, run=run),
        dataclasses.replace(policy, waivers=(*policy.waivers, *made)),
    )


def _audit(
    walked: Walked,
    results: Sequence[FileResult],
    policy: Policy | None,
    options: Options,
    given: Given,
) -> Audited:
    """Run the stage `dependencies` over the manifests that were met and what models revealed."""
    if not options.dependencies:
        return Audited()
    try:
        return audit(
            walked.files,
            walked.roots,
            [item for result in results for item in result.inventory],
            index=options.advisories,
            unknown=(policy or Policy()).unknown_severity,
            given=given,
        )
    except ModelwardenError:
        raise
    except Exception as error:  # noqa: BLE001 -- one stage: what the others found must stand
        why = f"the stage failed: {type(error).__name__}: {' '.join(str(error).split())[:300]}"
        gap = Gap(what="dependencies", why=why, kind=GapKind.FAILED, stage="dependencies")
        return Audited(gaps=(gap,))


def _nothing(names: Sequence[str], walked: Walked, results: Sequence[FileResult]) -> Iterator[Gap]:
    """Give a gap when no byte was examined and no other gap says so: this is never a pass."""
    if not walked.gaps and not any(r.coverage.size or r.gaps for r in results):
        why = "nothing in it could be examined"
        yield Gap(what=_shown(names), why=why, kind=GapKind.NOT_ASSESSABLE)


def _shown(names: Sequence[str]) -> str:
    tops = [
        NAME if name == STDIN else printable(os.path.basename(os.path.abspath(name)) or "/")  # noqa: PTH100, PTH119
        for name in names
    ]
    return ", ".join(dict.fromkeys(tops))


def _subject(names: Sequence[str], walked: Walked, results: Sequence[FileResult]) -> Subject:
    files = [(r.coverage.path, r.coverage.sha256) for r in results]
    hashed = [(path, sha256) for path, sha256 in files if sha256]
    single = len(walked.files) == 1 and walked.files[0].named and len(set(names)) == 1
    digest = None
    if single and hashed:
        digest = f"sha256:{hashed[0][1]}"
    elif hashed and len(hashed) == len(files):
        digest = digest_of_tree(hashed)
    return Subject(kind="artifact" if single else "folder", name=_shown(names), digest=digest)


def _described(
    results: Sequence[FileResult], plugins: tuple[str, ...], more: Sequence[Rule[Any]]
) -> tuple[RuleInfo, ...]:
    ran = {rule for result in results for rule in result.rules}
    if not ran and not more:
        return ()
    from modelwarden.artifacts import RULES
    from modelwarden.standards import describe

    rules: list[Rule[Any]] = [entry.load() for entry in RULES if entry.id in ran]
    if plugins:
        from modelwarden.gate.plugins import rules_of

        rules += (rule for rule in rules_of(plugins) if rule.id in ran)
    return tuple(describe(rule) for rule in (*rules, *more))
