"""What of a request is kept: keyed hashes of who asked, and no bodies unless that is asked for.

A plain hash of an address or a user's name is undone by trying them all; a keyed one only by
whoever has the key. Who asked for what can still be counted and compared while the key is there,
and is erased from the whole ledger, without touching it, by deleting the key.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from modelwarden.core import Json
from modelwarden.core.values import dataclass
from modelwarden.ledger.errors import LedgerError
from modelwarden.ledger.sealing import Seal

BODIES = frozenset({"body", "inputs", "outputs", "prompt", "answer"})
SENSITIVE = frozenset({"client", "user", "token", "address"})
_KEY_BYTES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Redaction:
    """What becomes of a record before it is written.

    Attributes:
        key: of the hashes; `key_in` reads or makes one.
        hashed: names of fields that are replaced by a keyed hash, at any depth.
        bodies: whether fields named in `BODIES` are kept.
        sealed: names of fields that are kept under a key, at any depth; bodies too, then.
        seal: by which they are.
    """

    key: bytes
    hashed: frozenset[str] = SENSITIVE
    bodies: bool = False
    sealed: frozenset[str] = frozenset()
    seal: Seal | None = None

    def __post_init__(self) -> None:
        """Refuse names without a key: what was to be sealed would stand there for all to read."""
        if self.sealed and self.seal is None:
            raise LedgerError("fields are to be sealed, and there is no key to seal them with")

    def of(self, record: Mapping[str, Json]) -> dict[str, Json]:
        """Return a record as it may be kept; a field that is left out leaves its length.

        >>> Redaction(key=b"k").of({"body": "secret", "rows": 1})
        {'body': {'left_out': 6}, 'rows': 1}
        """
        return {name: self._kept(name, value) for name, value in record.items()}

    def _kept(self, name: str, value: Json) -> Json:
        if self.seal is not None and name in self.sealed and value is not None:
            return self.seal.sealed(name, value)
        if name in BODIES and not self.bodies:
            return {"left_out": len(value)} if isinstance(value, str | list | dict) else None
        if name in self.hashed and value is not None:
            return self.hash_of(str(value))
        if isinstance(value, dict):
            return self.of(value)
        if isinstance(value, list):
            return [self._kept("", part) for part in value]
        return value

    def hash_of(self, text: str) -> str:
        """Return the keyed hash of a text, with the name of the key."""
        digest = hashlib.blake2b(
            text.encode("utf-8", "surrogatepass"), key=self.key[:64], digest_size=16
        )
        return f"blake2b:{hashlib.sha256(self.key).hexdigest()[:8]}:{digest.hexdigest()}"


def key_in(path: Path) -> bytes:
    """Return the key in a file, which is made, readable for its owner only, when it is not there.

    Raises:
        LedgerError: it cannot be read or made, or is no key.
    """
    try:
        if not path.exists():
            made = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            with os.fdopen(made, "wb") as stream:
                stream.write(secrets.token_bytes(_KEY_BYTES))
                stream.flush()
                os.fsync(stream.fileno())
        with path.open("rb") as stream:
            key = stream.read(_KEY_BYTES + 1)
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise LedgerError(f"cannot use the key {path}: {why}") from error
    if len(key) != _KEY_BYTES:
        raise LedgerError(f"{path} is no key of keyed hashes: {_KEY_BYTES} bytes are one")
    return key
