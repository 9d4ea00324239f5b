"""`check`: a model and a data set in, a judged report out.

    modelwarden.toml ─▶ read the data ─▶ scan the model ─▶ open it in a sandbox
                                             ─▶ stages, one after another ─▶ policy ─▶ verdict

A model with an unwaived finding at `high` or above is not opened. A stage that fails is a gap, and
the others go on. What an interrupted run has done is taken up again.
"""

from __future__ import annotations

import datetime as dt
import os
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import modelwarden
from modelwarden.core import (
    Gap,
    GapKind,
    Policy,
    Report,
    Run,
    Subject,
    Tool,
    UnknownNameError,
)
from modelwarden.core.stages import Attachment, RowMark
from modelwarden.core.values import dataclass
from modelwarden.gate import stages as every
from modelwarden.gate.project import Project, load
from modelwarden.gate.walk import printable
from modelwarden.gate.work import SCANNED, CheckHow, Told, Work
from modelwarden.policy import judge
from modelwarden.policy.load import STAGES

__all__ = ["SCANNED", "CheckHow", "Checked", "Told", "broken", "check"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What a check gave.

    Attributes:
        report: judged.
        rows: that findings point at, all of them.
        policy: that it was judged by.
        attachments: files that stages add to the output folder.
        shut: why the model may not be opened; None when nothing that the scan saw speaks against.
    """

    report: Report
    rows: tuple[RowMark, ...]
    policy: Policy
    attachments: tuple[Attachment, ...] = ()
    shut: str | None = None

    @property
    def assessed(self) -> bool:
        """Whether a stage that looks at rows has run, so that no row is an answer too."""
        return bool(set(self.report.stages) - set(SCANNED))


def check(
    path: str | os.PathLike[str] | Project = ".",
    *,
    stages: Sequence[str] = (),
    seed: int = 0,
    baseline: Path | None = None,
    trust: bool = False,
    how: CheckHow | None = None,
) -> Checked:
    """Assess the model of a modelwarden.toml, and judge what was found.

    Args:
        path: the file, or the folder that it is in, or what it says.
        stages: names; all that are built by default.
        seed: root of all chance.
        baseline: an earlier report to compare with.
        trust: run the model without a sandbox where none can be had.
        how: how it is worked.

    Raises:
        InputError: the file, the data or a name cannot be used.
        MissingExtraError: numpy, scipy or what reads the data is not installed.
    """
    began, started = time.monotonic(), dt.datetime.now(dt.UTC)
    how = how or CheckHow()
    chosen = _chosen(stages)
    project = path if isinstance(path, Project) else load(path)
    earlier = None
    if baseline is not None:
        from modelwarden.gate import compare

        earlier = compare.load(baseline)
        project = _whole(project, earlier[0])
    work = Work(project, chosen, seed, trust, how, named=bool(stages))
    report, rows = work.report()
    report = replace(
        report,
        run=replace(
            report.run,
            started=started.strftime("%Y-%m-%dT%H:%M:%SZ"),
            elapsed=round(time.monotonic() - began, 3),
        ),
    )
    attachments = tuple(a for _, result in work.results for a in result.attachments)
    if earlier is not None and baseline is not None:
        from modelwarden.gate.paired import paired

        closer = partial(paired, attachments=attachments, earlier=earlier[0], place=baseline)
        report = compare.compared(report, *earlier, closer)
    return Checked(
        report=judge(report, project.policy),
        rows=rows,
        policy=project.policy,
        attachments=attachments,
        shut=work.shut,
    )


def _whole(project: Project, earlier: Report) -> Project:
    """Return the project that attacks all samples: to be compared is more than a bound asks."""
    robustness = project.assess.robustness
    if robustness is None or all(m.stage != "robustness" for m in earlier.measurements):
        return project
    whole = replace(robustness, sequential=False)
    return replace(project, assess=replace(project.assess, robustness=whole))


def broken(path: str | os.PathLike[str], why: str) -> Report:
    """Return the report of a check that an error of ours ended: incomplete, whatever the policy."""
    name = printable(os.path.basename(os.path.abspath(path)))  # noqa: PTH100, PTH119
    report = Report(
        subject=Subject(kind="model", name=name),
        tool=Tool(version=modelwarden.__version__),
        run=Run(command="check", started=dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")),
        gaps=(Gap(what=name, why=why, kind=GapKind.FAILED, stage="performance"),),
    )
    return judge(report, Policy())


def _chosen(stages: Sequence[str]) -> tuple[str, ...]:
    """Return the stages that are asked for, in the order in which they run.

    Raises:
        UnknownNameError: a name is none of a stage.
    """
    for name in stages:
        if name not in STAGES:
            raise UnknownNameError("stage", name, STAGES)
    wanted = stages or (*SCANNED, *(stage.name for stage in every.built()))
    return tuple(name for name in STAGES if name in wanted)
