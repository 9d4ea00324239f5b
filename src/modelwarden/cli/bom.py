"""`modelwarden bom`: a bill of materials of a model, and the difference between two."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from modelwarden.cli.options import Named, fail_on_option, form_option
from modelwarden.core import Severity

if TYPE_CHECKING:
    from modelwarden.gate.bom.bills import Bill
    from modelwarden.gate.bom.difference import Difference

_FILE = click.Path(path_type=Path)
_FORMS = ("cyclonedx", "spdx", "openvex")
_SPECS = ("1.6", "1.7")
_OUTPUT = click.option(
    "--output", type=_FILE, metavar="FILE", help="Write the document there; - is stdout."
)
_WRITE = "write"


class _Default(click.Group):
    """A group that takes a path where others take the name of a subcommand."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in {"diff", "--help", "-h"}:
            args = [_WRITE, *args]
        return super().parse_args(ctx, args)

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        formatter.write_usage(ctx.command_path, "PATH [OPTIONS]", "Usage: ")
        formatter.write_usage(ctx.command_path, "diff A B [OPTIONS]", "       ")

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        self.commands[_WRITE].format_options(ctx, formatter)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write nothing: the usage names the one subcommand."""


@click.group(cls=_Default, context_settings={"help_option_names": ["-h", "--help"]})
def bom() -> None:
    """Write a bill of materials of a model: its files, packages, weaknesses and model card.

    PATH is a model file or folder (./diff for one of that name). It is scanned, nothing in it is
    loaded, and the same files, options and advisories give the same bytes.

    \b
    Exit codes: 0 the document is complete, 2 usage or input error, 3 it is written, but
    something could not be examined and is named in it.
    """  # noqa: D301 -- click reads the backspace itself, not its escape


@bom.command(_WRITE, hidden=True)
@click.argument("path", metavar="PATH")
@form_option(
    "Form of the document; openvex tells the weaknesses and what was decided about them.",
    forms=_FORMS,
    default="cyclonedx",
)
@click.option(
    "--spec",
    type=Named("version", _SPECS),
    default="1.6",
    show_default=True,
    help="Version of CycloneDX.",
)
@_OUTPUT
@click.option("--report", type=_FILE, metavar="FILE", help="An assessment, for measures.")
@click.option("--policy", type=_FILE, metavar="FILE", help="Whose waivers are told.")
@click.option(
    "--vex",
    type=_FILE,
    metavar="FILE",
    multiple=True,
    help="OpenVEX statements; may be repeated.",
)
@click.option(
    "--import",
    "imports",
    type=_FILE,
    metavar="FILE",
    multiple=True,
    help="Add a result of osv-scanner, Trivy, Grype or pip-audit; may be repeated.",
)
@click.option("--advisories", type=_FILE, metavar="FILE", help="Index of known vulnerabilities.")
@click.option("--jobs", type=click.IntRange(min=1), default=1, show_default=True)
def write(
    path: str,
    form: str,
    spec: str,
    output: Path | None,
    report: Path | None,
    policy: Path | None,
    vex: tuple[Path, ...],
    imports: tuple[Path, ...],
    advisories: Path | None,
    jobs: int,
) -> int:
    """Write a bill of materials of the model at PATH."""
    from modelwarden.cli.finish import check_writable
    from modelwarden.cli.progress import progress_line
    from modelwarden.gate.beside import Beside
    from modelwarden.gate.bom import bill, document
    from modelwarden.gate.scan import How
    from modelwarden.gate.unit import Options
    from modelwarden.policy import load

    written = None if output is None or str(output) == "-" else output
    if written is not None:
        check_writable(written, [path])
    with progress_line() as progress:
        made = bill(
            path,
            assessment=report,
            policy=load(policy) if policy else None,
            options=Options(advisories=advisories),
            how=How(jobs=jobs, progress=progress),
            beside=Beside(imports=imports, vex=vex),
        )
    _deliver(document(made, form, spec), written)
    return _complete(made)


@bom.command()
@click.argument("before", metavar="A", type=_FILE)
@click.argument("after", metavar="B", type=_FILE)
@form_option(forms=("text", "json"))
@_OUTPUT
@fail_on_option("Fail on a new vulnerability of this severity or worse.", default="high")
def diff(before: Path, after: Path, form: str, output: Path | None, fail_on: str) -> int:
    """Tell what changed from the bill of materials A to B (CycloneDX or SPDX, JSON).

    \b
    Exit codes: 0 no new vulnerability at or above --fail-on, 1 there is one, 2 usage or input
    error, 3 B does not say all, so that there is none cannot be told.
    """  # noqa: D301 -- click reads the backspace itself, not its escape
    from modelwarden.cli.finish import check_writable
    from modelwarden.gate.bom.difference import between, read
    from modelwarden.gate.bom.told import as_json, as_text

    written = None if output is None or str(output) == "-" else output
    if written is not None:
        check_writable(written, [str(before), str(after)])
    found = between(read(before), read(after))
    _deliver(as_json(found) if form == "json" else as_text(found), written)
    return _judged(found, Severity(fail_on))


def _deliver(text: str, output: Path | None) -> None:
    from modelwarden.cli.finish import print_whole, write_whole

    if output is None:
        print_whole(text)
    else:
        write_whole(output, text.encode("utf-8", "backslashreplace"))


def _complete(made: Bill) -> int:
    from modelwarden.cli.main import EXIT_INCOMPLETE, EXIT_PASS, tell

    gaps = made.report.gaps
    if not gaps:
        return EXIT_PASS
    more = f" and {len(gaps) - 1} more" if len(gaps) > 1 else ""
    tell(f"incomplete: {gaps[0].what}: {gaps[0].why}{more}", "the document names each")
    return EXIT_INCOMPLETE


def _judged(found: Difference, fail_on: Severity) -> int:
    from modelwarden.cli.main import EXIT_FAIL, EXIT_INCOMPLETE, EXIT_PASS

    new: Sequence[Severity] = [w.counts_as for w in found.weaknesses.added if not w.settled]
    if any(severity.rank <= fail_on.rank for severity in new):
        return EXIT_FAIL
    return EXIT_INCOMPLETE if found.unsure else EXIT_PASS
