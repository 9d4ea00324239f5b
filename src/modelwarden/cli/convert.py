"""`modelwarden convert`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from modelwarden.convert import Converted

_FILE = click.Path(path_type=Path)
_LINES = 8
MODELS = {".skops": "skops", ".onnx": "onnx"}


@click.command()
@click.argument("source", metavar="SRC", type=_FILE)
@click.argument("target", metavar="DST", type=_FILE)
@click.option("--force", is_flag=True, help="Overwrite DST.")
@click.option("--below", metavar="NAME", help="Take only what stands below NAME (state_dict).")
@click.option("--partial", is_flag=True, help="Leave out tensors that cannot be taken.")
@click.option("--no-metadata", is_flag=True, help="Write nothing but tensors.")
@click.option(
    "--python",
    metavar="FILE",
    help="For .skops and .onnx: the interpreter that has what the model needs.",
)
@click.option(
    "--data", type=_FILE, metavar="FILE", help="For .skops and .onnx: rows to compare on, as .npy."
)
def convert(
    source: Path,
    target: Path,
    force: bool,
    below: str | None,
    partial: bool,
    no_metadata: bool,
    python: str | None,
    data: Path | None,
) -> int:
    """Write the tensors of a model file in a format that runs no code.

    The ending of DST says which: .safetensors or .npz. Nothing of SRC is run: its tensors are
    taken out by Modelwarden's own readers, and every bit is compared after writing.

    A scikit-learn model is written as .skops or .onnx by the interpreter that --python names, in
    the sandbox, once a scan has left nothing open; its predictions are compared.
    """
    from modelwarden.cli.progress import as_share, progress_line
    from modelwarden.convert import convert as converted
    from modelwarden.convert.run import FORMS
    from modelwarden.core import InputError, UnknownNameError

    if source.is_dir():
        raise InputError(
            f"{source} is a folder, and one file is converted at a time",
            hint="Name the file in it that holds the tensors.",
        )
    if not source.exists():
        raise InputError(f"no such file: {source}", hint="Check the spelling.")
    ending = target.suffix.lower()
    if ending in MODELS:
        if below or partial or no_metadata:
            raise click.UsageError("--below, --partial and --no-metadata are for tensors")
        return _model(source, target, MODELS[ending], python, data, force=force)
    if ending not in FORMS:
        raise UnknownNameError("ending", ending or target.name, [*FORMS, *MODELS])
    if python or data:
        raise click.UsageError("--python and --data are for .skops and .onnx: nothing else runs")
    with progress_line(as_share("converted")) as progress:
        done = converted(
            source,
            target,
            form=FORMS[ending],
            partial=partial,
            below=below,
            metadata=not no_metadata,
            force=force,
            progress=progress,
        )
    click.echo(_told(source, target, done), nl=False)
    return 0


def _model(
    source: Path, target: Path, form: str, python: str | None, data: Path | None, *, force: bool
) -> int:
    from modelwarden import __version__
    from modelwarden.convert.model import convert_model
    from modelwarden.convert.rows import rows_of
    from modelwarden.gate.walk import printable

    if python is None:
        raise click.UsageError(
            f"scikit-learn itself writes {form}: name an interpreter that has it with --python"
        )
    rows = None if data is None else rows_of(data)
    done = convert_model(source, target, form=form, python=python, data=rows, force=force)
    whence = "given" if done.given else "made up"
    lines = [
        f"modelwarden {__version__} · convert {source} → {target}",
        f"CONVERTED  {done.kind} · {done.size:,} bytes · scikit-learn → {done.target}",
        f"  compared   predictions on {done.rows} {whence} rows: at most {done.largest:.3g} apart",
        f"  sandbox    {done.tier}",
    ]
    if done.unexamined:
        lines.append(f"  INCOMPLETE the result could not be examined: {done.unexamined[0]}")
    else:
        lines.append("  proved     the result was scanned clean")
    click.echo("\n".join(map(printable, lines)))
    return 3 if done.unexamined else 0


def _told(source: Path, target: Path, done: Converted) -> str:
    from modelwarden import __version__
    from modelwarden.gate.walk import printable

    many = "1 tensor" if done.tensors == 1 else f"{done.tensors:,} tensors"
    lines = [
        f"modelwarden {__version__} · convert {printable(str(source))} → {printable(str(target))}",
        f"CONVERTED  {many} · {done.size:,} bytes · {done.source} → {done.target}",
        "  proved     read back, every bit compared, scanned clean",
    ]
    lines += _source(done)
    lines += _list("kept", "as metadata", done.kept)
    lines += _list(
        "tied", "one tensor in the source, two now", [f"{a} = {b}" for a, b in done.tied]
    )
    lines += _list("skipped", "could not be taken", [f"{n}: {why}" for n, why in done.skipped])
    # What may be part of the model first: arrays that are no tensors, then code, then the rest.
    lost = sorted(done.lost, key=lambda one: (not one[1].startswith("array"), one[0] != ""))
    lines += _list("left", "left behind", [f"{n} ({w})" if n else w for n, w in lost])
    return "\n".join(printable(line) for line in lines) + "\n"


def _source(done: Converted) -> list[str]:
    from modelwarden.core import Severity

    bad = [f for f in done.findings if f.severity.rank <= Severity.HIGH.rank]
    if not bad:
        return []
    return [
        f"  WARNING    do not load the source: {len(bad)} of its findings are high or above",
        f"             {bad[0].severity} {bad[0].rule}: {bad[0].message[:200]}",
        "             nothing of it was run; what its code would do to the tensors is not in them",
    ]


def _list(word: str, why: str, entries: object) -> list[str]:
    found = [str(entry) for entry in entries] if isinstance(entries, list | tuple) else []
    if not found:
        return []
    lines = [f"  {word:<10} {len(found):,} {why}"]
    lines += [f"             {entry[:160]}" for entry in found[:_LINES]]
    if len(found) > _LINES:
        lines.append(f"             … and {len(found) - _LINES:,} more")
    return lines
