"""Keys for signed heads."""

from __future__ import annotations


def make_keys(folder):
    """Write a private and a public key; return their paths."""
    from cryptography.hazmat.primitives import serialization as form
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    folder.mkdir(exist_ok=True)
    private, public = folder / "ledger.key", folder / "ledger.pub"
    key = Ed25519PrivateKey.generate()
    pem = form.Encoding.PEM
    private.write_bytes(key.private_bytes(pem, form.PrivateFormat.PKCS8, form.NoEncryption()))
    spki = form.PublicFormat.SubjectPublicKeyInfo
    public.write_bytes(key.public_key().public_bytes(pem, spki))
    return private, public
