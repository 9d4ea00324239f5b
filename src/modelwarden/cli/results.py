"""What `modelwarden redteam import` does: several files, one report, one verdict."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path


def imported(
    paths: Sequence[Path],
    *,
    attacks: bool,
    policy: Path | None,
    fail_on: str | None,
    form: str,
    output: Path | None,
) -> int:
    """Write the report of results of other tools; return the exit code of its verdict."""
    from modelwarden import __version__
    from modelwarden.cli.finish import check_writable, finish
    from modelwarden.core import Policy, Severity, Subject, Tool
    from modelwarden.metrics import require
    from modelwarden.policy import judge, load

    require()
    from modelwarden.redteam.imports import report_of

    if output is not None:
        check_writable(output, [str(path) for path in paths])
    rules = Policy() if policy is None else load(policy)
    if fail_on is not None:
        rules = replace(rules, fail_on=Severity(fail_on))
    reports = [report_of(path, shown=str(path), attacks=attacks) for path in paths]
    merged = reports[0]
    for other in reports[1:]:
        merged = merged.merge(other)
    names = tuple(dict.fromkeys(report.subject.name for report in reports))
    notes = dict.fromkeys(note for report in reports for note in report.run.notes)
    started = dt.datetime.now(dt.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    merged = replace(
        merged,
        tool=Tool(version=__version__),
        subject=Subject(kind="endpoint", name=", ".join(names)),
        run=replace(merged.run, started=started, notes=tuple(notes)),
        # A stage is run to the end only where every file was read to its end.
        stages=() if merged.gaps else merged.stages,
    )
    return finish(judge(merged, rules), form, output, fail_on=rules.fail_on)
