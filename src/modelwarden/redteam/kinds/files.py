"""What the kinds share of reading and writing files."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np

from modelwarden.core import InputError, digest_of_tree
from modelwarden.redteam.kinds.kind import Given, truth
from modelwarden.targets.frames import Column, Frame, Inputs
from modelwarden.targets.reading import read_file
from modelwarden.targets.reading.raw import DataError, Raw


def _to_utf8(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _from_utf8(data: bytes) -> str:
    return data.decode("utf-8", "surrogatepass")


def save_texts(
    folder: Path,
    before: Inputs,
    after: Inputs,
    ending: str = ".txt",
    encoded: Callable[[str], bytes] = _to_utf8,
) -> tuple[str, str]:
    """Write one text and what became of it; any text comes back as it was.

    Returns:
        The names of both files.
    """
    names = (f"original{ending}", f"changed{ending}")
    for name, inputs in zip(names, (before, after), strict=True):
        (folder / name).write_bytes(encoded(str(inputs[0])))  # type: ignore[index]
    return names


def load_texts(
    folder: Path, ending: str = ".txt", decoded: Callable[[bytes], str] = _from_utf8
) -> tuple[Inputs, Inputs]:
    """Read what `save_texts` wrote.

    Raises:
        InputError: it is not there, or no text.
    """
    try:
        before, after = (
            texts_of([decoded((folder / f"{name}{ending}").read_bytes())])
            for name in ("original", "changed")
        )
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{folder} holds no evasion that can be read: {error}") from error
    return before, after


def read_raw(given: Given) -> Raw:
    """Read a file of any form that a data set may have.

    Raises:
        InputError: it cannot be read, or holds no row.
    """
    try:
        raw = read_file(given.path)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise InputError(f"seeds.path = {given.shown!r} cannot be read: {reason}") from error
    except DataError as error:
        raise InputError(
            f"seeds.path = {given.shown!r}: {error.message}", hint=error.hint
        ) from error
    rows = len(raw.frame) if raw.array is None else len(raw.array)
    if not rows:
        raise InputError(
            f"seeds.path = {given.shown!r} holds no rows: there is nothing to disguise",
            hint="Put what is to be disguised there, a row each.",
        )
    return raw


def labelled(raw: Raw, given: Given) -> tuple[Frame, Column | None]:
    """Return the columns without that of the truth, and the truth."""
    frame, label = raw.frame, given.label
    rows = len(frame) if raw.array is None else len(raw.array)
    if isinstance(label, str) and label in frame.names:
        return frame.without([label]), frame[label]
    if raw.y is not None:
        return frame, raw.y
    return frame, truth(None, label, rows)


def load_arrays(folder: Path) -> tuple[Column, Column]:
    """Return the arrays of an evasion, each as one row; only the plain form of numpy is read.

    Raises:
        InputError: one cannot be read.
    """
    found = []
    for name in ("original.npy", "changed.npy"):
        try:
            with (folder / name).open("rb") as stream:
                found.append(np.lib.format.read_array(stream, allow_pickle=False)[None])
        except (OSError, ValueError, MemoryError) as error:
            reason = " ".join(str(error).split())
            raise InputError(f"{folder / name} is no array of an evasion: {reason}") from error
    return found[0], found[1]


def digest_at(path: Path) -> str:
    """Return `sha256:` of a file, or of a folder's files with their names."""
    if path.is_dir():
        files = sorted(p for p in path.rglob("*") if p.is_file() and not p.is_symlink())
        return digest_of_tree([(p.relative_to(path).as_posix(), _file(p)) for p in files])
    return f"sha256:{_file(path)}"


def check_links(path: Path, shown: str) -> None:
    """Refuse a folder in which a link leads to a file elsewhere: its content would be sent.

    Raises:
        InputError: naming the link.
    """
    if not path.is_dir():
        return
    root = path.resolve()
    for one in sorted(path.rglob("*")):
        if one.is_symlink() and one.is_file() and not one.resolve().is_relative_to(root):
            name = one.relative_to(path).as_posix()
            raise InputError(
                f"{shown[:80]}/{name[:80]} is a link to a file outside of the folder, whose "
                "content would be sent to the target",
                hint="Put the file itself there, if that is meant, or take the link away.",
            )


def _file(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def texts_of(values: list[str]) -> Column:
    """Return texts as a column."""
    out = np.empty(len(values), object)
    out[:] = values
    return out


def read_json(path: Path) -> object:
    """Read a file of an evasion.

    Raises:
        InputError: it is not there, or no JSON.
    """
    try:
        return json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{path} cannot be read: {reason}") from error
