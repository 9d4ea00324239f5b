"""`modelwarden summary`."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

import click

from modelwarden.cli.finish import check_writable, write_whole
from modelwarden.core import InputError

if TYPE_CHECKING:
    from modelwarden.core import Report

_LARGEST = 256 << 20


@click.command()
@click.argument("reports", nargs=-1, required=True, metavar="REPORT...")
@click.option(
    "--output",
    required=True,
    type=click.Path(path_type=Path),
    metavar="FILE.html",
    help="The page to write.",
)
def summary(reports: tuple[str, ...], output: Path) -> int:
    """Make one static page over many REPORTs: inventory, verdicts, trends.

    A REPORT is a JSON file that `--format json` wrote, or the folder that `check --output` wrote.
    The page has a view for a security team and one for those who make models.
    """
    check_writable(output, reports)
    read = [_read(name) for name in reports]
    from modelwarden import __version__
    from modelwarden.report.portfolio import collect, render_page

    portfolio = collect(read, dt.datetime.now(dt.UTC).date())
    write_whole(output, render_page(portfolio, version=__version__).encode())
    return 0


def _read(name: str) -> Report:
    from modelwarden.core.decode import NotAReportError, report_from_json

    path = Path(name)
    path = path / "report.json" if path.is_dir() else path
    try:
        with path.open("rb") as stream:
            data = stream.read(_LARGEST + 1)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise InputError(
            f"cannot read the report {path}: {reason}",
            hint="Name JSON reports, or folders that check --output wrote.",
        ) from error
    if len(data) > _LARGEST:
        raise InputError(f"{path}: larger than {_LARGEST} bytes, this is no report")
    try:
        return report_from_json(data)
    except NotAReportError as error:
        raise NotAReportError(f"{path}: {error.message}", hint=error.hint) from error
