"""What is signed: an in-toto statement with the digest of every file of a model.

The subject is the model's name with a SHA-256 over the digests of all resources, in their order.
The predicate lists the resources, says how they were cut and which paths were left out, and may
hold an attestation, which other verifiers pass over.

Layout: in-toto Statement 1 and `https://model_signing/signature/v1.0` of the OpenSSF model signing
specification, as the `model-signing` package 1.1.1 writes it.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from modelwarden.artifacts.signing.bundle import strict_json
from modelwarden.artifacts.signing.errors import BrokenBundleError, NotVerifiedError
from modelwarden.core.values import dataclass
from modelwarden.formats.archive import printable

if TYPE_CHECKING:
    from modelwarden.core import Json

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "https://model_signing/signature/v1.0"
ATTESTATION = "modelwarden_attestation"
SIZES = {"sha256": 32, "blake2b": 64, "blake3": 32}
SINGLE = "."
_RESOURCES = 1_000_000
_HEX = re.compile(r"(?:[0-9a-f]{2})+\Z")


@dataclass(frozen=True, slots=True)
class Part:
    """A file, or one shard of it from byte `start` up to `end`.

    Attributes:
        path: below the model's folder, with `/` between parts; `.` for a model of one file.
    """

    path: str
    start: int | None = None
    end: int | None = None

    @property
    def name(self) -> str:
        """As the statement writes it."""
        return self.path if self.start is None else f"{self.path}:{self.start}:{self.end}"


@dataclass(frozen=True, slots=True, kw_only=True)
class How:
    """How a model is cut into resources.

    Attributes:
        algorithm: of the digests. shard: bytes of one shard; None when files are whole.
        follow: links to files stand for the files.
        ignored: paths that are left out with all below them.
    """

    algorithm: str = "sha256"
    shard: int | None = None
    follow: bool = False
    ignored: tuple[str, ...] = ()

    @property
    def labelled(self) -> str:
        """The algorithm as each resource names it."""
        return self.algorithm if self.shard is None else f"{self.algorithm}-sharded-{self.shard}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What a signature says about a model.

    Attributes:
        name: of the model; only informative. root: hex digest over all resources.
        digests: by file or shard.
        attestation: what a report found, when one was bound.
    """

    name: str
    root: str
    how: How
    digests: Mapping[Part, bytes] = field(default_factory=dict)
    attestation: Mapping[str, Json] | None = None


def in_order(digests: Mapping[Part, bytes]) -> list[tuple[Part, bytes]]:
    """Return the resources as the package sorts them: part of a path by part of a path."""
    return sorted(digests.items(), key=lambda item: (item[0].path.split("/"), item[0].start or 0))


def root_of(digests: list[bytes]) -> str:
    """Return the hex SHA-256 over the digests of all resources."""
    return hashlib.sha256(b"".join(digests)).hexdigest()


def encode(
    name: str, how: How, digests: Mapping[Part, bytes], attestation: Mapping[str, Json] | None
) -> bytes:
    """Return the statement as it will be signed."""
    ordered = in_order(digests)
    serialization: dict[str, Json] = {
        "method": "files" if how.shard is None else "shards",
        "hash_type": how.algorithm,
        "allow_symlinks": how.follow,
    }
    if how.shard is not None:
        serialization["shard_size"] = how.shard
    if how.ignored:
        serialization["ignore_paths"] = list(how.ignored)
    resources: list[Json] = [
        {"name": part.name, "algorithm": how.labelled, "digest": digest.hex()}
        for part, digest in ordered
    ]
    predicate: dict[str, Json] = {"serialization": serialization, "resources": resources}
    if attestation is not None:
        predicate[ATTESTATION] = attestation
    root = root_of([digest for _, digest in ordered])
    document: dict[str, Json] = {
        "_type": STATEMENT_TYPE,
        "subject": [{"name": name, "digest": {"sha256": root}}],
        "predicateType": PREDICATE_TYPE,
        "predicate": predicate,
    }
    return json.dumps(document, indent=2, ensure_ascii=False).encode()


def parse(payload: bytes) -> Statement:
    """Read a statement whose signature holds.

    Raises:
        NotVerifiedError: the signer signed something that says nothing certain about files.
    """
    try:
        document = strict_json(payload, "the signed statement")
    except BrokenBundleError as error:
        raise NotVerifiedError(error.message) from error
    if document.get("_type") != STATEMENT_TYPE:
        raise _wrong(f"it is of type {document.get('_type')!r:.80}")
    if document.get("predicateType") != PREDICATE_TYPE:
        raise _wrong(f"its predicate is {document.get('predicateType')!r:.80}")
    name, root = _subject(document.get("subject"))
    predicate = _object(document.get("predicate"), "predicate")
    how = _how(_object(predicate.get("serialization"), "serialization"))
    digests = _digests(predicate.get("resources"), how)
    if root_of(list(digests.values())) != root:
        raise _wrong("its root digest is not that of its resources")
    attestation = predicate.get(ATTESTATION)
    return Statement(
        name=name,
        root=root,
        how=how,
        digests=digests,
        attestation=None if attestation is None else _object(attestation, ATTESTATION),
    )


