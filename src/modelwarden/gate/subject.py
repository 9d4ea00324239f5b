"""The model under test as files: scanned before anything is opened, and the digests of it.

What is opened later is held against these digests, which were taken before the scan and compared
with the bytes that the scan examined.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from modelwarden.core import Gap, GapKind, Report, Run, Severity, Subject
from modelwarden.core.values import dataclass
from modelwarden.gate.project import Project
from modelwarden.gate.walk import below, printable
from modelwarden.policy import judge
from modelwarden.targets.config import ModelConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class Scanned:
    """What the scan of a check saw.

    Attributes:
        report: of all models, paths relative to the folder of modelwarden.toml.
        digests: of each model; None of one without files.
        shut: why no model may be opened; None when nothing speaks against it.
        kind: of the gaps that follow from `shut`.
    """

    report: Report
    digests: tuple[str | None, ...]
    shut: str | None = None
    kind: GapKind = GapKind.UNREADABLE


def models_of(project: Project) -> Iterator[ModelConfig]:
    """Yield the model under test, and the reference that it is compared with."""
    yield project.model
    if project.model.reference is not None:
        yield project.model.reference


def scan_models(project: Project, *, dependencies: bool, engine: str) -> Scanned:
    """Scan every model that has files; nothing is opened before all are judged.

    Args:
        project: names the models, and the policy that waives findings.
        dependencies: whether what they need is held against advisories.
        engine: where files are scanned.
    """
    from modelwarden.gate.scan import How, scan
    from modelwarden.gate.unit import Options
    from modelwarden.targets.snapshot import digest_of_files, files_of, together

    merged: Report | None = None
    digests: list[str | None] = []
    gaps: list[Gap] = []
    shut: str | None = None
    for model in models_of(project):
        taken: dict[str, str] = {}
        for name in model.places:
            place, why = project.at(name), None
            before: dict[str, str] = {}
            try:
                before = files_of(place)
                taken[name] = digest_of_files(place, before)
            except OSError as error:  # the scan says which file, and what it sees of the others
                told = (error.strerror or str(error)).lower()
                why = f"not all of {printable(name)} can be read: {told}"
            seen = scan([place], options=Options(dependencies=dependencies), how=How(engine=engine))
            changed = _other_than(before, seen)
            if changed is not None:
                why = f"{changed} changed while it was scanned"
            if why is not None:
                shut = f"{why}, so the model is not opened"
                gaps.append(Gap(what=name, why=shut, kind=GapKind.UNREADABLE))
            seen = _below_root(seen, name, project.root)
            merged = seen if merged is None else merged.merge(seen)
        digests.append(together(taken) if taken else None)
    if merged is None:
        note = "the model is served by others, so there is no file to scan"
        run = Run(command="check", notes=(note,))
        merged = Report(subject=Subject(kind="model", name=""), run=run)
    merged = replace(merged, gaps=(*merged.gaps, *gaps))
    if shut is not None:
        return Scanned(report=merged, digests=tuple(digests), shut=shut)
    return Scanned(
        report=merged,
        digests=tuple(digests),
        shut=_refused(merged, project),
        kind=GapKind.NOT_ASSESSABLE,
    )


def _refused(report: Report, project: Project) -> str | None:
    """Say which finding at high or above, waivers considered, keeps a model shut."""
    judged = judge(replace(report, verdict=None), project.policy)
    for one in judged.findings:
        if not one.waived and one.severity.rank <= Severity.HIGH.rank:
            return (
                f"the model was not opened: the scan found {one.rule} "
                f"({one.severity}) in {one.location.path}"
            )
    return None


def _below_root(report: Report, name: str, root: Path) -> Report:
    """Return a scan's report with its paths relative to the folder of modelwarden.toml.

    Those of a model that lies elsewhere begin as modelwarden.toml names it.
    """
    real = os.path.realpath(root / name)
    inside = below(real, [os.path.realpath(root)])
    base = os.path.relpath(real, os.path.realpath(root)) if inside else name.rstrip("/")
    if not os.path.isdir(real):  # noqa: PTH112 -- beside its siblings
        base = os.path.dirname(base)  # noqa: PTH120
    base = printable("" if base in {".", ""} else base.rstrip("/"))
    if not base:
        return report

    def moved(path: str | None) -> str | None:
        return path if path is None else f"{base}/{path}"

    return replace(
        report,
        findings=tuple(
            replace(f, location=replace(f.location, path=moved(f.location.path)))
            for f in report.findings
        ),
        gaps=tuple(replace(g, what=f"{base}/{g.what}") for g in report.gaps),
        coverage=tuple(replace(c, path=f"{base}/{c.path}") for c in report.coverage),
        inventory=tuple(replace(i, path=moved(i.path)) for i in report.inventory),
    )


def _other_than(before: Mapping[str, str], seen: Report) -> str | None:
    """Return a file of which the scan read other bytes than were there before; None of none.

    What is opened later is held against the digests from before: they must be those of the very
    bytes that were examined.
    """
    single = len(before) == 1
    for line in seen.coverage:
        known = next(iter(before.values())) if single else before.get(line.path)
        if line.sha256 is not None and known is not None and known != line.sha256:
            return line.path
    return None
