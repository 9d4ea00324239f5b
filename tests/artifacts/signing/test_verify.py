"""Signatures that must not hold, whatever they say."""

from __future__ import annotations

import base64
import json

import pytest

pytest.importorskip("cryptography")

from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from artifacts.signing.keymaking import make_keys, make_model
from modelwarden.artifacts.signing import keys, sign, verify
from modelwarden.artifacts.signing.bundle import Bundle, encode, pae, parse
from modelwarden.artifacts.signing.errors import BrokenBundleError
from modelwarden.core import InputError


@pytest.fixture
def signed(tmp_path):
    """A model, its bundle as a dict, its key files, and a way to check a changed bundle."""
    return Signed(tmp_path)


class Signed:
    def __init__(self, folder):
        self.model = make_model(folder / "model")
        self.private, self.public = make_keys(folder)
        self.signature = self.model / "model.sig"
        made = sign(self.model, self.private, self.signature, password=lambda: None)
        self.signature.write_bytes(made.data)
        self.statement = json.loads(parse(made.data).payload)

    def check(self):
        return verify(self.model, self.signature, key=self.public)

    def told(self):
        return [(p.kind, p.what) for p in self.check().problems]

    def sign_anew(self, payload):
        """Have the true key sign a statement of our own."""
        data = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        key = keys.load_private(self.private, lambda: None)
        hint = keys.hint_of(key.public_key())
        made = Bundle(payload=data, signature=keys.signature_of(key, pae(data)), hint=hint)
        self.signature.write_bytes(encode(made))


def test_what_was_signed_verifies_wherever_it_is_moved(signed, tmp_path):
    moved = signed.model.rename(tmp_path / "elsewhere")

    check = verify(moved, moved / "model.sig", key=signed.public)

    assert (check.problems, check.files, check.uncovered) == ((), 3, ())


def test_another_key_does_not_verify(signed, tmp_path):
    _, other = make_keys(tmp_path, "other")

    [problem] = verify(signed.model, signed.signature, key=other).problems

    assert problem.kind == "signature"
    assert "another key" in problem.what


def test_a_hint_that_lies_about_the_key_does_not_help(signed, tmp_path):
    _, other = make_keys(tmp_path, "other")
    document = json.loads(signed.signature.read_bytes())
    document["verificationMaterial"]["publicKey"]["hint"] = keys.hint_of(keys.load_public(other))
    signed.signature.write_text(json.dumps(document))

    [problem] = verify(signed.model, signed.signature, key=other).problems

    assert problem.what == "it does not match what is signed"


