"""`modelwarden sign`."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from modelwarden.artifacts.signing.sign import Signed
    from modelwarden.core import Policy

PASSWORD = "MODELWARDEN_KEY_PASSWORD"  # noqa: S105 -- the variable's name
_FILE = click.Path(path_type=Path)


@click.command()
@click.argument("path", type=_FILE)
@click.option("--key", type=_FILE, required=True, metavar="K", help="Private key, in PEM.")
@click.option(
    "--signature",
    type=_FILE,
    metavar="FILE",
    help="Write the signature there [default: PATH/model.sig, or FILE.sig for a file].",
)
@click.option("--attest", type=_FILE, metavar="REPORT", help="Bind this report in JSON to it.")
@click.option(
    "--policy", type=_FILE, metavar="FILE", help="With --attest: the policy of its verdict."
)
@click.option("--certificate", type=_FILE, metavar="FILE", help="Certificate of the key, in PEM.")
@click.option(
    "--chain",
    type=_FILE,
    metavar="FILE",
    multiple=True,
    help="Certificates between that one and the root; may be repeated.",
)
@click.option(
    "--ignore",
    metavar="PATH",
    multiple=True,
    help="Leave out this path below the model; may be repeated. Git's own files always are.",
)
@click.option("--follow-links", is_flag=True, help="Sign the files that symbolic links lead to.")
def sign(
    path: Path,
    key: Path,
    signature: Path | None,
    attest: Path | None,
    policy: Path | None,
    certificate: Path | None,
    chain: tuple[Path, ...],
    ignore: tuple[str, ...],
    follow_links: bool,
) -> int:
    """Sign a model in the OpenSSF model signing format.

    PATH is a file or a folder. The password of an encrypted key is taken from the environment
    (MODELWARDEN_KEY_PASSWORD) or asked for on a terminal, never from the command line.
    """
    from modelwarden.artifacts.signing import sign as signed_model
    from modelwarden.cli.finish import check_writable, write_whole
    from modelwarden.cli.progress import as_share, progress_line

    if policy is not None and attest is None:
        raise click.UsageError("--policy says what the report of --attest was judged by")
    if chain and certificate is None:
        raise click.UsageError("--chain continues --certificate")
    target = signature or default_signature(path)
    _check_target(target)
    check_writable(target)
    with progress_line(as_share("hashed")) as progress:
        made = signed_model(
            path,
            key,
            target,
            password=password,
            certificate=certificate,
            chain=chain,
            report=None if attest is None else read_input(attest),
            policy=None if policy is None else _policy(policy),
            ignore=ignore,
            follow=follow_links,
            progress=progress,
        )
    write_whole(target, made.data)
    click.echo(_told(path, target, made, ignore), nl=False)
    return 0


def default_signature(path: Path) -> Path:
    """Return where the signature of a model stands when nothing else is said."""
    return path / "model.sig" if path.is_dir() else path.with_name(f"{path.name}.sig")


def read_input(path: Path) -> bytes:
    """Return the bytes of a file of the user's.

    Raises:
        InputError: it cannot be read.
    """
    from modelwarden.core import InputError

    try:
        return path.read_bytes()
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise InputError(f"cannot read {path}: {why}") from error


def _policy(path: Path) -> tuple[Policy, bytes]:
    from modelwarden.policy import load

    return load(path), read_input(path)


def _check_target(target: Path) -> None:
    """Refuse to write over anything but a signature."""
    from modelwarden.artifacts.signing.bundle import parse
    from modelwarden.artifacts.signing.errors import BrokenBundleError
    from modelwarden.core import OutputError

    if not target.is_file():
        return
    try:
        parse(read_input(target))
    except BrokenBundleError as error:
        raise OutputError(
            f"{target} is there and is no signature: it is not overwritten",
            hint="Choose another --signature.",
        ) from error


def password() -> bytes | None:
    """Return the password of a key from the environment, or asked for on a terminal."""
    given = os.environ.get(PASSWORD)
    if given is not None:
        return given.encode(errors="surrogateescape")
    if not sys.stdin.isatty():
        return None
    text: str = click.prompt("Password of the key", hide_input=True, err=True)
    return text.encode()


def _told(path: Path, target: Path, made: Signed, ignore: tuple[str, ...]) -> str:
    from modelwarden import __version__
    from modelwarden.gate.walk import printable

    many = "1 file" if made.files == 1 else f"{made.files} files"
    lines = [
        f"modelwarden {__version__} · sign {printable(str(path))}",
        f"SIGNED  {many} · key {made.key} ({made.curve})",
        f"  model      sha256:{made.root}",
        f"  signature  {printable(str(target))}",
    ]
    if made.ignored:
        left = "1 file" if made.ignored == 1 else f"{made.ignored} files"
        lines.append(f"  left out   {left}, about which it says nothing")
    lines += [
        f"  not there  {printable(name)}, which was to be left out"
        for name in ignore
        if not os.path.lexists(path / name)
    ]
    if made.attestation is not None:
        bound = made.attestation
        lines.append(f"  attests    {bound.command}: {bound.outcome}, {bound.gaps} gaps")
    return "\n".join(lines) + "\n"
