"""`modelwarden check`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from modelwarden.cli.options import Place, engine_option, form_option, trust_option

if TYPE_CHECKING:
    from pathlib import Path

    from modelwarden.gate.check import Checked, CheckHow
    from modelwarden.gate.project import Project

_FILE = Place()


@click.command()
@click.argument("path", metavar="[DIR|modelwarden.toml]", default=".", required=False, type=_FILE)
@click.option("--stage", "stages", metavar="NAME,...", help="Run these stages only.")
@click.option("--seed", type=int, default=0, show_default=True, help="Root of all chance.")
@click.option(
    "--output",
    type=_FILE,
    metavar="DIR",
    help="Write report.json, .html, .sarif, junit.xml, summary.md and rows.parquet there.",
)
@form_option("Form of the report on stdout.")
@engine_option("Where files are scanned; all else runs here. ray needs the extra of that name.")
@click.option(
    "--baseline", type=_FILE, metavar="REPORT", help="An earlier report.json to compare with."
)
@trust_option("the model")
def check(
    path: str,
    stages: str | None,
    seed: int,
    output: str | None,
    form: str,
    engine: str,
    baseline: str | None,
    trust_model: bool,
) -> int:
    """Assess a model on your own data, and judge it by your policy.

    The folder's modelwarden.toml says what is tested and what must be shown; `modelwarden init`
    writes one. The model is scanned first, then opened in a sandbox. modelwarden.toml is your own
    code: never use one that came with somebody else's model.
    """
    from pathlib import Path

    from modelwarden.cli.finish import finish
    from modelwarden.cli.folder import OutputFolder
    from modelwarden.cli.progress import stage_line
    from modelwarden.gate.check import CheckHow
    from modelwarden.gate.project import load
    from modelwarden.gate.state import default_folder

    project = load(path)
    folder = None if output is None else OutputFolder(Path(output), project)
    state = default_folder(project) if folder is None else folder.state
    with stage_line() as progress:
        how = CheckHow(engine=engine, state=state, progress=progress, unopened=_say)
        names = _names(stages)
        earlier = None if baseline is None else Path(baseline)
        checked = _checked(project, names, seed, earlier, trust_model, how)
    try:
        if folder is not None:
            folder.write(checked)
    finally:  # a full disk does not cost what was measured
        code = finish(checked.report, form, None, fail_on=checked.policy.fail_on)
    return code


def _say(why: str) -> None:
    """Say at once that stages will have no model: what needs none may take minutes."""
    import sys

    from modelwarden.cli.main import tell

    if sys.stderr is not None and sys.stderr.isatty():
        sys.stderr.write("\r\x1b[K")  # the line that counts stages
    tell(why)


def _names(stages: str | None) -> tuple[str, ...]:
    if stages is None:
        return ()
    names = tuple(name.strip() for name in stages.split(",") if name.strip())
    if not names:
        raise click.UsageError("--stage names no stage")
    return names


def _checked(
    project: Project,
    names: tuple[str, ...],
    seed: int,
    baseline: Path | None,
    trust: bool,
    how: CheckHow,
) -> Checked:
    """Check; an error of ours becomes a report with one gap, so that it can never pass."""
    from modelwarden.cli.main import tell
    from modelwarden.core import ModelwardenError, Policy
    from modelwarden.gate.check import Checked, broken
    from modelwarden.gate.check import check as examine

    try:
        return examine(project, stages=names, seed=seed, baseline=baseline, trust=trust, how=how)
    except (ModelwardenError, BrokenPipeError):
        raise
    except Exception as error:  # noqa: BLE001 -- the whole check: the last isolation boundary
        why = f"internal error: {type(error).__name__}: {' '.join(str(error).split())[:300]}"
        tell(why, "set MODELWARDEN_DEBUG=1 to see where", error)
        return Checked(report=broken(project.file, why), rows=(), policy=Policy())