def _subject(value: Json) -> tuple[str, str]:
    if not isinstance(value, list) or len(value) != 1:
        raise _wrong("it must have exactly one subject")
    subject = _object(value[0], "subject")
    digest = _object(subject.get("digest"), "subject.digest").get("sha256")
    name = subject.get("name", "")
    if not isinstance(digest, str) or not isinstance(name, str):
        raise _wrong("its subject has no SHA-256 digest")
    return name, digest


def _how(value: Mapping[str, Json]) -> How:
    method, algorithm = value.get("method"), value.get("hash_type")
    follow, ignored = value.get("allow_symlinks", False), value.get("ignore_paths", [])
    if method not in {"files", "shards"}:
        raise _wrong(f"its serialization {method!r:.80} is not known")
    if not isinstance(algorithm, str) or algorithm not in SIZES:
        raise _wrong(f"its digests are {algorithm!r:.80}, not {', '.join(SIZES)}")
    if not isinstance(follow, bool):
        raise _wrong("allow_symlinks is neither true nor false")
    if not isinstance(ignored, list) or not all(isinstance(path, str) for path in ignored):
        raise _wrong("ignore_paths is not a list of paths")
    paths = tuple(str(path) for path in ignored)
    if any(not PurePosixPath(path).parts for path in paths):
        raise _wrong("it leaves out the whole model")
    shard = _shard(value.get("shard_size")) if method == "shards" else None
    return How(algorithm=algorithm, shard=shard, follow=follow, ignored=paths)


def _shard(value: Json) -> int:
    # Protobuf's JSON knows only doubles: 1000000000 comes as 1000000000.0.
    if isinstance(value, bool) or not isinstance(value, int | float) or value != int(value):
        raise _wrong("shard_size is no whole number")
    if not 1 <= value <= 1 << 53:
        raise _wrong(f"a shard_size of {value:g}")
    return int(value)


def _digests(value: Json, how: How) -> dict[Part, bytes]:
    if not isinstance(value, list) or len(value) > _RESOURCES:
        raise _wrong(f"resources is not a list of at most {_RESOURCES}")
    found: dict[Part, bytes] = {}
    for item in value:
        resource = _object(item, "resources")
        name, digest = resource.get("name"), resource.get("digest")
        if not isinstance(name, str) or not isinstance(digest, str):
            raise _wrong("a resource without a name and a digest")
        if resource.get("algorithm") != how.labelled:
            shown = f"{resource.get('algorithm')!r:.80}"
            raise _wrong(f"{printable(name)} has a digest of kind {shown}, not {how.labelled}")
        if len(digest) != 2 * SIZES[how.algorithm] or not _HEX.match(digest):
            raise _wrong(f"{printable(name)} has no digest of {how.algorithm}")
        part = _part(name, how)
        if part in found:
            raise _wrong(f"{printable(name)} stands twice in it")
        found[part] = bytes.fromhex(digest)
    if SINGLE in {part.path for part in found} and len({part.path for part in found}) > 1:
        raise _wrong("it names a single file and others")
    return found


def _part(name: str, how: How) -> Part:
    path, start, end = name, None, None
    if how.shard is not None:
        path, *numbers = name.rsplit(":", 2)
        if len(numbers) != 2 or not all(n.isascii() and n.isdigit() for n in numbers):
            raise _wrong(f"{printable(name)} is no shard")
        if max(map(len, numbers)) > 18:
            raise _wrong(f"{printable(name)} is no shard of any file")
        start, end = map(int, numbers)
    if path != SINGLE and not is_plain(path):
        raise _wrong(f"{printable(path)!r} is no path inside a model")
    return Part(path, start, end)


def is_plain(path: str) -> bool:
    r"""Tell whether a path stays in its folder and has only one spelling.

    >>> [is_plain(p) for p in ("a/b", "../a", "/a", "a//b", "./a", "a/..", "", "a\0")]
    [True, False, False, False, False, False, False, False]
    """
    parts = path.split("/")
    return "\0" not in path and not any(part in {"", ".", ".."} for part in parts)


def _object(value: Json, what: str) -> Mapping[str, Json]:
    if not isinstance(value, Mapping):
        raise _wrong(f"{what} is no object")
    return value


def _wrong(why: str) -> NotVerifiedError:
    return NotVerifiedError(f"the signed statement says nothing certain: {why}")
