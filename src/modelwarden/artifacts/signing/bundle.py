"""The file that carries a signature: a Sigstore bundle around a DSSE envelope.

Layout: Sigstore's bundle specification 0.3 and DSSE 1.0, as the `model-signing` package 1.1.1
writes them for keys and certificates. JSON with two equal keys, of more than 64 MiB, or with base64
that is not exact is refused: two readers could see two bundles in it.
"""

from __future__ import annotations

import base64
import binascii
import json
from typing import TYPE_CHECKING, cast

from modelwarden.artifacts.signing.errors import BrokenBundleError
from modelwarden.core.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from modelwarden.core import Json

MEDIA_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"
PAYLOAD_TYPE = "application/vnd.in-toto+json"
LARGEST = 64 << 20
_CERTIFICATES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """A signed payload and what it takes to check it.

    Attributes:
        payload: the signed bytes, an in-toto statement. signature: over `pae(payload)`.
        hint: hex SHA-256 of the public key in PEM, when a bare key signed.
        certificates: DER, that of the signer first, when a certificate did.
    """

    payload: bytes
    signature: bytes
    hint: str | None = None
    certificates: tuple[bytes, ...] = ()


def pae(payload: bytes) -> bytes:
    """Return what is signed: DSSE's encoding of the payload with its type.

    >>> pae(b"{}")
    b'DSSEv1 28 application/vnd.in-toto+json 2 {}'
    """
    return f"DSSEv1 {len(PAYLOAD_TYPE)} {PAYLOAD_TYPE} {len(payload)} ".encode() + payload


def encode(bundle: Bundle) -> bytes:
    """Return the bundle as a file."""
    material: dict[str, Json] = {"tlogEntries": []}
    if bundle.certificates:
        chain: list[Json] = [{"rawBytes": _base64(one)} for one in bundle.certificates]
        material["x509CertificateChain"] = {"certificates": chain}
    else:
        material["publicKey"] = {"hint": bundle.hint}
    envelope: dict[str, Json] = {
        "payload": _base64(bundle.payload),
        "payloadType": PAYLOAD_TYPE,
        "signatures": [{"sig": _base64(bundle.signature), "keyid": ""}],
    }
    document = {
        "mediaType": MEDIA_TYPE,
        "verificationMaterial": material,
        "dsseEnvelope": envelope,
    }
    return json.dumps(document, separators=(",", ":")).encode()


def parse(data: bytes) -> Bundle:
    """Read a bundle; nothing in it is believed yet.

    Raises:
        BrokenBundleError: it is none, or of a kind that cannot be checked offline.
    """
    document = strict_json(data, "the signature")
    media = document.get("mediaType")
    if media != MEDIA_TYPE:
        raise BrokenBundleError(f"not a bundle of a known kind: mediaType is {_shown(media)}")
    envelope = _object(document, "dsseEnvelope")
    if envelope.get("payloadType") != PAYLOAD_TYPE:
        kind = _shown(envelope.get("payloadType"))
        raise BrokenBundleError(f"the signed payload is {kind}, not {PAYLOAD_TYPE}")
    signatures = envelope.get("signatures")
    if not isinstance(signatures, list) or len(signatures) != 1:
        raise BrokenBundleError("a bundle must hold exactly one signature")
    if not isinstance(signatures[0], dict):
        raise BrokenBundleError("signatures: expected an object")
    hint, certificates = _material(_object(document, "verificationMaterial"))
    return Bundle(
        payload=_bytes(envelope, "payload"),
        signature=_bytes(signatures[0], "sig"),
        hint=hint,
        certificates=certificates,
    )


def _material(material: Mapping[str, Json]) -> tuple[str | None, tuple[bytes, ...]]:
    if "certificate" in material:
        raise BrokenBundleError(
            "signed through Sigstore's online service, which cannot be checked offline",
            hint="Check it with `model_signing verify sigstore`; it needs the network.",
        )
    if ("x509CertificateChain" in material) == ("publicKey" in material):
        raise BrokenBundleError("a bundle names either a public key or a certificate chain")
    if "publicKey" in material:
        hint = _object(material, "publicKey").get("hint")
        if hint is not None and not isinstance(hint, str):
            raise BrokenBundleError("publicKey.hint: expected text")
        return hint or None, ()
    chain = _object(material, "x509CertificateChain").get("certificates")
    if not isinstance(chain, list) or not 1 <= len(chain) <= _CERTIFICATES:
        raise BrokenBundleError(f"a chain of 1 to {_CERTIFICATES} certificates is expected")
    if not all(isinstance(one, dict) for one in chain):
        raise BrokenBundleError("certificates: expected objects")
    return None, tuple(_bytes(cast("dict[str, Json]", one), "rawBytes") for one in chain)


def strict_json(data: bytes, what: str) -> dict[str, Json]:
    """Return the JSON object in `data`, in which no key may stand twice.

    Raises:
        BrokenBundleError: it holds anything else.
    """
    if len(data) > LARGEST:
        raise BrokenBundleError(f"{what} has more than {LARGEST >> 20} MiB")
    try:
        document = json.loads(data.decode("utf-8"), object_pairs_hook=_once, parse_constant=_never)
    except UnicodeDecodeError as error:
        raise BrokenBundleError(f"{what} is not UTF-8") from error
    except (ValueError, RecursionError) as error:
        raise BrokenBundleError(f"{what} is not JSON: {str(error)[:120]}") from error
    if not isinstance(document, dict):
        raise BrokenBundleError(f"{what} is not a JSON object")
    return document


def _once(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice in one object")
    return found


def _never(text: str) -> Json:
    raise ValueError(f"{text} is no JSON number")


def _object(parent: Mapping[str, Json], key: str) -> Mapping[str, Json]:
    value = parent.get(key)
    if not isinstance(value, dict):
        raise BrokenBundleError(f"{key}: expected an object")
    return value


def _bytes(parent: Mapping[str, Json], key: str) -> bytes:
    value = parent.get(key)
    if not isinstance(value, str):
        raise BrokenBundleError(f"{key}: expected base64")
    try:
        data = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError) as error:
        raise BrokenBundleError(f"{key}: not base64") from error
    if not data:
        raise BrokenBundleError(f"{key}: empty")
    return data


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _shown(value: object) -> str:
    return repr(value)[:100]
