"""Profiles that are signed: whoever can write the file cannot make another one of it."""

from __future__ import annotations

import base64
import binascii
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelwarden.detectors.profile import Profile, ProfileError, Signature, dumped
from modelwarden.ledger import load_private, load_public

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

_MADE_FOR = b"modelwarden profile\n"


def signed(profile: Profile, key: Path) -> bytes:
    """Return a profile as JSON, signed with an Ed25519 key in PEM.

    Raises:
        LedgerError: the key cannot be used.
        MissingExtraError: cryptography is not installed.
    """
    from dataclasses import replace

    private = load_private(key)
    bare = dumped(replace(profile, signature=None))
    public = private.public_key().public_bytes_raw()
    made = Signature(
        key=base64.b64encode(public).decode(),
        value=base64.b64encode(private.sign(_MADE_FOR + bare)).decode(),
    )
    return dumped(replace(profile, signature=made))


def check(document: dict[str, Any], path: Path, key: Path | None) -> None:
    """Refuse a profile that was changed after it was signed, or signed by another key.

    Args:
        document: as it was read.
        path: of the file.
        key: public key in PEM that must have signed it; None takes the one that it names, which
            finds changes but not another profile that somebody else signed.

    Raises:
        ProfileError: it is not what was signed.
        MissingExtraError: it is signed, and cryptography is not installed.
    """
    found = document.get("signature")
    if found is None:
        if key is None:
            return
        raise ProfileError(
            f"{path} is not signed, and must be", hint="Make it with `profile --key KEY`."
        )
    public, value = _parts(found, path)
    if key is not None:
        expected = load_public(key)
        if expected.public_bytes_raw() != public.public_bytes_raw():
            raise ProfileError(f"{path} is signed by another key than {key}")
    from cryptography.exceptions import InvalidSignature

    bare = {**document, "signature": None}
    text = json.dumps(bare, ensure_ascii=False, separators=(",", ":"))
    data = text.encode("utf-8", "surrogatepass") + b"\n"
    try:
        public.verify(value, _MADE_FOR + data)
    except InvalidSignature as error:
        raise ProfileError(
            f"{path} was changed after it was signed",
            hint="Find out who changed it; make the profile again from its reference.",
        ) from error


def _parts(found: object, path: Path) -> tuple[Ed25519PublicKey, bytes]:
    from modelwarden.core import MissingExtraError

    try:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    except ImportError as error:
        raise MissingExtraError("cryptography, which signed profiles need,", "sign") from error
    try:
        if not isinstance(found, dict):
            raise TypeError("no object")
        public = Ed25519PublicKey.from_public_bytes(base64.b64decode(found["key"], validate=True))
        value = base64.b64decode(found["value"], validate=True)
    except (KeyError, TypeError, ValueError, binascii.Error) as error:
        raise ProfileError(f"{path} has a signature that cannot be read") from error
    return public, value
