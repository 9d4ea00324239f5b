"""`modelwarden monitor`: has the world, or the deployed model, changed?"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from modelwarden.cli.options import fail_on_option, form_option
from modelwarden.cli.threads import one_thread
from modelwarden.core import Severity

if TYPE_CHECKING:
    from modelwarden.core import Policy, Report
    from modelwarden.monitor.reading import Roles

_FILE = click.Path(path_type=Path)


@click.group()
def monitor() -> None:
    """Tell whether the world, or the deployed model, has changed."""


@monitor.command()
@click.option("--reference", type=_FILE, required=True, metavar="FILE", help="Rows of before.")
@click.option("--current", type=_FILE, required=True, metavar="FILE", help="Rows of now.")
@click.option("--label", metavar="COLUMN", help="The truth [default: label, target or y].")
@click.option(
    "--prediction",
    metavar="COLUMN",
    help="The model's answer [default: prediction, y_pred or predicted].",
)
@click.option(
    "--id",
    "identity",
    metavar="COLUMN",
    help="Identifies rows; never compared [default: id, row_id or request_id].",
)
@click.option(
    "--cluster", metavar="COLUMN", help="Whom a row stands for, where several stand for one."
)
@click.option("--drop", metavar="COLUMN", multiple=True, help="Not compared; may be repeated.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@form_option("Form of the report.")
@click.option("--output", type=_FILE, metavar="FILE", help="Write the report there; - is stdout.")
@fail_on_option()
@click.option("--policy", "policy_file", type=_FILE, metavar="FILE", help="What must be shown.")
def drift(
    reference: Path,
    current: Path,
    label: str | None,
    prediction: str | None,
    identity: str | None,
    cluster: str | None,
    drop: tuple[str, ...],
    seed: int,
    form: str,
    output: Path | None,
    fail_on: str | None,
    policy_file: Path | None,
) -> int:
    """Hold a file of current rows against one of earlier rows.

    FILE is parquet, csv, csv.gz, npz (x, y), jsonl, or the folder of a ledger.
    """
    from modelwarden.cli.finish import check_writable, finish
    from modelwarden.metrics import require

    policy = _policy(policy_file, fail_on)
    written = None if output is None or str(output) == "-" else output
    if written is not None:
        check_writable(written, [str(reference), str(current)])
    require()
    from modelwarden.monitor.reading import Roles
    from modelwarden.policy import judge

    roles = Roles(label=label, prediction=prediction, id=identity, drop=drop, cluster=cluster)
    report = judge(_compared(reference, current, roles, seed), policy)
    return finish(report, form, written, fail_on=policy.fail_on)


@monitor.command()
@click.option("--config", type=_FILE, metavar="FILE", help="A file with a section [monitor].")
@click.option(
    "--profile",
    "profiles",
    type=_FILE,
    multiple=True,
    metavar="FILE",
    help="Of the model, with its probes beside it; may be repeated.",
)
@click.option("--upstream", metavar="URL", help="The model's server, which is asked the probes.")
@click.option(
    "--log", type=_FILE, metavar="PATH", help="A ledger, a growing .jsonl, or a folder of files."
)
@click.option("--labels", type=_FILE, metavar="PATH", help="Where labels come in later.")
@click.option(
    "--firewall-alerts",
    type=_FILE,
    metavar="FILE",
    help="What a firewall tells there, the channels of --config are told as well.",
)
@click.option("--alerts", type=_FILE, metavar="FILE", help="Append alerts there, a line each.")
@click.option("--state", type=_FILE, metavar="FILE", help="Keep what is known there.")
@click.option("--once", is_flag=True, help="Look once; exit 1 on an alert of high or worse.")
def watch(
    config: Path | None,
    profiles: tuple[Path, ...],
    upstream: str | None,
    log: Path | None,
    labels: Path | None,
    firewall_alerts: Path | None,
    alerts: Path | None,
    state: Path | None,
    once: bool,
) -> int:
    """Follow a deployed model: its files, its log, late labels, and itself by secret questions.

    It runs until it is asked to end; --state lets it go on after a restart.
    """
    import signal
    from threading import Event

    from modelwarden.metrics import require

    one_thread()
    require()
    from modelwarden.monitor.config import MonitorConfig, load
    from modelwarden.monitor.watch import Watch

    settings = MonitorConfig() if config is None else load(config)
    settings = replace(
        settings,
        profiles=profiles or settings.profiles,
        upstream=upstream or settings.upstream,
        log=log or settings.log,
        labels=labels or settings.labels,
        firewall_alerts=firewall_alerts or settings.firewall_alerts,
        alerts=alerts or settings.alerts,
        state=state or settings.state,
    )
    if not (settings.profiles or settings.log or settings.firewall_alerts):
        told = "give --profile, --log or --firewall-alerts: there is nothing to watch"
        raise click.UsageError(told)
    _there(settings.log, "--log", once=once)
    _there(settings.labels, "--labels", once=once)
    watching = Watch(settings, lambda line: click.echo(f"modelwarden: {_plain(line)}", err=True))
    ending = Event()
    signal.signal(signal.SIGTERM, lambda *_: ending.set())
    watching.run(once=once, stop=ending.is_set)
    click.echo(f"modelwarden: {_plain(watching.summary())}", err=True)
    return 1 if once and watching.grave else 0


def _there(path: Path | None, option: str, *, once: bool) -> None:
    """Refuse to look once at what is not there; who watches on is told that it is waited for.

    Raises:
        InputError: nothing is there, so nothing can be found.
    """
    from modelwarden.core import InputError

    if path is None or path.exists():
        return
    told = f"{option} = {str(path)!r} does not exist"
    if once:
        raise InputError(told, hint="Name what is there, or watch without --once until it comes.")
    click.echo(f"modelwarden: {_plain(told)} yet: it is waited for", err=True)


def _plain(line: str) -> str:
    from modelwarden.gate.walk import printable

    return printable(line)


def _policy(file: Path | None, fail_on: str | None) -> Policy:
    from modelwarden.core import Policy
    from modelwarden.policy import load

    policy = Policy() if file is None else load(file)
    return replace(policy, fail_on=Severity(fail_on)) if fail_on else policy


def _compared(reference: Path, current: Path, roles: Roles, seed: int) -> Report:
    """Compare; an error of ours becomes a report with one gap, so that it can never pass."""
    from modelwarden import __version__
    from modelwarden.cli.main import tell
    from modelwarden.core import Gap, GapKind, MeasureInfo, ModelwardenError, Report, Run, Subject
    from modelwarden.metrics import measure
    from modelwarden.monitor.drift import STAGE, compare
    from modelwarden.monitor.reading import read_sample

    try:
        here, there = (
            read_sample("reference", reference, roles),
            read_sample("current", current, roles),
        )
        report = compare(here, there, seed=seed, version=__version__)
    except (ModelwardenError, BrokenPipeError):
        raise
    except Exception as error:  # noqa: BLE001 -- the whole comparison: the last isolation boundary
        why = f"internal error: {type(error).__name__}: {' '.join(str(error).split())[:300]}"
        tell(why, "set MODELWARDEN_DEBUG=1 to see where", error)
        gap = Gap(what=str(current), why=why, kind=GapKind.FAILED, stage=STAGE)
        subject = Subject(kind="data", name=str(current))
        return Report(subject=subject, run=Run(command="monitor drift"), gaps=(gap,))
    names = dict.fromkeys(m.name for m in report.measurements)
    known = [measure(name) for name in names]
    return replace(
        report,
        measures=tuple(
            MeasureInfo(
                name=entry.name,
                meaning=entry.meaning,
                higher_is_better=entry.higher_is_better,
                interval=entry.interval,
            )
            for entry in known
        ),
    )