@given(st.data())
def test_no_changed_bit_of_payload_or_signature_verifies(tmp_path_factory, data):
    signed = Signed(tmp_path_factory.mktemp("bits"))
    document = json.loads(signed.signature.read_bytes())
    envelope = document["dsseEnvelope"]
    holder, key = data.draw(
        st.sampled_from([(envelope, "payload"), (envelope["signatures"][0], "sig")])
    )
    raw = bytearray(base64.b64decode(holder[key]))
    bit = data.draw(st.integers(0, (1 << 30) - 1)) % (len(raw) * 8)
    raw[bit // 8] ^= 1 << bit % 8
    holder[key] = base64.b64encode(raw).decode()
    signed.signature.write_text(json.dumps(document))

    assert [p.kind for p in signed.check().problems] == ["signature"]


def _set(statement, path, value):
    *parents, last = path
    for key in parents:
        statement = statement[key]
    statement[last] = value


RESOURCE = ("predicate", "resources", 0)
HOW = ("predicate", "serialization")


@pytest.mark.parametrize(
    ("path", "value", "why"),
    [
        ((*RESOURCE, "name"), "../a.bin", "no path inside"),
        ((*RESOURCE, "name"), "/etc/passwd", "no path inside"),
        ((*RESOURCE, "name"), "sub//b.bin", "no path inside"),
        ((*RESOURCE, "name"), "./a.bin", "no path inside"),
        ((*RESOURCE, "name"), "a\0b", "no path inside"),
        ((*RESOURCE, "name"), "", "no path inside"),
        ((*RESOURCE, "name"), ".", "a single file and others"),
        ((*RESOURCE, "name"), "empty", "stands twice"),
        ((*RESOURCE, "name"), 7, "without a name"),
        ((*RESOURCE, "algorithm"), "md5", "not sha256"),
        ((*RESOURCE, "algorithm"), "blake3", "not sha256"),
        ((*RESOURCE, "digest"), "00", "no digest of sha256"),
        ((*RESOURCE, "digest"), "Z" * 64, "no digest of sha256"),
        ((*RESOURCE, "digest"), "00" * 32, "root digest"),
        (("subject", 0, "digest", "sha256"), "00" * 32, "root digest"),
        (("subject",), [], "one subject"),
        (("_type",), "x", "of type"),
        (("predicateType",), "https://model_signing/Digests/v0.1", "its predicate"),
        ((*HOW, "hash_type"), "md5", "its digests"),
        ((*HOW, "hash_type"), ["sha256"], "its digests"),
        ((*HOW, "method"), "none", "its serialization"),
        ((*HOW, "method"), "shards", "shard_size"),
        ((*HOW, "allow_symlinks"), "false", "allow_symlinks"),
        ((*HOW, "ignore_paths"), ["."], "leaves out the whole"),
        ((*HOW, "ignore_paths"), [""], "leaves out the whole"),
        ((*HOW, "ignore_paths"), "a", "ignore_paths"),
        (("predicate", "resources"), {}, "resources"),
        (("predicate", "modelwarden_attestation"), {}, "attestation of schema"),
        (("predicate", "modelwarden_attestation"), 3, "no object"),
    ],
)
def test_a_statement_that_says_nothing_certain_fails_though_it_is_signed(signed, path, value, why):
    _set(signed.statement, path, value)
    signed.sign_anew(signed.statement)

    [(kind, what)] = signed.told()

    assert kind == "signature"
    assert why in what


def test_a_statement_with_two_equal_keys_fails_though_it_is_signed(signed):
    text = json.dumps(signed.statement)
    signed.sign_anew(text.replace('"predicate":', '"predicate": {}, "predicate":', 1).encode())

    assert signed.told() == [
        (
            "signature",
            "the signed statement is not JSON: a key stands twice in one object",
        )
    ]


def test_a_signature_over_no_file_fails(signed):
    signed.statement["predicate"]["resources"] = []
    signed.statement["subject"][0]["digest"]["sha256"] = (
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    )
    signed.sign_anew(signed.statement)

    assert ("signature", "it covers no file") in signed.told()


def test_names_that_only_look_alike_are_told_apart(signed):
    (signed.model / "a.bin").rename(signed.model / "а.bin")  # Cyrillic

    [problem] = signed.check().problems

    assert (problem.kind, problem.what, problem.detail) == ("renamed", "a.bin", "а.bin")


def test_a_link_or_a_pipe_in_the_model_is_named(signed):
    import os

    (signed.model / "link").symlink_to(signed.model / "a.bin")
    os.mkfifo(signed.model / "pipe")

    assert signed.told() == [("added", "link"), ("added", "pipe")]


def test_what_the_signer_left_out_is_named(tmp_path):
    model = make_model(tmp_path / "model", {"a": b"1", "logs/x": b"2", ".git/config": b"3"})
    private, public = make_keys(tmp_path)
    made = sign(model, private, tmp_path / "s", password=lambda: None, ignore=["logs/"])
    (tmp_path / "s").write_bytes(made.data)

    check = verify(model, tmp_path / "s", key=public)

    assert made.ignored == 2
    assert sorted(check.uncovered) == [".git/config", "logs/x"]
    assert check.problems == ()


def test_links_to_files_are_followed_when_the_signer_said_so(tmp_path):
    (tmp_path / "blob").write_bytes(b"weights")
    model = make_model(tmp_path / "model", {"a": b"1"})
    (model / "weights").symlink_to(tmp_path / "blob")
    private, public = make_keys(tmp_path)
    made = sign(model, private, tmp_path / "s", password=lambda: None, follow=True)
    (tmp_path / "s").write_bytes(made.data)

    good = verify(model, tmp_path / "s", key=public)
    (tmp_path / "blob").write_bytes(b"others!")
    bad = verify(model, tmp_path / "s", key=public)

    assert (good.problems, good.files) == ((), 2)
    assert [(p.kind, p.what) for p in bad.problems] == [("changed", "weights")]


def test_a_signature_of_the_wrong_curve_does_not_verify(signed, tmp_path):
    private, _ = make_keys(tmp_path, "other", ec.SECP384R1())
    key = keys.load_private(private, lambda: None)
    document = json.loads(signed.signature.read_bytes())
    payload = base64.b64decode(document["dsseEnvelope"]["payload"])
    raw = keys.signature_of(key, pae(payload))
    document["dsseEnvelope"]["signatures"][0]["sig"] = base64.b64encode(raw).decode()
    signed.signature.write_text(json.dumps(document))

    assert [kind for kind, _ in signed.told()] == ["signature"]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda d: d.update(mediaType="x"), "mediaType"),
        (lambda d: d.pop("dsseEnvelope"), "dsseEnvelope"),
        (lambda d: d["dsseEnvelope"].update(payloadType="text/plain"), "payload"),
        (lambda d: d["dsseEnvelope"].update(payload="e30"), "not base64"),
        (lambda d: d["dsseEnvelope"].update(payload="e3\n0="), "not base64"),
        (lambda d: d["dsseEnvelope"].update(signatures=[]), "exactly one"),
        (lambda d: d["dsseEnvelope"]["signatures"].append({}), "exactly one"),
        (lambda d: d["dsseEnvelope"].update(signatures=[1]), "expected an object"),
        (lambda d: d["verificationMaterial"].pop("publicKey"), "either"),
        (lambda d: d["verificationMaterial"].update(certificate={}), "online service"),
        (
            lambda d: d["verificationMaterial"].update(x509CertificateChain={}),
            "either",
        ),
    ],
)
def test_a_file_that_is_no_bundle_is_an_input_error(signed, change, why):
    document = json.loads(signed.signature.read_bytes())
    change(document)
    signed.signature.write_text(json.dumps(document))

    with pytest.raises(BrokenBundleError, match=why):
        signed.check()


@given(st.binary(max_size=200))
def test_any_bytes_are_a_bundle_or_an_input_error(data):
    with pytest.raises(BrokenBundleError):
        parse(data)


@pytest.mark.parametrize("data", [b"[" * 100_000, b'{"a": NaN}', b'{"a":1,"a":2}', b"\xff{}"])
def test_json_that_readers_take_in_different_ways_is_refused(data):
    with pytest.raises(BrokenBundleError):
        parse(data)


def test_a_model_that_is_not_there_is_an_input_error(signed, tmp_path):
    with pytest.raises(InputError, match="cannot read"):
        verify(tmp_path / "none", signed.signature, key=signed.public)


def test_shards_without_end_are_refused_before_they_are_listed(signed):
    (signed.model / "large").touch()
    with (signed.model / "large").open("r+b") as stream:
        stream.truncate(1 << 40)
    signed.statement["predicate"]["serialization"] |= {"method": "shards", "shard_size": 1}
    for resource in signed.statement["predicate"]["resources"]:
        resource |= {"name": resource["name"] + ":0:1", "algorithm": "sha256-sharded-1"}
    signed.sign_anew(signed.statement)

    with pytest.raises(InputError, match="shards of 1 bytes"):
        signed.check()
