"""Check a signature, and every file against it."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING

from modelwarden.artifacts.signing import attestation, bundle, keys, statement
from modelwarden.artifacts.signing.errors import BrokenBundleError, NotVerifiedError
from modelwarden.artifacts.signing.hashing import Hashing, maker
from modelwarden.artifacts.signing.statement import SINGLE, Part, Statement
from modelwarden.artifacts.signing.tree import Tree, empties, units, walk
from modelwarden.core.values import dataclass

if TYPE_CHECKING:
    from pathlib import Path


class ProblemKind(StrEnum):
    """How a file differs from what was signed."""

    SIGNATURE = "signature"
    MISSING = "missing"
    ADDED = "added"
    CHANGED = "changed"
    RENAMED = "renamed"
    ATTESTATION = "attestation"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is not as it was signed.

    Attributes:
        what: the file, below the model; for a renamed one what it was called when signed.
        detail: why, or for a renamed file what it is called now.
    """

    kind: ProblemKind
    what: str
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """What a check found; it holds when there are no problems.

    Attributes:
        signer: the key or certificate, as a user may compare it; None when nothing held.
        files: that the signature covers. root: hex digest over them.
        uncovered: files here that the signer left out, so that nothing is known about them.
        attestation: that was bound, when there was one.
    """

    signer: str | None = None
    files: int = 0
    root: str | None = None
    uncovered: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    attestation: attestation.Attestation | None = None


def verify(
    path: Path,
    signature: Path,
    *,
    key: Path | None = None,
    roots: Path | None = None,
    at: dt.datetime | None = None,
    report: bytes | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Check:
    """Check the model at `path` against a bundle, with one of `key` and `roots`.

    Args:
        path: the model.
        signature: the bundle.
        key: a public key in PEM.
        roots: certificates in PEM that are trusted.
        at: when certificates must be valid; now by default.
        report: a report in JSON that must be the one that was bound.
        progress: called with the bytes hashed and all of them.

    Raises:
        InputError: a file cannot be read, or the bundle is none.
    """
    found = bundle.parse(_read(signature))
    try:
        # The files are hashed while the signature is checked; nothing is told before it holds.
        said = statement.parse(found.payload)
        tree = walk(str(path), said.how, str(signature))
        with Hashing(units(tree, said.how), maker(said.how.algorithm)) as hashing:
            signer, holds = _signer(found, key, roots, at or dt.datetime.now(dt.UTC))
            if not holds:
                raise NotVerifiedError("it does not match what is signed")
            bound = None if said.attestation is None else attestation.read(said.attestation)
            here = hashing.result(progress)
    except NotVerifiedError as error:
        return Check(problems=(Problem(kind=ProblemKind.SIGNATURE, what=error.message),))
    problems = [*_shape(path, said), *_differences(said.digests, here, tree)]
    if report is not None:
        problems += _report(report, bound)
    return Check(
        signer=signer,
        files=len({part.path for part in said.digests}),
        root=said.root,
        uncovered=(*tree.ignored, *empties(tree, said.how)),
        problems=tuple(problems),
        attestation=bound,
    )


def _report(report: bytes, bound: attestation.Attestation | None) -> list[Problem]:
    if bound is None:
        return [Problem(kind=ProblemKind.ATTESTATION, what="no report was bound")]
    if bound.report != hashlib.sha256(report).hexdigest():
        return [Problem(kind=ProblemKind.ATTESTATION, what="another report was bound")]
    return []


def _shape(path: Path, said: Statement) -> list[Problem]:
    """Return why the signature is not one over a thing of this kind."""
    if not said.digests:
        return [Problem(kind=ProblemKind.SIGNATURE, what="it covers no file")]
    single = {SINGLE} == {part.path for part in said.digests}
    if single != path.is_file():
        what = "a single file was signed" if single else "a folder was signed"
        return [Problem(kind=ProblemKind.SIGNATURE, what=f"{what}, and this is none")]
    return []


def _read(signature: Path) -> bytes:
    try:
        with signature.open("rb") as stream:
            return stream.read(bundle.LARGEST + 1)
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise BrokenBundleError(f"cannot read the signature {signature}: {why}") from error


def _signer(
    found: bundle.Bundle, key: Path | None, roots: Path | None, at: dt.datetime
) -> tuple[str, bool]:
    if roots is not None:
        from modelwarden.artifacts.signing import certificates

        trusted = certificates.load(roots)
        if not found.certificates:
            raise NotVerifiedError("signed with a bare key, not with a certificate")
        public, name = certificates.signer(found.certificates, trusted, at)
    elif key is not None:
        public = keys.load_public(key)
        name = f"key {keys.hint_of(public)}"
        if found.certificates:
            raise NotVerifiedError("signed with a certificate; check it with --roots")
        if found.hint is not None and found.hint != keys.hint_of(public):
            raise NotVerifiedError(f"signed with another key, {found.hint[:64]!a}")
    else:
        raise TypeError("a key or roots are needed")
    name = f"{name} ({keys.curve_of(public)})"
    return name, keys.holds(public, found.signature, bundle.pae(found.payload))


def _differences(
    signed: Mapping[Part, bytes], here: Mapping[Part, bytes], tree: Tree
) -> tuple[Problem, ...]:
    before, now = _by_path(signed), _by_path(here)
    missing = {path: before[path] for path in before if path not in now}
    added = {path: now[path] for path in now if path not in before}
    problems = [
        Problem(kind=ProblemKind.CHANGED, what=path)
        for path in before
        if path in now and before[path] != now[path]
    ]
    for old, new in _renamed(missing, added):
        problems.append(Problem(kind=ProblemKind.RENAMED, what=old, detail=new))
        del missing[old], added[new]
    problems += [Problem(kind=ProblemKind.MISSING, what=path) for path in missing]
    problems += [Problem(kind=ProblemKind.ADDED, what=path) for path in added]
    problems += [Problem(kind=ProblemKind.ADDED, what=p, detail=why) for p, why in tree.odd]
    return tuple(sorted(problems, key=lambda problem: (problem.what, problem.kind)))


_Shards = tuple[tuple[int | None, int | None, bytes], ...]


def _by_path(digests: Mapping[Part, bytes]) -> dict[str, _Shards]:
    """Return what is known about each file, its shards in order."""
    found: defaultdict[str, list[tuple[int | None, int | None, bytes]]] = defaultdict(list)
    for part, digest in statement.in_order(digests):
        found[part.path].append((part.start, part.end, digest))
    return {path: tuple(shards) for path, shards in found.items()}


def _renamed(
    missing: Mapping[str, _Shards], added: Mapping[str, _Shards]
) -> Sequence[tuple[str, str]]:
    """Pair missing files with added ones of the same content, each once."""
    by_content: defaultdict[_Shards, list[str]] = defaultdict(list)
    for path in sorted(added, reverse=True):
        by_content[added[path]].append(path)
    return [
        (path, by_content[missing[path]].pop())
        for path in sorted(missing)
        if by_content.get(missing[path])
    ]
