"""Which certificates may sign, and which chains lead to a trusted root."""

from __future__ import annotations

import datetime as dt

import pytest

pytest.importorskip("cryptography")

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from artifacts.signing.keymaking import (
    Authority,
    certificate,
    make_keys,
    make_model,
    usage_of,
    write_certificates,
    write_key,
)
from modelwarden.artifacts.signing import sign, verify
from modelwarden.artifacts.signing.errors import KeyFileError

UTC = dt.UTC


def signed(folder, ca, *, chain=True):
    model = make_model(folder / "model")
    signature = folder / "model.sig"
    made = sign(
        model,
        ca.key,
        signature,
        password=lambda: None,
        certificate=ca.certificate,
        chain=[ca.chain] if chain else [],
    )
    signature.write_bytes(made.data)
    return model, signature


def told(model, signature, roots, at=None):
    return [p.what for p in verify(model, signature, roots=roots, at=at).problems]


def test_a_chain_to_a_trusted_root_holds(tmp_path):
    ca = Authority(tmp_path / "ca")
    model, signature = signed(tmp_path, ca)

    assert told(model, signature, ca.roots) == []


def test_a_chain_to_another_root_of_the_same_name_does_not(tmp_path):
    ca, other = Authority(tmp_path / "ca"), Authority(tmp_path / "other")
    model, signature = signed(tmp_path, ca)

    [why] = told(model, signature, other.roots)

    assert "no valid path from CN=signer to a trusted root" in why


def test_a_chain_with_a_link_missing_does_not_hold(tmp_path):
    ca = Authority(tmp_path / "ca")
    model, signature = signed(tmp_path, ca, chain=False)

    [why] = told(model, signature, ca.roots)

    assert "no valid path" in why


def test_an_expired_certificate_holds_only_as_of_a_day_that_the_user_names(tmp_path):
    begin, end = dt.datetime(2021, 1, 1, tzinfo=UTC), dt.datetime(2022, 1, 1, tzinfo=UTC)
    ca = Authority(tmp_path / "ca", begin=begin, end=end)
    model, signature = signed(tmp_path, ca)

    [why] = told(model, signature, ca.roots)

    assert "is valid from 2021-01-01 to 2022-01-01, not on" in why
    assert told(model, signature, ca.roots, dt.datetime(2021, 6, 1, tzinfo=UTC)) == []
    assert told(model, signature, ca.roots, dt.datetime(2020, 6, 1, tzinfo=UTC)) != []


@pytest.mark.parametrize(
    "extensions",
    [
        [],
        [usage_of(key_encipherment=True)],
        [x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])],
        [
            usage_of(digital_signature=True),
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]),
        ],
    ],
)
def test_a_certificate_for_another_purpose_may_not_sign(tmp_path, extensions):
    ca = Authority(tmp_path / "ca", extensions=extensions)

    with pytest.raises(KeyFileError, match="cannot be used"):
        signed(tmp_path, ca)


def test_a_certificate_for_another_purpose_is_not_believed_either(tmp_path, monkeypatch):
    from modelwarden.artifacts.signing import certificates

    ca = Authority(tmp_path / "ca", extensions=[usage_of(key_encipherment=True)])
    with monkeypatch.context() as patch:
        patch.setattr(certificates, "_unfit", lambda _: None)
        model, signature = signed(tmp_path, ca)

    [why] = told(model, signature, ca.roots)

    assert "may not sign" in why


def test_what_is_no_authority_cannot_certify(tmp_path):
    ca = Authority(tmp_path / "ca")
    thief = ec.generate_private_key(ec.SECP256R1())
    forged = certificate("signer", thief, "signer", ca.leaf_key)
    ca.key, _ = write_key(tmp_path, "thief", thief)
    write_certificates(
        ca.chain,
        *x509.load_pem_x509_certificates(ca.certificate.read_bytes() + ca.chain.read_bytes()),
    )
    write_certificates(ca.certificate, forged)
    model, signature = signed(tmp_path, ca)

    [why] = told(model, signature, ca.roots)

    assert "no valid path" in why


def test_an_authority_that_may_not_certify_cannot(tmp_path):
    ca = Authority(tmp_path / "ca")
    middle = certificate(
        "middle", ca.middle_key, "root", ca.root_key, ca=True, extensions=[usage_of(crl_sign=True)]
    )
    write_certificates(ca.chain, middle)
    model, signature = signed(tmp_path, ca)

    [why] = told(model, signature, ca.roots)

    assert "no valid path" in why


def test_a_bare_key_is_not_taken_for_a_certificate_nor_the_other_way(tmp_path):
    ca = Authority(tmp_path / "ca")
    model, signature = signed(tmp_path, ca)
    private, public = make_keys(tmp_path)
    bare = tmp_path / "bare.sig"
    bare.write_bytes(sign(model, private, bare, password=lambda: None).data)

    assert told(model, bare, ca.roots) == ["signed with a bare key, not with a certificate"]
    [problem] = verify(model, signature, key=public).problems
    assert problem.what == "signed with a certificate; check it with --roots"


def test_the_certificate_of_another_key_is_refused(tmp_path):
    ca, other = Authority(tmp_path / "ca"), Authority(tmp_path / "other")
    ca.certificate = other.certificate

    with pytest.raises(KeyFileError, match="not the certificate of this key"):
        signed(tmp_path, ca)


def test_bytes_that_are_no_certificate_are_a_problem_and_no_crash(tmp_path):
    from modelwarden.artifacts.signing.bundle import Bundle, encode

    ca = Authority(tmp_path / "ca")
    model, signature = signed(tmp_path, ca)
    payload = b"{}"
    signature.write_bytes(encode(Bundle(payload=payload, signature=b"x", certificates=(b"0",))))

    assert told(model, signature, ca.roots) != []


def test_roots_that_are_none_are_an_input_error(tmp_path):
    ca = Authority(tmp_path / "ca")
    model, signature = signed(tmp_path, ca)

    with pytest.raises(KeyFileError, match="no certificates"):
        told(model, signature, ca.key)


def test_an_rsa_certificate_is_refused_in_words(tmp_path):
    ca = Authority(tmp_path / "ca")
    key = rsa.generate_private_key(65537, 2048)
    write_certificates(ca.certificate, certificate("signer", key, "middle", ca.middle_key))

    with pytest.raises(KeyFileError, match="an RSA key"):
        signed(tmp_path, ca)
