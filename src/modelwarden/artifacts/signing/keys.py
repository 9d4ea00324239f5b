"""Private and public keys in PEM files: ECDSA on the curves that the format knows.

The curve decides the hash (P-256: SHA-256, P-384: SHA-384, P-521: SHA-512); nothing in a bundle
does. `cryptography` is imported here and in `certificates`, and only when a command needs it.
"""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING

from modelwarden.artifacts.signing.errors import KeyFileError
from modelwarden.core import MissingExtraError

if TYPE_CHECKING:
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric import ec

LARGEST = 1 << 18
_CURVES = {"secp256r1": "SHA256", "secp384r1": "SHA384", "secp521r1": "SHA512"}
_NAMES = {"secp256r1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521"}

Password = Callable[[], bytes | None]


def require_cryptography() -> None:
    """Raise `MissingExtraError` unless the package is there."""
    try:
        import cryptography  # noqa: F401
    except ImportError as error:
        raise MissingExtraError("cryptography, which signatures need,", "sign") from error


def load_private(path: Path, password: Password) -> ec.EllipticCurvePrivateKey:
    """Read a private key; `password` is asked for only when it is encrypted.

    Raises:
        KeyFileError: unreadable, no private key, a wrong password, or of another kind.
        MissingExtraError: `cryptography` is not installed.
    """
    require_cryptography()
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    data = read_pem(path, "the key")
    if b"PRIVATE KEY" not in data:
        raise KeyFileError(f"{path} holds no private key in PEM")
    secret: bytes | None = None
    try:
        try:
            key = load_pem_private_key(data, None)
        except TypeError:  # it is encrypted
            secret = password()
            if not secret:
                raise KeyFileError(
                    f"{path} is encrypted and no password was given",
                    hint="Set MODELWARDEN_KEY_PASSWORD, or run the command in a terminal.",
                ) from None
            key = load_pem_private_key(data, secret)
    except (ValueError, UnsupportedAlgorithm) as error:
        why = "the password is wrong, or it is damaged" if secret else "damaged, or of another kind"
        raise KeyFileError(f"{path} is no private key that can be used: {why}") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise _other_kind(str(path), type(key).__name__)
    _check_curve(str(path), key.curve.name)
    return key


def load_public(path: Path) -> ec.EllipticCurvePublicKey:
    """Read a public key.

    Raises:
        KeyFileError: unreadable, no public key, or of another kind.
        MissingExtraError: `cryptography` is not installed.
    """
    require_cryptography()
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    data = read_pem(path, "the key")
    if b"PRIVATE KEY" in data:
        raise KeyFileError(
            f"{path} is a private key; checking needs the public one only",
            hint=f"Make it: openssl pkey -in {path} -pubout -out public.pem",
        )
    if b"BEGIN CERTIFICATE" in data:
        raise KeyFileError(f"{path} is a certificate", hint="Give root certificates as --roots.")
    try:
        key = load_pem_public_key(data)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise KeyFileError(f"{path} is no public key in PEM") from error
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise _other_kind(str(path), type(key).__name__)
    _check_curve(str(path), key.curve.name)
    return key


def read_pem(path: Path, what: str) -> bytes:
    """Return the bytes of a small file.

    Raises:
        KeyFileError: it cannot be read, or is far too large.
    """
    try:
        with path.open("rb") as stream:
            data = stream.read(LARGEST + 1)
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise KeyFileError(f"cannot read {what} {path}: {why}") from error
    if len(data) > LARGEST:
        raise KeyFileError(f"{path} is too large to be a PEM file")
    return data


def check_key(key: object, what: str) -> ec.EllipticCurvePublicKey:
    """Return `key` when it is one that the format knows.

    Raises:
        KeyFileError: it is not.
    """
    from cryptography.hazmat.primitives.asymmetric import ec

    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise _other_kind(what, type(key).__name__)
    _check_curve(what, key.curve.name)
    return key


def _check_curve(what: str, curve: str) -> None:
    if curve not in _CURVES:
        raise KeyFileError(f"{what} is a key on the curve {curve}, which the format does not know")


def _other_kind(what: str, kind: str) -> KeyFileError:
    kind = kind.removeprefix("_").removesuffix("PrivateKey").removesuffix("PublicKey")
    return KeyFileError(f"{what} is an {kind} key; the format knows elliptic curves only")


def hint_of(key: ec.EllipticCurvePublicKey) -> str:
    """Return the name of a public key: hex SHA-256 of its PEM."""
    from cryptography.hazmat.primitives import serialization as form

    pem = key.public_bytes(form.Encoding.PEM, form.PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(pem).hexdigest()


def curve_of(key: ec.EllipticCurvePublicKey) -> str:
    """Return the curve's usual name, such as `P-256`."""
    return _NAMES[key.curve.name]


def signature_of(key: ec.EllipticCurvePrivateKey, data: bytes) -> bytes:
    """Sign `data`."""
    from cryptography.hazmat.primitives.asymmetric import ec

    return key.sign(data, ec.ECDSA(_hash_for(key.curve.name)))


def holds(key: ec.EllipticCurvePublicKey, signature: bytes, data: bytes) -> bool:
    """Tell whether `signature` is one of `key` over `data`."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric import ec

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            key.verify(signature, data, ec.ECDSA(_hash_for(key.curve.name)))
    except (InvalidSignature, ValueError):
        return False
    return True


if TYPE_CHECKING:
    from cryptography.hazmat.primitives.hashes import HashAlgorithm


def _hash_for(curve: str) -> HashAlgorithm:
    from cryptography.hazmat.primitives import hashes

    found: HashAlgorithm = getattr(hashes, _CURVES[curve])()
    return found
