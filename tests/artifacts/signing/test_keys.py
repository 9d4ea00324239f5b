"""Key files, good and bad."""

from __future__ import annotations

import builtins

import pytest

pytest.importorskip("cryptography")

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from artifacts.signing.keymaking import make_keys, write_key
from modelwarden.artifacts.signing import keys
from modelwarden.artifacts.signing.errors import KeyFileError
from modelwarden.core import MissingExtraError


def never():
    raise AssertionError("nobody is to be asked for a password")


def test_an_encrypted_key_opens_with_its_password_only(tmp_path):
    private, _ = make_keys(tmp_path, password=b"correct horse")

    assert keys.load_private(private, lambda: b"correct horse")
    with pytest.raises(KeyFileError, match="password is wrong"):
        keys.load_private(private, lambda: b"battery")
    with pytest.raises(KeyFileError, match="no password was given"):
        keys.load_private(private, lambda: None)


def test_a_plain_key_needs_no_password(tmp_path):
    private, public = make_keys(tmp_path)

    key = keys.load_private(private, never)

    assert keys.hint_of(key.public_key()) == keys.hint_of(keys.load_public(public))


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda: rsa.generate_private_key(65537, 2048), "RSA key"),
        (ed25519.Ed25519PrivateKey.generate, "Ed25519 key"),
        (lambda: ec.generate_private_key(ec.SECP256K1()), "secp256k1"),
        (lambda: ec.generate_private_key(ec.SECP224R1()), "secp224r1"),
    ],
)
def test_keys_that_the_format_does_not_know_are_refused_by_name(tmp_path, make, why):
    private, public = write_key(tmp_path, "other", make())

    with pytest.raises(KeyFileError, match=why):
        keys.load_private(private, never)
    with pytest.raises(KeyFileError, match=why):
        keys.load_public(public)


def test_a_private_key_is_not_taken_for_a_public_one(tmp_path):
    private, public = make_keys(tmp_path)

    with pytest.raises(KeyFileError, match="is a private key"):
        keys.load_public(private)
    with pytest.raises(KeyFileError, match="no private key"):
        keys.load_private(public, never)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0" * 100,
        b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
        b"-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n",
        b"x" * (keys.LARGEST + 1),
    ],
)
def test_files_that_are_no_keys_are_input_errors(tmp_path, data):
    path = tmp_path / "key"
    path.write_bytes(data)

    with pytest.raises(KeyFileError):
        keys.load_private(path, never)
    with pytest.raises(KeyFileError):
        keys.load_public(path)
    with pytest.raises(KeyFileError, match="cannot read"):
        keys.load_public(tmp_path / "none")


def test_without_cryptography_the_extra_is_named(tmp_path, monkeypatch):
    private, _ = make_keys(tmp_path)
    real = builtins.__import__

    def without(name, *rest):
        if name.startswith("cryptography"):
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)

    with pytest.raises(MissingExtraError) as missing:
        keys.load_private(private, never)

    assert "modelwarden[sign]" in missing.value.hint
