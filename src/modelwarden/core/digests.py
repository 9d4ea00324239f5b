"""Digests of files and of findings."""

from __future__ import annotations

import errno
import hashlib
import os
import re
from typing import TYPE_CHECKING, BinaryIO

from modelwarden.core.errors import HollowFileError

if TYPE_CHECKING:
    from collections.abc import Iterable

_CHUNK = 1 << 20
MOST_HOLES = 1 << 30
_TORCH_MEMBER = re.compile(
    r"^[^/!]+/(?=(data\.pkl|constants\.pkl|version|byteorder|code/|data/|\.data/))"
)


def is_hollow(descriptor: int) -> bool:
    """Tell whether more than `MOST_HOLES` bytes of a file are holes.

    A sparse file announces any size at no cost, and to hash 40 GB of nothing takes minutes. Files
    that hold something have few holes or none. False where the file system does not tell.

    Source: lseek(2), SEEK_DATA and SEEK_HOLE.
    """
    size = os.fstat(descriptor).st_size
    if size <= MOST_HOLES or not hasattr(os, "SEEK_DATA"):
        return False
    before = os.lseek(descriptor, 0, os.SEEK_CUR)
    at = holes = 0
    try:
        while at < size and holes <= MOST_HOLES:
            data = os.lseek(descriptor, at, os.SEEK_DATA)
            holes += data - at
            at = os.lseek(descriptor, data, os.SEEK_HOLE)
    except OSError as error:
        # ENXIO: nothing but a hole is left. Else the file system keeps no count of them.
        holes += size - at if error.errno == errno.ENXIO else 0
    finally:
        os.lseek(descriptor, before, os.SEEK_SET)
    return holes > MOST_HOLES


def sha256_of(stream: BinaryIO) -> str:
    """Return the hex SHA-256 of what is left in `stream`, read in bounded pieces.

    Raises:
        HollowFileError: more than `MOST_HOLES` of it are holes.
    """
    digest = hashlib.sha256()
    try:
        hollow = is_hollow(stream.fileno())
    except (AttributeError, OSError):  # it is no file
        hollow = False
    if hollow:
        raise HollowFileError(str(getattr(stream, "name", "the file")))
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
