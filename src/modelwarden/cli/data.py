"""`modelwarden data`: training data frozen in a manifest, and held against it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from modelwarden.cli.options import form_option

if TYPE_CHECKING:
    from modelwarden.data.frozen.compare import Compared
    from modelwarden.data.frozen.digests import FileDigest

_FILE = click.Path(path_type=Path)
_FILES = click.argument("files", metavar="FILE...", nargs=-1, required=True, type=_FILE)


@click.group()
def data() -> None:
    """Freeze training data in a manifest of digests, and tell what was changed since."""


@data.command()
@_FILES
@click.option("--manifest", type=_FILE, required=True, metavar="FILE", help="Write it there.")
@click.option("--key", type=_FILE, metavar="K", help="Private key in PEM, to sign it.")
@click.option("--force", is_flag=True, help="Replace a manifest of other data, or a signed one.")
def freeze(files: tuple[Path, ...], manifest: Path, key: Path | None, *, force: bool) -> int:
    """Write digests of data as they are approved: of every file, column and row.

    FILE is parquet, csv, csv.gz, npz, jsonl, or a folder of pages or images. The password of an
    encrypted key is taken from MODELWARDEN_KEY_PASSWORD or asked for on a terminal. What was
    approved before is replaced only with --force.
    """
    from modelwarden.cli.finish import check_writable, write_whole
    from modelwarden.cli.sign import password, read_input
    from modelwarden.core import InputError
    from modelwarden.data.frozen.manifest import encode, loss
    from modelwarden.gate.walk import printable

    check_writable(manifest, [str(file) for file in files])
    found = _digests(files)
    names = [file.name for file in found]
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"{printable(name)} is named twice")
    made, signer = encode(found, key, password)
    if not force and manifest.is_file() and (lost := loss(read_input(manifest), made)):
        raise InputError(
            f"{printable(str(manifest))} is there and {lost}",
            hint="Run `modelwarden data verify` against it, write to another file, or add --force.",
        )
    write_whole(manifest, made)
    lines = [f"FROZEN  {_many(len(found), 'file')} in {printable(str(manifest))}"]
    named = {file.as_posix() for file in files}
    lines += [f"  {_shown(file, named)}" for file in found[:20]]
    lines += [f"  … and {len(found) - 20} more"] if len(found) > 20 else []
    lines.append(f"  signed by  {signer}" if signer else "  not signed: --key makes it hold")
    click.echo("\n".join(lines))
    return 0


@data.command()
@_FILES
@click.option("--manifest", type=_FILE, required=True, metavar="FILE", help="As it was frozen.")
@click.option("--key", type=_FILE, metavar="PUB", help="Public key in PEM that must have signed.")
@form_option(forms=("text", "json"))
def verify(files: tuple[Path, ...], manifest: Path, key: Path | None, form: str) -> int:
    """Tell whether data are as they were frozen, and name the file, column and rows that are not.

    Exit code 1 when anything changed, 3 when files of the manifest were not named.
    """
    from modelwarden.cli.sign import read_input
    from modelwarden.data.frozen.compare import compare
    from modelwarden.data.frozen.manifest import decode

    frozen = decode(read_input(manifest), key)
    known = {file.name for file in frozen.files}
    there = tuple(file for file in files if file.exists() or file.as_posix() not in known)
    compared = compare(frozen, _digests(there), [file.as_posix() for file in files])
    code = 1 if compared.differences else 3 if compared.unchecked else 0
    click.echo(_as_json(compared, code) if form == "json" else _as_text(compared))
    return code


def _digests(files: tuple[Path, ...]) -> list[FileDigest]:
    from modelwarden.core import InputError
    from modelwarden.data.frozen.digests import digests_of
    from modelwarden.gate.walk import printable
    from modelwarden.metrics import require

    require()
    for file in files:
        if not file.exists():
            raise InputError(f"no such file: {printable(str(file))}", hint="Check the spelling.")
    return [found for file in files for found in digests_of(file, file.as_posix())]


def _many(count: int, word: str) -> str:
    return f"{count} {word}" if count == 1 else f"{count} {word}s"


def _shown(file: FileDigest, named: set[str]) -> str:
    from modelwarden.gate.walk import printable

    held = f" · {file.rows} rows · {len(file.columns)} columns"
    if file.rows is None:
        why = "no table" if file.name in named else "a table is to be named itself"
        held = f" · only its bytes are held: {why}"
    return f"{printable(file.name)}  sha256:{file.sha256[:16]}…{held}"


def _as_json(compared: Compared, code: int) -> str:
    from modelwarden.core import encode

    document = {
        "verified": code == 0,
        "signed": compared.manifest.signed,
        "signer": compared.manifest.signer,
        "files": compared.files,
        "differences": encode(compared.differences),
        "unchecked": list(compared.unchecked),
    }
    text = json.dumps(document, indent=1, ensure_ascii=False)
    return text.encode("utf-8", "backslashreplace").decode()


def _as_text(compared: Compared) -> str:
    from modelwarden.gate.walk import printable

    found, frozen = compared.differences, compared.manifest
    if found:
        lines = [f"CHANGED  {_many(len(found), 'difference')}"]
        lines += [printable(f"  {d.file}: {d.told}" if d.file else f"  {d.told}") for d in found]
    elif compared.unchecked:
        lines = [f"INCOMPLETE  {_many(compared.files, 'file')} as frozen, others not looked at"]
    else:
        lines = [f"UNCHANGED  {_many(compared.files, 'file')} as frozen"]
    if compared.unchecked:
        names = ", ".join(compared.unchecked[:5])
        lines.append(printable(f"  not looked at: {names}"))
    if frozen.signer:
        lines.append(f"  signed by  {frozen.signer}")
    elif frozen.signed and frozen.broken is None:
        lines.append("  the signature was not checked: give --key")
    elif frozen.broken is None:
        lines.append("  the manifest is not signed: whoever changed the data may have changed it")
    return "\n".join(lines)
