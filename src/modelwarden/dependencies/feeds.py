"""Where OSV records come from: lines of JSON, a zip of files, a folder or checked-out git tree.

The kind is told by the content. Anything that breaks off, or that calls itself a record and is
none, ends the import: an index that silently lacks records would pass what it must not.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from modelwarden.core import InputError
from modelwarden.formats import yamltree

_LARGEST = 64 << 20  # bytes of one record
_NAMES = (".json", ".yaml", ".yml")
_WORDS = ("id", "modified", "affected")
_BROKEN = (EOFError, zlib.error, zipfile.BadZipFile, gzip.BadGzipFile, NotImplementedError)
_HINT = "Fetch it again; the index that was there before stays as it is."


def records(path: Path) -> Iterator[object]:
    """Yield the OSV records below `path`.

    Raises:
        InputError: it cannot be read, breaks off, or holds a broken record.
    """
    try:
        if path.is_dir():
            yield from _folder(path)
        else:
            with path.open("rb") as stream:
                yield from _file(stream, path.name)
    except OSError as error:
        if isinstance(error, _BROKEN):
            raise _broken(path.name, error) from error
        why = (error.strerror or str(error)).lower()
        raise InputError(f"cannot read {path}: {why}", hint="Check the path.") from error
    except _BROKEN as error:
        raise _broken(path.name, error) from error


def _broken(name: str, error: Exception) -> InputError:
    what = str(error) or type(error).__name__
    return InputError(f"{name} is damaged or breaks off: {what[:200]}", hint=_HINT)


def _file(stream: BinaryIO, name: str) -> Iterator[object]:
    head = stream.read(4)
    stream.seek(0)
    if head.startswith(b"PK"):
        yield from _zip(stream)
    elif head.startswith(b"\x1f\x8b"):
        with gzip.open(stream) as opened:
            yield from _lines(opened, name)
    elif name.endswith((".yaml", ".yml")):
        yield from _document(stream.read(_LARGEST + 1), name)
    else:
        yield from _lines(stream, name)


def _lines(stream: io.BufferedIOBase | BinaryIO | gzip.GzipFile, name: str) -> Iterator[object]:
    """Read one record a line; a file whose first line is no JSON by itself is one document."""
    first = stream.readline(_LARGEST + 1)
    try:
        json.loads(first)
    except (ValueError, RecursionError):
        yield from _document(first + stream.read(_LARGEST + 1 - len(first)), name)
        return
    number, line = 1, first
    while line:
        if line.strip():
            found = _json(line, f"{name}, line {number}")
            yield from found if isinstance(found, list) else [found]
        number += 1
        line = stream.readline(_LARGEST + 1)


def _zip(stream: BinaryIO) -> Iterator[object]:
    with zipfile.ZipFile(stream) as archive:
        for member in archive.infolist():
            if member.filename.endswith(_NAMES) and not _hidden(member.filename):
                with archive.open(member) as opened:
                    data = opened.read(_LARGEST + 1)
                yield from _document(data, member.filename, strict=False)


def _folder(root: Path) -> Iterator[object]:
    for folder, inner, files in os.walk(root):
        inner[:] = sorted(name for name in inner if not name.startswith("."))
        for name in sorted(files):
            path = Path(folder, name)
            if name.endswith(_NAMES) and path.is_file():
                with path.open("rb") as stream:
                    data = stream.read(_LARGEST + 1)
                yield from _document(data, str(path.relative_to(root)), strict=False)


def _hidden(name: str) -> bool:
    return any(part.startswith(".") for part in name.split("/"))


def _document(data: bytes, name: str, *, strict: bool = True) -> Iterator[object]:
    """Read one record, or a list of them; not `strict`, other documents are left out."""
    if len(data) > _LARGEST:
        raise InputError(f"{name}: a record of more than {_LARGEST} bytes", hint=_HINT)
    if name.endswith((".yaml", ".yml")):
        try:
            document: object = yamltree.parse(data.decode())
        except (InputError, UnicodeDecodeError) as error:
            raise InputError(f"{name}: {error}", hint=_HINT) from error
    else:
        document = _json(data, name)
    for found in document if isinstance(document, list) else [document]:
        if strict or (isinstance(found, dict) and any(word in found for word in _WORDS[::2])):
            yield found


def _json(data: bytes, where: str) -> object:
    if len(data) > _LARGEST:
        raise InputError(f"{where}: a record of more than {_LARGEST} bytes", hint=_HINT)
    try:
        found: object = json.loads(data)
    except (ValueError, RecursionError) as error:
        why = " ".join(str(error).split())[:120]
        raise InputError(f"{where}: no JSON: {why}", hint=_HINT) from error
    return found
