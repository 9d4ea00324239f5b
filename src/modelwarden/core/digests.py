"""Digests of files and of findings."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Iterable

_CHUNK = 1 << 20
_TORCH_MEMBER = re.compile(
    r"^[^/!]+/(?=(data\.pkl|constants\.pkl|version|byteorder|code/|data/|\.data/))"
)


def sha256_of(stream: BinaryIO) -> str:
    """Return the hex SHA-256 of what is left in `stream`, read in bounded pieces."""
    digest = hashlib.sha256()
    while chunk := stream.read(_CHUNK):
        digest.update(chunk)
    return digest.hexdigest()


def digest_of_tree(files: Iterable[tuple[str, str]]) -> str:
    """Return `sha256:` over sorted (path, hex digest) pairs."""
    digest = hashlib.sha256()
    for path, sha256 in sorted(files):
        digest.update(f"{len(path)}:{path}={sha256}\n".encode(errors="surrogateescape"))
    return f"sha256:{digest.hexdigest()}"


def fingerprint(rule: str, path: str | None, member: str | None, identity: Iterable[str]) -> str:
    r"""Return the identity of a finding, stable over re-runs and re-packing.

    The name that torch gives the folder inside its archives changes with the file's name, so it
    is left out of `member`.

    >>> fingerprint("r", "m.pt", "epoch_3/data.pkl", ["os.system"]) == \
    ...     fingerprint("r", "m.pt", "archive/data.pkl", ["os.system"])
    True
    """
    last = (member or "").split("!")
    parts = [rule, path or "", *(_TORCH_MEMBER.sub("", m) for m in last), "", *identity]
    text = "\x1f".join(part.replace("\x1f", " ") for part in parts)
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:32]
