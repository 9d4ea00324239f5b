"""Fields of a record under a key: who has the ledger reads who and when, and with the key what.

AES-256-GCM, a fresh nonce for every field, bound to the field's name so that none can be put in
another's place. Deleting the key erases what it sealed, without touching the ledger.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import os
from collections.abc import Mapping

from modelwarden.core import Json, MissingExtraError
from modelwarden.ledger.errors import LedgerError

_NONCE = 12
_FORM = "aes-256-gcm"


class Seal:
    """Seals and opens fields with one key of 32 bytes, as `key_in` reads or makes it."""

    def __init__(self, key: bytes) -> None:
        """Take a key.

        Raises:
            MissingExtraError: cryptography is not installed.
        """
        try:
            from cryptography.hazmat.primitives.ciphers.aead import AESGCM
        except ImportError as error:
            raise MissingExtraError("cryptography, which sealed fields need,", "sign") from error
        self._cipher = AESGCM(key)
        self.name = hashlib.sha256(key).hexdigest()[:8]

    def sealed(self, name: str, value: Json) -> dict[str, Json]:
        """Return what stands in the record in the place of a value."""
        nonce = os.urandom(_NONCE)
        data = json.dumps(value, separators=(",", ":")).encode()
        text = nonce + self._cipher.encrypt(nonce, data, name.encode())
        return {"sealed": f"{_FORM}:{self.name}:{base64.b64encode(text).decode()}"}

    def opened(self, record: Mapping[str, Json]) -> dict[str, Json]:
        """Return a record with the fields that this key sealed as they were.

        Raises:
            LedgerError: a field is sealed with this key, and is not what was sealed.
        """
        return {name: self._opened(name, value) for name, value in record.items()}

    def _opened(self, name: str, value: Json) -> Json:
        if not isinstance(value, dict):
            return value
        text = value.get("sealed")
        start = f"{_FORM}:{self.name}:"
        if not isinstance(text, str) or not text.startswith(start):
            return {key: self._opened(key, part) for key, part in value.items()}
        from cryptography.exceptions import InvalidTag

        try:
            data = base64.b64decode(text[len(start) :], validate=True)
            plain = self._cipher.decrypt(data[:_NONCE], data[_NONCE:], name.encode())
            found: Json = json.loads(plain)
        except (InvalidTag, ValueError, binascii.Error) as error:
            raise LedgerError(f"the field {name!r} is not what was sealed") from error
        return found
