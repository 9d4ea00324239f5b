"""`modelwarden redteam`: exercises against an endpoint, and the replay of what got past."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from modelwarden.cli.options import engine_option, fail_on_option, form_option, trust_option

if TYPE_CHECKING:
    from modelwarden.redteam.courier import UnansweredError

_PATH = click.Path(path_type=Path)


class _Campaigns(click.Group):
    """A group whose default command runs a campaign: `redteam CAMPAIGN.toml`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args[0] not in ctx.help_option_names:
            args = ["run", *args]
        return super().parse_args(ctx, args)


@click.group(cls=_Campaigns)
def redteam() -> None:
    """Attack an endpoint with nothing but questions, within a campaign's rules.

    \b
    modelwarden redteam CAMPAIGN.toml [--resume] [--output DIR]
    modelwarden redteam replay DIR [--url URL | --through URL | --offline]
    modelwarden redteam import FILE...
    """  # noqa: D301 -- click reads the backspace itself, not its escape


@redteam.command()
@click.argument("folder", metavar="DIR", type=_PATH)
@click.option("--url", metavar="URL", help="Another address of the same model, after a fix, say.")
@click.option(
    "--campaign",
    "own",
    type=_PATH,
    metavar="FILE",
    help="Your own campaign file: without it only this machine is asked.",
)
@click.option(
    "--offline",
    is_flag=True,
    help="Play the transcript again instead: the report anew, and nobody is asked.",
)
@click.option(
    "--through",
    "wall",
    metavar="URL",
    help="Send every request of the campaign once more, to a firewall at this address.",
)
@form_option("Form of the report on stdout.")
@trust_option("a callable")
def replay(
    folder: Path,
    url: str | None,
    own: Path | None,
    offline: bool,
    wall: str | None,
    form: str,
    trust_model: bool,
) -> int:
    """Ask each evasion in DIR, the output of a campaign, again: fixed, or not fixed.

    The exit code is 0 when all are fixed, 1 when one still gets past, and 3 when an original is
    answered otherwise than it was: then it is another target.

    With --through the whole campaign is shown to `modelwarden firewall`: what it refuses, when,
    and which evasions arrive all the same. The exit code is 0 when none does, 1 when one does, and
    3 when not all could be sent or told.
    """
    from modelwarden import __version__
    from modelwarden.cli.finish import finish
    from modelwarden.metrics import require

    require()
    if wall is not None:
        if offline or url is not None:
            raise click.UsageError("--through goes with neither --offline nor --url")
        return _shown(folder, wall, own, form)
    if offline:
        if url is not None or own is not None:
            raise click.UsageError("--offline asks nobody: leave --url and --campaign out")
        return _played(folder, form)
    from modelwarden.redteam import load
    from modelwarden.redteam.courier import UnansweredError
    from modelwarden.redteam.replay import replay as ask_again
    from modelwarden.targets.errors import TargetError

    try:
        rules = None if own is None else load(own)
        done = ask_again(folder, url=url, rules=rules, trust=trust_model, version=__version__)
    except UnansweredError as error:  # there is nothing to resume here
        raise TargetError(error.message, hint=_hint_of(error)) from error
    return finish(done.report, form, None)


def _shown(folder: Path, wall: str, own: Path | None, form: str) -> int:
    """Show the campaign to a firewall."""
    from modelwarden import __version__
    from modelwarden.cli.finish import finish
    from modelwarden.redteam import load
    from modelwarden.redteam.through import through

    rules = None if own is None else load(own)
    return finish(through(folder, wall, rules=rules, version=__version__), form, None)


def _hint_of(error: UnansweredError) -> str:
    """Return the next step of who asks again, where there is no campaign to resume."""
    if error.hint != type(error).hint:
        return error.hint
    if error.status:
        return "It is there, and gives no answer: look at its log, or ask again later."
    return "Start the server, or name it with --url."


def _played(folder: Path, form: str) -> int:
    """Render the report that the transcript alone leads to."""
    from modelwarden import __version__
    from modelwarden.cli.finish import finish
    from modelwarden.redteam import run
    from modelwarden.redteam.pinned import campaign_in

    campaign = campaign_in(folder)
    done = run(campaign, output=folder, offline=True, version=__version__)
    return finish(done.report, form, None, fail_on=campaign.policy.fail_on)


@redteam.command("run")
@click.argument("path", metavar="CAMPAIGN.toml", type=_PATH)
@click.option("--resume", is_flag=True, help="Go on where an earlier run in the folder stood.")
@click.option(
    "--output",
    type=_PATH,
    metavar="DIR",
    help="Folder for report, debrief, transcript, evasions and state; by default the "
    "campaign file's name with .redteam behind it.",
)
@form_option("Form of the report on stdout.")
@engine_option(
    "Where pairs of several targets and seeds are worked: on this machine, or on a Ray cluster."
)
@click.option("--dry-run", is_flag=True, help="Tell what would be done, and ask nothing.")
@trust_option("a callable")
def run_campaign(
    path: Path,
    resume: bool,
    output: Path | None,
    form: str,
    engine: str,
    dry_run: bool,
    trust_model: bool,
) -> int:
    """Run the exercise that a campaign file describes.

    It does not start without the line that says who authorised it, and it asks no host that its
    rules do not name.
    """
    from dataclasses import replace

    from modelwarden import __version__
    from modelwarden.cli.finish import finish
    from modelwarden.cli.main import tell
    from modelwarden.metrics import require

    require()
    from modelwarden.redteam import load, run

    campaign = load(path)
    if dry_run:
        campaign = replace(campaign, dry_run=True)
    folder = output or path.with_name(f"{path.stem}.redteam")
    done = run(
        campaign,
        output=folder,
        resume=resume,
        engine=engine,
        trust=trust_model,
        version=__version__,
    )
    if done.stopped is not None:
        tell(f"the campaign stopped: {done.stopped}", f"its state is safe in {folder}: --resume")
    code = finish(done.report, form, None, fail_on=campaign.policy.fail_on)
    if done.folder is not None:
        _point(done.folder, len(done.evasions))
    return code


def _point(folder: Path, evasions: int) -> None:
    """Tell on stderr where people read on; stdout is the report's own."""
    from modelwarden.gate.walk import printable

    line = f"modelwarden: debrief {folder / 'debrief.html'}"
    if evasions:
        line += f" · {evasions} in {folder / 'evasions'}"
        line += f" · after a fix: modelwarden redteam replay {folder}"
    click.echo(printable(line), err=True)


@redteam.command("import")
@click.argument("paths", metavar="FILE...", nargs=-1, required=True, type=_PATH)
@click.option(
    "--attacks",
    is_flag=True,
    help="In Inspect logs, a score of 1 is an attack that worked.",
)
@click.option("--policy", "policy", type=_PATH, metavar="FILE", help="What must be shown.")
@fail_on_option()
@form_option("Form of the report.")
@click.option("--output", type=_PATH, metavar="FILE", help="Write the report there.")
def import_results(
    paths: tuple[Path, ...],
    attacks: bool,
    policy: Path | None,
    fail_on: str | None,
    form: str,
    output: Path | None,
) -> int:
    """Make a report of results of garak, promptfoo or Inspect.

    garak's .report.jsonl, promptfoo's JSON or JSON lines, Inspect's log (.eval or JSON). The
    files are read as a stranger's: nothing in them is run, and what they lack or contradict is a
    gap.
    """
    from modelwarden.cli.results import imported

    return imported(
        paths, attacks=attacks, policy=policy, fail_on=fail_on, form=form, output=output
    )
