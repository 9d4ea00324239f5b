"""Throw-away keys, certificates and models for the tests of signatures."""

from __future__ import annotations

import datetime as dt

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

FILES = {"a.bin": b"a\n", "empty": b"", "sub/b.bin": b"b\n" * 10}
DAY = dt.timedelta(days=1)


def make_model(folder, files=None):
    for name, data in (FILES if files is None else files).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


def make_keys(folder, name="key", curve=None, password=None):
    """Write NAME.pem and NAME.pub; return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    key = ec.generate_private_key(curve or ec.SECP256R1())
    return write_key(folder, name, key, password)


def write_key(folder, name, key, password=None):
    how = (
        serialization.NoEncryption()
        if password is None
        else serialization.BestAvailableEncryption(password)
    )
    private, public = folder / f"{name}.pem", folder / f"{name}.pub"
    pem = serialization.Encoding.PEM
    private.write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, how))
    spki = serialization.PublicFormat.SubjectPublicKeyInfo
    public.write_bytes(key.public_key().public_bytes(pem, spki))
    return private, public


def name_of(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def certificate(
    subject, key, issuer=None, issuer_key=None, *, ca=False, begin=None, end=None, extensions=None
):
    """Make a certificate; self-signed without an issuer, for signing code without `extensions`."""
    now = dt.datetime.now(dt.UTC).replace(microsecond=0)
    signing_key = issuer_key or key
    builder = (
        x509.CertificateBuilder()
        .subject_name(name_of(subject))
        .issuer_name(name_of(issuer or subject))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin or now - DAY)
        .not_valid_after(end or now + 365 * DAY)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signing_key.public_key()),
            critical=False,
        )
    )
    if extensions is None:
        extensions = [usage_of(**{"key_cert_sign" if ca else "digital_signature": True})]
        if not ca:
            extensions.append(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]))
    for extension in extensions:
        builder = builder.add_extension(extension, critical=isinstance(extension, x509.KeyUsage))
    return builder.sign(signing_key, hashes.SHA256())


def usage_of(**on):
    names = (
        "digital_signature content_commitment key_encipherment data_encipherment "
        "key_agreement key_cert_sign crl_sign encipher_only decipher_only"
    ).split()
    return x509.KeyUsage(**{name: on.get(name, False) for name in names})


def write_certificates(path, *certificates):
    pem = serialization.Encoding.PEM
    path.write_bytes(b"".join(one.public_bytes(pem) for one in certificates))
    return path


class Authority:
    """A root, an intermediate and a key that may sign, as files in a folder."""

    def __init__(self, folder, **leaf):
        folder.mkdir(parents=True, exist_ok=True)
        self.root_key = ec.generate_private_key(ec.SECP384R1())
        self.middle_key = ec.generate_private_key(ec.SECP256R1())
        self.leaf_key = ec.generate_private_key(ec.SECP256R1())
        far = {"begin": dt.datetime(2020, 1, 1, tzinfo=dt.UTC)}
        far["end"] = dt.datetime(2120, 1, 1, tzinfo=dt.UTC)
        root = certificate("root", self.root_key, ca=True, **far)
        middle = certificate("middle", self.middle_key, "root", self.root_key, ca=True, **far)
        made = certificate("signer", self.leaf_key, "middle", self.middle_key, **{**far, **leaf})
        self.key, _ = write_key(folder, "leaf", self.leaf_key)
        self.certificate = write_certificates(folder / "leaf.crt", made)
        self.chain = write_certificates(folder / "middle.crt", middle)
        self.roots = write_certificates(folder / "root.crt", root)
