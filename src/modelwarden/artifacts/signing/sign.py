"""Sign a model: hash its files, bind a report to them, write one bundle."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from modelwarden.artifacts.signing import attestation, bundle, keys, statement
from modelwarden.artifacts.signing.errors import UnsignableError
from modelwarden.artifacts.signing.hashing import Hashing, maker
from modelwarden.artifacts.signing.statement import How
from modelwarden.artifacts.signing.tree import GIT, Tree, units, walk
from modelwarden.core.values import dataclass
from modelwarden.formats.archive import printable

if TYPE_CHECKING:
    from modelwarden.core import Policy

_SHOWN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """What was signed.

    Attributes:
        data: the bundle, to be written.
        key: hex name of the public key. curve: it is on.
        files: how many. root: hex digest over them. ignored: files that are left out.
    """

    data: bytes
    key: str
    curve: str
    files: int
    root: str
    ignored: int
    attestation: attestation.Attestation | None


def sign(
    path: Path,
    key: Path,
    signature: Path,
    *,
    password: keys.Password,
    certificate: Path | None = None,
    chain: Sequence[Path] = (),
    report: bytes | None = None,
    policy: tuple[Policy, bytes] | None = None,
    ignore: Sequence[str] = (),
    follow: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Signed:
    """Sign the file or folder at `path`; the caller writes what is returned to `signature`.

    Args:
        path: the model.
        key: a private key in PEM.
        signature: where the bundle will stand; left out of what is signed.
        password: asked when the key is encrypted.
        certificate: of the key; then `chain` holds those above it.
        chain: certificates between that one and the root.
        report: a report in JSON to be bound.
        policy: the policy of that report with the bytes of its file.
        ignore: paths below the model that are left out besides git's own.
        follow: links to files stand for the files.
        progress: called with the bytes hashed and all of them.

    Raises:
        InputError: the model, the key or the report cannot be used.
    """
    folder = path.is_dir()
    how = How(follow=follow, ignored=_ignored(path, signature, ignore) if folder else ())
    tree = walk(str(path), how, str(signature))
    _signable(path, tree, key)
    with Hashing(units(tree, how), maker(how.algorithm)) as hashing:
        private = keys.load_private(key, password)
        certificates: tuple[bytes, ...] = ()
        if certificate is not None:
            from modelwarden.artifacts.signing.certificates import chain_for

            certificates = chain_for(private, certificate, chain)
        digests = hashing.result(progress)
    public = private.public_key()
    bound = None
    if report is not None:
        own = _below(path, signature)
        left_out = {*tree.ignored, *([own] if own else [])}
        bound = attestation.bind(report, digests, left_out, policy)
    name = path.name if path.name not in {"", ".."} else path.resolve().name
    payload = statement.encode(name, how, digests, bound.to_json() if bound else None)
    made = bundle.Bundle(
        payload=payload,
        signature=keys.signature_of(private, bundle.pae(payload)),
        hint=keys.hint_of(public),
        certificates=certificates,
    )
    ordered = [digest for _, digest in statement.in_order(digests)]
    return Signed(
        data=bundle.encode(made),
        key=keys.hint_of(public),
        curve=keys.curve_of(public),
        files=len(digests),
        root=statement.root_of(ordered),
        ignored=len(tree.ignored),
        attestation=bound,
    )


def _ignored(path: Path, signature: Path, more: Sequence[str]) -> tuple[str, ...]:
    own = _below(path, signature)
    given = [one.rstrip("/") for one in more]
    for one in given:
        if not statement.is_plain(one):
            raise UnsignableError(f"--ignore {one!r} is no path below the model")
    return tuple(dict.fromkeys([*GIT, *given, *([own] if own else [])]))


def _below(path: Path, signature: Path) -> str | None:
    """Return where below the model the signature will stand, or None when it will not."""
    root = os.path.realpath(path)
    own = os.path.join(os.path.realpath(signature.parent), signature.name)  # noqa: PTH118
    return os.path.relpath(own, root) if own.startswith(f"{root}/") else None


def _signable(path: Path, tree: Tree, key: Path) -> None:
    if tree.odd:
        name, why = tree.odd[0]
        links = all("symbolic link" in why for _, why in tree.odd)
        raise UnsignableError(
            f"{printable(name)} is {why}, which no signature covers",
            hint="--follow-links signs the files that links lead to."
            if links
            else "Take it out of the model, or leave it out with --ignore.",
        )
    if not tree.files:
        raise UnsignableError(f"{path} holds no file to be signed")
    own = _identity(key)
    for name, file, _ in tree.files:
        if not name.isprintable() and _not_text(name):
            raise UnsignableError(f"the name {printable(name)} is not UTF-8")
        if own is not None and _identity(file) == own:
            raise UnsignableError(
                f"the private key {key} is part of the model, and would be published with it",
                hint="Keep keys outside of what is signed.",
            )


def _identity(file: str | Path) -> tuple[int, int] | None:
    try:
        status = os.stat(file)  # noqa: PTH116 -- names of files may hold any bytes
    except OSError:  # what cannot be read is told by who reads it
        return None
    return status.st_dev, status.st_ino


def _not_text(name: str) -> bool:
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return True
    return False
