"""Certificates: the chain from the one that signed to a root that the user trusts, offline.

The path itself (signatures, validity, basic constraints, path length, name constraints, unknown
critical extensions) is checked by `cryptography`'s own verifier; what a certificate may be used for
is checked here. There is no revocation offline, and the bundle holds no proof of when it was
signed: validity is judged at a time that the caller names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelwarden.artifacts.signing.errors import KeyFileError, NotVerifiedError
from modelwarden.artifacts.signing.keys import check_key, read_pem, require_cryptography
from modelwarden.core import InputError
from modelwarden.formats.archive import printable

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence
    from pathlib import Path

    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509 import verification


def load(path: Path) -> list[x509.Certificate]:
    """Read the certificates of a PEM file.

    Raises:
        KeyFileError: it holds none that can be read.
    """
    require_cryptography()
    from cryptography import x509

    try:
        return x509.load_pem_x509_certificates(read_pem(path, "the certificates"))
    except ValueError as error:
        raise KeyFileError(f"{path} holds no certificates in PEM") from error


def chain_for(
    key: ec.EllipticCurvePrivateKey, certificate: Path, chain: Sequence[Path]
) -> tuple[bytes, ...]:
    """Return the certificate of `key` and those above it, as DER for a bundle.

    Raises:
        KeyFileError: the first certificate is not that of the key, or may not sign.
    """
    from cryptography.hazmat.primitives.serialization import Encoding

    found = load(certificate)
    if check_key(found[0].public_key(), str(certificate)) != key.public_key():
        raise KeyFileError(f"{certificate} is not the certificate of this key")
    why = _unfit(found[0])
    if why:
        raise KeyFileError(f"{certificate} cannot be used: {why}")
    for path in chain:
        found += load(path)
    return tuple(one.public_bytes(Encoding.DER) for one in found)


def signer(
    certificates: Sequence[bytes], roots: Sequence[x509.Certificate], at: dt.datetime
) -> tuple[ec.EllipticCurvePublicKey, str]:
    """Return the key and the name of whoever the first certificate belongs to.

    Args:
        certificates: DER, from a bundle: not trusted.
        roots: trusted by the user.
        at: when all certificates must be valid.

    Raises:
        NotVerifiedError: there is no valid path to a root, or the certificate may not sign.
    """
    from cryptography import x509
    from cryptography.x509 import verification

    try:
        leaf, *others = [x509.load_der_x509_certificate(one) for one in certificates]
        name = printable(leaf.subject.rfc4514_string())
        why = _unfit(leaf)
        key = check_key(leaf.public_key(), "the certificate that signed")
        authorities, end = _policies()
        builder = verification.PolicyBuilder().store(verification.Store(list(roots)))
        builder = builder.time(at).max_chain_depth(8)
        builder = builder.extension_policies(ca_policy=authorities, ee_policy=end)
        builder.build_client_verifier().verify(leaf, others)
    except verification.VerificationError as error:
        raise NotVerifiedError(_no_path(leaf, name, at, str(error))) from error
    except (ValueError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType) as error:
        raise NotVerifiedError("a certificate in the bundle cannot be read") from error
    except InputError as error:
        raise NotVerifiedError(error.message) from error
    if why:
        raise NotVerifiedError(f"the certificate of {name} may not sign: {why}")
    return key, name


def _policies() -> tuple[verification.ExtensionPolicy, verification.ExtensionPolicy]:
    """Return what extensions the certificates must have: authorities say so, others are free.

    The defaults are those of web servers, whose certificates name hosts.
    """
    from cryptography import x509
    from cryptography.x509 import verification

    present = verification.Criticality.AGNOSTIC

    def is_authority(
        _policy: verification.Policy, _certificate: x509.Certificate, value: x509.BasicConstraints
    ) -> None:
        if not value.ca:
            raise ValueError("it is no certificate authority")

    def may_certify(
        _policy: verification.Policy, _certificate: x509.Certificate, value: x509.KeyUsage | None
    ) -> None:
        if value is not None and not value.key_cert_sign:
            raise ValueError("it may not sign certificates")

    free = verification.ExtensionPolicy.permit_all()
    authorities = free.require_present(x509.BasicConstraints, present, is_authority)
    authorities = authorities.may_be_present(x509.KeyUsage, present, may_certify)
    return authorities, free


def _unfit(certificate: x509.Certificate) -> str | None:
    """Return why a certificate may not sign models, or None when it may."""
    from cryptography import x509
    from cryptography.x509.oid import ExtendedKeyUsageOID as Purpose

    usages: list[bool] = []
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
        usages.append(usage.digital_signature)
    except x509.ExtensionNotFound:
        pass
    try:
        purposes = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        usages.append(
            Purpose.CODE_SIGNING in purposes or Purpose.ANY_EXTENDED_KEY_USAGE in purposes
        )
    except x509.ExtensionNotFound:
        pass
    if not usages:
        return "it names neither digital signature nor code signing as its use"
    return None if all(usages) else "its key usage or its purposes exclude signing code"


def _no_path(leaf: x509.Certificate, name: str, at: dt.datetime, why: str) -> str:
    begin, end = leaf.not_valid_before_utc, leaf.not_valid_after_utc
    if not begin <= at <= end:
        return (
            f"the certificate of {name} is valid from {begin:%Y-%m-%d} to {end:%Y-%m-%d}, "
            f"not on {at:%Y-%m-%d}"
        )
    return f"no valid path from {name} to a trusted root: {printable(why, 200)}"
