"""`modelwarden advisories`: the local index of known vulnerabilities."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from modelwarden.cli.options import form_option

if TYPE_CHECKING:
    from modelwarden.core import AdvisoryData
    from modelwarden.dependencies.index import Count

_FILE = click.Path(path_type=Path)
_INDEX = click.option(
    "--advisories",
    "index",
    type=_FILE,
    metavar="FILE",
    help="The index [default: $MODELWARDEN_ADVISORIES, else in the user's data folder].",
)


@click.group()
def advisories() -> None:
    """Import known vulnerabilities (OSV) into the local index, and tell what it holds."""


@advisories.command("import")
@click.argument("source", metavar="FILE|DIR|URL")
@_INDEX
@click.option("--replace", is_flag=True, help="Begin from nothing instead of adding to the index.")
def import_(source: str, index: Path | None, replace: bool) -> int:
    """Add OSV records to the index, which is replaced as a whole or not at all.

    FILE is OSV data as lines of JSON (also gzipped) or a zip of records; DIR is a folder or a
    checked-out git tree of JSON or YAML records. Only an https URL that is named here is ever
    fetched.
    """
    from modelwarden.dependencies import place_of
    from modelwarden.dependencies.build import build
    from modelwarden.dependencies.feeds import records
    from modelwarden.dependencies.fetch import fetched
    from modelwarden.dependencies.index import Index

    place, _ = place_of(index)
    with fetched(source) as path:
        counts = build(records(path), place, replace=replace)
    with Index(place) as made:
        click.echo(_told(place, made.data, counts), nl=False)
    return 0


@advisories.command()
@_INDEX
@form_option(forms=("text", "json"))
def status(index: Path | None, form: str) -> int:
    """Tell which index is used, how new it is, and what it holds; looks at all of it."""
    from modelwarden.core import encode
    from modelwarden.dependencies import place_of
    from modelwarden.dependencies.index import Index
    from modelwarden.report.escape import json_text

    place, _ = place_of(index)
    with Index(place) as opened:
        opened.check()
        data, counts = opened.data, opened.counts()
    if form == "json":
        told = {"path": str(place), "advisories": encode(data), "ecosystems": encode(counts)}
        click.echo(json_text(told))
    else:
        click.echo(_told(place, data, counts), nl=False)
    return 0


def _told(place: Path, data: AdvisoryData, counts: tuple[Count, ...]) -> str:
    lines = [
        f"index    {place}",
        f"records  {data.records:,}",
        f"newest   {data.date}",
        f"digest   {data.digest}",
        "",
        f"{'ecosystem':<20} {'records':>9} {'withdrawn':>9} {'packages':>9}  newest",
    ]
    lines += [
        f"{c.ecosystem[:20]:<20} {c.records:>9,} {c.withdrawn:>9,} {c.packages:>9,}  {c.newest}Z"
        for c in counts
    ]
    return "".join(f"{line}\n" for line in lines)
