"""`modelwarden scan`."""

from __future__ import annotations

from pathlib import Path

import click

from modelwarden.cli.options import FORMATS, Named
from modelwarden.core import Severity


@click.command()
@click.argument("paths", metavar="PATH...|-", nargs=-1, required=True)
@click.option(
    "--format", "form", type=Named("format", FORMATS), default="text", help="Of the report."
)
@click.option(
    "--output", type=click.Path(path_type=Path), metavar="FILE", help="Instead of stdout."
)
@click.option(
    "--fail-on", type=Named("severity", [s.value for s in Severity]), help="Fail at this or worse."
)
@click.option("--jobs", type=click.IntRange(min=1), default=1, show_default=True, help="Processes.")
@click.option("--no-hash", is_flag=True, help="Leave out SHA-256 digests: faster on large files.")
def scan(
    paths: tuple[str, ...],
    form: str,
    output: Path | None,
    fail_on: str | None,
    jobs: int,
    no_hash: bool,
) -> int:
    """Examine model files and folders without loading them.

    PATH is a file or a folder; - reads one file from stdin.
    """
    from modelwarden.cli.finish import finish
    from modelwarden.core import Policy
    from modelwarden.gate.scan import scan as examine
    from modelwarden.gate.unit import Options

    policy = Policy(fail_on=Severity(fail_on)) if fail_on else Policy()
    report = examine(paths, policy=policy, jobs=jobs, options=Options(hashing=not no_hash))
    return finish(report, form, output)
