"""The manifest file: an in-toto statement of the files, plain or in a signed Sigstore bundle."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from modelwarden.artifacts.signing import bundle, keys
from modelwarden.artifacts.signing.bundle import strict_json
from modelwarden.artifacts.signing.errors import BrokenBundleError
from modelwarden.core import InputError
from modelwarden.data.frozen.digests import ColumnDigest, FileDigest

if TYPE_CHECKING:
    from modelwarden.core import Json

STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "urn:modelwarden:data-manifest:1"
LARGEST = 64 << 20


class ManifestError(InputError):
    """A file that is no manifest of data."""

    hint = "Give the file that `modelwarden data freeze` wrote."


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What was frozen.

    Attributes:
        files: in the order in which they were named.
        signed: the file is a signed bundle.
        signer: hex name of the key whose signature holds; None where none was checked.
        broken: why the signature does not hold; None where it does or was not checked.
    """

    files: tuple[FileDigest, ...]
    signed: bool = False
    signer: str | None = None
    broken: str | None = None


def encode(
    files: Sequence[FileDigest], key: Path | None = None, password: keys.Password = lambda: None
) -> tuple[bytes, str | None]:
    """Return a manifest as a file, signed where a key is given, with the name of the key.

    Raises:
        KeyFileError: the key cannot be used.
        MissingExtraError: `cryptography` is not installed.
    """
    document: dict[str, Json] = {
        "_type": STATEMENT,
        "subject": [{"name": f.name, "digest": {"sha256": f.sha256}} for f in files],
        "predicateType": PREDICATE,
        "predicate": {"files": [_file(f) for f in files]},
    }
    # Half a character, as a name may hold, stands there as JSON escapes it.
    text = json.dumps(document, indent=1, ensure_ascii=False)
    payload = text.encode("utf-8", "backslashreplace")
    if len(payload) > LARGEST // 2:
        raise ManifestError(f"a manifest of {len(payload) >> 20} MiB is too large to be read again")
    if key is None:
        return payload + b"\n", None
    private = keys.load_private(key, password)
    signature = keys.signature_of(private, bundle.pae(payload))
    name = keys.hint_of(private.public_key())
    made = bundle.Bundle(payload=payload, signature=signature, hint=name)
    return bundle.encode(made), name


def loss(there: bytes, made: bytes) -> str | None:
    """Return what would be lost of a file if `made` took its place; None where nothing would.

    Args:
        there: of any kind.
        made: what `encode` returned.
    """
    if not there.strip() or there == made:
        return None
    try:
        was, hint = _signed(there)
        known = _files(strict_json(was, "the manifest"))
    except InputError:
        return "is no manifest of data"
    now, signer = _signed(made)
    if was.strip() != now.strip():
        shown = ", ".join(file.name for file in known[:3])
        return f"freezes other data, or another state of them ({shown})"
    if hint is not None and hint != signer:
        return "is signed, with another key" if signer else "is signed, and this one is not"
    return None


def _signed(data: bytes) -> tuple[bytes, str | None]:
    """Return the statement of a manifest, and who claims to have signed it."""
    if "dsseEnvelope" not in strict_json(data, "the manifest"):
        return data, None
    found = bundle.parse(data)
    return found.payload, found.hint or "a certificate"


def _file(file: FileDigest) -> Json:
    columns: list[Json] = [
        {"name": c.name, "type": c.type, "missing": c.missing, "sha256": c.digest}
        for c in file.columns
    ]
    marks = None
    if file.marks is not None:
        marks = base64.b64encode(file.marks.astype("<u4").tobytes()).decode("ascii")
    return {
        "name": file.name,
        "size": file.size,
        "sha256": file.sha256,
        "rows": file.rows,
        "columns": columns,
        "marks": marks,
    }


def decode(data: bytes, key: Path | None = None) -> Manifest:
    """Read a manifest; with a public key its signature is checked.

    Raises:
        ManifestError: it is none.
        KeyFileError: the key cannot be used.
    """
    try:
        return _decoded(data, key)
    except BrokenBundleError as error:
        raise ManifestError(str(error)) from error


def _decoded(data: bytes, key: Path | None) -> Manifest:
    document = strict_json(data, "the manifest")
    if "dsseEnvelope" not in document:
        broken = None if key is None else "it is not signed"
        return Manifest(files=_files(document), broken=broken)
    found = bundle.parse(data)
    signer = broken = None
    if key is not None:
        public = keys.load_public(key)
        if keys.holds(public, found.signature, bundle.pae(found.payload)):
            signer = keys.hint_of(public)
        else:
            broken = "the signature is not one of this key over this manifest"
    files = _files(strict_json(found.payload, "the signed manifest"))
    return Manifest(files=files, signed=True, signer=signer, broken=broken)


def _files(document: Mapping[str, Json]) -> tuple[FileDigest, ...]:
    predicate = document.get("predicate")
    if document.get("predicateType") != PREDICATE or not isinstance(predicate, Mapping):
        raise ManifestError("it is no manifest of data")
    files = predicate.get("files")
    if not isinstance(files, list) or not files:
        raise ManifestError("the manifest names no file")
    made = tuple(_read_file(entry) for entry in files)
    if len({file.name for file in made}) < len(made):
        raise ManifestError("the manifest names a file twice")
    return made


def _read_file(entry: Json) -> FileDigest:
    if not isinstance(entry, Mapping):
        raise ManifestError("a file of the manifest is no object")
    columns = entry.get("columns")
    if not isinstance(columns, list):
        raise ManifestError("a file of the manifest has no list of columns")
    rows = entry.get("rows")
    return FileDigest(
        name=_text(entry, "name"),
        size=_whole(entry, "size"),
        sha256=_text(entry, "sha256"),
        rows=None if rows is None else _whole(entry, "rows"),
        columns=tuple(_column(column) for column in columns),
        marks=_marks(entry.get("marks"), rows),
    )


def _column(entry: Json) -> ColumnDigest:
    if not isinstance(entry, Mapping):
        raise ManifestError("a column of the manifest is no object")
    return ColumnDigest(
        name=_text(entry, "name"),
        type=_text(entry, "type"),
        missing=_whole(entry, "missing"),
        digest=_text(entry, "sha256"),
    )


def _marks(value: Json, rows: Json) -> np.ndarray | None:
    if value is None:
        return None
    try:
        data = base64.b64decode(str(value), validate=True)
    except (ValueError, binascii.Error) as error:
        raise ManifestError("the marks of a file are no base64") from error
    if not isinstance(rows, int) or len(data) != 4 * rows:
        raise ManifestError("the marks of a file are not one for each row")
    return np.frombuffer(data, "<u4").astype(np.uint32)


def _text(entry: Mapping[str, Json], key: str) -> str:
    value = entry.get(key)
    if not isinstance(value, str):
        raise ManifestError(f"{key} of a file of the manifest is no text")
    return value


def _whole(entry: Mapping[str, Json], key: str) -> int:
    value = entry.get(key)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ManifestError(f"{key} of a file of the manifest is no count")
    return value
