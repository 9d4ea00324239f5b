"""`modelwarden init`."""

from __future__ import annotations

import click

from modelwarden.cli.options import Place


@click.command()
@click.argument("folder", metavar="[DIR]", default=".", required=False, type=Place())
@click.option("--force", is_flag=True, help="Replace a modelwarden.toml that is there.")
def init(folder: str, force: bool) -> int:
    """Write a commented modelwarden.toml from what a folder holds.

    Models are told by their content, data by their columns; what is guessed is marked so. Nothing
    that is found is run.
    """
    from pathlib import Path

    from modelwarden.cli.finish import check_writable, write_whole
    from modelwarden.core import InputError
    from modelwarden.gate.draft import draft
    from modelwarden.gate.project import FILE
    from modelwarden.gate.walk import printable

    place = Path(folder)
    target = place / FILE
    if (target.exists() or target.is_symlink()) and not force:
        raise InputError(
            f"{printable(str(target))} is there already",
            hint="Name another folder, or replace it with --force.",
        )
    text = draft(place)
    check_writable(target)
    write_whole(target, text.encode("utf-8", "backslashreplace"))
    click.echo(
        f"wrote {printable(str(target))}: look at the lines marked GUESS, then run", err=True
    )
    click.echo(f"  modelwarden check {printable(folder)}", err=True)
    return 0
