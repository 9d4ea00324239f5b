"""Signed heads: how far a ledger had come, for keeping where its writer's host cannot reach.

A chain alone proves nothing against whoever can write all of it anew. A head that is kept
elsewhere fixes everything up to it: what was edited, removed or cut since does not lead to it.

Ed25519 signs the text `modelwarden/ledger-head/1`, ledger, lines, digest and time, a line each.
`cryptography` is imported only when a key is used.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import re
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from modelwarden.core import Json, MissingExtraError
from modelwarden.core.values import dataclass
from modelwarden.ledger.chain import Mark, now
from modelwarden.ledger.errors import LedgerError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (
        Ed25519PrivateKey,
        Ed25519PublicKey,
    )

SCHEMA = "modelwarden/ledger-head/1"
_LONGEST = 1 << 16
_KEY_LARGEST = 1 << 16
_DIGEST = re.compile(r"[0-9a-f]{64}")
_KEYS = "Ledger keys are Ed25519: openssl genpkey -algorithm ed25519 -out ledger.key"


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """How far a ledger had come.

    Attributes:
        ledger: its name.
        mark: lines and the digest of the last of them.
        time: of signing.
        signature: over all of it; empty when it is not signed.
    """

    ledger: str
    mark: Mark
    time: str
    signature: bytes

    @property
    def signed(self) -> bytes:
        """The text that the signature is over."""
        parts = (SCHEMA, self.ledger, str(self.mark.lines), self.mark.digest, self.time)
        return "\n".join(parts).encode()

    @property
    def text(self) -> str:
        """One line of JSON."""
        return json.dumps(
            {
                "schema": SCHEMA,
                "ledger": self.ledger,
                "lines": self.mark.lines,
                "digest": self.mark.digest,
                "time": self.time,
                "signature": base64.b64encode(self.signature).decode(),
            }
        )


def head_in(text: str | bytes) -> Head:
    """Return the head that a line of JSON is.

    Raises:
        LedgerError: it is none.
    """
    try:
        facts = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise LedgerError("a head is not JSON") from error
    if not isinstance(facts, dict) or facts.get("schema") != SCHEMA:
        raise LedgerError(f"a head is not of the schema {SCHEMA}")
    return _head_of(facts)


def _head_of(facts: dict[str, Json]) -> Head:
    ledger, lines, digest = facts.get("ledger"), facts.get("lines"), facts.get("digest")
    time, signature = facts.get("time"), facts.get("signature", "")
    if (
        not isinstance(ledger, str)
        or type(lines) is not int
        or lines < 1
        or not isinstance(digest, str)
        or not _DIGEST.fullmatch(digest)
        or not isinstance(time, str)
        or not isinstance(signature, str)
        or "\n" in ledger + time
    ):
        raise LedgerError("a head lacks ledger, lines, digest, time or signature")
    try:
        data = base64.b64decode(signature, validate=True)
    except (binascii.Error, ValueError) as error:
        raise LedgerError("the signature of a head is not base64") from error
    return Head(ledger=sys.intern(ledger), mark=Mark(lines, digest), time=time, signature=data)


def heads_in(path: Path) -> tuple[Head, ...]:
    """Return the heads of a file, one a line.

    Raises:
        LedgerError: it cannot be read, or holds none or something else.
    """
    heads, torn = kept_in(path)
    if torn:
        raise LedgerError(f"{path} holds {torn} lines that are no heads")
    return heads


def kept_in(path: Path) -> tuple[tuple[Head, ...], int]:
    """Return the heads of a file, one a line, and how many lines are none.

    A disk that was full, or a power cut, may have left a part of one.

    Raises:
        LedgerError: it cannot be read, or holds no head.
    """
    heads: list[Head] = []
    torn, error = 0, LedgerError(f"{path} holds no head")
    try:
        with path.open("rb") as stream:
            while line := stream.readline(_LONGEST):
                if line.strip():
                    try:
                        heads.append(head_in(line))
                    except LedgerError as none:
                        torn, error = torn + 1, none
    except OSError as unread:
        why = (unread.strerror or str(unread)).lower()
        raise LedgerError(f"cannot read the head {path}: {why}") from unread
    if not heads:
        raise error
    return tuple(heads), torn


class HeadSink(Protocol):
    """Signs heads, and keeps them elsewhere."""

    def signed(self, ledger: str, mark: Mark) -> str:
        """Return the head of a ledger at a place in its chain, as text; waits for nobody.

        Raises:
            LedgerError: that is not possible.
        """

    def keep(self, text: str) -> None:
        """Keep a head where the ledger's host cannot change it; may take long.

        Raises:
            OSError: that is not possible now.
        """


class HeadFile:
    """Signs heads and appends them to a file, which belongs on another host's disk.

    Attributes:
        path: of the file.
    """

    def __init__(self, path: Path, key: Ed25519PrivateKey | None) -> None:
        self.path = path
        self._key = key

    def signed(self, ledger: str, mark: Mark) -> str:
        """Return the head of a ledger at a place in its chain, as text."""
        return signed_head(ledger, mark, self._key).text

    def keep(self, text: str) -> None:
        """Append a head; of one that the disk does not take whole, nothing is left.

        Raises:
            OSError: it cannot be written.
        """
        with self.path.open("ab+", buffering=0) as stream:
            end = stream.seek(0, os.SEEK_END)
            stream.seek(max(0, end - 1))
            begun = b"" if stream.read(1) in (b"", b"\n") else b"\n"  # behind a torn one
            data = begun + text.encode() + b"\n"
            try:
                done = stream.write(data)
                while done < len(data):
                    done += stream.write(data[done:])
                os.fsync(stream.fileno())
            except OSError:
                with suppress(OSError):
                    stream.truncate(end)
                raise


def signed_head(ledger: str, mark: Mark, key: Ed25519PrivateKey | None) -> Head:
    """Return the head of a ledger at a place in its chain, signed when there is a key."""
    bare = Head(ledger=ledger, mark=mark, time=now(), signature=b"")
    signature = b"" if key is None else key.sign(bare.signed)
    return Head(ledger=ledger, mark=mark, time=bare.time, signature=signature)


def holds(head: Head, key: Ed25519PublicKey) -> bool:
    """Tell whether a head was signed with the private half of `key`."""
    from cryptography.exceptions import InvalidSignature

    try:
        key.verify(head.signature, head.signed)
    except (InvalidSignature, ValueError):
        return False
    return True


def load_private(path: Path) -> Ed25519PrivateKey:
    """Read a private key in PEM that no password protects: a service starts without anyone there.

    Raises:
        LedgerError: it cannot be used.
        MissingExtraError: `cryptography` is not installed.
    """
    _require()
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(_read(path, "the key", _KEY_LARGEST), None)
    except (TypeError, ValueError, UnsupportedAlgorithm) as error:
        raise LedgerError(f"{path} is no private key in PEM without a password", hint=_KEYS) from (
            error
        )
    if not isinstance(key, Ed25519PrivateKey):
        raise LedgerError(f"{path} is a key of another kind than Ed25519", hint=_KEYS)
    return key


def load_public(path: Path) -> Ed25519PublicKey:
    """Read a public key in PEM.

    Raises:
        LedgerError: it cannot be used.
        MissingExtraError: `cryptography` is not installed.
    """
    _require()
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    data = _read(path, "the key", _KEY_LARGEST)
    if b"PRIVATE KEY" in data:
        raise LedgerError(
            f"{path} is a private key; checking needs the public one only",
            hint=f"Make it: openssl pkey -in {path} -pubout -out ledger.pub",
        )
    try:
        key = load_pem_public_key(data)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise LedgerError(f"{path} is no public key in PEM", hint=_KEYS) from error
    if not isinstance(key, Ed25519PublicKey):
        raise LedgerError(f"{path} is a key of another kind than Ed25519", hint=_KEYS)
    return key


def _read(path: Path, what: str, largest: int) -> bytes:
    try:
        with path.open("rb") as stream:
            data = stream.read(largest + 1)
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise LedgerError(f"cannot read {what} {path}: {why}", hint=_KEYS) from error
    if len(data) > largest:
        raise LedgerError(f"{path} is too large for {what}")
    return data


def _require() -> None:
    try:
        import cryptography  # noqa: F401
    except ImportError as error:
        raise MissingExtraError("cryptography, which signed heads need,", "sign") from error
