"""`modelwarden ledger`: check, show and export a tamper-evident log."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from modelwarden.cli.options import form_option

if TYPE_CHECKING:
    from modelwarden.ledger import Check, Seal

_FILE = click.Path(path_type=Path)
_FOLDER = click.argument("folder", metavar="DIR", type=_FILE)


@click.group()
def ledger() -> None:
    """Check, show and export a ledger: the record of every decision of a firewall.

    DIR is the folder of the ledger.
    """


@ledger.command()
@_FOLDER
@click.option("--key", type=_FILE, metavar="PUB", help="Public key of its heads, in PEM.")
@click.option(
    "--head", "heads", type=_FILE, metavar="FILE", help="Heads of it that were kept elsewhere."
)
@form_option("Form of the answer.", forms=("text", "json"))
def verify(folder: Path, key: Path | None, heads: Path | None, form: str) -> int:
    """Find every edit, removal and change of order, and with --head an end that was cut.

    \b
    Exit codes: 0 it is as it was written up to the head that was kept elsewhere, 1 it was
    altered, 2 usage or input error, 3 nothing wrong was found, but nobody vouches for its end.
    """  # noqa: D301 -- click reads the backspace itself, not its escape
    from modelwarden.cli.finish import print_whole
    from modelwarden.ledger import load_public
    from modelwarden.ledger import verify as checked
    from modelwarden.ledger.heads import kept_in

    _check_elsewhere(folder, key, heads)
    kept, torn = ((), 0) if heads is None else kept_in(heads)
    public = None if key is None else load_public(key)
    check = checked(folder, key=public, heads=kept, torn=torn)
    code = 1 if check.problems else 3 if check.open_ends else 0
    print_whole(_as_json(check, code) if form == "json" else _as_text(folder, check, code))
    return code


@ledger.command()
@_FOLDER
@click.option(
    "--last", type=click.IntRange(min=1), default=20, show_default=True, help="How many lines."
)
@click.option("--all", "whole", is_flag=True, help="All of them.")
@click.option("--unseal", type=_FILE, metavar="K", help="Key of the fields that are sealed.")
def show(
    folder: Path,
    last: int,
    whole: bool,
    unseal: Path | None,
) -> int:
    """Show the newest lines, oldest first: position, kind and what was recorded."""
    from modelwarden.cli.finish import print_whole
    from modelwarden.gate.walk import printable
    from modelwarden.ledger import entries, last_entries

    seal = None if unseal is None else _seal(unseal)
    for entry in entries(folder) if whole else last_entries(folder, last):
        kind = "ledger" if entry.own else "record"
        body = entry.body if seal is None or entry.own else _opened(seal, entry.body)
        print_whole(f"{entry.line:>10}  {kind}  {printable(body)}\n")
    return 0


def _seal(path: Path) -> Seal:
    from modelwarden.core import InputError
    from modelwarden.ledger import Seal, key_in

    if not path.is_file():
        raise InputError(f"no such file: {path}")  # `key_in` would make one
    return Seal(key_in(path))


def _opened(seal: Seal, body: str) -> str:
    try:
        record = json.loads(body)
    except (ValueError, RecursionError):
        return body
    return json.dumps(seal.opened(record)) if isinstance(record, dict) else body


@ledger.command()
@_FOLDER
@click.option(
    "--to",
    required=True,
    metavar="SINK",
    help="A file, http(s)://, otlp+http(s):// or s3+http(s)://host/bucket/prefix.",
)
@click.option(
    "--position",
    type=_FILE,
    metavar="FILE",
    help="How far it came [default: DIR.shipped beside the ledger].",
)
@click.option("--follow", is_flag=True, help="Go on until it is asked to end.")
def ship(
    folder: Path,
    to: str,
    position: Path | None,
    follow: bool,
) -> int:
    """Send what is new to another place; the ledger itself is the buffer.

    Secrets come from the environment: LEDGER_TOKEN (http, otlp), AWS_ACCESS_KEY_ID,
    AWS_SECRET_ACCESS_KEY and AWS_REGION (s3).
    """
    import signal
    from threading import Event

    from modelwarden.core.paths import real
    from modelwarden.ledger.ship import Shipper, sink_of

    own = real(folder)  # `.` has no name
    place = position or own.with_name(f"{own.name}.shipped")
    shipper = Shipper(folder, sink_of(to, dict(os.environ)), place)
    if follow:
        ending = Event()
        signal.signal(signal.SIGTERM, lambda *_: ending.set())
        shipper.run(ending.is_set, 1.0, lambda t: click.echo(f"modelwarden: {t}", err=True))
    else:
        shipper.ship()
    click.echo(f"modelwarden: {shipper.sent} lines were sent", err=True)
    if shipper.skipped:
        click.echo(
            f"modelwarden: {shipper.skipped} segments were removed before they were sent", err=True
        )
    return 3 if shipper.skipped else 0


@ledger.command()
@_FOLDER
@click.option(
    "--output",
    type=_FILE,
    metavar="FILE",
    help="FILE.parquet, or lines of JSON under any other name [default: lines on stdout].",
)
def export(folder: Path, output: Path | None) -> int:
    """Write the ledger as a table: line, segment, own, digest, time, record.

    \b
    Exit codes: 0 it is written, 1 it is written, but the ledger was altered (see verify).
    """  # noqa: D301 -- click reads the backspace itself, not its escape
    import sys

    from modelwarden.cli.main import tell
    from modelwarden.ledger import verify as checked
    from modelwarden.ledger.export import write_lines

    check = checked(folder)
    if output is None:
        write_lines(folder, sys.stdout.buffer)
        sys.stdout.buffer.flush()
    else:
        _written(folder, output)
    if check.problems:
        tell(f"{folder} was altered", "modelwarden ledger verify tells where")
        return 1
    return 0


def _written(folder: Path, output: Path) -> None:
    """Write the table beside its place and rename it, so that nobody meets half of it."""
    from modelwarden.cli.finish import check_writable
    from modelwarden.core import OutputError
    from modelwarden.core.paths import real
    from modelwarden.ledger.export import write_lines, write_parquet

    check_writable(output)
    if real(output).parent == real(folder):
        raise OutputError(f"{output} lies in the ledger")
    beside = output.with_name(f".modelwarden-{os.getpid()}.tmp")
    try:
        if output.suffix.lower() == ".parquet":
            write_parquet(folder, beside)
        else:
            with beside.open("xb") as stream:
                write_lines(folder, stream)
        beside.replace(output)
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise OutputError(f"cannot write {output}: {why}") from error
    finally:
        beside.unlink(missing_ok=True)


def _check_elsewhere(folder: Path, key: Path | None, heads: Path | None) -> None:
    """Refuse a key or head from inside of the ledger: who altered it could have put it there."""
    from modelwarden.core import InputError
    from modelwarden.core.paths import lies_in

    for what, path in (("key", key), ("head", heads)):
        if path is not None and lies_in(path, folder):
            raise InputError(
                f"the {what} {path} lies in the ledger that it is to vouch for",
                hint="Keep keys and heads where whoever writes the ledger cannot change them.",
            )


def _as_json(check: Check, code: int) -> str:
    from modelwarden.core import encode

    anchor = check.anchor
    document = {
        "verified": code == 0,
        "ledger": check.ledger,
        "segments": check.segments,
        "records": check.records,
        "lines": check.lines,
        "retired": check.retired,
        "recovered": check.recovered,
        "torn": check.torn,
        "live": check.live,
        "anchor": None
        if anchor is None
        else {
            "lines": anchor.head.mark.lines,
            "time": anchor.head.time,
            "outside": anchor.outside,
            "signed": anchor.signed,
        },
        "problems": encode(check.problems),
        "open_ends": list(check.open_ends),
    }
    return json.dumps(document, indent=1) + "\n"


def _as_text(folder: Path, check: Check, code: int) -> str:
    from modelwarden import __version__
    from modelwarden.gate.walk import printable
    from modelwarden.report.summary import plural

    outcome = {0: "VERIFIED", 1: "ALTERED", 3: "INCOMPLETE"}[code]
    lines = [
        f"modelwarden {__version__} · ledger verify {folder}",
        f"{outcome}  {plural(check.records, 'record')} · {plural(check.lines, 'line')} · "
        f"{plural(check.segments, 'segment')}",
    ]
    lines += [f"  {p.kind.value:<10} {p.where}: {p.detail}" for p in check.problems]
    lines += [f"  open       {text}" for text in check.open_ends]
    lines.append(f"  anchored   {_anchored(check)}")
    if check.retired:
        lines.append(f"  retired    the first {check.retired} lines, as their retention says")
    if check.recovered:
        lines.append(f"  recovered  {check.recovered} times after an interruption")
    if check.live:
        lines.append("  live       a writer has it open")
    return "\n".join(map(printable, lines)) + "\n"


def _anchored(check: Check) -> str:
    anchor = check.anchor
    if anchor is None:
        return "nowhere: no head that holds"
    mark = anchor.head.mark
    by = "a head kept elsewhere" if anchor.outside else "a signed head inside"
    signed = "" if anchor.signed else ", its signature not checked"
    rest = check.lines - mark.lines
    more = f"; {rest} lines after it" if rest > 0 else ""
    return f"up to line {mark.lines} at {anchor.head.time} by {by}{signed}{more}"
